import { expect, test } from 'bun:test'
import { allIpv4But, isNetwork, isPublic, withinNetworks } from '../../../src/lib/networks.ts'

test.each(['10.0.0.0/8', '0.0.0.0/0', '192.0.2.1', '192.0.2.1/32', 'fd00::/8', '::1', '::/0'])(
  '%s is a network',
  (text) => expect(isNetwork(text)).toBe(true),
)

test.each(['', '/8', '10.0.0.0/', '10.0.0.0/33', '10.0.0/8', 'fd00::/129', '10.0.0.0/8/8', 'a'])(
  '%j is not a network',
  (text) => expect(isNetwork(text)).toBe(false),
)

test('an address lies in a network or not, also when IPv4 is written as IPv6', () => {
  const isInside = withinNetworks(['10.0.0.0/8', '192.0.2.1', 'fd00::/8'])
  for (const address of ['10.1.2.3', '::ffff:10.1.2.3', '192.0.2.1', 'fd12::1'])
    expect([address, isInside(address)]).toEqual([address, true])
  for (const address of ['11.0.0.1', '192.0.2.2', 'fe80::1', '::ffff:11.0.0.1', '', 'x'])
    expect([address, isInside(address)]).toEqual([address, false])
})

test('0.0.0.0/0 is all of IPv4 and nothing of IPv6', () => {
  const isInside = withinNetworks(['0.0.0.0/0'])
  expect([isInside('203.0.113.9'), isInside('2001:db8::1')]).toEqual([true, false])
})

test('all IPv4 addresses but some are networks that hold every other address, each once, and not these', () => {
  const random = () => crypto.getRandomValues(new Uint8Array(4)).join('.')
  for (let round = 0; round < 300; round++) {
    const kept = Array.from({ length: round % 4 }, random)
    const networks = allIpv4But(kept)
    expect(networks.filter((one) => !isNetwork(one))).toEqual([])
    const isOther = withinNetworks(networks)
    for (const address of kept) expect([address, isOther(address)]).toEqual([address, false])
    for (const address of [...kept.flatMap(neighbours), random(), '0.0.0.0', '255.255.255.255'])
      expect([address, isOther(address)]).toEqual([address, !kept.includes(address)])
    const sizes = networks.map((one) => 2 ** (32 - Number(one.split('/')[1])))
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(2 ** 32 - new Set(kept).size)
  }
})

/** The addresses before and after, and that which differs in the first bit. */
const neighbours = (address: string): string[] => {
  const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number)
  return [
    [a, b, c, (d + 1) % 256],
    [a, b, c, (d + 255) % 256],
    [a ^ 128, b, c, d],
  ].map((bytes) => bytes.join('.'))
}

test('an address is public when the whole internet may reach it', () => {
  for (const address of ['198.51.100.7', '1.1.1.1', '172.32.0.1', '2a01:4f8::1'])
    expect([address, isPublic(address)]).toEqual([address, true])
  const local = ['10.0.0.5', '172.17.0.1', '192.168.1.1', '100.64.3.4', '169.254.1.1', '127.0.0.1']
  for (const address of [...local, '0.0.0.0', '224.0.0.1', 'fd00::2', 'fe80::1', '::1'])
    expect([address, isPublic(address)]).toEqual([address, false])
})
