import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { signJwt } from '../../src/lib/jwt.ts'
import { silentLogger } from '../../src/lib/log.ts'
import { livekitBinary } from '../../src/livekit/binary.ts'
import { LivekitClient } from '../../src/livekit/client.ts'
import { Supervisor } from '../../src/livekit/supervisor.ts'
import { verifyWebhook } from '../../src/livekit/webhook.ts'
import { freePorts } from '../support/ports.ts'
import { until } from '../support/wait.ts'

setDefaultTimeout(60_000)

const key = { apiKey: 'golive', apiSecret: 'secret-of-the-child-0123456789-abcdef' }
const dir = mkdtempSync(join(tmpdir(), 'golive-client-'))
const events: string[] = []
const hook = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  async fetch(request) {
    const event = verifyWebhook(await request.text(), request.headers.get('authorization'), key)
    events.push(event ? `${event.event} ${event.participant?.identity ?? ''}` : 'not verified')
    return new Response()
  },
})
let supervisor: Supervisor
let client: LivekitClient

beforeAll(async () => {
  const [signalPort, tcpPort, udpPort] = (await freePorts(3)) as [number, number, number]
  supervisor = new Supervisor({
    dir,
    binary: async () => process.env.LIVEKIT_BIN ?? (await livekitBinary(dir)),
    settings: {
      signalPort,
      tcpPort,
      udpPort,
      nodeIp: '127.0.0.1',
      hostIp: '127.0.0.1',
      turn: null,
      stun: '127.0.0.1:9',
      logLevel: 'debug',
      remoteUnmute: false,
      ...key,
    },
    log: silentLogger(),
    onUp: () => undefined,
    onDown: () => undefined,
  })
  await supervisor.start(hook.port as number)
  client = new LivekitClient({ url: () => `http://127.0.0.1:${supervisor.port}`, ...key })
})

afterAll(async () => {
  await supervisor.stop()
  await hook.stop(true)
  rmSync(dir, { recursive: true, force: true })
})

const room = (name: string) => ({
  name,
  emptyTimeout: 300,
  departureTimeout: 300,
  metadata: 'first',
})

const tokenFor = (identity: string): string => {
  const now = Math.floor(Date.now() / 1000)
  const video = { room: 'a__b', roomJoin: true }
  const claims = { iss: key.apiKey, sub: identity, nbf: now - 5, exp: now + 60, video }
  return signJwt(claims, Buffer.from(key.apiSecret))
}

const openSocket = async (identity: string): Promise<WebSocket> => {
  const headers = { authorization: `Bearer ${tokenFor(identity)}` }
  const options = { headers } as unknown as string[]
  const socket = new WebSocket(`ws://127.0.0.1:${supervisor.port}/rtc?protocol=16`, options)
  await new Promise((open) => {
    socket.onopen = open
  })
  return socket
}

/** Asks to join and hangs up so many milliseconds later, mostly before the answer. */
const breakOff = (identity: string, ms: number): Promise<void> =>
  new Promise((done) => {
    const socket = connect(supervisor.port, '127.0.0.1', () => {
      socket.write(
        [
          'GET /rtc?protocol=16 HTTP/1.1',
          'Host: localhost',
          'Connection: Upgrade',
          'Upgrade: websocket',
          'Sec-WebSocket-Version: 13',
          'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
          `Authorization: Bearer ${tokenFor(identity)}`,
          '\r\n',
        ].join('\r\n'),
      )
      setTimeout(() => socket.destroy(), ms)
    })
    socket.on('close', () => done())
  })

test('a room is made once; making it again answers the live one, unchanged', async () => {
  const first = await client.createRoom(room('once'))
  expect(first).toMatchObject({ name: 'once', numParticipants: 0 })
  expect(Math.abs(first.createdAtMs - Date.now())).toBeLessThan(5_000)
  const second = await client.createRoom({ ...room('once'), metadata: 'second' })
  expect(second).toEqual(first)
  expect(await client.listRooms(['once'])).toEqual([first])
  await client.updateRoomMetadata('once', 'third')
  await client.deleteRoom('once')
  expect(await client.listRooms(['once'])).toEqual([])
})

test('what is not there is "not_found"; the people of an unknown room are nobody', async () => {
  await expect(client.deleteRoom('nowhere')).rejects.toThrow('DeleteRoom: not_found')
  await expect(client.removeParticipant('nowhere', 'x')).rejects.toThrow('not_found')
  expect(await client.listParticipants('nowhere')).toEqual([])
})

test('who got an answer to the join is listed at once, who broke off before it never', async () => {
  await client.createRoom(room('a__b'))
  const socket = await openSocket('alice')
  const [alice, ...others] = await client.listParticipants('a__b')
  expect(alice).toMatchObject({ identity: 'alice', state: 'JOINED' })
  expect(alice?.sid).toStartWith('PA_')
  expect(Math.abs((alice?.joinedAtMs ?? 0) - Date.now())).toBeLessThan(5_000)
  expect(others).toEqual([])

  for (let n = 0; n < 80; n++) await breakOff(`ghost-${n}`, n / 10)
  const identities = async () => (await client.listParticipants('a__b')).map((one) => one.identity)
  await until('only alice is listed', async () => (await identities()).join() === 'alice')

  socket.close()
  await until('nobody is listed', async () => (await identities()).length === 0)
})

test('its webhooks are verified as its own', async () => {
  await until('it told of alice', () => events.includes('participant_connection_aborted alice'))
  expect(events).not.toContain('not verified')
})

test('at level debug it logs what it does, and not one token', () => {
  const text = readFileSync(join(dir, 'livekit.log'), 'utf8')
  expect(text).toContain('"level":"debug"')
  expect(text).not.toMatch(/eyJ[\w-]+\.eyJ/)
  expect(text).not.toContain(key.apiSecret)
})
