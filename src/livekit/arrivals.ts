import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { z } from 'zod'

/** What livekit-server learned of somebody by the time their media was up. */
export interface Arrival {
  /** how media travels */
  transport: 'udp' | 'tcp' | 'turn' | null
  sdk: string | null
  sdkVersion: string | null
  os: string | null
  browser: string | null
}

const line = z.object({
  participantID: z.string(),
  connectionType: z.enum(['udp', 'tcp', 'turn']).nullable().catch(null),
  clientInfo: z
    .object({
      sdk: z.string().optional(),
      version: z.string().optional(),
      os: z.string().optional(),
      osVersion: z.string().optional(),
      browser: z.string().optional(),
      browserVersion: z.string().optional(),
    })
    .catch({}),
})

const MOST_KNOWN = 20_000
const CHUNK_BYTES = 1024 * 1024
/** Of a longer log only the end is read: nothing else runs meanwhile, and who came before has most likely left. */
const MOST_BYTES = 4 * CHUNK_BYTES
const MOST_CHARACTERS = 100

/**
 * How people came into calls. livekit-server 1.13.5 tells it nowhere but in its log, in the line that it
 * writes when somebody's media is up ("participant active", rtc/room.go).
 */
export class Arrivals {
  readonly #path: string
  readonly #known = new Map<string, Arrival>()
  #inode = 0
  #offset = 0
  #rest = ''

  /** @param path livekit-server's log, one JSON object a line */
  constructor(path: string) {
    this.#path = path
  }

  /** Null where it is not known. */
  of(sid: string): Arrival | null {
    if (!this.#known.has(sid)) this.#read()
    return this.#known.get(sid) ?? null
  }

  /** Takes in what was written since the last time. */
  #read(): void {
    const file = open(this.#path)
    if (file === null) return
    try {
      const { ino, size } = fstatSync(file)
      if (ino !== this.#inode || size < this.#offset) this.#begin(ino, size)
      while (this.#offset < size && this.#readChunk(file)) {
        // all of it
      }
    } finally {
      closeSync(file)
    }
  }

  #begin(inode: number, size: number): void {
    this.#inode = inode
    this.#offset = Math.max(0, size - MOST_BYTES)
    this.#rest = ''
  }

  #readChunk(file: number): boolean {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES)
    const bytes = readSync(file, chunk, 0, CHUNK_BYTES, this.#offset)
    this.#offset += bytes
    const lines = (this.#rest + chunk.toString('latin1', 0, bytes)).split('\n')
    this.#rest = lines.pop() ?? ''
    for (const one of lines) if (one.includes('"participant active"')) this.#take(one)
    return bytes > 0
  }

  #take(text: string): void {
    const { data } = line.safeParse(jsonOf(text))
    if (!data) return
    const { participantID, connectionType, clientInfo } = data
    const oldest = this.#known.size >= MOST_KNOWN ? this.#known.keys().next().value : undefined
    if (oldest !== undefined) this.#known.delete(oldest)
    this.#known.set(participantID, {
      transport: connectionType,
      sdk: joined(clientInfo.sdk?.toLowerCase()),
      sdkVersion: joined(clientInfo.version),
      os: joined(clientInfo.os, clientInfo.osVersion),
      browser: joined(clientInfo.browser, clientInfo.browserVersion),
    })
  }
}

const joined = (...parts: (string | undefined)[]): string | null =>
  parts.filter(Boolean).join(' ').slice(0, MOST_CHARACTERS) || null

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

const open = (path: string): number | null => {
  try {
    return openSync(path, 'r')
  } catch {
    return null
  }
}
