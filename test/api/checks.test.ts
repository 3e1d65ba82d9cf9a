import { afterEach, beforeEach, expect, test } from 'bun:test'
import { checkDoor } from '../../src/http/check.ts'
import { TestApi } from '../support/api.ts'
import { claimsOf } from '../support/claims.ts'

let api: TestApi
let door: ReturnType<typeof checkDoor>

beforeEach(() => {
  api = new TestApi()
  door = checkDoor(api.deps.checks)
})

afterEach(() => api.close())

const post = (address: string | null, init: RequestInit = {}): Promise<Response> =>
  door.handle(new Request('http://localhost/check/session', { method: 'POST', ...init }), address)

test('whoever asks gets a token for two minutes in a room that no tenant can name', async () => {
  const response = await post('203.0.113.7')
  const { token, ws_url, expires_at, ...more } = await response.json()
  expect([response.status, ws_url, more]).toEqual([201, api.deps.wsUrl, {}])
  expect(response.headers.get('cache-control')).toBe('no-store')
  const claims = api.deps.tokens.verify(token)
  expect(claims?.room).toStartWith('__check__')
  expect(claims?.grants).toMatchObject({ canPublish: false, hidden: false })
  const left = Date.parse(expires_at) - api.now
  expect(left).toBeGreaterThan(118_000)
  expect(left).toBeLessThanOrEqual(120_000)
  expect(claims?.expiresAt).toBe(Date.parse(expires_at) / 1000)
})

test('no two checks share a room', async () => {
  const rooms = new Set<string | undefined>()
  for (let count = 0; count < 5; count++) {
    const { token } = await (await post('203.0.113.7')).json()
    rooms.add(api.deps.tokens.verify(token)?.room)
  }
  expect(rooms.size).toBe(5)
})

test('one address begins few checks a minute and is told how long to wait; its neighbours are not held up', async () => {
  const statuses: number[] = []
  for (let count = 0; count < 7; count++) statuses.push((await post('2001:db8::1')).status)
  expect(statuses).toEqual([201, 201, 201, 201, 201, 201, 429])
  const refused = await post('2001:db8::2')
  expect(refused.headers.get('content-type')).toBe('application/problem+json')
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
  expect(await refused.json()).toMatchObject({ status: 429, code: 'rate_limited' })
  expect((await post('2001:db8:0:1::1')).status).toBe(201)
})

test('when many run no visitor begins one, but an operator does, and all do when they have ended', async () => {
  for (let count = 0; count < 20; count++) {
    expect((await post(`203.0.113.${count}`)).status).toBe(201)
  }
  const refused = await post('203.0.113.100')
  expect(refused.status).toBe(429)
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(100)
  for (let count = 0; count < 5; count++)
    expect((await api.admin('POST', '/checks')).status).toBe(201)
  expect((await api.admin('POST', '/checks')).status).toBe(429)
  api.now += 121_000
  expect((await post('203.0.113.100')).status).toBe(201)
})

test('no check begins on a server that is full', async () => {
  const place = { tenantId: 't', roomId: 'r', livekitName: 'acme__r' }
  for (let count = 0; count < 200; count++) api.deps.presence.take(place, claimsOf(`p${count}`))
  const response = await post('203.0.113.7')
  expect(response.status).toBe(503)
  expect(response.headers.get('retry-after')).toBe('30')
  expect(await response.json()).toMatchObject({ code: 'server_full' })
  expect((await api.admin('POST', '/checks')).body.code).toBe('server_full')
})

test('a body, another method and a page of another site are refused, and nothing is said to other origins', async () => {
  expect((await post('203.0.113.7', { body: '{}' })).status).toBe(400)
  const got = await post('203.0.113.7', { method: 'GET' })
  expect([got.status, got.headers.get('allow')]).toEqual([405, 'POST'])
  const crossed = await post('203.0.113.7', { headers: { 'sec-fetch-site': 'cross-site' } })
  expect([crossed.status, (await crossed.json()).code]).toEqual([403, 'bad_origin'])
  const own = await post('203.0.113.7', { headers: { 'sec-fetch-site': 'same-origin' } })
  expect(own.status).toBe(201)
  expect(own.headers.get('access-control-allow-origin')).toBeNull()
})

test('the operator’s check has the same shape, and whoever may only read begins none', async () => {
  const { status, body } = await api.admin('POST', '/checks')
  expect([status, Object.keys(body).sort()]).toEqual([201, ['expires_at', 'token', 'ws_url']])
  const made = await api.admin('POST', '/tokens', { json: { label: 'ci', scope: 'read' } })
  const headers = { authorization: `Bearer ${made.body.token}` }
  expect((await api.remote('POST', '/checks', { headers })).status).toBe(403)
  expect((await api.remote('POST', '/checks')).status).toBe(401)
})

test('a seat in a check counts for the server and for no tenant’s calls', async () => {
  const { presence } = api.deps
  const { body } = await api.admin('POST', '/checks')
  const claims = api.deps.tokens.verify(body.token)
  if (!claims) throw new Error('no claims')
  const { tenantId, roomId, room } = claims
  presence.take({ tenantId, roomId, livekitName: room }, claims)
  expect([presence.total, presence.inCalls, presence.roomsActive]).toEqual([1, 0, 0])
  expect((await api.admin('GET', '/calls')).body.data).toEqual([])
  expect((await api.admin('GET', '/status')).body.calls).toMatchObject({
    rooms: 0,
    participants: 1,
  })
  expect((await api.admin('POST', '/livekit/restart', { json: {} })).status).toBe(202)
})
