import { expect, test } from 'bun:test'
import { checkPorts } from '../../../../src/domain/doctor/ports.ts'
import type { Listener } from '../../../../src/lib/sockets.ts'
import { subject } from './subject.ts'

const tcp = (port: number, pid: number | null, address = '0.0.0.0', name = 'nginx'): Listener => ({
  protocol: 'tcp',
  port,
  address,
  holder: { pid, name: pid === null ? null : name },
})

const find = (listeners: Listener[], id: string, more: Parameters<typeof subject>[0] = {}) => {
  const found = checkPorts(subject({ listeners, ...more })).find((one) => one.id === id)
  if (!found) throw new Error(`nothing is said about ${id}`)
  return found
}

const STOPPED = { server: null, processes: { server: null, livekit: null } }

test('every port of mode domain is looked at once, with its protocol', () => {
  expect(checkPorts(subject()).map(({ id }) => id)).toEqual([
    'port_tcp_443',
    'port_tcp_80',
    'port_udp_7882',
    'port_tcp_7881',
    'port_tcp_5349',
    'port_udp_3478',
    'port_tcp_8080',
    'port_tcp_7880',
  ])
})

test('mode localhost needs no port for TLS', () => {
  const addresses = { ...subject().addresses, relay: { offered: false, reason: null } }
  const ids = checkPorts(subject({ values: {}, addresses })).map(({ id }) => id)
  expect(ids).toEqual([
    'port_udp_7882',
    'port_tcp_7881',
    'port_udp_3478',
    'port_tcp_8080',
    'port_tcp_7880',
  ])
})

test('a port that a stranger holds is told with the name of the stranger, whether the server runs or not', () => {
  for (const state of [{}, STOPPED]) {
    const found = find([tcp(80, 4711)], 'port_tcp_80', state)
    expect(found.state).toBe('fail')
    expect(found.detail).toContain('taken by nginx (pid 4711)')
    expect(found.fix).toContain('kill 4711')
    expect(found.fix).toContain('tls.http_port')
  }
})

test('what we hold ourselves is well, and so is a free port while no server runs', () => {
  expect(find([tcp(443, 100)], 'port_tcp_443').state).toBe('ok')
  expect(find([tcp(7881, 200)], 'port_tcp_7881').detail).toContain('livekit-server (pid 200)')
  expect(find([], 'port_tcp_443', STOPPED).detail).toContain('free')
})

test('a livekit-server that runs on without its server is no stranger', () => {
  const left = { server: null, processes: { server: null, livekit: 200 } }
  expect(find([tcp(7881, 200)], 'port_tcp_7881', left).state).toBe('ok')
})

test('a port that nobody listens on while the server runs is not well', () => {
  expect(find([], 'port_tcp_80').state).toBe('fail')
})

test('the same port of the other protocol, or on an address that we do not use, is nobody in our way', () => {
  const others = [tcp(3478, 4711), tcp(7880, 4711, '203.0.113.7'), tcp(7880, 200, '127.0.0.1')]
  expect(find(others, 'port_udp_3478', STOPPED).state).toBe('ok')
  expect(find(others, 'port_tcp_7880').state).toBe('ok')
})

test('a stranger next to us on one port is told, since callers may land there', () => {
  expect(find([tcp(443, 100), tcp(443, 4711, '::')], 'port_tcp_443').state).toBe('fail')
})

test('who may not know the holder is told how to learn it', () => {
  const found = find([tcp(443, null)], 'port_tcp_443', STOPPED)
  expect(found.detail).toContain('a process of another user')
  expect(found.fix).toContain('sudo golive doctor')
})
