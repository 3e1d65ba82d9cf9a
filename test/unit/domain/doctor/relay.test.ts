import { expect, test } from 'bun:test'
import { Check } from '../../../../src/domain/doctor/finding.ts'
import { adviseFirewall, checkRelay, checkRelayed } from '../../../../src/domain/doctor/relay.ts'
import type { Listener } from '../../../../src/lib/sockets.ts'
import { subject } from './subject.ts'

const check = new Check('relay', 'Relay')
const udp = (port: number, address: string, pid: number | null = 4711): Listener => ({
  protocol: 'udp',
  port,
  address,
  holder: { pid, name: pid === null ? null : 'snmpd' },
})
const reached = (listeners: Listener[]) => checkRelayed(check, subject({ listeners }))

test('UDP services that a relay reaches are told, whoever holds them', () => {
  const found = reached([udp(161, '0.0.0.0'), udp(53, '203.0.113.7', null), udp(5353, '::')])
  expect(found.state).toBe('warn')
  for (const part of ['161 (snmpd, pid 4711)', '53 (of another user)', '5353'])
    expect(found.detail).toContain(part)
  expect(found.fix).toContain('203.0.113.7')
})

test('our own, those on loopback or on another address, and a DHCP client are not', () => {
  const harmless = [
    udp(7882, '0.0.0.0', 200),
    udp(3478, '203.0.113.7', 100),
    udp(40_000, '203.0.113.7', 200),
    udp(53, '127.0.0.53'),
    udp(51_820, '10.0.0.1'),
    udp(68, '0.0.0.0'),
  ]
  expect(reached(harmless).state).toBe('ok')
})

test('a relay that is not offered behind NAT is told why, with the rule that mends it', () => {
  const addresses = {
    ...subject().addresses,
    host: '10.0.0.5',
    hairpin: false,
    relay: { offered: false, reason: 'the router does not lead 203.0.113.7 back here' },
  }
  const found = checkRelay(check, subject({ addresses }))
  expect(found).toMatchObject({ state: 'warn', detail: addresses.relay.reason })
  expect(found.fix).toContain('ip daddr 203.0.113.7 udp dport 7882 dnat to 10.0.0.5')
})

test('the firewall is to let media in and to keep the plain TURN port out', () => {
  const { detail, fix } = adviseFirewall(check, subject())
  expect(detail).toContain('let in 443/tcp, 80/tcp, 7881/tcp, 7882/udp, 3478/udp')
  expect(detail).toContain('keep 5349/tcp out')
  expect(fix).toContain('ufw deny 5349/tcp')
  expect(fix).not.toContain('allow 5349')
})
