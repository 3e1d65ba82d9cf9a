import { readFileSync, statSync } from 'node:fs'
import type { Logger } from '../lib/log.ts'
import { checkPair } from './certificate-file.ts'
import type { Source, Use } from './certificates.ts'
import type { Pem } from './edge.ts'

/** Tools that renew move links about, of which watching a folder would not tell. */
const LOOK_MS = 5000

/** The operator's own PEM files, looked at again and again. */
export class FilesSource implements Source {
  readonly kind = 'files'
  readonly nextAttempt = null
  readonly trouble = null
  readonly #certFile: string
  readonly #keyFile: string
  readonly #log: Logger
  #seen = ''
  #timer: Timer | null = null
  lastError: string | null = null

  constructor(certFile: string, keyFile: string, log: Logger) {
    this.#certFile = certFile
    this.#keyFile = keyFile
    this.#log = log
  }

  async first(): Promise<Pem> {
    this.#seen = this.#mark()
    return this.#read()
  }

  start(use: Use): void {
    this.#timer = setInterval(() => void this.#look(use), LOOK_MS)
  }

  stop(): void {
    if (this.#timer) clearInterval(this.#timer)
  }

  /** Takes up what changed. One that cannot be used is said once; the one before stays. */
  async #look(use: Use): Promise<void> {
    const mark = this.#mark()
    if (mark === this.#seen) return
    this.#seen = mark
    try {
      await use(this.#read())
      this.lastError = null
    } catch (error) {
      this.lastError = (error as Error).message
      this.#log.error(
        { reason: this.lastError },
        'the changed certificate cannot be used; the one before stays',
      )
    }
  }

  #read(): Pem {
    const pem = { cert: textOf(this.#certFile), key: textOf(this.#keyFile) }
    checkPair(pem, this.#certFile, this.#keyFile)
    return pem
  }

  #mark(): string {
    return [this.#certFile, this.#keyFile].map(markOf).join()
  }
}

const textOf = (path: string): string => {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new Error(`${path} cannot be read: ${(cause as Error).message}`, { cause })
  }
}

/** Also of what links lead to. One that cannot be looked at will say so when it is read. */
const markOf = (path: string): string => {
  try {
    const { ino, mtimeMs, size } = statSync(path)
    return `${ino}:${mtimeMs}:${size}`
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code)
  }
}
