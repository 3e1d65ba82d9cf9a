import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import type { Logger } from '../lib/log.ts'
import type { Source } from './certificates.ts'
import type { Pem } from './edge.ts'

/** Tools that renew move links about, of which watching a folder would not tell. */
const LOOK_MS = 5000

/** The operator's own PEM files, looked at again and again. */
export class FilesSource implements Source {
  readonly kind = 'files'
  readonly nextAttempt = null
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

  start(install: (pem: Pem) => Promise<void>): void {
    this.#timer = setInterval(() => void this.#look(install), LOOK_MS)
  }

  stop(): void {
    if (this.#timer) clearInterval(this.#timer)
  }

  /** Takes up what changed. One that cannot be used is said once; the one before stays. */
  async #look(install: (pem: Pem) => Promise<void>): Promise<void> {
    const mark = this.#mark()
    if (mark === this.#seen) return
    this.#seen = mark
    try {
      await install(this.#read())
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

const checkPair = ({ cert, key }: Pem, certFile: string, keyFile: string): void => {
  const certificate = attempt(() => new X509Certificate(cert))
  if (!certificate) throw new Error(`${certFile} holds no certificate in PEM`)
  const privateKey = attempt(() => createPrivateKey(key))
  if (!privateKey) throw new Error(`${keyFile} holds no private key in PEM, or one with a password`)
  if (!certificate.checkPrivateKey(privateKey))
    throw new Error(`the key of ${keyFile} does not belong to the certificate of ${certFile}`)
}

const attempt = <T>(make: () => T): T | null => {
  try {
    return make()
  } catch {
    return null
  }
}

const markOf = (path: string): string => {
  const stat = statSync(path, { throwIfNoEntry: false })
  return stat ? `${stat.ino}:${stat.mtimeMs}:${stat.size}` : 'none'
}
