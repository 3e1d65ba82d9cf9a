import { isIP } from 'node:net'
import type { z } from 'zod'
import type { configSchema, TlsMode } from './schema.ts'

type Values = z.output<typeof configSchema>

interface Wrong {
  path: string[]
  message: string
}

/** Whether this program itself ends TLS: with a certificate on its own port. */
export const terminatesTls = ({ tls }: Pick<Values, 'tls'>): boolean =>
  tls.mode !== 'localhost' && tls.mode !== 'proxy'

/** Rules that need more than one key. Null when all hold. */
export const checkTogether = (config: Values): Wrong | null =>
  missing(config) ??
  idle(config) ??
  publicHost(config) ??
  publicOrigin(config) ??
  portsDiffer(config)

/** What a mode cannot work without. */
const missing = ({ tls, server }: Values): Wrong | null => {
  const needed: Partial<Record<TlsMode, [string[], unknown, string][]>> = {
    domain: [
      [['tls', 'domain'], tls.domain, 'a host name such as live.example.com'],
      [['tls', 'email'], tls.email, 'an email address for the certificate authority'],
    ],
    files: [
      [['tls', 'domain'], tls.domain, 'the name that the certificate is for'],
      [['tls', 'cert_file'], tls.cert_file, 'the PEM file of the certificate'],
      [['tls', 'key_file'], tls.key_file, 'the PEM file of its key'],
    ],
    internal: [[['tls', 'domain'], tls.domain, 'the name or address used in the local network']],
    proxy: [
      [['server', 'public_url'], server.public_url, 'the origin that the proxy serves'],
      [['server', 'trusted_proxies'], server.trusted_proxies[0], 'the address of the proxy'],
    ],
  }
  const lack = needed[tls.mode]?.find(([, value]) => value === null || value === undefined)
  return lack ? { path: lack[0], message: `expected ${lack[2]}: mode ${tls.mode} needs it` } : null
}

/** A key that would be accepted and then do nothing is worse than an error. */
const idle = ({ tls, server }: Values): Wrong | null => {
  const used: [string[], unknown, TlsMode[]][] = [
    [['tls', 'domain'], tls.domain, ['domain', 'files', 'internal']],
    [['tls', 'email'], tls.email, ['domain', 'ip']],
    [['tls', 'cert_file'], tls.cert_file, ['files']],
    [['tls', 'key_file'], tls.key_file, ['files']],
    [['tls', 'acme_root'], tls.acme_root, ['domain', 'ip']],
    [['server', 'trusted_proxies'], server.trusted_proxies[0] ?? null, ['proxy']],
  ]
  const wrong = used.find(([, value, modes]) => value !== null && !modes.includes(tls.mode))
  if (!wrong) return domainIsName({ tls })
  const [path, , modes] = wrong
  const nothing = path[1] === 'trusted_proxies' ? '[]' : 'null'
  return {
    path,
    message: `expected ${nothing}: it does nothing in mode ${tls.mode}, only in ${modes.join(' or ')}`,
  }
}

const domainIsName = ({ tls }: Pick<Values, 'tls'>): Wrong | null =>
  tls.mode === 'domain' &&
  tls.domain !== null &&
  (isIP(tls.domain) !== 0 || !tls.domain.includes('.'))
    ? {
        path: ['tls', 'domain'],
        message: 'expected a public host name; for an address take mode ip',
      }
    : null

/** Plain HTTP: Basic credentials would travel in clear. Only a proxy may be on another machine. */
const publicHost = ({ tls, server }: Values): Wrong | null => {
  if (tls.mode === 'proxy' || isLoopback(server.host)) return null
  const why =
    tls.mode === 'localhost'
      ? 'mode localhost is plain HTTP'
      : 'outside, tls.host and https_port serve'
  return {
    path: ['server', 'host'],
    message: `expected a loopback address such as 127.0.0.1: ${why}`,
  }
}

/** The address that people are given has to be the one that the certificate is for. */
const publicOrigin = ({ tls, server: { public_url } }: Values): Wrong | null => {
  if (public_url === null || !terminatesTls({ tls })) return null
  const { protocol, hostname } = new URL(public_url)
  const path = ['server', 'public_url']
  if (protocol !== 'https:')
    return { path, message: `expected https: mode ${tls.mode} serves nothing else` }
  return tls.domain !== null && bare(hostname) !== tls.domain
    ? { path, message: `expected the host ${tls.domain}, as tls.domain says` }
    : null
}

const bare = (hostname: string): string => hostname.replace(/^\[|\]$/g, '')

/** True for `localhost`, 127.0.0.0/8 and ::1. */
export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))

/** Ports that people outside of this machine have to reach, as firewalls are told: `443/tcp`. */
export const portsToOpen = (config: Values): string[] => {
  const { tls, livekit } = config
  const { node_ip, tcp_port, udp_port, stun_port } = livekit
  const media = [`${tcp_port}/tcp`, `${udp_port}/udp`]
  if (tls.mode === 'localhost') return node_ip === 'auto' || isLoopback(node_ip) ? [] : media
  const front = terminatesTls(config) ? [`${tls.https_port}/tcp`, `${tls.http_port}/tcp`] : []
  return [...front, ...media, `${stun_port}/udp`]
}

const portsDiffer = (config: Values): Wrong | null => {
  const { server, livekit, metrics, tls } = config
  const tcp: Port[] = [
    [['server', 'port'], server.port],
    [['livekit', 'signal_port'], livekit.signal_port],
    [['livekit', 'tcp_port'], livekit.tcp_port],
    [['metrics', 'port'], metrics.port],
  ]
  const edge: Port[] = [
    [['livekit', 'turn_port'], livekit.turn_port],
    [['tls', 'https_port'], tls.https_port],
    [['tls', 'http_port'], tls.http_port],
  ]
  const udp: Port[] = [
    [['livekit', 'udp_port'], livekit.udp_port],
    [['livekit', 'stun_port'], livekit.stun_port],
  ]
  return takenTwice(terminatesTls(config) ? [...tcp, ...edge] : tcp) ?? takenTwice(udp)
}

type Port = [path: string[], port: number | null]

const takenTwice = (ports: Port[]): Wrong | null => {
  const seen = new Map<number, string[]>()
  for (const [path, port] of ports) {
    if (port === null) continue
    const other = seen.get(port)
    if (other)
      return { path, message: `expected a port of its own: ${port} is ${other.join('.')} already` }
    seen.set(port, path)
  }
  return null
}
