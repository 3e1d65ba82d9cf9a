import { isIPv4, isIPv6 } from 'node:net'
import { unmapped } from './networks.ts'

/** The 4 or 16 bytes of an address, without the zone of a link-local one; null for what is none. */
export const addressBytes = (address: string): Buffer | null => {
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number))
  const plain = address.replace(/%.*$/, '')
  if (!isIPv6(plain)) return null
  const [head = '', tail = ''] = shortest(plain).split('::')
  const [left, right] = [head, tail].map((part) => part.split(':').filter(Boolean)) as [
    string[],
    string[],
  ]
  const bytes = Buffer.alloc(16)
  for (const [at, group] of left.entries()) bytes.writeUInt16BE(Number.parseInt(group, 16), at * 2)
  for (const [at, group] of right.entries())
    bytes.writeUInt16BE(Number.parseInt(group, 16), (8 - right.length + at) * 2)
  return bytes
}

/** What {@link addressBytes} read, in its one short form (RFC 5952). */
export const addressText = (bytes: Uint8Array): string => {
  if (bytes.length === 4) return bytes.join('.')
  const hex = Buffer.from(bytes).toString('hex')
  return shortest((hex.match(/.{4}/g) ?? []).join(':'))
}

/** URLs write an IPv6 address in its one short form: 2001:db8::1 for 2001:DB8:0:0:0:0:0:1. */
export const shortest = (ipv6: string): string => new URL(`http://[${ipv6}]`).hostname.slice(1, -1)

/**
 * What one customer has: an IPv4 address, of IPv6 a /64 at least. A host has more than one of its
 * addresses at a time (RFC 8981), and single ones would be no limit at all.
 */
export const householdOf = (address: string): string => {
  const plain = unmapped(address)
  const bytes = addressBytes(plain)
  return bytes?.length === 16 ? bytes.toString('hex', 0, 8) : plain
}
