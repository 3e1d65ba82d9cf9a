import { isIP } from 'node:net'
import { z } from 'zod'
import { isNetwork } from '../lib/networks.ts'

const port = z.int().min(1).max(65535)
const key = <T extends z.ZodType>(schema: T, description: string): T => schema.meta({ description })

const ipAddress = z.string().refine((text) => isIP(text) !== 0, 'expected an IP address')

const network = z.string().refine(isNetwork, 'expected a network such as 10.0.0.0/8, or an address')

const domainName = z
  .string()
  .toLowerCase()
  .refine(
    (text) => isIP(text) !== 0 || DOMAIN.test(text),
    'expected a host name such as live.example.com, without a port',
  )

/** RFC 1123 names, at most 253 characters with labels of at most 63. */
const DOMAIN =
  /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/

const originOf = (text: string): string | null => {
  const url = URL.canParse(text) ? new URL(text) : null
  const plain = url !== null && /^https?:$/.test(url.protocol) && url.href === `${url.origin}/`
  return plain ? url.origin : null
}

/** Written with or without a slash at the end, kept without: paths are appended to it. */
const publicUrl = z
  .string()
  .refine(
    (text) => originOf(text) !== null,
    'expected an origin such as https://live.example.com, without a path',
  )
  .overwrite((text) => originOf(text) ?? text)

const server = z.strictObject({
  host: key(
    z.string().min(1).default('127.0.0.1'),
    'Address the HTTP server listens on; only tls.mode proxy allows others than loopback addresses.',
  ),
  port: key(port.default(8080), 'Port the HTTP server listens on.'),
  public_url: key(
    publicUrl.nullable().default(null),
    'Origin that people and SDKs use to reach this server; null means http://<host>:<port>, or https://<tls.domain> where TLS ends here.',
  ),
  trusted_proxies: key(
    z.array(network).default([]),
    'Addresses or networks of reverse proxies whose X-Forwarded-For is believed; needs tls.mode proxy.',
  ),
})

const TLS_MODES = ['localhost', 'domain', 'ip', 'files', 'internal', 'proxy'] as const
export type TlsMode = (typeof TLS_MODES)[number]

const LETS_ENCRYPT = 'https://acme-v02.api.letsencrypt.org/directory'
const file = z.string().min(1).nullable().default(null)

const tls = z.strictObject({
  mode: key(
    z.enum(TLS_MODES).default('localhost'),
    'How connections are secured: localhost is plain HTTP for this machine only; domain and ip get a certificate by themselves; files uses your own; internal makes one for a local network; proxy is plain HTTP behind a reverse proxy of yours.',
  ),
  domain: key(
    domainName.nullable().default(null),
    'Host name that the certificate is for; needed in modes domain, files and internal.',
  ),
  email: key(
    z.email('expected an email address').nullable().default(null),
    'Contact address given to the certificate authority; needed in mode domain.',
  ),
  host: key(
    ipAddress.default('::'),
    'Address that https_port and http_port listen on; :: is every address of this machine, IPv4 too.',
  ),
  https_port: key(
    port.default(443),
    'Port for HTTPS, WSS and TURN/TLS in the modes that terminate TLS here.',
  ),
  http_port: key(
    port.default(80),
    'Port for certificate challenges and the redirect to HTTPS in those modes.',
  ),
  cert_file: key(
    file,
    'PEM file of the certificate and its chain, for mode files; read again when it changes.',
  ),
  key_file: key(file, 'PEM file of the private key, for mode files.'),
  acme_directory: key(
    z
      .url({
        protocol: /^https?$/,
        error: 'expected an address such as https://acme.example.com/directory',
      })
      .default(LETS_ENCRYPT),
    'Directory of the certificate authority for modes domain and ip.',
  ),
  acme_root: key(
    file,
    'PEM file of the root certificate that a private certificate authority itself is reached with.',
  ),
})

const livekit = z.strictObject({
  signal_port: key(
    port.default(7880),
    'Loopback port on which livekit-server answers GoLive; never reachable from outside.',
  ),
  tcp_port: key(port.default(7881), 'Port for media over TCP, where UDP is blocked.'),
  udp_port: key(port.default(7882), 'Port for media over UDP; all calls share it.'),
  turn_port: key(
    port.default(5349),
    'Port on which livekit-server takes TURN from the TLS port; a firewall should keep it closed.',
  ),
  stun_port: key(port.default(3478), 'UDP port on which clients learn their own address.'),
  node_ip: key(
    z.union([z.literal('auto'), ipAddress]).default('auto'),
    'Address that clients send media to; auto finds it, and is 127.0.0.1 in mode localhost.',
  ),
  remote_unmute: key(
    z.boolean().default(false),
    'Whether a tenant may switch on a microphone or camera that somebody muted.',
  ),
  max_participants: key(
    z.union([z.literal('auto'), z.int().min(1).max(100_000)]).default('auto'),
    'People in calls at once on this machine before newcomers are told to try again; auto is 100 for each processor core.',
  ),
})

const webhooks = z.strictObject({
  allow_private: key(
    z.boolean().default(false),
    'Whether webhooks of tenants may lead to private addresses, to any port and to plain HTTP; only for labs.',
  ),
})

const metrics = z.strictObject({
  port: key(
    port.nullable().default(null),
    'Loopback port for Prometheus metrics; null turns them off.',
  ),
})

const hostName = z
  .string()
  .regex(
    /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\])$/,
    'expected a host name such as admin.example.com, without a port',
  )

const admin = z.strictObject({
  allow_cidrs: key(
    z.array(network).default([]),
    'Networks from which the admin API may be used over HTTP; empty means all.',
  ),
  host: key(
    hostName.nullable().default(null),
    'Host name under which alone the admin API answers over HTTP; null means any.',
  ),
  operator_contact: key(
    z.string().min(1).max(200).nullable().default(null),
    'Whom tenants ask for help: an address or a link, shown in the API documentation.',
  ),
})

const log = z.strictObject({
  level: key(
    z.enum(['debug', 'info', 'warn', 'error']).default('info'),
    'Least severe kind of line that is logged.',
  ),
})

const days = (least: number) => z.int().min(least).max(36_500)

const retention = z.strictObject({
  events_days: key(
    days(7).nullable().default(90),
    'Days that the log of events is kept; null keeps it for ever.',
  ),
  sessions_days: key(
    days(1).nullable().default(365),
    'Days that an ended session is kept with who was in it; null keeps it for ever. What it used stays in the totals of its days.',
  ),
  deliveries_days: key(days(3).default(30), 'Days that deliveries of webhooks are kept.'),
  audit_days: key(
    days(30).nullable().default(730),
    'Days that the audit log is kept; null keeps it for ever.',
  ),
  addresses_days: key(
    days(1).nullable().default(30),
    'Days that network addresses are kept in the database; null keeps them as long as what they stand in.',
  ),
})

export type RetentionDays = Readonly<z.output<typeof retention>>

/** golive.config.yaml: unknown keys are refused, every key has a default and a sentence. */
export const configSchema = z.strictObject({
  data_dir: key(
    z.string().min(1).default('./data'),
    'Folder for the database, keys and the socket; a relative path starts at the working directory.',
  ),
  server: server.prefault({}),
  tls: tls.prefault({}),
  livekit: livekit.prefault({}),
  webhooks: webhooks.prefault({}),
  metrics: metrics.prefault({}),
  retention: retention.prefault({}),
  admin: admin.prefault({}),
  log: log.prefault({}),
})

export type Config = Readonly<z.output<typeof configSchema>> & { readonly source: string | null }
