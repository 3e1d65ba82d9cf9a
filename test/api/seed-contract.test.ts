import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { type Key, TestApi } from '../support/api.ts'

/**
 * What the published guide promised and existing integrations rest on. It is written out here a
 * second time on purpose, from the guide and not from the schemas: whoever has to change a line of
 * this file is about to break somebody's backend.
 */

let api: TestApi
let key: Key

beforeEach(async () => {
  api = new TestApi()
  key = await api.tenant('acme')
})

afterEach(() => api.close())

/** The header as the guide builds it: base64 of `api_key:api_secret`. */
const basicOf = ({ api_key, api_secret }: Key): Record<string, string> => ({
  authorization: `Basic ${Buffer.from(`${api_key}:${api_secret}`).toString('base64')}`,
})

const ask = (method: string, path: string, json?: unknown) =>
  api.v1(method, path, {
    headers: basicOf(key),
    ...(json === undefined ? {} : { json }),
  })

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

const claimsOf = (token: string) =>
  JSON.parse(Buffer.from(token.split('.')[1] as string, 'base64url').toString('utf8'))

/** The members that may never go away, with what they may be; new ones may come. */
const ROOM = {
  name: 'team-standup',
  livekit_name: 'acme__team-standup',
  max_participants: null,
  empty_timeout_seconds: expect.any(Number),
  departure_timeout_seconds: expect.any(Number),
  metadata: '',
  locked: false,
  opens_at: null,
  closes_at: null,
  max_duration_seconds: null,
  participants_now: 0,
  session_id: null,
  created_at: expect.stringMatching(INSTANT),
  updated_at: expect.stringMatching(INSTANT),
}

describe('credentials', () => {
  test('are api_key and api_secret as HTTP Basic, and are asked for with 401', async () => {
    expect(key.api_key).toMatch(/^lkv_/)
    expect(key.api_secret).toMatch(/^lks_/)
    expect((await ask('GET', '/me')).status).toBe(200)
    for (const headers of [{}, basicOf({ ...key, api_secret: 'lks_wrong' })]) {
      const { status, headers: answered } = await api.v1('GET', '/me', { headers })
      expect([status, answered.get('www-authenticate')]).toEqual([
        401,
        expect.stringMatching(/^Basic /),
      ])
    }
  })

  test('of a deactivated tenant are answered 401 by every call', async () => {
    await ask('POST', '/rooms', { name: 'team-standup' })
    await api.admin('PATCH', '/tenants/acme', { json: { status: 'deactivated' } })
    for (const [method, path, body] of [
      ['GET', '/me', undefined],
      ['POST', '/rooms', { name: 'other' }],
      ['POST', '/rooms/team-standup/tokens', { identity: 'user-123' }],
    ] as const) {
      const answer = await ask(method, path, body)
      expect([path, answer.status, answer.body.code]).toEqual([path, 401, 'tenant_deactivated'])
    }
  })
})

test('GET /me says who the credentials belong to and where SDKs connect', async () => {
  const { status, headers, body } = await ask('GET', '/me')
  expect([status, headers.get('content-type')]).toEqual([
    200,
    expect.stringMatching(/^application\/json\b/),
  ])
  expect(body).toMatchObject({
    slug: 'acme',
    name: null,
    status: 'active',
    created_at: expect.stringMatching(INSTANT),
    api_key: key.api_key,
    ws_url: expect.stringMatching(/^wss?:\/\/[^/]+$/),
    limits: {
      max_rooms: expect.any(Number),
      max_participants_per_room: expect.any(Number),
      max_concurrent_participants: null,
      participant_minutes_per_month: null,
      api_requests_per_second: expect.any(Number),
      token_mints_per_second: expect.any(Number),
      max_webhooks: expect.any(Number),
    },
    usage: expect.any(Object),
  })
})

describe('POST /rooms', () => {
  test('answers 201 with the room; a name alone is enough', async () => {
    const { status, body } = await ask('POST', '/rooms', { name: 'team-standup' })
    expect([status, body]).toEqual([201, expect.objectContaining(ROOM)])
  })

  test('takes all its fields, and null for any of them but the name', async () => {
    const full = {
      name: 'full',
      max_participants: 25,
      empty_timeout_seconds: 600,
      departure_timeout_seconds: 60,
      metadata: 'about us',
      opens_at: '2026-11-25T10:00:00.000Z',
      closes_at: '2026-11-25T12:00:00.000Z',
      max_duration_seconds: 3600,
      locked: true,
    }
    const made = await ask('POST', '/rooms', full)
    expect([made.status, made.body]).toEqual([201, expect.objectContaining(full)])
    const nulls = Object.fromEntries(Object.keys(full).map((name) => [name, null]))
    const bare = await ask('POST', '/rooms', { ...nulls, name: 'team-standup' })
    expect([bare.status, bare.body]).toEqual([201, expect.objectContaining(ROOM)])
  })

  test('answers 409 room_exists with the existing room, so that ensuring a room is one call', async () => {
    const first = await ask('POST', '/rooms', { name: 'team-standup', max_participants: 25 })
    const second = await ask('POST', '/rooms', { name: 'team-standup', max_participants: 50 })
    expect([second.status, second.body.code]).toEqual([409, 'room_exists'])
    expect(second.body.room).toEqual(first.body)
    expect(second.body.room.max_participants).toBe(25)
  })
})

describe('POST /rooms/{room}/tokens', () => {
  const REQUEST = {
    identity: 'user-123',
    name: 'Jane Doe',
    can_publish: true,
    can_subscribe: true,
    can_publish_data: true,
    ttl_seconds: 3600,
  }
  const mint = (json: unknown, room = 'team-standup') => ask('POST', `/rooms/${room}/tokens`, json)

  beforeEach(async () => {
    await ask('POST', '/rooms', { name: 'team-standup' })
  })

  test('answers 200 with token, ws_url, room, identity and expires_in', async () => {
    const { status, body } = await mint(REQUEST)
    expect(status).toBe(200)
    expect(body).toMatchObject({
      token: expect.stringMatching(/^eyJ[\w-]+\.[\w-]+\.[\w-]+$/),
      ws_url: (await ask('GET', '/me')).body.ws_url,
      room: 'acme__team-standup',
      identity: 'user-123',
      expires_in: 3600,
      expires_at: expect.stringMatching(INSTANT),
    })
  })

  test("makes a JWT with LiveKit's claim names", async () => {
    const { body } = await mint({ ...REQUEST, can_publish: false })
    const header = JSON.parse(Buffer.from(body.token.split('.')[0], 'base64url').toString('utf8'))
    expect(header).toMatchObject({ alg: 'HS256', typ: 'JWT' })
    const claims = claimsOf(body.token)
    expect(claims).toMatchObject({
      iss: key.api_key,
      sub: 'user-123',
      name: 'Jane Doe',
      video: {
        room: 'acme__team-standup',
        roomJoin: true,
        canPublish: false,
        canSubscribe: true,
        canPublishData: true,
      },
    })
    expect(claims.exp - claims.iat).toBe(3600)
    expect(claims.nbf).toBeNumber()
  })

  test('needs an identity and nothing else: may publish, subscribe and send, for an hour', async () => {
    const { status, body } = await mint({ identity: 'user-123' })
    expect([status, body.expires_in]).toEqual([200, 3600])
    expect(claimsOf(body.token).video).toMatchObject({
      canPublish: true,
      canSubscribe: true,
      canPublishData: true,
    })
    expect((await mint({ name: 'Jane Doe' })).status).toBe(422)
  })

  test('takes ttl_seconds from 60 to 86400 and refuses others with 422', async () => {
    for (const [ttl_seconds, status] of [
      [60, 200],
      [86_400, 200],
      [59, 422],
      [86_401, 422],
      [90.5, 422],
      ['3600', 422],
    ]) {
      const answer = await mint({ identity: 'user-123', ttl_seconds })
      expect([ttl_seconds, answer.status]).toEqual([ttl_seconds, status])
    }
  })

  test('answers 404 room_not_found for a room that does not exist', async () => {
    const { status, body } = await mint(REQUEST, 'nowhere')
    expect([status, body.code]).toEqual([404, 'room_not_found'])
  })

  test('goes by the plain name of the room, never by the one inside the media server', async () => {
    expect((await mint(REQUEST, 'acme__team-standup')).status).toBe(404)
    expect((await ask('GET', '/rooms/team-standup')).body).toMatchObject(ROOM)
    expect((await ask('GET', '/rooms/acme__team-standup')).status).toBe(404)
  })
})

test('errors are problem details with type, title, status, code, detail and request_id', async () => {
  const { status, headers, body } = await ask('POST', '/rooms/nowhere/tokens', {
    identity: 'user-123',
  })
  expect([status, headers.get('content-type')]).toEqual([404, 'application/problem+json'])
  expect(body).toMatchObject({
    type: expect.any(String),
    title: expect.any(String),
    status: 404,
    code: 'room_not_found',
    detail: expect.any(String),
    request_id: headers.get('x-request-id'),
  })
})
