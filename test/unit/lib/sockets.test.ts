import { afterAll, expect, test } from 'bun:test'
import { createSocket } from 'node:dgram'
import { describeHolder, holderOf, listeners, ownsListener } from '../../../src/lib/sockets.ts'

const server = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } })
afterAll(() => server.stop(true))

test('the holder of a TCP port is named', () => {
  const holder = holderOf('tcp', server.port)
  expect(holder?.pid).toBe(process.pid)
  expect(describeHolder('tcp', server.port)).toBe(
    `tcp port ${server.port} is taken by ${holder?.name} (pid ${process.pid})`,
  )
})

test('a process owns its own listener and nobody else does', () => {
  expect(ownsListener(process.pid, server.port)).toBe(true)
  expect(ownsListener(process.ppid, server.port)).toBe(false)
  expect(ownsListener(999_999_999, server.port)).toBe(false)
})

test('a listener on another address of the same port is not one on 127.0.0.1', () => {
  const other = Bun.listen({ hostname: '127.0.0.2', port: 0, socket: { data() {} } })
  expect(holderOf('tcp', other.port)?.pid).toBe(process.pid)
  expect(ownsListener(process.pid, other.port)).toBe(false)
  other.stop(true)
})

test('a connection is no listener', async () => {
  const free = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } })
  const { port } = free
  const client = await Bun.connect({ hostname: '127.0.0.1', port, socket: { data() {} } })
  const { localPort } = client
  expect(holderOf('tcp', localPort)).toBeNull()
  client.end()
  free.stop(true)
  expect(holderOf('tcp', port)).toBeNull()
})

test('the holder of a UDP port is named, and the same TCP port is not meant', async () => {
  const socket = createSocket('udp4')
  await new Promise<void>((bound) => socket.bind(0, '127.0.0.1', bound))
  const { port } = socket.address()
  expect(holderOf('udp', port)?.pid).toBe(process.pid)
  expect(holderOf('tcp', port)).toBeNull()
  socket.close()
})

test('all sockets that wait are listed with address, port and holder, for both protocols and families', async () => {
  const udp = createSocket('udp6')
  await new Promise<void>((bound) => udp.bind(0, '::1', bound))
  const all = listeners()
  const holder = { pid: process.pid, name: holderOf('tcp', server.port)?.name ?? '' }
  expect(all).toContainEqual({
    protocol: 'tcp',
    address: '127.0.0.1',
    port: server.port,
    holder,
  })
  expect(all).toContainEqual({
    protocol: 'udp',
    address: '::1',
    port: udp.address().port,
    holder,
  })
  udp.close()
})
