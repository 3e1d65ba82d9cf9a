import { X509Certificate } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { isIPv4 } from 'node:net'
import { join } from 'node:path'
import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/log.ts'
import { interfaceAddresses } from '../lib/networks.ts'
import {
  covers,
  factsOf,
  keptCertificate,
  readCertificate,
  writeCertificate,
} from './certificate-file.ts'
import type { Source, Use } from './certificates.ts'
import type { Pem } from './edge.ts'
import { renewAt } from './renewal.ts'

const AUTHORITY_DAYS = 3650
/** Devices of Apple refuse server certificates that live longer than 825 days. */
const LEAF_DAYS = 90
const LOOK_MS = 3_600_000

/** A certificate authority of our own, for networks without a public name: people install its root once. */
export class InternalSource implements Source {
  readonly kind = 'internal'
  readonly trouble = null
  readonly #name: string
  readonly #folder: string
  readonly #file: string
  readonly #authorityFile: string
  readonly #clock: Clock
  readonly #log: Logger
  #authority: Pem | null = null
  #pem: Pem | null = null
  #timer: Timer | null = null
  lastError: string | null = null

  constructor(name: string, folder: string, clock: Clock, log: Logger) {
    this.#name = name
    this.#folder = folder
    this.#file = join(folder, 'internal.pem')
    this.#authorityFile = join(folder, 'authority.pem')
    this.#clock = clock
    this.#log = log
  }

  get nextAttempt(): number | null {
    return this.#pem && renewAt(factsOf(this.#pem.cert), null, 0)
  }

  /** What devices have to trust, in PEM; no secret. */
  get root(): string | null {
    return this.#authority?.cert ?? null
  }

  /** @throws for an authority that cannot be read: with another one no device would trust us any more */
  async first(): Promise<Pem> {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 })
    this.#authority = readCertificate(this.#authorityFile) ?? (await this.#found())
    const kept = keptCertificate(this.#file, this.#log)
    this.#pem = kept && this.#isGood(kept) ? kept : await this.#make()
    return this.#pem
  }

  start(use: Use): void {
    this.#timer = setInterval(() => void this.#look(use), LOOK_MS)
  }

  stop(): void {
    if (this.#timer) clearInterval(this.#timer)
  }

  async #look(use: Use): Promise<void> {
    if (this.#pem && this.#isGood(this.#pem)) return
    try {
      const pem = await this.#make()
      await use(pem)
      this.#pem = pem
      this.lastError = null
    } catch (error) {
      this.lastError = (error as Error).message
      this.#log.error({ reason: this.lastError }, 'the certificate could not be renewed')
    }
  }

  /** For our name and addresses, in time, and by the authority that people know. */
  #isGood({ cert }: Pem): boolean {
    const names = [this.#name, ...ownAddresses().filter(isIPv4)]
    return (
      names.every((name) => covers(cert, name)) &&
      renewAt(factsOf(cert), null, 0) > this.#clock() &&
      new X509Certificate(cert).verify(new X509Certificate(this.#known.cert).publicKey)
    )
  }

  get #known(): Pem {
    if (!this.#authority) throw new Error('there is no authority yet')
    return this.#authority
  }

  async #found(): Promise<Pem> {
    const { newAuthority } = await import('./x509.ts')
    const authority = await newAuthority(`GoLive at ${this.#name}`, AUTHORITY_DAYS)
    writeCertificate(this.#authorityFile, authority)
    return authority
  }

  async #make(): Promise<Pem> {
    const { issuedBy } = await import('./x509.ts')
    const names = [...new Set([this.#name, ...ownAddresses()])]
    const pem = await issuedBy(this.#known, names, LEAF_DAYS)
    writeCertificate(this.#file, pem)
    return pem
  }
}

/** So that the server can also be reached by them while the network has no names. */
const ownAddresses = (): string[] =>
  interfaceAddresses().filter((address) => !address.startsWith('fe80:'))
