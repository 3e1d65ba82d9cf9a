import { isIPv6 } from 'node:net'
import { isLoopback, terminatesTls } from '../config/check.ts'
import type { Config } from '../config/schema.ts'
import { isPublic } from '../lib/networks.ts'
import { type AddressMemory, recallAddresses, rememberAddresses } from './address-memory.ts'
import { leadsBack } from './hairpin.ts'
import { type OwnAddresses, ownAddresses } from './own-addresses.ts'
import { askPublicAddress } from './public-address.ts'
import { type Relay, relayAt, turnOf } from './turn.ts'

/** How the address that clients are told became known; `interface`: it is this machine's own. */
type AddressSource = 'config' | 'interface' | 'stun' | 'https' | 'remembered' | 'loopback'

/** Where this machine is. */
export interface Addresses {
  /** its own address, on which it takes media and TURN; loopback where nobody else is served */
  host: string
  /** the one that clients are told to send media to */
  public: string
  /** its own public one; media does not use it */
  ipv6: string | null
  source: AddressSource
  /** whether this machine reaches itself by its public address; null when nobody could try */
  hairpin: boolean | null
  relay: Relay
}

type Place = Pick<Addresses, 'host' | 'public' | 'source'>

const LOOPBACK: Place = { host: '127.0.0.1', public: '127.0.0.1', source: 'loopback' }

/**
 * Finds out where this machine is: as configured, else a public address of an interface, else what
 * the internet sees, else what it saw last time. Takes six seconds at most, and never fails.
 */
export const resolveAddresses = async (config: Config, dataDir: string): Promise<Addresses> => {
  const own = await ownAddresses()
  const memory = recallAddresses(dataDir)
  const place = settled(config, own) ?? (await asked(own)) ?? assumed(own, memory)
  const port = config.livekit.udp_port
  const tried = isOwn(place) || (await leadsBack(place.host, place.public, port))
  const hairpin = tried ?? hairpinIn(memory, place, port)
  if (!isOwn(place)) rememberAddresses(dataDir, { ...place, port, hairpin })
  return complete(config, own, place, hairpin)
}

/** The same without asking anybody: as configured, or as it was found out last time. */
export const knownAddresses = async (config: Config, dataDir: string): Promise<Addresses> => {
  const own = await ownAddresses()
  const memory = recallAddresses(dataDir)
  const place = settled(config, own) ?? assumed(own, memory)
  const hairpin = isOwn(place) || hairpinIn(memory, place, config.livekit.udp_port)
  return complete(config, own, place, hairpin)
}

/** What needs no asking; null where a router with a public address may be in front. */
const settled = ({ livekit, tls }: Config, { ipv4 }: OwnAddresses): Place | null => {
  const { node_ip } = livekit
  const [first] = ipv4
  if (node_ip !== 'auto') return { host: hostFor(node_ip, ipv4), public: node_ip, source: 'config' }
  if (tls.mode === 'localhost' || first === undefined) return LOOPBACK
  if (isPublic(first)) return { host: first, public: first, source: 'interface' }
  if (tls.mode !== 'internal') return null
  // The router's address, were it known, would lead nowhere from inside the local network.
  const local = ipv4.find((one) => one === tls.domain) ?? first
  return { host: local, public: local, source: 'interface' }
}

/** Where packets arrive that were sent to this address. */
const hostFor = (nodeIp: string, ipv4: string[]): string =>
  isLoopback(nodeIp) || isIPv6(nodeIp) || ipv4.includes(nodeIp)
    ? nodeIp
    : (ipv4[0] ?? LOOPBACK.host)

const asked = async ({ ipv4: [host = LOOPBACK.host] }: OwnAddresses): Promise<Place | null> => {
  const told = await askPublicAddress()
  return told && { host, public: told.address, source: told.source }
}

/** The last that is known; without even that, only the local network finds the way. */
const assumed = (
  { ipv4: [host = LOOPBACK.host] }: OwnAddresses,
  memory: AddressMemory | null,
): Place =>
  memory
    ? { host, public: memory.public, source: 'remembered' }
    : { host, public: host, source: 'interface' }

const isOwn = ({ host, public: outside }: Place): boolean => host === outside

/** Tried earlier, before livekit-server took the port. */
const hairpinIn = (memory: AddressMemory | null, place: Place, port: number): boolean | null =>
  memory?.host === place.host && memory.public === place.public && memory.port === port
    ? memory.hairpin
    : null

const complete = (
  config: Config,
  { ipv6 }: OwnAddresses,
  place: Place,
  hairpin: boolean | null,
): Addresses => {
  const relay = relayAt(config, publicUrl(config, place), { ...place, hairpin })
  return { ...place, ipv6: isLoopback(place.host) ? null : ipv6, hairpin, relay }
}

/** What livekit-server has to know of it. */
export const mediaSettings = (config: Config, addresses: Addresses) => {
  const { host, public: outside, relay } = addresses
  return {
    nodeIp: outside,
    hostIp: host,
    turn: relay.offered ? turnOf(config, publicUrl(config, addresses)) : null,
    stun: `${inUrl(outside)}:${config.livekit.stun_port}`,
  }
}

/** The origin that people and SDKs use, as configured or as it follows from the mode. */
export const publicUrl = (
  config: Config,
  { public: address }: Pick<Addresses, 'public'>,
): string => {
  const { server, tls } = config
  if (server.public_url !== null) return server.public_url
  if (!terminatesTls(config)) return `http://${inUrl(server.host)}:${server.port}`
  const port = tls.https_port === 443 ? '' : `:${tls.https_port}`
  return `https://${inUrl(tls.domain ?? address)}${port}`
}

const inUrl = (host: string): string => (host.includes(':') ? `[${host}]` : host)
