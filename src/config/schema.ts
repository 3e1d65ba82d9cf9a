import { isIP } from 'node:net'
import { z } from 'zod'
import { isNetwork } from '../lib/networks.ts'

const port = z.int().min(1).max(65535)
const key = <T extends z.ZodType>(schema: T, description: string): T => schema.meta({ description })

const ipAddress = z.string().refine((text) => isIP(text) !== 0, 'expected an IP address')

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
    'Address the HTTP server listens on; mode localhost allows loopback addresses only.',
  ),
  port: key(port.default(8080), 'Port the HTTP server listens on.'),
  public_url: key(
    publicUrl.nullable().default(null),
    'Origin that people and SDKs use to reach this server; null means http://<host>:<port>.',
  ),
  trusted_proxies: key(
    z.array(z.string()).default([]),
    'Addresses of reverse proxies whose X-Forwarded-For is believed; needs tls.mode proxy.',
  ),
})

const TLS_MODES = ['localhost', 'domain', 'ip', 'files', 'internal', 'proxy'] as const

const tls = z.strictObject({
  mode: key(
    z.enum(TLS_MODES).default('localhost'),
    'How connections are secured; localhost means plain HTTP for this machine only.',
  ),
  domain: key(
    z.string().min(1).nullable().default(null),
    'Host name that the certificate is for; needs tls.mode domain.',
  ),
  email: key(
    z.email('expected an email address').nullable().default(null),
    'Contact address given to the certificate authority; needs tls.mode domain or ip.',
  ),
  https_port: key(
    port.default(443),
    'Port for HTTPS, WSS and TURN/TLS in the modes that terminate TLS here.',
  ),
  http_port: key(
    port.default(80),
    'Port for certificate challenges and the redirect to HTTPS in those modes.',
  ),
})

const livekit = z.strictObject({
  signal_port: key(
    port.default(7880),
    'Loopback port on which livekit-server answers GoLive; never reachable from outside.',
  ),
  tcp_port: key(port.default(7881), 'Port for media over TCP, where UDP is blocked.'),
  udp_port: key(port.default(7882), 'Port for media over UDP; all calls share it.'),
  node_ip: key(
    z.union([z.literal('auto'), ipAddress]).default('auto'),
    'Address that clients send media to; auto is 127.0.0.1 in mode localhost.',
  ),
  max_participants: key(
    z.union([z.literal('auto'), z.int().min(1).max(100_000)]).default('auto'),
    'People in calls at once on this machine before newcomers are told to try again; auto is 100 for each processor core.',
  ),
})

const metrics = z.strictObject({
  port: key(
    port.nullable().default(null),
    'Loopback port for Prometheus metrics; null turns them off.',
  ),
})

const network = z.string().refine(isNetwork, 'expected a network such as 10.0.0.0/8, or an address')

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

/** golive.config.yaml: unknown keys are refused, every key has a default and a sentence. */
export const configSchema = z.strictObject({
  data_dir: key(
    z.string().min(1).default('./data'),
    'Folder for the database, keys and the socket; a relative path starts at the working directory.',
  ),
  server: server.prefault({}),
  tls: tls.prefault({}),
  livekit: livekit.prefault({}),
  metrics: metrics.prefault({}),
  admin: admin.prefault({}),
  log: log.prefault({}),
})

export type Config = Readonly<z.output<typeof configSchema>> & { readonly source: string | null }
