import {
  appendFileSync,
  closeSync,
  fstatSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { copyFile, truncate } from 'node:fs/promises'
import type { Protocol } from '../lib/sockets.ts'

const MAX_BYTES = 10 * 1024 * 1024
const KEPT = 3
const TAIL_BYTES = 64 * 1024
const MAX_LINE = 500

/**
 * The file that livekit-server writes to by itself: a pipe would kill it when we die. Grows to
 * 10 MB, then becomes `.1` … `.3`.
 */
export class ChildLog {
  readonly #path: string
  readonly #secrets: string[]
  #runStart = 0

  /** @param secrets texts that {@link ChildLog.lines} never shows */
  constructor(path: string, secrets: string[]) {
    this.#path = path
    this.#secrets = secrets
  }

  /** Begins a run: answers a descriptor for the child's output, which the caller closes. */
  open(): number {
    if (this.#size() > MAX_BYTES) {
      this.#shift()
      renameSync(this.#path, `${this.#path}.1`)
    }
    const fd = openSync(this.#path, 'a', 0o600)
    this.#runStart = fstatSync(fd).size
    return fd
  }

  /** Adds a line of ours between the child's; on a full disk it is left out. */
  note(line: string): void {
    try {
      appendFileSync(this.#path, `golive: ${line}\n`, { mode: 0o600 })
    } catch {
      // It is in the program's own log, too.
    }
  }

  /**
   * Keeps the file small while the child holds it open: copied away, then emptied. What is written
   * between the two is lost, and so is the copy when the disk is full: the bound matters more.
   */
  async trim(): Promise<void> {
    if (this.#size() <= MAX_BYTES) return
    this.#shift()
    await copyFile(this.#path, `${this.#path}.1`).catch(() => undefined)
    await truncate(this.#path)
    this.#runStart = 0
  }

  /** The last lines, oldest first, each cut to 500 characters, without tokens and secrets. */
  lines(count: number): string[] {
    return this.#tail(0).slice(-count)
  }

  /** The port of the line in which the child of this run (a Go program) said that it could not bind. */
  takenPort(): { protocol: Protocol; port: number } | null {
    const found = this.#tail(this.#runStart)
      .map((line) => /listen (tcp|udp)\d? \S*:(\d+): bind: address already in use/.exec(line))
      .find((match) => match !== null)
    return found ? { protocol: found[1] as Protocol, port: Number(found[2]) } : null
  }

  #size(): number {
    return statSync(this.#path, { throwIfNoEntry: false })?.size ?? 0
  }

  #shift(): void {
    rmSync(`${this.#path}.${KEPT}`, { force: true })
    for (let n = KEPT - 1; n >= 1; n--) {
      if (statSync(`${this.#path}.${n}`, { throwIfNoEntry: false })) {
        renameSync(`${this.#path}.${n}`, `${this.#path}.${n + 1}`)
      }
    }
  }

  #tail(from: number): string[] {
    const size = this.#size()
    const start = Math.max(from > size ? 0 : from, size - TAIL_BYTES)
    const lines = readRange(this.#path, start, size - start).split('\n')
    // Reading may have begun inside a line, inside a token even, which nothing would recognise.
    if (start > 0 && start !== from) lines.shift()
    return lines.map((line) => scrub(line, this.#secrets).slice(0, MAX_LINE)).filter(Boolean)
  }
}

const readRange = (path: string, start: number, length: number): string => {
  if (length <= 0) return ''
  const fd = openSync(path, 'r')
  try {
    const bytes = Buffer.alloc(length)
    return bytes.toString('utf8', 0, readSync(fd, bytes, 0, length, start))
  } finally {
    closeSync(fd)
  }
}

/** Takes out what would let a reader in: JWTs, query parameters that carry them, known secrets. */
export const scrub = (line: string, secrets: string[]): string => {
  const known = secrets.reduce((text, secret) => text.replaceAll(secret, '[secret]'), line)
  return known
    .replace(/eyJ[\w-]{8,}(\.[\w-]*){0,2}/g, '[token]')
    .replace(/\b(access_token|join_request)=[^&\s"\\]+/g, '$1=[token]')
    .replace(/[^\P{C}\t]/gu, '')
}
