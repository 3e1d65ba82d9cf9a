import { expect, test } from 'bun:test'
import { isNetwork, withinNetworks } from '../../../src/lib/networks.ts'

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
