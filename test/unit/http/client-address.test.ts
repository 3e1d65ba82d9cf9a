import { describe, expect, test } from 'bun:test'
import { clientAddress, forwarded } from '../../../src/http/client-address.ts'
import { withinNetworks } from '../../../src/lib/networks.ts'

const isTrusted = withinNetworks(['127.0.0.1', '10.0.0.0/8', 'fd00::/8'])

const from = (peer: string, header: string | null): string => forwarded(peer, header, isTrusted)

describe('behind trusted proxies, a request comes from', () => {
  test.each([
    ['the only address that the proxy saw', '203.0.113.9', '203.0.113.9'],
    [
      'whom the proxy saw, not whom the client pretends to be',
      '1.1.1.1, 203.0.113.9',
      '203.0.113.9',
    ],
    [
      'the first stranger behind several proxies of ours',
      '1.1.1.1, 203.0.113.9, 10.1.2.3, fd00::5',
      '203.0.113.9',
    ],
    ['the outermost proxy when all are ours', '10.0.0.7, 10.0.0.8', '10.0.0.7'],
    ['an IPv6 address', '2001:db8::1', '2001:db8::1'],
    ['an IPv6 address in brackets', '[2001:db8::1]', '2001:db8::1'],
    ['an IPv6 address with a port', '[2001:db8::1]:4711', '2001:db8::1'],
    ['an IPv4 address with a port', '203.0.113.9:4711', '203.0.113.9'],
    ['an IPv4 address that a socket for both families told', '::ffff:203.0.113.9', '203.0.113.9'],
    ['an address with blanks and tabs around', ' \t203.0.113.9\t ', '203.0.113.9'],
  ])('%s', (_, header, address) => {
    expect(from('127.0.0.1', header)).toBe(address)
  })

  test.each([
    ['there is no header', null],
    ['it is empty', ''],
    ['it is a word', 'unknown'],
    ['it is a name', 'client.example.com'],
    ['its last element is empty', '203.0.113.9, '],
    ['it is an address with something behind', '203.0.113.9; DROP TABLE'],
    ['the port is no number', '203.0.113.9:http'],
    ['the brackets are open', '[2001:db8::1'],
    ['brackets hold no address', '[x]:80'],
    ['an octet is too large', '256.1.1.1'],
    ['it is very long', 'x'.repeat(100_000)],
  ])('the proxy itself when %s', (_, header) => {
    expect(from('127.0.0.1', header)).toBe('127.0.0.1')
  })

  test('the nearest proxy before what is no address', () => {
    expect(from('127.0.0.1', '203.0.113.9, garbage, 10.0.0.7')).toBe('10.0.0.7')
  })

  test('whoever connects when that is no proxy of ours, whatever they send', () => {
    expect(from('198.51.100.4', '203.0.113.9')).toBe('198.51.100.4')
    expect(from('::ffff:198.51.100.4', '203.0.113.9')).toBe('198.51.100.4')
  })
})

describe('the address that a server tells', () => {
  const server = (address: string, port = 4711) => ({
    requestIP: () => ({ address, port, family: 'IPv4' as const }),
  })
  const request = (...lines: string[]) =>
    new Request('http://x/', {
      headers: lines.map((line): [string, string] => ['X-Forwarded-For', line]),
    })

  test('is that of the peer, and no header changes it, without trusted proxies', () => {
    const address = clientAddress({ edge: null, trustedProxies: [] })
    expect(address(request('1.1.1.1'), server('::ffff:192.0.2.1'))).toBe('192.0.2.1')
  })

  test('is read from all headers of the name, in their order', () => {
    const address = clientAddress({ edge: null, trustedProxies: ['127.0.0.1', '10.0.0.0/8'] })
    expect(address(request('1.1.1.1', '203.0.113.9', '10.0.0.4'), server('127.0.0.1'))).toBe(
      '203.0.113.9',
    )
  })

  test('is what the edge knows of the port, and no header changes it', () => {
    const edge = (port: number) => (port === 4711 ? '203.0.113.9' : null)
    const address = clientAddress({ edge, trustedProxies: [] })
    expect(address(request('1.1.1.1'), server('127.0.0.1'))).toBe('203.0.113.9')
    expect(address(request('1.1.1.1'), server('127.0.0.1', 4712))).toBe('127.0.0.1')
  })

  test('is none for a connection that is gone', () => {
    const address = clientAddress({ edge: null, trustedProxies: ['127.0.0.1'] })
    expect(address(request('1.1.1.1'), { requestIP: () => null })).toBeNull()
  })
})
