import { BlockList, isIP } from 'node:net'

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
const unmapped = (address: string): string =>
  /^::ffff:\d+\.\d+\.\d+\.\d+$/i.test(address) ? address.slice(7) : address
