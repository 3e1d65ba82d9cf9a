import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/log.ts'
import type { Acme, AcmeError } from './acme.ts'
import { factsOf, readCertificate, writeCertificate } from './certificate-file.ts'
import type { Source } from './certificates.ts'
import type { Pem } from './edge.ts'
import { PROOF_KINDS, type ProofKind, type Proofs } from './proofs.ts'
import { pauseAfter, renewAt } from './renewal.ts'
import { type RenewalState, readState, writeState } from './renewal-state.ts'

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

/** A certificate by a public certificate authority, looked after by itself. */
export class AcmeSource implements Source {
  readonly kind = 'acme'
  readonly #options: Options
  readonly #file: string
  readonly #stateFile: string
  #state: RenewalState | null = null
  #pem: Pem | null = null
  #acme: Acme | null = null
  #timer: Timer | null = null
  #isStopped = false

  constructor(options: Options) {
    this.#options = options
    this.#file = join(options.folder, 'certificate.pem')
    this.#stateFile = join(options.folder, 'renewal.json')
  }

  get lastError(): string | null {
    return this.#state?.lastError ?? null
  }

  get nextAttempt(): number | null {
    return this.#state && this.#due(this.#state)
  }

  /** The one on disk, even when it has expired; without one a temporary one of our own. */
  async first(): Promise<Pem> {
    const { folder, name } = this.#options
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    this.#state = readState(this.#stateFile)
    const kept = readCertificate(this.#file)
    if (kept && factsOf(kept.cert).names.includes(name)) {
      this.#pem = kept
      return kept
    }
    const { selfSigned } = await import('./x509.ts')
    return selfSigned([name], TEMPORARY_DAYS)
  }

  start(install: (pem: Pem) => Promise<void>, proofs: Proofs): void {
    this.#sleep(install, proofs)
  }

  stop(): void {
    this.#isStopped = true
    if (this.#timer) clearTimeout(this.#timer)
  }

  #sleep(install: (pem: Pem) => Promise<void>, proofs: Proofs): void {
    if (this.#isStopped || !this.#state) return
    const left = this.#due(this.#state) - this.#options.clock()
    const ms = Math.min(Math.max(left, SHORTEST_SLEEP_MS), LONGEST_SLEEP_MS)
    this.#timer = setTimeout(() => {
      void this.#wake(install, proofs).finally(() => this.#sleep(install, proofs))
    }, ms)
  }

  /** When something is to be done: not before a pause that the authority, or prudence, asks for. */
  #due({ notBefore, window, random }: RenewalState): number {
    const wanted = this.#pem ? renewAt(factsOf(this.#pem.cert), window, random) : 0
    return Math.max(wanted, notBefore ?? 0)
  }

  async #wake(install: (pem: Pem) => Promise<void>, proofs: Proofs): Promise<void> {
    const state = this.#state as RenewalState
    const { clock, log } = this.#options
    try {
      const acme = await this.#client()
      if (this.#pem && state.askAgainAt <= clock()) await this.#askWhen(acme, this.#pem, state)
      if (this.#due(state) > clock()) return
      const pem = await this.#issue(acme, proofs, state)
      await install(pem)
      writeCertificate(this.#file, pem)
      this.#pem = pem
      this.#save({ ...fresh(state), askAgainAt: 0 })
    } catch (error) {
      this.#failed(state, error as AcmeError)
      log.warn({ reason: this.lastError, next_attempt: this.#soon() }, 'no certificate was issued')
    }
  }

  async #client(): Promise<Acme> {
    if (!this.#acme) {
      const { Acme } = await import('./acme.ts')
      const { directory, root, email, folder } = this.#options
      this.#acme = new Acme({ directory, root, email, accountFile: join(folder, 'account.pem') })
    }
    return this.#acme
  }

  /** What cannot be asked now is asked later: renewing by the certificate's own life needs no answer. */
  async #askWhen(acme: Acme, pem: Pem, state: RenewalState): Promise<void> {
    const { clock } = this.#options
    const wish = await acme.renewalWindow(pem.cert).catch(() => null)
    state.window = wish && { start: wish.start, end: wish.end }
    state.askAgainAt = clock() + (wish?.askAgainMs ?? LONGEST_SLEEP_MS * 6)
    this.#save(state)
  }

  /** By the proof that worked last, then by the others. @throws what the last one failed with */
  async #issue(acme: Acme, proofs: Proofs, state: RenewalState): Promise<Pem> {
    const kinds = [state.proof, ...PROOF_KINDS.filter((kind) => kind !== state.proof)]
    let failure: AcmeError | null = null
    for (const kind of kinds) {
      try {
        const pem = await acme.issue([this.#options.name], kind, proofs, this.#pem?.cert ?? null)
        state.proof = kind
        return pem
      } catch (error) {
        failure ??= error as AcmeError
        if (!this.#mayTryAnother(error as AcmeError, kind)) break
      }
    }
    throw failure
  }

  #mayTryAnother(error: AcmeError, kind: ProofKind): boolean {
    this.#options.log.info(
      { proof: kind, reason: error.message },
      'a proof for the certificate failed',
    )
    return error.retryAfterMs === null && !/does not answer/.test(error.message)
  }

  #failed(state: RenewalState, error: AcmeError): void {
    const failures = state.failures + 1
    const pause = pauseAfter(failures, error.retryAfterMs ?? null, Math.random())
    this.#save({
      ...state,
      failures,
      lastError: error.message,
      notBefore: this.#options.clock() + pause,
    })
  }

  #soon(): string {
    return new Date(this.nextAttempt ?? 0).toISOString()
  }

  #save(state: RenewalState): void {
    this.#state = state
    writeState(this.#stateFile, state)
  }
}

const fresh = ({ proof }: RenewalState): RenewalState => ({
  failures: 0,
  notBefore: null,
  lastError: null,
  window: null,
  askAgainAt: 0,
  proof,
  random: Math.random(),
})
