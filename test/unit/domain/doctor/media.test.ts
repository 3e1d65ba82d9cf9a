import { expect, test } from 'bun:test'
import { type AddressInfo, createServer } from 'node:net'
import { findDoor } from '../../../../src/domain/doctor/door.ts'
import { Check } from '../../../../src/domain/doctor/finding.ts'
import { checkMedia, judgeTries, type Try } from '../../../../src/domain/doctor/media.ts'
import { checkName } from '../../../../src/domain/doctor/name.ts'
import { running, subject } from './subject.ts'

const check = new Check('media_udp', 'Media over UDP')
const tried = (address: string, outcome: number | string): Try => ({
  candidate: { transport: 'udp', address, port: 7882, type: 'host' },
  ...(typeof outcome === 'number' ? { answered: { ms: outcome } } : { failure: outcome }),
})
const SILENT = 'no answer within 3 seconds'
const behindNat = (hairpin: boolean | null) =>
  subject({ addresses: { ...subject().addresses, host: '10.0.0.5', hairpin } })

test('an address that answers is told with its time, one that does not with what to open', () => {
  expect(judgeTries(check, subject(), 'udp', [tried('203.0.113.7', 1.25)])).toMatchObject({
    state: 'ok',
    detail: '203.0.113.7:7882 answers in 1.3 ms',
  })
  const silent = judgeTries(check, subject(), 'udp', [tried('203.0.113.7', SILENT)])
  expect(silent).toMatchObject({
    state: 'fail',
    detail: `${SILENT} at 203.0.113.7:7882`,
    fix: expect.stringContaining('ufw allow 7882/udp'),
  })
  expect(judgeTries(check, subject(), 'udp', []).state).toBe('fail')
})

test('behind NAT the public address counts, unless this machine cannot reach it anyway', () => {
  const tries = [tried('10.0.0.5', 1), tried('203.0.113.7', SILENT)]
  const mended = judgeTries(check, behindNat(true), 'udp', tries)
  expect(mended.state).toBe('fail')
  expect(mended.fix).toContain('lead 7882/udp to 10.0.0.5')
  const unknown = judgeTries(check, behindNat(false), 'udp', tries)
  expect(unknown.state).toBe('ok')
  expect(unknown.detail).toContain('only from outside')
  const reached = [tried('10.0.0.5', SILENT), tried('203.0.113.7', 2)]
  expect(judgeTries(check, behindNat(true), 'udp', reached).state).toBe('ok')
})

test('without a server nothing is tried, and a server that lets nobody in is a fault told once', async () => {
  const skipped = await checkMedia(subject({ server: null }))
  expect(new Set(skipped.map(({ state }) => state))).toEqual(new Set(['skipped']))
  const server = running({ beginCheck: () => Promise.reject(new Error('the server is full')) })
  const refused = await checkMedia(subject({ server }))
  expect(refused.map(({ state }) => state)).toEqual(['fail', ...Array(6).fill('skipped')])
  expect(refused[0]?.detail).toContain('the server is full')
})

test('a call that cannot be joined says so without the token', async () => {
  const server = running({
    beginCheck: async () => ({ ws_url: 'ws://127.0.0.1:9', token: 'secret-token' }),
  })
  const [join] = await checkMedia(subject({ server }))
  expect(join?.detail).toContain('the connection could not be opened')
  expect(JSON.stringify(join)).not.toContain('secret-token')
})

test('the own address is knocked at by the public name only where that name leads nowhere from here', async () => {
  const edge = createServer((socket) => socket.end())
  await new Promise<void>((up) => edge.listen(0, '127.0.0.1', up))
  const { port } = edge.address() as AddressInfo
  const { config, addresses } = subject({
    values: {
      tls: { mode: 'domain', domain: 'live.example', email: 'a@example.com', https_port: port },
    },
  })
  const nat = { ...addresses, public: '203.0.113.7', host: '127.0.0.1' }
  expect(await findDoor(config, 'https://localhost:9', nat)).toEqual({
    name: 'localhost',
    port,
    via: '127.0.0.1',
  })
  const reached = { name: 'localhost', port, via: null }
  expect(await findDoor(config, `https://localhost:${port}`, nat)).toEqual(reached)
  expect(await findDoor(config, 'https://localhost:9', addresses)).toMatchObject({ via: null })
  edge.close()
})

test('a name is asked for where there is one: not for an address, not for this machine alone', async () => {
  const name = new Check('name', 'DNS')
  const address = subject({ publicUrl: 'https://[2001:db8::7]' })
  expect(await checkName(name, address)).toMatchObject({
    state: 'skipped',
    detail: '2001:db8::7 is used, which needs no DNS',
  })
  expect((await checkName(name, subject({ values: {} }))).state).toBe('skipped')
})
