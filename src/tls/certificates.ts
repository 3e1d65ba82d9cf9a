import { join } from 'node:path'
import type { Config } from '../config/schema.ts'
import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/log.ts'
import { AcmeSource } from './acme-source.ts'
import { factsOf } from './certificate-file.ts'
import type { Pem } from './edge.ts'
import type { EdgeHost } from './edge-host.ts'
import { FilesSource } from './files-source.ts'
import { InternalSource } from './internal-source.ts'
import type { PlainHttp } from './plain-http.ts'
import { Proofs } from './proofs.ts'

/** Where certificates come from: a certificate authority, the operator's files, or one of our own. */
export interface Source {
  readonly kind: 'acme' | 'files' | 'internal'
  /** What to begin with: never waits for anybody. @throws when the operator has to mend something */
  first(): Promise<Pem>
  /** Looks after it from now on. @param install throws for one that cannot be used */
  start(install: (pem: Pem) => Promise<void>, proofs: Proofs): void
  stop(): void
  readonly lastError: string | null
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
    const install = async (pem: Pem) => {
      await edge.setCertificate(pem)
      this.#current = pem
      const { names, notAfter, issuer } = factsOf(pem.cert)
      const until = new Date(notAfter).toISOString()
      this.#options.log.info({ names, issuer, not_after: until }, 'a new certificate is in use')
    }
    this.#source.start(install, new Proofs(edge, http))
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
    const { clock, name } = this.#options
    if (!status || !this.#current) return []
    const next = status.nextAttempt === null ? null : new Date(status.nextAttempt).toISOString()
    const hint = hintFor(status.source, next)
    const why = status.lastError ? `: ${status.lastError}` : ''
    if (status.temporary)
      return [
        {
          code: 'certificate_missing',
          message: `there is no certificate for ${name} yet${why}`,
          hint,
        },
      ]
    const { notBefore, notAfter } = factsOf(this.#current.cert)
    if (notAfter <= clock()) {
      const at = new Date(notAfter).toISOString()
      return [
        { code: 'certificate_expired', message: `the certificate expired at ${at}${why}`, hint },
      ]
    }
    if (notAfter - clock() < (notAfter - notBefore) * LATE) {
      const days = Math.floor((notAfter - clock()) / 86_400_000)
      const message = `the certificate expires in ${days} days and was not renewed${why}`
      return [{ code: 'certificate_expires', message, hint }]
    }
    if (!status.lastError) return []
    return [{ code: 'certificate_not_renewed', message: status.lastError, hint }]
  }
}

const hintFor = (source: Source['kind'], next: string | null): string => {
  if (source === 'files')
    return 'Put a good pair in the place of tls.cert_file and tls.key_file; it is taken up within seconds.'
  if (source === 'internal') return 'Look into the log of this server.'
  const again = next === null ? '' : ` It is tried again at ${next}.`
  return `Run golive doctor: the name must lead to this server, and ports 443 and 80 must be open.${again}`
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
