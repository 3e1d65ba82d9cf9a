import type { X509Certificate } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { join } from 'node:path'
import { connect, getCACertificates, type TLSSocket } from 'node:tls'
import { terminatesTls } from '../../config/check.ts'
import { within } from '../../lib/deadline.ts'
import type { Door } from './door.ts'
import type { Check, Finding } from './finding.ts'
import type { Subject } from './subject.ts'

const HANDSHAKE_MS = 6000
const DAY_MS = 86_400_000
/** Of its life: by then it should have been renewed twice over. */
const LATE_PART = 0.25

/** What a client gets to see at the public name. */
interface Shown {
  leaf: X509Certificate
  /** null when the chain leads to a root that is trusted */
  distrust: string | null
}

/** The certificate as a client sees it: name, dates, and whether its chain leads to a trusted root. */
export const checkCertificate = async (check: Check, subject: Subject): Promise<Finding> => {
  if (!subject.publicUrl.startsWith('https:')) return check.skipped('plain HTTP is served')
  if (!subject.server) return check.skipped('no server runs')
  const { name, port } = subject.door
  try {
    const shown = await within(HANDSHAKE_MS, look(subject.door, ownRoot(subject)))
    return judge(check, subject, name, shown)
  } catch (error) {
    return check.fail(
      `no certificate could be had from ${name}:${port}: ${(error as Error).message}`,
      `ufw allow ${port}/tcp  # and see to it that ${name} leads to this machine`,
    )
  }
}

const judge = (
  check: Check,
  subject: Subject,
  name: string,
  { leaf, distrust }: Shown,
): Finding => {
  const until = leaf.validToDate.getTime()
  const left = until - Date.now()
  const life = until - leaf.validFromDate.getTime()
  const issuer = commonName(leaf.issuer)
  const covers = isIP(name) === 0 ? leaf.checkHost(name) : leaf.checkIP(name)
  const fix = howToMend(subject)
  if (left < 0) return check.fail(`it expired ${inDays(-left)} ago`, fix)
  if (leaf.subject === leaf.issuer && terminatesTls(subject.config))
    return check.fail('a self-signed one is served until the first real one is there', fix)
  if (!covers) return check.fail(`it is not for ${name}, only for ${leaf.subjectAltName}`, fix)
  if (distrust !== null)
    return check.fail(
      `clients do not trust it: its chain does not lead to a known root (${distrust})`,
      fix,
    )
  const said = `for ${name}, by ${issuer}, ${inDays(left)} left, chain complete`
  return left < life * LATE_PART && !isPlanned(subject) ? check.warn(said, fix) : check.ok(said)
}

/** An authority may want it to be replaced late. */
const isPlanned = ({ server }: Subject): boolean => {
  const { last_error = null, next_attempt = null } = server?.certificate ?? {}
  return last_error === null && next_attempt !== null && Date.parse(next_attempt) > Date.now()
}

const look = ({ name, port, via }: Door, root: string | null): Promise<Shown> =>
  new Promise((done, fail) => {
    const socket: TLSSocket = connect({
      host: via ?? name,
      port,
      ...(isIP(name) === 0 ? { servername: name } : {}),
      // What is wrong with it has to be said, so it has to be looked at.
      rejectUnauthorized: false,
      ca: trusted(root),
    })
    socket.once('error', fail)
    socket.once('secureConnect', () => {
      const leaf = socket.getPeerX509Certificate()
      const distrust = socket.authorizationError ? String(socket.authorizationError) : null
      socket.destroy()
      if (leaf) done({ leaf, distrust: socket.authorized ? null : distrust })
      else fail(new Error('none was shown'))
    })
  })

/** Also what this machine trusts: the root of an authority of one's own is installed there. */
const trusted = (root: string | null): string[] => [
  ...getCACertificates('default'),
  ...getCACertificates('system'),
  ...(root === null ? [] : [root]),
]

const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/

/** In mode internal this server is its own authority, whose certificate people install. */
const ownRoot = ({ config }: Subject): string | null => {
  const path = join(config.data_dir, 'tls', 'authority.pem')
  if (config.tls.mode !== 'internal' || !existsSync(path)) return null
  return PEM_CERTIFICATE.exec(readFileSync(path, 'utf8'))?.[0] ?? null
}

const howToMend = ({ config, server }: Subject): string => {
  const { mode, cert_file, http_port, https_port } = config.tls
  const error = server?.certificate?.last_error
  if (mode === 'files')
    return `Put a certificate with its whole chain into ${cert_file}; it is read by itself`
  if (mode === 'proxy') return 'Renew the certificate of the reverse proxy'
  if (mode === 'internal') return 'golive restart'
  const last = error ? `${error}; ` : ''
  const next = server?.certificate?.next_attempt
  const when = next ? `at ${next.slice(0, 16)}Z` : 'soon'
  return `ufw allow ${http_port}/tcp && ufw allow ${https_port}/tcp  # ${last}tried again by itself ${when}`
}

const commonName = (name: string): string =>
  /^(?:CN|O)=(.+)$/m.exec(name)?.[1] ?? name.replaceAll('\n', ', ')

const inDays = (ms: number): string => {
  const days = Math.floor(ms / DAY_MS)
  return days === 0 ? `${Math.floor(ms / 3_600_000)} hours` : days === 1 ? '1 day' : `${days} days`
}
