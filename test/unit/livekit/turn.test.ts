import { expect, test } from 'bun:test'
import { configSchema } from '../../../src/config/schema.ts'
import { withinNetworks } from '../../../src/lib/networks.ts'
import { deniedPeers, relayAt, turnOf, turnSection } from '../../../src/livekit/turn.ts'

const turn = { domain: 'live.example.com', port: 5349 }
const nodeIp = '203.0.113.9'

/** By IPv4: Bun's list finds every IPv4 address in ::/0, Go's none. */
const denied = (networks: string[] = []) =>
  withinNetworks(networks.filter((one) => !one.includes(':')))

test('without a relay livekit-server offers none', () => {
  expect(turnSection({ hostIp: '10.0.0.5', nodeIp, turn: null })).toEqual({ enabled: false })
})

test('TURN is bound to the own address, takes no UDP, and leads to the media address alone', () => {
  const section = turnSection({ hostIp: '10.0.0.5', nodeIp, turn })
  expect(section).toMatchObject({
    enabled: true,
    domain: 'live.example.com',
    tls_port: 5349,
    udp_port: 0,
    external_tls: true,
    bind_addresses: ['10.0.0.5'],
  })
  expect(section).not.toHaveProperty('allow_restricted_peer_cidrs')
  const isDenied = denied(section.deny_peer_cidrs)
  expect(isDenied(nodeIp)).toBe(false)
  expect(section.deny_peer_cidrs).toContain('::/0')
  for (const address of ['203.0.113.8', '203.0.113.10', '10.0.0.5', '127.0.0.1'])
    expect([address, isDenied(address)]).toEqual([address, true])
})

test('a private media address is allowed by name, and no other private one', () => {
  const section = turnSection({ hostIp: '10.0.0.5', nodeIp: '10.0.0.5', turn })
  expect(section.allow_restricted_peer_cidrs).toEqual(['10.0.0.5/32'])
  const isDenied = denied(section.deny_peer_cidrs)
  expect([isDenied('10.0.0.5'), isDenied('10.0.0.4'), isDenied('172.17.0.1')]).toEqual([
    false,
    true,
    true,
  ])
})

test('every network on the deny list is written as livekit-server reads it: what it cannot read it allows', () => {
  for (let round = 0; round < 500; round++) {
    const address = crypto.getRandomValues(new Uint8Array(4)).join('.')
    const list = deniedPeers(address)
    expect(list.length).toBe(33)
    for (const network of list) expect(network).toMatch(/^(\d{1,3}\.){3}\d{1,3}\/\d{1,2}$|^::\/0$/)
  }
})

const config = (values: object) => ({ ...configSchema.parse(values), source: null })
const files = config({ tls: { mode: 'files', domain: 'live.example.com' } })
const here = { host: '10.0.0.5', public: nodeIp, hairpin: true }

test('a relay is offered where TLS ends here, on port 443, and this machine reaches itself', () => {
  expect(relayAt(files, 'https://live.example.com', here)).toEqual({ offered: true, reason: null })
  expect(turnOf(files, 'https://live.example.com')).toEqual(turn)
})

test('where it cannot work it is not offered, and one sentence says why', () => {
  const cases: [string, ReturnType<typeof relayAt>][] = [
    ['mode localhost', relayAt(config({}), 'http://127.0.0.1:8080', here)],
    ['mode proxy', relayAt(config({ tls: { mode: 'proxy' } }), 'https://a.example.com', here)],
    ['port 443', relayAt(files, 'https://live.example.com:8443', here)],
    ['no name', relayAt(files, 'https://localhost', here)],
    ['no name', relayAt(files, 'https://[2001:db8::1]', here)],
    ['no IPv4 address', relayAt(files, 'https://live.example.com', { ...here, host: '127.0.0.1' })],
    ['no IPv4 address', relayAt(files, 'https://live.example.com', { ...here, host: '2a00::1' })],
    [nodeIp, relayAt(files, 'https://live.example.com', { ...here, hairpin: false })],
    ['tried', relayAt(files, 'https://live.example.com', { ...here, hairpin: null })],
  ]
  for (const [why, { offered, reason }] of cases) {
    expect(offered).toBe(false)
    expect(reason).toContain(why)
  }
})
