import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { within } from './deadline.ts'
import { addressBytes } from './ip.ts'
import { interfaceAddresses, isPublic, withinNetworks } from './networks.ts'

/** Why nobody may have us connect there, as the end of a sentence that begins with the address. */
export class TargetError extends Error {
  override name = 'TargetError'
}

/** All addresses of a name. */
export type Resolve = (name: string) => Promise<string[]>

interface Rules {
  /** for labs: any address, any port, and plain HTTP */
  allowPrivate: boolean
}

const MOST_CHARACTERS = 2048
const HTTPS = 443
const FIRST_FREE_PORT = 1024
const RESOLVE_MS = 5000
/** More of a name's addresses are not tried one after the other. */
const MOST_ADDRESSES = 4

/**
 * A URL that somebody else chose, before this machine connects there. What it leads to is seen by
 * {@link targetAddresses} alone: a name may lead anywhere. @throws TargetError
 */
export const targetUrl = (text: string, { allowPrivate }: Rules): URL => {
  if (text.length > MOST_CHARACTERS) throw new TargetError(`is longer than ${MOST_CHARACTERS}`)
  // The parser drops line breaks and turns backslashes round: what was read would be another text.
  if (!/^https?:\/\/[^\s\\\p{Cc}]+$/iu.test(text) || !URL.canParse(text))
    throw new TargetError('is no address such as https://example.com/webhooks')
  if (/^[^/]*\/\/[^/?#]*@/.test(text)) throw new TargetError('must not hold a user or a password')
  if (text.includes('#')) throw new TargetError('must not have a part behind #')
  const url = new URL(text)
  if (url.hostname.endsWith('.')) throw new TargetError('must not have a dot behind the host name')
  if (!allowPrivate) checkPublic(url)
  return url
}

const checkPublic = (url: URL): void => {
  if (url.protocol !== 'https:') throw new TargetError('must begin with https://')
  const port = portOf(url)
  if (port !== HTTPS && port < FIRST_FREE_PORT)
    throw new TargetError(`must have port ${HTTPS}, or one from ${FIRST_FREE_PORT} on`)
  const host = hostOf(url)
  if (isIP(host) === 0 ? !host.includes('.') : !isReachable(host, port)) throw notPublic()
}

/**
 * Where a checked URL leads now: the addresses to connect to, and to no other, since to ask again
 * may bring another answer. One that is not public makes all of them suspect.
 * @throws TargetError
 */
export const targetAddresses = async (
  url: URL,
  { allowPrivate, resolve = systemResolve }: Rules & { resolve?: Resolve | undefined },
): Promise<string[]> => {
  const host = hostOf(url)
  const found = isIP(host) === 0 ? await addressesOf(host, resolve) : [host]
  const port = portOf(url)
  if (!allowPrivate && !found.every((address) => isReachable(address, port))) throw notPublic()
  return found.sort((a, b) => isIP(a) - isIP(b)).slice(0, MOST_ADDRESSES)
}

const addressesOf = async (name: string, resolve: Resolve): Promise<string[]> => {
  const found = await within(RESOLVE_MS, resolve(name)).catch(() => [])
  if (found.length === 0) throw new TargetError('has a name that DNS does not know')
  return found
}

export const systemResolve: Resolve = async (name) =>
  (await lookup(name, { all: true })).map(({ address }) => address)

/** The host in a URL, an IPv6 address without its brackets. */
export const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[|\]$/g, '')

export const portOf = ({ port, protocol }: URL): number =>
  Number(port || (protocol === 'https:' ? HTTPS : 80))

const notPublic = (): TargetError => new TargetError('leads to an address that is not public')

/** What else stands behind a firewall of this machine may be reached by its own address. */
const isReachable = (address: string, port: number): boolean =>
  isForeign(address) && (port === HTTPS || !interfaceAddresses().includes(address))

const DOCUMENTATION = withinNetworks(['192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24'])
const RELAYS = withinNetworks(['192.88.99.0/24'])
/** Protocols of their own (Teredo, ORCHID), documentation, and 6to4, which leads to any IPv4 address. */
const SPECIAL_IPV6 = withinNetworks(['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'])
/** Where DNS64 puts all of IPv4 (RFC 6052): what is inside decides. */
const NAT64 = withinNetworks(['64:ff9b::/96'])

/** True for an address of the whole internet; of forms that hold an IPv4 address only NAT64's. */
export const isForeign = (address: string): boolean => {
  const bytes = addressBytes(address)
  if (bytes === null) return false
  if (bytes.length === 4) return isPublic(address) && !DOCUMENTATION(address) && !RELAYS(address)
  if (NAT64(address)) return isForeign(bytes.subarray(12).join('.'))
  return isPublic(address) && !SPECIAL_IPV6(address)
}
