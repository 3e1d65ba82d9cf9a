import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/log.ts'
import type { Acme, RenewalWish } from './acme.ts'
import type { AcmeError, AcmeTrouble } from './acme-transport.ts'
import { covers, factsOf, keptCertificate, writeCertificate } from './certificate-file.ts'
import type { Source, Use } from './certificates.ts'
import type { Pem } from './edge.ts'
import { PROOF_KINDS, type Proofs } from './proofs.ts'
import { pauseAfter, pauseUntil, renewAt } from './renewal.ts'
import { freshState, type RenewalState, readState, writeState } from './renewal-state.ts'

interface Options {
  /** host name or address */
  name: string
  folder: string
  clock: Clock
  log: Logger
  directory: string
  root: string | null
  email: string | null
}

const TEMPORARY_DAYS = 30
/** Longest sleep: the clock may be set meanwhile, and timers end at 24 days. */
const LONGEST_SLEEP_MS = 600_000
const SHORTEST_SLEEP_MS = 100
/** After an authority that was asked when to renew gave no answer. */
const ASK_AGAIN_MS = 3_600_000
const LONGEST_UNASKED_MS = 86_400_000
/** More than any authority is left unasked: the clock was wrong when that was written down. */
const LONGEST_WAIT_MS = 2 * LONGEST_UNASKED_MS

/** A certificate by a public certificate authority, looked after by itself. */
export class AcmeSource implements Source {
  readonly kind = 'acme'
  readonly #options: Options
  readonly #file: string
  readonly #stateFile: string
  #state: RenewalState
  #pem: Pem | null = null
  /** the last one that was issued is on disk, and is what people get */
  #isInUse = true
  /** as it was before the order that is under way */
  #before: RenewalState | null = null
  #timer: Timer | null = null
  #isStopped = false

  constructor(options: Options) {
    this.#options = options
    this.#file = join(options.folder, 'certificate.pem')
    this.#stateFile = join(options.folder, 'renewal.json')
    this.#state = readState(this.#stateFile, `${options.directory} ${options.name}`)
  }

  get lastError(): string | null {
    return this.#state.lastError
  }

  get trouble(): AcmeTrouble | null {
    return this.#state.trouble
  }

  get nextAttempt(): number {
    return Math.max(this.#due(), this.#options.clock())
  }

  /** The one on disk, even when it has expired; without one a temporary one of our own. */
  async first(): Promise<Pem> {
    const { folder, name, log } = this.#options
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const kept = keptCertificate(this.#file, log)
    if (kept && covers(kept.cert, name)) {
      this.#pem = kept
      return kept
    }
    const { selfSigned } = await import('./x509.ts')
    return selfSigned([name], TEMPORARY_DAYS)
  }

  start(use: Use, proofs: Proofs): void {
    if (this.#isStopped) return
    const left = this.#wakeAt() - this.#options.clock()
    const ms = Math.min(Math.max(left, SHORTEST_SLEEP_MS), LONGEST_SLEEP_MS)
    this.#timer = setTimeout(() => {
      void this.#wake(use, proofs).then(() => this.start(use, proofs))
    }, ms)
  }

  stop(): void {
    this.#isStopped = true
    if (this.#timer) clearTimeout(this.#timer)
    // Who stops it does so on purpose: the order that ends with it was no failure.
    if (this.#before) this.#remember(this.#before)
  }

  /** When something is to be done: not before a pause that the authority, or prudence, asks for. */
  #due(): number {
    const { notBefore, window, random } = this.#state
    const own = this.#own()
    const wanted = own ? renewAt(factsOf(own.cert), window, random) : 0
    return Math.max(wanted, pauseUntil(notBefore, this.#options.clock()))
  }

  #wakeAt(): number {
    return this.#own() ? Math.min(this.#due(), this.#state.askAgainAt) : this.#due()
  }

  /** One that this authority issued, and that people get; what else there is has to be replaced. */
  #own(): Pem | null {
    return this.#isInUse && !this.#state.isStopgap ? this.#pem : null
  }

  /** One try, where it is time for one. Never rejects. */
  async #wake(use: Use, proofs: Proofs): Promise<void> {
    try {
      await this.#askWhen()
      if (this.#due() > this.#options.clock()) return
      if (this.#isInUse) await this.#renew(proofs)
      await this.#takeUp(this.#pem as Pem, use)
    } catch (error) {
      if (!this.#isStopped) this.#failed(error as Error)
    } finally {
      this.#before = null
    }
  }

  /**
   * Counts as a failure until it is known to be none: who dies meanwhile, and starts again, and dies, has
   * to wait ever longer. Where that cannot be written down nothing is ordered.
   */
  async #renew(proofs: Proofs): Promise<void> {
    const before = this.#state
    const failures = before.failures + 1
    const notBefore = this.#options.clock() + pauseAfter(failures, null, Math.random())
    writeState(this.#stateFile, { ...before, failures, notBefore })
    this.#before = before
    this.#pem = await this.#issue(await this.#client(), proofs)
    this.#isInUse = false
  }

  /** One that cannot be written down is used all the same: it was issued, and people wait for it. */
  async #takeUp(pem: Pem, use: Use): Promise<void> {
    let unwritten: unknown = null
    try {
      writeCertificate(this.#file, pem)
    } catch (error) {
      unwritten = error
    }
    await use(pem)
    if (unwritten !== null) throw unwritten
    this.#isInUse = true
    const { about, proof } = this.#state
    this.#remember(freshState(about, proof))
  }

  /** A new one each time: the authority's root may have been replaced since. @throws for files that cannot be read */
  async #client(): Promise<Acme> {
    const { Acme } = await import('./acme.ts')
    const { directory, root, email, folder } = this.#options
    return new Acme({ directory, root, email, accountFile: join(folder, 'account.pem') })
  }

  async #askWhen(): Promise<void> {
    const now = this.#options.clock()
    const { askAgainAt } = this.#state
    const own = this.#own()
    if (!own || (askAgainAt > now && askAgainAt < now + LONGEST_WAIT_MS)) return
    const { window, askAgainMs } = await this.#wishFor(own)
    this.#remember({
      ...this.#state,
      // An authority that is silent for a while has not changed its mind.
      window: window ?? this.#state.window,
      askAgainAt: now + askAgainMs,
    })
  }

  /** What cannot be asked now is asked later: renewing by the certificate's own life needs no answer. */
  async #wishFor({ cert }: Pem): Promise<RenewalWish> {
    try {
      const acme = await this.#client()
      return (await acme.renewalWindow(cert)) ?? { window: null, askAgainMs: ASK_AGAIN_MS }
    } catch (error) {
      const { message: reason, retryAfterMs } = error as Partial<AcmeError>
      this.#options.log.info({ reason }, 'the certificate authority does not say when to renew')
      const askAgainMs = Math.min(Math.max(retryAfterMs ?? 0, ASK_AGAIN_MS), LONGEST_UNASKED_MS)
      return { window: null, askAgainMs }
    }
  }

  /** By the proof that worked last, then by the others. @throws AcmeError */
  async #issue(acme: Acme, proofs: Proofs): Promise<Pem> {
    const { proof: last } = this.#state
    const failures: AcmeError[] = []
    for (const proof of [last, ...PROOF_KINDS.filter((kind) => kind !== last)]) {
      const wish = { name: this.#options.name, proof, replaces: this.#pem?.cert ?? null }
      try {
        const pem = await acme.issue(wish, proofs)
        this.#state = { ...this.#state, proof }
        return pem
      } catch (error) {
        const { message: reason, trouble } = error as AcmeError
        this.#options.log.info({ proof, reason }, 'a certificate was not issued by this proof')
        failures.push(error as AcmeError)
        if (trouble !== 'proof') break
      }
    }
    // The pause that the second one asked for counts more than why the first one failed.
    throw failures.find(({ trouble }) => trouble === 'pause') ?? failures[0]
  }

  #failed(error: Error): void {
    const { retryAfterMs = null, trouble = 'refused' } = error as Partial<AcmeError>
    const failures = this.#state.failures + 1
    const pause = pauseAfter(failures, retryAfterMs, Math.random())
    const notBefore = this.#options.clock() + pause
    this.#remember({ ...this.#state, failures, notBefore, lastError: error.message, trouble })
    const next_attempt = new Date(notBefore).toISOString()
    this.#options.log.warn({ reason: error.message, next_attempt }, 'there is no new certificate')
  }

  /** A full disk must not end the server; the pauses hold for as long as it lives. */
  #remember(state: RenewalState): void {
    this.#state = state
    try {
      writeState(this.#stateFile, state)
    } catch (error) {
      this.#options.log.error({ err: error }, 'the state of the certificate cannot be written')
    }
  }
}
