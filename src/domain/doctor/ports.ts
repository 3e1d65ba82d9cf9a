import { terminatesTls } from '../../config/check.ts'
import { serviceOf } from '../../lib/kernel.ts'
import type { Listener, Protocol } from '../../lib/sockets.ts'
import { Check, type Finding } from './finding.ts'
import type { Subject } from './subject.ts'

/** A port that this server needs. */
interface Needed {
  protocol: Protocol
  port: number
  /** where it is bound; null is every address */
  host: string | null
  what: string
  /** the key that chooses another one */
  key: string
}

/** Each port that the configuration names: free, ours, or whose. */
export const checkPorts = (subject: Subject): Finding[] =>
  neededPorts(subject).map((needed) => checkPort(subject, needed))

/** What this server binds. */
const neededPorts = ({ config, addresses }: Subject): Needed[] => {
  const { tls, livekit, server, metrics } = config
  const media = tls.mode === 'localhost' ? '127.0.0.1' : null
  const tcp = (port: number, host: string | null, what: string, key: string): Needed => ({
    protocol: 'tcp',
    port,
    host,
    what,
    key,
  })
  const udp = (port: number, host: string | null, what: string, key: string): Needed => ({
    protocol: 'udp',
    port,
    host,
    what,
    key,
  })
  return [
    ...(terminatesTls(config)
      ? [
          tcp(tls.https_port, tls.host, 'HTTPS, WSS and TURN', 'tls.https_port'),
          tcp(tls.http_port, tls.host, 'certificate challenges', 'tls.http_port'),
        ]
      : []),
    udp(livekit.udp_port, media, 'media', 'livekit.udp_port'),
    tcp(livekit.tcp_port, media, 'media', 'livekit.tcp_port'),
    ...(addresses.relay.offered
      ? [tcp(livekit.turn_port, addresses.host, 'TURN behind HTTPS', 'livekit.turn_port')]
      : []),
    udp(livekit.stun_port, addresses.host, 'STUN', 'livekit.stun_port'),
    tcp(server.port, server.host, 'HTTP', 'server.port'),
    tcp(livekit.signal_port, '127.0.0.1', 'livekit-server', 'livekit.signal_port'),
    ...(metrics.port === null ? [] : [tcp(metrics.port, '127.0.0.1', 'metrics', 'metrics.port')]),
  ]
}

const checkPort = (subject: Subject, { protocol, port, host, what, key }: Needed): Finding => {
  const check = new Check(`port_${protocol}_${port}`, `Port ${port}/${protocol}`)
  const holders = subject.listeners.filter(
    (one) => one.protocol === protocol && one.port === port && overlaps(one.address, host),
  )
  const stranger = holders.find(({ holder }) => !isOurs(subject, holder.pid))
  if (stranger) {
    const { said, fix } = strangerIn(stranger, key)
    return check.fail(`${what}: taken by ${said}`, fix)
  }
  const [ours] = holders
  if (ours) {
    const who = ours.holder.pid === subject.processes.livekit ? 'livekit-server' : 'golive'
    return check.ok(`${what}: ${who} (pid ${ours.holder.pid}) listens`)
  }
  if (subject.server === null) return check.ok(`${what}: free`)
  return check.fail(
    `${what}: the server runs, and nobody listens here`,
    'journalctl -u golive -n 50  # says why; then: golive restart',
  )
}

const isOurs = ({ processes }: Subject, pid: number | null): boolean =>
  pid !== null && [processes.server, processes.livekit].includes(pid)

const strangerIn = ({ holder: { pid, name } }: Listener, key: string) => {
  const other = `# or choose another ${key} in golive.config.yaml`
  if (pid === null) {
    return {
      said: 'a process of another user',
      fix: `sudo golive doctor  ${other}`,
    }
  }
  const service = serviceOf(pid)
  const stop = service === null ? `kill ${pid}` : `systemctl disable --now ${service}`
  return { said: `${name ?? 'a process'} (pid ${pid})`, fix: `${stop}  ${other}` }
}

const WILDCARDS = new Set(['0.0.0.0', '::'])

/** Whether two sockets on one port get into each other's way. */
const overlaps = (address: string, host: string | null): boolean =>
  host === null || host === address || WILDCARDS.has(host) || WILDCARDS.has(address)
