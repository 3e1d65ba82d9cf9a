import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { JoinClaims } from '../../src/domain/tokens.ts'
import { decodeJwt, signJwt } from '../../src/lib/jwt.ts'
import { type Key, TestApi } from '../support/api.ts'

interface Claims {
  iat: number
  exp: number
  video: Record<string, unknown>
  golive: Record<string, unknown>
}

let api: TestApi
let key: Key

beforeAll(async () => {
  api = new TestApi()
  key = await api.tenant('acme')
  await api.v1('POST', '/rooms', { key, json: { name: 'standup' } })
})

afterAll(() => api.close())

const mint = (json: unknown, room = 'standup') =>
  api.v1('POST', `/rooms/${room}/tokens`, { key, json })

test('the answer holds the token, where to connect, and when it ends', async () => {
  const answer = await mint({ identity: 'user-123', name: 'Jane Doe', ttl_seconds: 600 })
  expect(answer.status).toBe(200)
  expect(answer.headers.get('cache-control')).toBe('no-store')
  expect(answer.body).toEqual({
    token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
    ws_url: 'ws://127.0.0.1:8080',
    room: 'acme__standup',
    identity: 'user-123',
    expires_in: 600,
    expires_at: expect.stringMatching(/^2026-11-25T10:10:\d\d\.000Z$/),
  })
})

test('the token has the claims that SDKs read, and never one that lets its holder rule', async () => {
  const { body } = await mint({ identity: 'user-123', name: 'Jane Doe' })
  const claims = decodeJwt(body.token) as unknown as Claims
  expect(claims).toMatchObject({
    iss: key.api_key,
    aud: 'golive-join',
    sub: 'user-123',
    name: 'Jane Doe',
  })
  expect(claims.exp - claims.iat).toBe(3600)
  expect(claims.video).toEqual({
    room: 'acme__standup',
    roomJoin: true,
    canPublish: true,
    canSubscribe: true,
    canPublishData: true,
  })
  expect(Object.keys(claims.golive).sort()).toEqual(['auth_ms', 'key', 'room', 'tenant'])
})

test('what may be said is narrowed as asked, and null is the same as absent', async () => {
  const wishes = {
    identity: 'a',
    can_publish: true,
    can_subscribe: false,
    can_publish_data: false,
    can_publish_sources: ['microphone'],
    can_update_own_metadata: true,
    hidden: true,
    metadata: 'm',
    attributes: { role: 'guest' },
  }
  const claims = decodeJwt((await mint(wishes)).body.token) as unknown as Claims
  expect(claims.video).toMatchObject({
    canPublish: true,
    canSubscribe: false,
    canPublishData: false,
    canPublishSources: ['microphone'],
    canUpdateOwnMetadata: true,
    hidden: true,
  })
  expect(claims).toMatchObject({ metadata: 'm', attributes: { role: 'guest' } })
  const nulls = Object.fromEntries(Object.keys(wishes).map((name) => [name, null]))
  const plain = decodeJwt(
    (await mint({ ...nulls, name: null, ttl_seconds: null, identity: 'a' })).body.token,
  )
  expect(plain).toEqual({
    ...decodeJwt((await mint({ identity: 'a' })).body.token),
    golive: expect.anything(),
    iat: expect.anything(),
    nbf: expect.anything(),
    exp: expect.anything(),
  })
})

describe('is refused with 422 and the field', () => {
  test.each([
    ['identity', {}],
    ['identity', { identity: '' }],
    ['identity', { identity: '.' }],
    ['identity', { identity: 'a\u0000b' }],
    ['identity', { identity: 'a\u200bb' }],
    ['identity', { identity: '\ud800' }],
    ['identity', { identity: 'é'.normalize('NFD') }],
    ['identity', { identity: 'x'.repeat(129) }],
    ['identity', { identity: 'é'.repeat(65) }],
    ['identity', { identity: 7 }],
    ['name', { identity: 'a', name: 'x\u202ey' }],
    ['name', { identity: 'a', name: '' }],
    ['ttl_seconds', { identity: 'a', ttl_seconds: 59 }],
    ['ttl_seconds', { identity: 'a', ttl_seconds: 86_401 }],
    ['ttl_seconds', { identity: 'a', ttl_seconds: 60.5 }],
    ['ttl_seconds', { identity: 'a', ttl_seconds: '3600' }],
    ['can_publish', { identity: 'a', can_publish: 'true' }],
    ['can_publish_sources.0', { identity: 'a', can_publish_sources: ['tv'] }],
    ['metadata', { identity: 'a', metadata: 'x'.repeat(8193) }],
    ['attributes.a', { identity: 'a', attributes: { a: 1 } }],
    ['attributes', { identity: 'a', attributes: { a: 'x'.repeat(8192) } }],
    ['attributes', { identity: 'a', attributes: [] }],
    ['role', { identity: 'a', role: 'Host' }],
    ['on_duplicate', { identity: 'a', on_duplicate: 'refuse' }],
    ['eject_at_expiry', { identity: 'a', eject_at_expiry: 'yes' }],
    ['roomAdmin', { identity: 'a', roomAdmin: true }],
    ['video', { identity: 'a', video: { roomAdmin: true } }],
    ['', null],
    ['', [{ identity: 'a' }]],
  ])('%s: %j', async (path, json) => {
    const answer = await mint(json)
    expect([answer.status, answer.body.code]).toEqual([422, 'validation_failed'])
    expect(answer.body.errors.map((one: { path: string }) => one.path)).toContain(path)
  })

  test('a query parameter', async () => {
    const answer = await api.v1('POST', '/rooms/standup/tokens?identity=a', {
      key,
      json: { identity: 'a' },
    })
    expect(answer.status).toBe(422)
  })

  test.each(['__proto__', 'constructor', 'prototype'])(
    'an attribute named %s, which could only be lost',
    async (name) => {
      const body = `{"identity":"a","attributes":{"${name}":"x"}}`
      const answer = await api.v1('POST', '/rooms/standup/tokens', { key, body })
      expect([answer.status, answer.body.errors[0].path]).toEqual([422, `attributes.${name}`])
    },
  )

  test('__proto__, which arrives as a field like any other', async () => {
    const body = '{"identity":"a","__proto__":{"hidden":true}}'
    const answer = await api.v1('POST', '/rooms/standup/tokens', { key, body })
    expect([answer.status, answer.body.errors[0].path]).toEqual([422, '__proto__'])
  })
})

test.each(['nope', 'acme__standup', 'a%2Fb', '%2e%2e%2fadmin', 'standup%20', 'x'.repeat(10_000)])(
  'a room that does not exist is 404: %s',
  async (room) => {
    const answer = await mint({ identity: 'a' }, room)
    expect([answer.status, answer.body.code]).toEqual([404, 'room_not_found'])
    expect(answer.text.length).toBeLessThan(2000)
  },
)

test('a deleted room mints no more, and a new one of the name mints for itself', async () => {
  await api.v1('POST', '/rooms', { key, json: { name: 'r' } })
  const first = decodeJwt((await mint({ identity: 'a' }, 'r')).body.token) as unknown as Claims
  await api.v1('DELETE', '/rooms/r', { key })
  expect((await mint({ identity: 'a' }, 'r')).status).toBe(404)
  await api.v1('POST', '/rooms', { key, json: { name: 'r' } })
  const second = decodeJwt((await mint({ identity: 'a' }, 'r')).body.token) as unknown as Claims
  expect(second.golive.room).not.toBe(first.golive.room)
})

test('the time to answer is measured', async () => {
  await mint({ identity: 'a' })
  expect(await api.deps.metrics.text()).toMatch(/golive_mint_seconds_count [1-9]/)
})

describe('a renewed token', () => {
  const shown = { name: 'Jane', metadata: 'm', attributes: { hand: 'up' } }

  const renewed = async (now: object): Promise<Claims & typeof shown> => {
    const { body } = await mint({ identity: 'user-123', ...shown, eject_at_expiry: true })
    const held = api.deps.tokens.verify(body.token) as JoinClaims
    const video = { room: 'acme__standup', roomJoin: true, canPublish: false, canSubscribe: true }
    const fresh = { sub: 'user-123', exp: held.expiresAt, video, ...now }
    const token = api.deps.tokens.renew(signJwt(fresh, Buffer.from('of livekit-server')), held)
    const claims = decodeJwt(token) as unknown as Claims & typeof shown
    expect(claims.golive).toEqual((decodeJwt(body.token) as unknown as Claims).golive)
    return claims
  }

  test('says what holds now, with the ids of the one that it came from', async () => {
    const claims = await renewed({ ...shown, attributes: { hand: 'down' } })
    expect(claims).toMatchObject({ ...shown, attributes: { hand: 'down' } })
    expect(claims.video).toMatchObject({ canPublish: false })
  })

  test('does not bring back what its holder has removed', async () => {
    const claims = await renewed({ name: 'Jane' })
    expect(claims).toMatchObject({ name: 'Jane' })
    expect(claims).not.toHaveProperty('metadata')
    expect(claims).not.toHaveProperty('attributes')
  })

  test('leaves attributes out with which livekit-server would not let its holder back in', async () => {
    const many = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, n) => [`a${n}`, 'x'.repeat(8000)]))
    expect(await renewed({ ...shown, attributes: many(3) })).toMatchObject({ attributes: many(3) })
    const claims = await renewed({ ...shown, attributes: many(4) })
    expect(claims).toMatchObject({ name: 'Jane', metadata: 'm' })
    expect(claims).not.toHaveProperty('attributes')
  })
})
