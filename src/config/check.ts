import { isIP } from 'node:net'
import type { z } from 'zod'
import type { configSchema } from './schema.ts'

type Values = z.output<typeof configSchema>

interface Wrong {
  path: string[]
  message: string
}

/** Rules that need more than one key. Null when all hold. */
export const checkTogether = (config: Values): Wrong | null =>
  notAvailable(config) ?? publicHost(config) ?? portsDiffer(config)

/** A key that would be accepted and then do nothing is worse than an error. */
const notAvailable = (config: Values): Wrong | null => {
  const { tls, server } = config
  const later = 'this version of golive serves mode localhost only'
  if (tls.mode !== 'localhost')
    return { path: ['tls', 'mode'], message: `expected localhost: ${later}` }
  if (tls.domain !== null) return { path: ['tls', 'domain'], message: `expected null: ${later}` }
  if (tls.email !== null) return { path: ['tls', 'email'], message: `expected null: ${later}` }
  if (server.trusted_proxies.length > 0)
    return { path: ['server', 'trusted_proxies'], message: `expected []: ${later}` }
  return null
}

/** In mode localhost everything is plain HTTP: Basic credentials would travel in clear. */
const publicHost = ({ tls, server }: Values): Wrong | null =>
  tls.mode === 'localhost' && !isLoopback(server.host)
    ? {
        path: ['server', 'host'],
        message: 'expected a loopback address such as 127.0.0.1: mode localhost is plain HTTP',
      }
    : null

/** True for `localhost`, 127.0.0.0/8 and ::1. */
export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))

const portsDiffer = ({ server, livekit, metrics }: Values): Wrong | null => {
  const tcp: [string[], number | null][] = [
    [['server', 'port'], server.port],
    [['livekit', 'signal_port'], livekit.signal_port],
    [['livekit', 'tcp_port'], livekit.tcp_port],
    [['metrics', 'port'], metrics.port],
  ]
  const seen = new Map<number, string[]>()
  for (const [path, port] of tcp) {
    if (port === null) continue
    const other = seen.get(port)
    if (other)
      return { path, message: `expected a port of its own: ${port} is ${other.join('.')} already` }
    seen.set(port, path)
  }
  return null
}
