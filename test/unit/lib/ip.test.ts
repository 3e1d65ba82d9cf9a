import { expect, test } from 'bun:test'
import { addressBytes, addressText, householdOf } from '../../../src/lib/ip.ts'

test.each([
  ['2001:db8:1:2:3::4', '2001:0DB8:1:2::99', true],
  ['2001:db8:1:2::1', '2001:db8:1:3::1', false],
  ['::ffff:192.0.2.1', '192.0.2.1', true],
  ['192.0.2.1', '192.0.2.2', false],
  ['', '192.0.2.2', false],
])('%s and %s are one household: %p', (one, other, isOne) => {
  expect(householdOf(one) === householdOf(other)).toBe(isOne)
})

test('what is no address has no bytes', () => {
  for (const text of ['', 'localhost', '1.2.3', '12::34::56']) expect(addressBytes(text)).toBeNull()
  expect(addressText(addressBytes('2001:DB8:0:0::1%eth0') ?? Buffer.alloc(0))).toBe('2001:db8::1')
})
