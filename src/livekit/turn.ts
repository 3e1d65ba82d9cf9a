import { isIP } from 'node:net'
import { terminatesTls } from '../config/check.ts'
import type { Config } from '../config/schema.ts'
import { allIpv4But, isPublic } from '../lib/networks.ts'

/** How livekit-server takes TURN. */
export interface Turn {
  /** the name that clients are sent to, on port 443 */
  domain: string
  /** where it takes, in clear, what the TLS port was sent */
  port: number
}

/** Whether calls are relayed, and if not, why in one sentence. */
export interface Relay {
  offered: boolean
  reason: string | null
}

interface Place {
  /** own address that TURN is bound to; never loopback, since Firefox drops what it is told of such */
  hostIp: string
  /** the only address that is relayed to: where clients are told to send media */
  nodeIp: string
  turn: Turn | null
}

interface TurnSection {
  enabled: boolean
  domain?: string
  tls_port?: number
  udp_port?: number
  external_tls?: boolean
  bind_addresses?: string[]
  deny_peer_cidrs?: string[]
  allow_restricted_peer_cidrs?: string[]
}

/** The section `turn` of livekit-server's configuration. */
export const turnSection = ({ hostIp, nodeIp, turn }: Place): TurnSection =>
  turn === null
    ? { enabled: false }
    : {
        enabled: true,
        domain: turn.domain,
        tls_port: turn.port,
        udp_port: 0,
        external_tls: true,
        bind_addresses: [hostIp],
        deny_peer_cidrs: deniedPeers(nodeIp),
        // Private peers are denied by livekit-server itself unless they are named.
        ...(isPublic(nodeIp) ? {} : { allow_restricted_peer_cidrs: [`${nodeIp}/32`] }),
      }

/**
 * Whom participants must not reach through us: everybody but our own media address. A network that
 * livekit-server cannot read is one that it silently allows.
 */
export const deniedPeers = (mediaIp: string): string[] => [...allIpv4But([mediaIp]), '::/0']

/** What livekit-server takes for a domain; a dot is needed, and IPv6 is none. */
const DOMAIN = /^[a-z0-9-]+(\.[a-z0-9-]+)+\.?$/i
const LIVEKITS_PORT = 443

interface Reach {
  host: string
  public: string
  hairpin: boolean | null
}

/** Offered only where it works: an offer that leads nowhere costs each join the time to find out. */
export const relayAt = (config: Config, publicUrl: string, reach: Reach): Relay => {
  const reason = reasonAgainst(config, publicUrl, reach)
  return { offered: reason === null, reason }
}

const reasonAgainst = (config: Config, publicUrl: string, reach: Reach): string | null => {
  const { hostname, port } = new URL(publicUrl)
  const { host, hairpin } = reach
  if (!terminatesTls(config))
    return `in mode ${config.tls.mode} TLS does not end here, and TURN needs it`
  if (Number(port || LIVEKITS_PORT) !== LIVEKITS_PORT)
    return `clients look for TURN on port ${LIVEKITS_PORT} alone, and server.public_url has ${port}`
  if (!DOMAIN.test(hostname)) return `${hostname} is no name that livekit-server takes for TURN`
  if (isIP(host) !== 4 || host.startsWith('127.'))
    return `this machine has no IPv4 address for TURN but ${host}`
  if (hairpin === null)
    return `nobody has tried yet whether this machine reaches its own public address ${reach.public}`
  if (!hairpin)
    return `this machine does not reach its own public address ${reach.public}, and what is relayed would have to`
  return null
}

/** The name in an origin that clients are sent to for TURN. */
export const turnOf = (config: Config, publicUrl: string): Turn => ({
  domain: new URL(publicUrl).hostname,
  port: config.livekit.turn_port,
})
