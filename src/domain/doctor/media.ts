import { within } from '../../lib/deadline.ts'
import { type Answered, askOverTcp, askOverUdp } from '../../livekit/probe/ice.ts'
import type { IceServer } from '../../livekit/probe/messages.ts'
import type { Candidate } from '../../livekit/probe/sdp.ts'
import {
  type Dial,
  type Invitation,
  type Offered,
  SelfCall,
} from '../../livekit/probe/self-call.ts'
import { askStun } from '../../livekit/probe/stun.ts'
import { RelayError, type Relayed, relayTo } from '../../livekit/probe/turn.ts'
import { Check, type Finding } from './finding.ts'
import { hostOf } from './name.ts'
import type { Subject } from './subject.ts'

const BEGIN_MS = 5000
const OFFER_MS = 8000
const ANSWER_MS = 3000
const RELAY_MS = 8000

const JOIN = new Check('join', 'Joining')
const ICE = new Check('ice_servers', 'STUN and TURN servers')
const STUN = new Check('stun', 'STUN')
const UDP = new Check('media_udp', 'Media over UDP')
const TCP = new Check('media_tcp', 'Media over TCP')
const TURN = new Check('media_turn', 'Media over TURN')
const CLOSED = new Check('turn_closed', 'TURN for strangers')
const AFTER_JOIN = [ICE, STUN, UDP, TCP, TURN, CLOSED]

/**
 * A call of our own through the public name, as a browser makes one: joined over the signaling
 * connection, then asked at each address that it offers for media.
 */
export const checkMedia = async (subject: Subject): Promise<Finding[]> => {
  const { server } = subject
  if (!server) return [JOIN, ...AFTER_JOIN].map((check) => check.skipped('no server answers'))
  try {
    return await callThrough(subject, await within(BEGIN_MS, server.beginCheck()))
  } catch (error) {
    const why = `no call could be begun: ${(error as Error).message}`
    return notJoined(why, 'golive status  # and the log says more: journalctl -u golive -n 50')
  }
}

const callThrough = async (subject: Subject, invitation: Invitation): Promise<Finding[]> => {
  const { publicUrl, door } = subject
  const call = SelfCall.join(invitation, dialOf(subject))
  try {
    return await inCall(subject, await call.offered(OFFER_MS))
  } catch (error) {
    const open = publicUrl.startsWith('https:') ? `ufw allow ${door.port}/tcp; ` : ''
    return notJoined(
      `nobody can join at ${publicUrl}: ${(error as Error).message}`,
      `${open}journalctl -u golive -n 50  # the log says more`,
    )
  } finally {
    call.leave()
  }
}

const notJoined = (why: string, fix: string): Finding[] => [
  JOIN.fail(why, fix),
  ...AFTER_JOIN.map((check) => check.skipped('it needs a join')),
]

const inCall = async (subject: Subject, offered: Offered): Promise<Finding[]> => {
  const joined = JOIN.ok(
    `joined a call at ${subject.publicUrl} in ${inMs(offered.ms)}${detour(subject)}`,
  )
  const [stun, udp, tcp, turn] = await Promise.all([
    ownStun(subject, offered.iceServers),
    direct(UDP, subject, offered, 'udp'),
    direct(TCP, subject, offered, 'tcp'),
    relayed(subject, offered),
  ])
  return [joined, iceServers(subject, offered.iceServers), stun, udp, tcp, ...turn]
}

const dialOf = ({ door: { via, port } }: Subject): Dial | null =>
  via === null ? null : { address: via, port }

const detour = ({ door: { via }, addresses }: Subject): string =>
  via === null
    ? ''
    : `, by ${via}: from this machine itself ${addresses.public} cannot be reached, only from outside`

export type Try = { candidate: Candidate } & ({ answered: Answered } | { failure: string })

/** Asks at every address that the call offers for this transport. */
const direct = async (
  check: Check,
  subject: Subject,
  offered: Offered,
  transport: 'udp' | 'tcp',
): Promise<Finding> => {
  const ask = transport === 'udp' ? askOverUdp : askOverTcp
  const candidates = offered.candidates.filter((one) => one.transport === transport)
  const tries = await Promise.all(
    withOwnAddress(candidates, subject).map((candidate) =>
      ask(offered, candidate, ANSWER_MS).then(
        (answered): Try => ({ candidate, answered }),
        (error: Error): Try => ({ candidate, failure: error.message }),
      ),
    ),
  )
  return judgeTries(check, subject, transport, tries)
}

/** Behind NAT the call offers the router's address alone; ours tells whose fault a silence is. */
const withOwnAddress = (candidates: Candidate[], { addresses: { host } }: Subject): Candidate[] => {
  const [first] = candidates
  return first && !candidates.some(({ address }) => address === host)
    ? [...candidates, { ...first, address: host }]
    : candidates
}

/** What the answers of all addresses of one transport mean together. */
export const judgeTries = (
  check: Check,
  subject: Subject,
  transport: string,
  tries: Try[],
): Finding => {
  const { public: outside, hairpin } = subject.addresses
  const [first] = tries
  if (!first) return check.fail(`the call offers no address for ${transport}`, 'golive status')
  const main = tries.find(({ candidate }) => candidate.address === outside) ?? first
  const port = `${main.candidate.port}/${transport}`
  if ('answered' in main) return check.ok(`${placeOf(main)} answers in ${inMs(main.answered.ms)}`)
  const other = tries.find((one) => 'answered' in one)
  if (!other || !('answered' in other)) {
    return check.fail(
      `${main.failure} at ${placeOf(main)}`,
      `ufw allow ${port}  # and in the firewall of your provider`,
    )
  }
  const inside = `${placeOf(other)} answers in ${inMs(other.answered.ms)}`
  if (hairpin !== true) {
    return check.ok(
      `${inside}; ${placeOf(main)} cannot be reached from this machine itself, only from outside`,
    )
  }
  return check.fail(
    `${inside}, but ${main.failure} at ${placeOf(main)}`,
    `ufw allow ${port}  # and have the router lead ${port} to ${other.candidate.address}`,
  )
}

const placeOf = ({ candidate: { address, port } }: Try): string =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`

/** Others would learn who is in a call, and when. */
const iceServers = (subject: Subject, servers: IceServer[]): Finding => {
  const { addresses, publicUrl } = subject
  const own = [hostOf(publicUrl), addresses.public, addresses.host]
  const urls = servers.flatMap((one) => one.urls)
  const strange = urls.filter((url) => !own.some((host) => url.includes(host)))
  if (strange.length > 0)
    return ICE.warn(
      `clients are sent to ${strange.join(', ')}, which is not this server`,
      'golive status',
    )
  return ICE.ok(urls.length === 0 ? 'none are named to clients' : urls.join(', '))
}

/** Clients ask it for their own address; without it those behind some routers find no way. */
const ownStun = async ({ config, addresses }: Subject, servers: IceServer[]): Promise<Finding> => {
  const port = config.livekit.stun_port
  const url = servers.flatMap(({ urls }) => urls).find((one) => one.endsWith(`:${port}`))
  if (!url?.startsWith('stun:')) return STUN.skipped('none of ours is named to clients')
  const isReached = addresses.hairpin === true || addresses.public === addresses.host
  const asked = isReached ? url : `stun:${addresses.host}:${port}`
  try {
    const { ms, from } = await askStun(asked, ANSWER_MS)
    return STUN.ok(`${asked} answers in ${inMs(ms)} and sees ${from.address}`)
  } catch (error) {
    return STUN.fail(
      `${(error as Error).message} from ${asked}`,
      `ufw allow ${port}/udp  # and in the firewall of your provider`,
    )
  }
}

const relayed = async (subject: Subject, offered: Offered): Promise<Finding[]> => {
  const server = offered.iceServers.find(({ urls }) => urls.some((url) => url.startsWith('turns:')))
  const peer =
    offered.candidates.find(
      ({ transport, address }) => transport === 'udp' && address === subject.addresses.public,
    ) ?? offered.candidates.find(({ transport }) => transport === 'udp')
  if (!server || !peer) return withoutRelay(subject)
  try {
    const found = await within(RELAY_MS, relayTo(server, offered, peer, dialOf(subject), ANSWER_MS))
    return judgeRelay(found)
  } catch (error) {
    return [
      TURN.fail(
        `behind a firewall that lets only HTTPS out nobody can be in a call: ${(error as Error).message}`,
        mendRelay(subject, error),
      ),
      CLOSED.skipped('it needs a relay'),
    ]
  }
}

const mendRelay = ({ config, door }: Subject, error: unknown): string => {
  const stage = error instanceof RelayError ? error.stage : 'door'
  if (stage === 'credentials') return AGAIN
  const port = stage === 'door' ? `${door.port}/tcp` : `${config.livekit.udp_port}/udp`
  return `ufw allow ${port}  # and no other rule may stop it, on this machine either`
}

const withoutRelay = ({ addresses: { relay } }: Subject): Finding[] => [
  relay.offered
    ? TURN.fail('TURN should be offered, and the call names none', AGAIN)
    : TURN.skipped(relay.reason ?? 'no relay is offered'),
  CLOSED.skipped('no relay is offered'),
]

const judgeRelay = ({ url, ms, peer, refused, admitted }: Relayed): Finding[] => [
  TURN.ok(`${url} relays to ${peer}, which answers in ${inMs(ms)}`),
  admitted.length === 0
    ? CLOSED.ok(`it refuses ${refused.join(' and ')}`)
    : CLOSED.fail(
        `whoever is in a call can reach ${admitted.join(' and ')} through this server`,
        `${AGAIN}; if that changes nothing, report it`,
      ),
]

const AGAIN = 'golive stop && systemctl start golive  # calls end'

const inMs = (ms: number): string => `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`
