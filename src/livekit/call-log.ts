import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs'
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

/** One stay in a call, as far as livekit-server's log tells of it. Times in milliseconds. */
export interface LoggedStay {
  sid: string
  identity: string
  /** LiveKit's name and id of the room */
  room: string
  roomSid: string
  activeAt: number | null
  arrival: Arrival | null
  closedAt: number | null
  /** one of LiveKit's disconnect reasons, in lower case */
  reason: string | null
}

const line = z.object({
  ts: z.number(),
  msg: z.string(),
  room: z.string(),
  roomID: z.string(),
  participant: z.string(),
  participantID: z.string(),
  reason: z.string().optional(),
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

const ACTIVE = 'participant active'
const CLOSING = 'participant closing'

const MOST_KNOWN = 20_000
const CHUNK_BYTES = 1024 * 1024
/** Of a longer log only the end is read: nothing else runs meanwhile, and who came before has most likely left. */
const MOST_BYTES = 4 * CHUNK_BYTES
const MOST_CHARACTERS = 100

/**
 * What livekit-server wrote down about people in calls. In 1.13.5 its log is the only place that tells
 * how they came ("participant active", rtc/room.go), and the only one that still knows who came and
 * left when it died with its reports unsent ("participant closing", rtc/participant.go).
 */
export class CallLog {
  readonly #path: string
  readonly #known = new Map<string, LoggedStay>()
  #inode = 0
  #offset = 0
  #rest = ''
  #decoder = new TextDecoder()

  /** @param path livekit-server's log, one JSON object a line */
  constructor(path: string) {
    this.#path = path
  }

  /** How somebody came; null where it is not known. */
  of(sid: string): Arrival | null {
    if (!this.#known.get(sid)?.arrival) this.#read()
    return this.#known.get(sid)?.arrival ?? null
  }

  /** Null where the log does not tell, or not any more. */
  stay(sid: string): LoggedStay | null {
    if (!this.#known.get(sid)?.closedAt) this.#read()
    return this.#known.get(sid) ?? null
  }

  /** Who came or left since then. @param since milliseconds */
  touchedSince(since: number): LoggedStay[] {
    this.#read()
    return [...this.#known.values()].filter(
      ({ activeAt, closedAt }) => Math.max(activeAt ?? 0, closedAt ?? 0) >= since,
    )
  }

  /** When the log was last written to, in milliseconds: livekit-server lived then. */
  writtenAt(): number | null {
    const file = statSync(this.#path, { throwIfNoEntry: false })
    return file ? Math.floor(file.mtimeMs) : null
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
    this.#decoder = new TextDecoder()
  }

  #readChunk(file: number): boolean {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES)
    const bytes = readSync(file, chunk, 0, CHUNK_BYTES, this.#offset)
    this.#offset += bytes
    const lines = (
      this.#rest + this.#decoder.decode(chunk.subarray(0, bytes), { stream: true })
    ).split('\n')
    this.#rest = lines.pop() ?? ''
    for (const one of lines)
      if (one.includes(`"${ACTIVE}"`) || one.includes(`"${CLOSING}"`)) this.#take(one)
    return bytes > 0
  }

  #take(text: string): void {
    const { data } = line.safeParse(jsonOf(text))
    if (data?.msg === ACTIVE) this.#put(data, { activeAt: ms(data.ts), arrival: arrivalOf(data) })
    if (data?.msg === CLOSING)
      this.#put(data, { closedAt: ms(data.ts), reason: reasonOf(data.reason ?? '') })
  }

  #put(data: Line, found: Partial<LoggedStay>): void {
    const { participantID: sid, participant: identity, room, roomID: roomSid } = data
    const oldest = this.#known.size >= MOST_KNOWN ? this.#known.keys().next().value : undefined
    if (oldest !== undefined) this.#known.delete(oldest)
    const unknown = { activeAt: null, arrival: null, closedAt: null, reason: null }
    const before = this.#known.get(sid) ?? { sid, identity, room, roomSid, ...unknown }
    this.#known.set(sid, { ...before, ...found })
  }
}

type Line = z.output<typeof line>

const ms = (seconds: number): number => Math.round(seconds * 1000)

const arrivalOf = ({ connectionType, clientInfo }: Line): Arrival => ({
  transport: connectionType,
  sdk: joined(clientInfo.sdk?.toLowerCase()),
  sdkVersion: joined(clientInfo.version),
  os: joined(clientInfo.os, clientInfo.osVersion),
  browser: joined(clientInfo.browser, clientInfo.browserVersion),
})

/** livekit-server's log has its own words for what it reports as a DisconnectReason (rtc/types). */
const REASONS: Record<string, string> = {
  CLIENT_REQUEST_LEAVE: 'client_initiated',
  SIMULATE_LEAVE_REQUEST: 'client_initiated',
  ROOM_MANAGER_STOP: 'server_shutdown',
  VERIFY_FAILED: 'join_failure',
  JOIN_FAILED: 'join_failure',
  JOIN_TIMEOUT: 'join_failure',
  MESSAGE_BUS_FAILED: 'join_failure',
  PEER_CONNECTION_DISCONNECTED: 'connection_timeout',
  DUPLICATE_IDENTITY: 'duplicate_identity',
  STALE: 'duplicate_identity',
  SERVICE_REQUEST_REMOVE_PARTICIPANT: 'participant_removed',
  SERVICE_REQUEST_DELETE_ROOM: 'room_deleted',
  NEGOTIATE_FAILED: 'state_mismatch',
  PUBLICATION_ERROR: 'state_mismatch',
  SUBSCRIPTION_ERROR: 'state_mismatch',
  DATA_CHANNEL_ERROR: 'state_mismatch',
  SIGNAL_SOURCE_CLOSE: 'signal_close',
  ROOM_CLOSED: 'room_closed',
}

const reasonOf = (text: string): string => REASONS[text] ?? 'unknown_reason'

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
