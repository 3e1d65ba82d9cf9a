import { mkdirSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/log.ts'
import { factsOf, readCertificate, writeCertificate } from './certificate-file.ts'
import type { Source } from './certificates.ts'
import type { Pem } from './edge.ts'
import { renewAt } from './renewal.ts'

const AUTHORITY_DAYS = 3650
/** Devices of Apple refuse server certificates that live longer than 825 days. */
const LEAF_DAYS = 90
const LOOK_MS = 3_600_000

/** A certificate authority of our own, for networks without a public name: people install its root once. */
export class InternalSource implements Source {
  readonly kind = 'internal'
  readonly #name: string
  readonly #folder: string
  readonly #clock: Clock
  readonly #log: Logger
  #pem: Pem | null = null
  #timer: Timer | null = null
  lastError: string | null = null
  nextAttempt: number | null = null

  constructor(name: string, folder: string, clock: Clock, log: Logger) {
    this.#name = name
    this.#folder = folder
    this.#clock = clock
    this.#log = log
  }

  async first(): Promise<Pem> {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 })
    const path = join(this.#folder, 'internal.pem')
    const kept = readCertificate(path)
    const pem = kept && this.#isGood(kept) ? kept : await this.#make(path)
    this.#plan(pem)
    return pem
  }

  start(install: (pem: Pem) => Promise<void>): void {
    this.#timer = setInterval(() => void this.#look(install), LOOK_MS)
  }

  stop(): void {
    if (this.#timer) clearInterval(this.#timer)
  }

  async #look(install: (pem: Pem) => Promise<void>): Promise<void> {
    if (this.#pem && this.#isGood(this.#pem)) return
    try {
      const pem = await this.#make(join(this.#folder, 'internal.pem'))
      await install(pem)
      this.#plan(pem)
      this.lastError = null
    } catch (error) {
      this.lastError = (error as Error).message
      this.#log.error({ reason: this.lastError }, 'the certificate could not be renewed')
    }
  }

  /** For our name, in time, and by the authority that people know. */
  #isGood({ cert }: Pem): boolean {
    const facts = factsOf(cert)
    return facts.names.includes(this.#name) && renewAt(facts, null, 0) > this.#clock()
  }

  #plan(pem: Pem): void {
    this.#pem = pem
    this.nextAttempt = renewAt(factsOf(pem.cert), null, 0)
  }

  async #make(path: string): Promise<Pem> {
    const { issuedBy, newAuthority } = await import('./x509.ts')
    const authorityPath = join(this.#folder, 'authority.pem')
    let authority = readCertificate(authorityPath)
    if (!authority) {
      authority = await newAuthority(`GoLive at ${this.#name}`, AUTHORITY_DAYS)
      writeCertificate(authorityPath, authority)
    }
    const names = [...new Set([this.#name, ...ownAddresses()])]
    const pem = await issuedBy(authority, names, LEAF_DAYS)
    writeCertificate(path, pem)
    return pem
  }
}

/** So that the server can also be reached by them while the network has no names. */
const ownAddresses = (): string[] =>
  Object.values(networkInterfaces())
    .flatMap((all) => all ?? [])
    .filter(({ internal, address }) => !internal && !address.startsWith('fe80:'))
    .map(({ address }) => address)
