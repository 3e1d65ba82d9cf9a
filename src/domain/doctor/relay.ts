import { isIP } from 'node:net'
import { portsToOpen, terminatesTls } from '../../config/check.ts'
import type { Listener } from '../../lib/sockets.ts'
import type { Check, Finding } from './finding.ts'
import type { Subject } from './subject.ts'

/** Whether people behind firewalls that let only 443 out can be in a call. */
export const checkRelay = (check: Check, subject: Subject): Finding => {
  const { config, addresses } = subject
  const { offered, reason } = addresses.relay
  if (offered)
    return check.ok(
      `TURN over TLS is offered on ${config.tls.https_port}, relayed from ${addresses.host}`,
    )
  if (!terminatesTls(config))
    return check.skipped(
      reason ?? `mode ${config.tls.mode} does not end TLS here, so there is none`,
    )
  return check.warn(reason ?? 'TURN over TLS is not offered', mend(subject))
}

const mend = ({ config, addresses, publicUrl }: Subject): string => {
  if (addresses.hairpin === false)
    return `${dnatRule(config.livekit.udp_port, addresses)}; golive stop && systemctl start golive`
  if (addresses.hairpin === null) return 'golive stop && systemctl start golive  # it tries before'
  return isIP(addresses.host) !== 4
    ? 'Set livekit.node_ip to an IPv4 address of this machine'
    : `Serve ${publicUrl} on port 443, by a host name with a dot`
}

/** Makes this machine lead its own public address back to itself, where the router does not. */
const dnatRule = (port: number, { public: outside, host }: Subject['addresses']): string =>
  `nft add table ip golive; nft 'add chain ip golive out { type nat hook output priority -100; }'; nft add rule ip golive out ip daddr ${outside} udp dport ${port} dnat to ${host}`

/** A relay that only reaches this machine still reaches everything on it that takes datagrams. */
export const checkRelayed = (check: Check, subject: Subject): Finding => {
  const { addresses, config } = subject
  if (!addresses.relay.offered) return check.skipped('no relay is offered')
  const own = [config.livekit.udp_port, config.livekit.stun_port]
  const strange = subject.listeners.filter(
    (one) => isReachable(one, addresses.host) && !own.includes(one.port) && !isOurs(subject, one),
  )
  const names = [...new Set(strange.map(nameOf))]
  if (names.length === 0) return check.ok('it reaches no other UDP service of this machine')
  return check.warn(
    `whoever is in a call can send to these UDP services of this machine: ${names.join(', ')}`,
    `Bind them to 127.0.0.1 or to an address other than ${addresses.host}, or stop them`,
  )
}

/** A client of DHCP listens to its server only, and is on every second machine. */
const HARMLESS = new Set([68, 546])

const isReachable = ({ protocol, address, port }: Listener, host: string): boolean =>
  protocol === 'udp' && !HARMLESS.has(port) && [host, '0.0.0.0', '::'].includes(address)

const isOurs = ({ processes }: Subject, { holder }: Listener): boolean =>
  holder.pid !== null && [processes.server, processes.livekit].includes(holder.pid)

const nameOf = ({ port, holder: { name, pid } }: Listener): string =>
  `${port} (${name === null ? 'of another user' : `${name}, pid ${pid}`})`

/** What a firewall has to let in, and what it has to keep out. No check sees a provider's firewall. */
export const adviseFirewall = (check: Check, { config, addresses }: Subject): Finding => {
  const { tls, livekit, server } = config
  if (tls.mode === 'localhost') return check.skipped('nobody outside this machine is served')
  const open = portsToOpen(config)
  const closed = terminatesTls(config)
    ? addresses.relay.offered
      ? [`${livekit.turn_port}/tcp`]
      : []
    : [`${server.port}/tcp (but to the proxy)`]
  const keep = closed.length === 0 ? '' : `; it has to keep ${closed.join(', ')} out`
  return check.ok(
    `it has to let in ${open.join(', ')}${keep}`,
    [
      ...open.map((one) => `ufw allow ${one}`),
      ...(addresses.relay.offered ? [`ufw deny ${livekit.turn_port}/tcp`] : []),
    ].join(' && '),
  )
}
