import { join } from 'node:path'
import type { Config } from '../config/schema.ts'
import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/log.ts'
import { AcmeSource } from './acme-source.ts'
import type { AcmeTrouble } from './acme-transport.ts'
import { covers, factsOf } from './certificate-file.ts'
import type { Pem } from './edge.ts'
import type { EdgeHost } from './edge-host.ts'
import { FilesSource } from './files-source.ts'
import { InternalSource } from './internal-source.ts'
import type { PlainHttp } from './plain-http.ts'
import { Proofs } from './proofs.ts'

/** Has people get it from now on. @throws for one that cannot be used; the one before stays */
export type Use = (pem: Pem) => Promise<void>

/** Where certificates come from: a certificate authority, the operator's files, or one of our own. */
export interface Source {
  readonly kind: 'acme' | 'files' | 'internal'
  /** What to begin with: never waits for anybody. @throws when the operator has to mend something */
  first(): Promise<Pem>
  /** Looks after it from now on. */
  start(use: Use, proofs: Proofs): void
  stop(): void
  readonly lastError: string | null
  /** of what kind that error is, where that makes a difference to what is to be done */
  readonly trouble: AcmeTrouble | null
  /** PEM of an authority that devices have to be told of, where there is one */
  readonly root?: string | null
  /** milliseconds; when it is looked after next, where that is planned */
  readonly nextAttempt: number | null
}

export interface CertificateStatus {
  names: string[]
  /** milliseconds */
  notAfter: number
  issuer: string
  source: Source['kind']
  /** true until there is one that browsers believe */
  temporary: boolean
  lastError: string | null
  nextAttempt: number | null
}

interface Warning {
  code: string
  message: string
  hint: string
}

interface Options {
  config: Config
  /** host name or address that people use */
  name: string
  dataDir: string
  clock: Clock
  log: Logger
}

/** Part of its life that is left when the operator is told that it was not renewed. */
const LATE = 0.25

/** The certificate of the TLS port, from its first moment to each of its successors. */
export class Certificates {
  readonly #options: Options
  readonly #source: Source
  #current: Pem | null = null
  #renewals = 0

  constructor(options: Options) {
    this.#options = options
    this.#source = sourceOf(options)
  }

  /** @throws when the operator has to mend something first */
  async first(): Promise<Pem> {
    this.#current = await this.#source.first()
    return this.#current
  }

  start(edge: EdgeHost, http: PlainHttp): void {
    const use = async (pem: Pem) => {
      await edge.setCertificate(pem)
      this.#current = pem
      this.#renewals++
      const { names, notAfter, issuer } = factsOf(pem.cert)
      const until = new Date(notAfter).toISOString()
      this.#options.log.info({ names, issuer, not_after: until }, 'a new certificate is in use')
    }
    this.#source.start(use, new Proofs(edge, http))
  }

  /** What devices have to trust first, in PEM; null where they know the authority. */
  get root(): string | null {
    return this.#source.root ?? null
  }

  /** How many were taken up since the start. */
  get renewals(): number {
    return this.#renewals
  }

  stop(): void {
    this.#source.stop()
  }

  /** Null before there is any. */
  get status(): CertificateStatus | null {
    if (!this.#current) return null
    const { names, notAfter, issuer, isSelfSigned } = factsOf(this.#current.cert)
    const { kind, lastError, nextAttempt } = this.#source
    return {
      names,
      notAfter,
      issuer,
      source: kind,
      temporary: kind === 'acme' && isSelfSigned,
      lastError,
      nextAttempt,
    }
  }

  /** What is not as it should be, and what to do about it. */
  warnings(): Warning[] {
    const { status } = this
    if (!status || !this.#current) return []
    const { name, clock } = this.#options
    const { cert } = this.#current
    const [code, message] = wrongWith(cert, status, name, clock()) ?? [null, null]
    if (code === null) return []
    const { lastError } = status
    const why = lastError === null || lastError === message ? '' : `: ${lastError}`
    const hint = hintFor(status.source, this.#source.trouble, status.nextAttempt)
    return [{ code, message: `${message}${why}`, hint }]
  }
}

/** The worst of it: a code, and a sentence without its end. */
const wrongWith = (
  cert: string,
  { temporary, lastError, names, nextAttempt }: CertificateStatus,
  name: string,
  now: number,
): [string, string] | null => {
  if (temporary) return ['certificate_missing', `there is no certificate for ${name} yet`]
  const { notBefore, notAfter } = factsOf(cert)
  const left = notAfter - now
  if (left <= 0)
    return ['certificate_expired', `the certificate expired at ${new Date(notAfter).toISOString()}`]
  if (!covers(cert, name))
    return ['certificate_wrong_name', `the certificate is not for ${name} but ${names.join(', ')}`]
  // An authority may want it to be replaced late.
  const isPlanned = lastError === null && nextAttempt !== null && nextAttempt > now
  if (left < (notAfter - notBefore) * LATE && !isPlanned)
    return ['certificate_expires', `the certificate expires in ${span(left)} and was not renewed`]
  return lastError === null ? null : ['certificate_not_renewed', lastError]
}

const HOUR_MS = 3_600_000

const span = (ms: number): string => {
  const hours = Math.floor(ms / HOUR_MS)
  return hours < 72 ? `${hours} hours` : `${Math.floor(hours / 24)} days`
}

const hintFor = (
  source: Source['kind'],
  trouble: AcmeTrouble | null,
  nextAttempt: number | null,
): string => {
  if (source === 'files')
    return 'Put a good pair in the place of tls.cert_file and tls.key_file; it is taken up within seconds.'
  if (source === 'internal') return 'Look into the log of this server.'
  const next = nextAttempt === null ? 'later' : `at ${new Date(nextAttempt).toISOString()}`
  const again = `It is tried again ${next}.`
  if (trouble === 'pause')
    return `There is nothing to do: the certificate authority asks for a pause. ${again} A restart does not shorten it.`
  if (trouble === 'silent')
    return `Run golive doctor: this server has to reach the certificate authority. ${again}`
  return `Run golive doctor: the name must lead to this server, and ports 443 and 80 must be open. ${again}`
}

const sourceOf = ({ config: { tls }, name, dataDir, clock, log }: Options): Source => {
  const folder = join(dataDir, 'tls')
  if (tls.mode === 'files') return new FilesSource(tls.cert_file ?? '', tls.key_file ?? '', log)
  if (tls.mode === 'internal') return new InternalSource(name, folder, clock, log)
  return new AcmeSource({
    name,
    folder,
    clock,
    log,
    directory: tls.acme_directory,
    root: tls.acme_root,
    email: tls.email,
  })
}
