import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { connect } from 'node:net'
import { answerOn } from '../support/edge.ts'
import { type GoLive, startGolive } from '../support/golive.ts'
import { SignalClient } from '../support/signal-client.ts'
import { until } from '../support/wait.ts'

/** Where the proxy of these tests connects from; 127.0.0.2 is a machine beside it. */
const PROXY = '127.0.0.9'
const STRANGER = '127.0.0.2'

let golive: GoLive

beforeAll(async () => {
  golive = await startGolive({
    config: {
      tls: { mode: 'proxy' },
      server: {
        public_url: 'https://live.example.com',
        trusted_proxies: [PROXY, '10.0.0.0/8', 'fd00::/8'],
      },
      admin: { allow_cidrs: ['203.0.113.0/24'] },
    },
  })
}, 60_000)

afterAll(() => golive?.[Symbol.asyncDispose](), 60_000)

let count = 0

/** One request with these header lines; answers its status and the address in the log. */
const ask = async (from: string, lines: string[], path = '/api/v1/rooms/') => {
  const marked = `${path}asked-${count++}`
  const socket = connect({ host: '127.0.0.1', port: golive.port, localAddress: from })
  const all = ['Host: live.example.com', 'Connection: close', ...lines]
  socket.write(`GET ${marked} HTTP/1.1\r\n${all.join('\r\n')}\r\n\r\n`)
  const { status } = await answerOn(socket)
  const logged = () => golive.log.entries().find((line) => line.path === marked)
  const { address } = await until('it is logged', logged, { everyMs: 5 })
  return { status, address }
}

describe('behind a trusted proxy, a request counts as from', () => {
  test.each([
    ['whom the proxy saw', ['X-Forwarded-For: 203.0.113.9'], '203.0.113.9'],
    [
      'whom it saw, not whom the client wrote before',
      ['X-Forwarded-For: 1.1.1.1, 203.0.113.9'],
      '203.0.113.9',
    ],
    [
      'whom it saw, though the client sent a header of its own',
      ['X-Forwarded-For: 1.1.1.1', 'X-Forwarded-For: 203.0.113.9'],
      '203.0.113.9',
    ],
    [
      'the first who is no proxy, by one more proxy',
      ['x-forwarded-for: 203.0.113.9, 10.2.3.4'],
      '203.0.113.9',
    ],
    ['an IPv6 address with a port', ['X-Forwarded-For: [2001:db8::5]:4711'], '2001:db8::5'],
    ['an IPv4 address with a port', ['X-Forwarded-For: 203.0.113.9:4711'], '203.0.113.9'],
    ['the proxy when the header is garbage', ['X-Forwarded-For: <script>, ,;:]['], PROXY],
    ['the proxy when there is none', [], PROXY],
  ])('%s', async (_, lines, address) => {
    expect(await ask(PROXY, lines)).toEqual({ status: 401, address })
  })
})

test('nobody else is believed, whatever they send', async () => {
  const { address } = await ask(STRANGER, [
    'X-Forwarded-For: 203.0.113.9',
    'Forwarded: for=203.0.113.9',
  ])
  expect(address).toBe(STRANGER)
})

test('no other header tells an address', async () => {
  const lines = [
    'Forwarded: for=203.0.113.9',
    'X-Real-IP: 203.0.113.9',
    'CF-Connecting-IP: 203.0.113.9',
  ]
  expect((await ask(PROXY, lines)).address).toBe(PROXY)
})

test('the admin API is only for the networks that may use it, by the address behind the proxy', async () => {
  const from = async (peer: string, ...lines: string[]) =>
    (await ask(peer, lines, '/admin/tenants/')).status
  expect(await from(PROXY, 'X-Forwarded-For: 203.0.113.9')).toBe(401)
  expect(await from(PROXY, 'X-Forwarded-For: 203.0.113.9, 198.51.100.1')).toBe(404)
  expect(await from(PROXY)).toBe(404)
  expect(await from(STRANGER, 'X-Forwarded-For: 203.0.113.9')).toBe(404)
})

test('people join, and are sent to the public address', async () => {
  const tenant = await golive.tenant('acme')
  await tenant.createRoom('open')
  const minted = await tenant.mint('open', 'ann')
  expect(minted.ws_url).toBe('wss://live.example.com')
  const ann = await SignalClient.join({ ...minted, ws_url: golive.url.replace('http', 'ws') })
  expect(ann.join.participant?.identity).toBe('ann')
  ann.leave()
})

test('no answer speaks of TLS for good: that is for the proxy to say', async () => {
  const response = await fetch(`${golive.url}/healthz`)
  expect(response.headers.has('strict-transport-security')).toBe(false)
})
