import { describe, expect, test } from 'bun:test'
import { networkInterfaces } from 'node:os'
import { isForeign, targetAddresses, targetUrl } from '../../../src/lib/targets.ts'

const strict = { allowPrivate: false }

describe('a URL that somebody else chose', () => {
  test.each([
    'https://example.com/hook?x=1',
    'https://example.com:8443/',
    'https://8.8.8.8/',
    'https://[2606:4700:4700::1111]/',
    'https://xn--bcher-kva.example/',
  ])('%s is taken', (text) => {
    expect(targetUrl(text, strict).href).toBe(text)
  })

  test.each([
    'https://127.0.0.1/',
    'https://127.1/',
    'https://0x7f.1/',
    'https://0x7f000001/',
    'https://2130706433/',
    'https://0177.0.0.1/',
    'https://017700000001/',
    'https://127.0.0.1./',
    'https://１２７.０.０.１/',
    'https://127。0。0。1/',
    'https://%31%32%37.0.0.1/',
    'https://0/',
    'https://10.0.0.1/',
    'https://172.31.255.255/',
    'https://192.168.1.1/',
    'https://169.254.169.254/latest/meta-data',
    'https://100.64.0.1/',
    'https://192.0.2.1/',
    'https://198.51.100.7/',
    'https://203.0.113.7/',
    'https://198.18.0.1/',
    'https://224.0.0.1/',
    'https://255.255.255.255/',
    'https://[::1]/',
    'https://[::]/',
    'https://[0:0:0:0:0:0:0:1]/',
    'https://[::ffff:127.0.0.1]/',
    'https://[::ffff:7f00:1]/',
    'https://[::127.0.0.1]/',
    'https://[64:ff9b::7f00:1]/',
    'https://[64:ff9b::10.0.0.1]/',
    'https://[64:ff9b:1::1]/',
    'https://[2002:7f00:1::]/',
    'https://[2001:0:7f00:1::]/',
    'https://[fe80::1]/',
    'https://[fc00::1]/',
    'https://[fd12:3456::1]/',
    'https://[ff02::1]/',
    'https://[2001:db8::1]/',
    'https://localhost/',
    'https://intranet/',
    'https://example.com./',
    'https://user:pass@example.com/',
    'https://@example.com/',
    'https://example.com@127.0.0.1/',
    'https://example.com\\@127.0.0.1/',
    'https://exam\nple.com/',
    ' https://example.com/',
    'https:example.com',
    'https://',
    'https://example.com/#part',
    'https://example.com:22/',
    'https://example.com:80/',
    'https://example.com:0/',
    'http://example.com/',
    'file:///etc/passwd',
    'gopher://example.com/',
    'javascript:alert(1)',
    `https://example.com/${'x'.repeat(2048)}`,
  ])('%s is refused', (text) => {
    expect(() => targetUrl(text, strict)).toThrow()
  })

  test('may be of a lab where that is allowed, and never hold a password', () => {
    const lab = { allowPrivate: true }
    for (const text of ['http://127.0.0.1:9000/hook', 'http://intranet:80/', 'https://[::1]/'])
      expect(targetUrl(text, lab).href).toBe(new URL(text).href)
    expect(() => targetUrl('http://me:pw@127.0.0.1/', lab)).toThrow('password')
  })
})

describe('where it leads', () => {
  const url = new URL('https://hooks.example.com/x')
  const leading = (...addresses: string[]) =>
    targetAddresses(url, { ...strict, resolve: async () => addresses })

  test('is what its name says, IPv4 first', async () => {
    expect(await leading('2606:4700::1', '8.8.8.8')).toEqual(['8.8.8.8', '2606:4700::1'])
  })

  test.each([
    ['10.0.0.1'],
    ['::1'],
    ['::ffff:10.0.0.1'],
    ['fe80::1%eth0'],
    ['not an address'],
    ['0x7f.1'],
  ])('is refused for %s, also beside a public address', async (address) => {
    await expect(leading(address)).rejects.toThrow('not public')
    await expect(leading('8.8.8.8', address)).rejects.toThrow('not public')
  })

  test('is nowhere when the name is not known, or nobody answers in words that tell more', async () => {
    await expect(leading()).rejects.toThrow('DNS does not know')
    const resolve = async () => Promise.reject(new Error('SERVFAIL at 10.0.0.53'))
    await expect(targetAddresses(url, { ...strict, resolve })).rejects.toThrow('DNS does not know')
  })

  test('is read from the URL itself when that holds an address, and nobody is asked', async () => {
    const resolve = async () => Promise.reject(new Error('asked'))
    const at = (text: string) => targetAddresses(new URL(text), { ...strict, resolve })
    expect(await at('https://8.8.4.4/')).toEqual(['8.8.4.4'])
    await expect(at('https://[::1]/')).rejects.toThrow('not public')
    await expect(at('https://2130706433/')).rejects.toThrow('not public')
  })
})

test('the addresses that DNS64 makes are what is inside of them', () => {
  expect(isForeign('64:ff9b::808:808')).toBe(true)
  expect(isForeign('64:ff9b::a00:1')).toBe(false)
})

test('no address of this machine is foreign, but public ones by the port of HTTPS', () => {
  const own = Object.values(networkInterfaces()).flatMap((all) => all ?? [])
  for (const { address } of own)
    if (!isForeign(address))
      expect(() =>
        targetUrl(
          `https://${address.includes(':') ? `[${address.replace(/%.*/, '')}]` : address}/`,
          strict,
        ),
      ).toThrow()
})
