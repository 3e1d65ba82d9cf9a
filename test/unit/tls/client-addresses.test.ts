import { describe, expect, test } from 'bun:test'
import { ClientAddresses } from '../../../src/tls/client-addresses.ts'

const PORT = 65_535

describe('the address behind a port', () => {
  test.each([
    ['192.0.2.255', '192.0.2.255'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['::1', '::1'],
    ['2001:db8::8:800:200c:417a', '2001:db8::8:800:200c:417a'],
    ['2001:0DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2:3:4:5:6'],
    ['fe80::1%eth0', 'fe80::1'],
    ['2001:db8::', '2001:db8::'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
  ])('%s is read as %s by the other thread', (written, read) => {
    const edge = new ClientAddresses()
    edge.set(PORT, written)
    expect(new ClientAddresses(edge.memory).get(PORT)).toBe(read)
  })

  test('is gone when its connection is, and its neighbours stay', () => {
    const addresses = new ClientAddresses()
    for (const port of [1, 2, 3]) addresses.set(port, `192.0.2.${port}`)
    addresses.delete(2)
    expect([1, 2, 3].map((port) => addresses.get(port))).toEqual(['192.0.2.1', null, '192.0.2.3'])
    addresses.clear()
    expect(addresses.get(1)).toBeNull()
  })

  test('is none for a port that was never the edge’s', () => {
    expect(new ClientAddresses().get(80)).toBeNull()
  })

  test('remembers that something was proven on its connection, and nothing of it for the next one', () => {
    const addresses = new ClientAddresses()
    for (const port of [PORT - 1, PORT]) addresses.set(port, '192.0.2.1')
    new ClientAddresses(addresses.memory).prove(PORT)
    expect([PORT - 1, PORT].map((port) => addresses.isProven(port))).toEqual([false, true])
    expect(addresses.get(PORT)).toBe('192.0.2.1')
    addresses.delete(PORT)
    addresses.set(PORT, '192.0.2.2')
    expect(addresses.isProven(PORT)).toBe(false)
  })
})
