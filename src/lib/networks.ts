import { BlockList, isIP } from 'node:net'
import { networkInterfaces } from 'node:os'

/** Written as `10.0.0.0/8`, `fd00::/8` or one address. */
const parts = (text: string): { address: string; bits: number; family: 'ipv4' | 'ipv6' } | null => {
  const [, address = '', bits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? []
  const version = isIP(address)
  const most = version === 4 ? 32 : 128
  const size = bits === undefined ? most : Number(bits)
  if (version === 0 || size > most) return null
  return { address, bits: size, family: version === 4 ? 'ipv4' : 'ipv6' }
}

export const isNetwork = (text: string): boolean => parts(text) !== null

/** Tells whether an address lies in one of the networks. */
export const withinNetworks = (networks: readonly string[]): ((address: string) => boolean) => {
  const list = new BlockList()
  for (const network of networks) {
    const known = parts(network)
    if (known) list.addSubnet(known.address, known.bits, known.family)
  }
  return (address) => {
    const plain = unmapped(address)
    const version = isIP(plain)
    return version !== 0 && list.check(plain, version === 4 ? 'ipv4' : 'ipv6')
  }
}

/** A socket for both families tells IPv4 peers as ::ffff:192.0.2.1. */
export const unmapped = (address: string): string =>
  /^::ffff:\d+\.\d+\.\d+\.\d+$/i.test(address) ? address.slice(7) : address

/** What only machines of the same network reach, or nobody; ranges for documentation are left out. */
const LOCAL = withinNetworks([
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '224.0.0.0/3',
])
const GLOBAL_IPV6 = withinNetworks(['2000::/3'])

/** True for an address that the whole internet may reach. */
export const isPublic = (address: string): boolean =>
  isIP(address) === 4 ? !LOCAL(address) : GLOBAL_IPV6(address)

/** The fewest networks that together are all IPv4 addresses but these. */
export const allIpv4But = (addresses: readonly string[]): string[] =>
  without(0, 0, addresses.map(numberOf))

const without = (base: number, bits: number, kept: number[]): string[] => {
  const size = 2 ** (32 - bits)
  const inside = kept.filter((one) => one >= base && one < base + size)
  if (inside.length === 0) return [`${textOf(base)}/${bits}`]
  if (bits === 32) return []
  return [...without(base, bits + 1, inside), ...without(base + size / 2, bits + 1, inside)]
}

const numberOf = (ipv4: string): number =>
  ipv4.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0)

const textOf = (number: number): string =>
  [24, 16, 8, 0].map((shift) => (number >>> shift) & 255).join('.')

/** The addresses of this machine's interfaces but loopback, in the kernel's order. */
export const interfaceAddresses = (): string[] =>
  Object.values(networkInterfaces())
    .flatMap((all) => all ?? [])
    .filter(({ internal }) => !internal)
    .map(({ address }) => address)
