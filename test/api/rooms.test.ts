import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { type Key, TestApi } from '../support/api.ts'
import { claimsOf } from '../support/claims.ts'

let api: TestApi
let key: Key

beforeEach(async () => {
  api = new TestApi()
  key = await api.tenant('acme')
})

afterEach(() => api.close())

const create = (json: Record<string, unknown>) => api.v1('POST', '/rooms', { key, json })

const DEFAULTS = {
  max_participants: null,
  empty_timeout_seconds: 300,
  departure_timeout_seconds: 20,
  metadata: '',
  locked: false,
  opens_at: null,
  closes_at: null,
  max_duration_seconds: null,
}

const FULL = {
  max_participants: 2,
  empty_timeout_seconds: 60,
  departure_timeout_seconds: 5,
  metadata: 'agenda',
  locked: true,
  opens_at: '2026-12-01T10:00:00.000Z',
  closes_at: '2026-12-01T11:00:00.000Z',
  max_duration_seconds: 3600,
}

const NULLS = Object.fromEntries(Object.keys(DEFAULTS).map((name) => [name, null]))

describe('creating a room', () => {
  test('answers 201 with every field, the defaults, an ETag and where it is', async () => {
    const answer = await create({ name: 'team-standup' })
    expect(answer.status).toBe(201)
    expect(answer.body).toEqual({
      name: 'team-standup',
      livekit_name: 'acme__team-standup',
      ...DEFAULTS,
      participants_now: 0,
      session_id: null,
      created_at: expect.stringMatching(/^2026-11-25T10:00:\d\d\.\d{3}Z$/),
      updated_at: answer.body.created_at,
    })
    expect(answer.headers.get('etag')).toMatch(/^"[^"]+"$/)
    expect(answer.headers.get('location')).toBe('/api/v1/rooms/team-standup')
  })

  test('keeps what was given, and a time with an offset comes back in UTC', async () => {
    const answer = await create({ name: 'r', ...FULL, opens_at: '2026-12-01T12:00:00+02:00' })
    expect(answer.body).toMatchObject(FULL)
  })

  test('takes null as absent', async () => {
    expect((await create({ name: 'r', ...NULLS })).body).toMatchObject(DEFAULTS)
  })

  test('of a name that is taken is 409 with the room as it is, and changes nothing', async () => {
    await create({ name: 'r', metadata: 'first' })
    const again = await create({ name: 'r', metadata: 'second' })
    expect([again.status, again.body.code]).toEqual([409, 'room_exists'])
    expect(again.body.room).toEqual((await api.v1('GET', '/rooms/r', { key })).body)
    expect(again.body.room.metadata).toBe('first')
    expect(again.text).not.toContain('tenantId')
  })

  test('is refused beyond max_rooms, and possible again after a deletion', async () => {
    await api.admin('PATCH', '/tenants/acme', { json: { limits: { max_rooms: 2 } } })
    expect((await create({ name: 'a' })).status).toBe(201)
    expect((await create({ name: 'b' })).status).toBe(201)
    const third = await create({ name: 'c' })
    expect([third.status, third.body.code]).toEqual([409, 'room_limit_reached'])
    await api.v1('DELETE', '/rooms/a', { key })
    expect((await create({ name: 'c' })).status).toBe(201)
  })

  test.each([
    ['name', {}],
    ['name', { name: '' }],
    ['name', { name: '.' }],
    ['name', { name: '..' }],
    ['name', { name: 'a/b' }],
    ['name', { name: 'a b' }],
    ['name', { name: 'é' }],
    ['name', { name: 'a\0' }],
    ['name', { name: 'a'.repeat(129) }],
    ['name', { name: 5 }],
    ['name', { name: null }],
    ['max_participants', { name: 'a', max_participants: 0 }],
    ['max_participants', { name: 'a', max_participants: 10_001 }],
    ['max_participants', { name: 'a', max_participants: '5' }],
    ['max_participants', { name: 'a', max_participants: 1.5 }],
    ['locked', { name: 'a', locked: 'yes' }],
    ['metadata', { name: 'a', metadata: 'x'.repeat(32_769) }],
    ['metadata', { name: 'a', metadata: '\ud800' }],
    ['opens_at', { name: 'a', opens_at: '2026-02-30T10:00:00Z' }],
    ['opens_at', { name: 'a', opens_at: '2026-11-25' }],
    ['opens_at', { name: 'a', opens_at: 1_795_600_800 }],
    [
      'closes_at',
      { name: 'a', opens_at: '2026-12-01T10:00:00Z', closes_at: '2026-12-01T10:00:00Z' },
    ],
    ['nonsense', { name: 'a', nonsense: 1 }],
    ['participants_now', { name: 'a', participants_now: 1 }],
  ])('is 422 and names the field: %s %j', async (path, json) => {
    const answer = await create(json)
    expect([answer.status, answer.body.code]).toEqual([422, 'validation_failed'])
    expect(answer.body.errors.map((one: { path: string }) => one.path)).toEqual([path])
    expect((await api.v1('GET', '/rooms', { key })).body.data).toEqual([])
  })

  test('names every wrong and every unknown field at once', async () => {
    const answer = await create({ name: 'a', locked: 1, max_participants: -1, x: 1, y: 2 })
    const paths = answer.body.errors.map((one: { path: string }) => one.path)
    expect(paths.sort()).toEqual(['locked', 'max_participants', 'x', 'y'])
  })

  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])(
    'does not mind a room called %s',
    async (name) => {
      // A room may start with an underscore; these are just names.
      expect((await create({ name })).body.name).toBe(name)
      expect((await api.v1('GET', `/rooms/${name}`, { key })).body.livekit_name).toBe(
        `acme__${name}`,
      )
      expect(
        (await api.v1('POST', `/rooms/${name}/tokens`, { key, json: { identity: name } })).status,
      ).toBe(200)
    },
  )
})

describe('changing a room', () => {
  test('by PATCH keeps what is absent and null goes back to the default', async () => {
    await create({ name: 'r', ...FULL })
    const one = await api.v1('PATCH', '/rooms/r', { key, json: { locked: false } })
    expect([one.status, one.body]).toEqual([
      200,
      expect.objectContaining({ ...FULL, locked: false }),
    ])
    const all = await api.v1('PATCH', '/rooms/r', { key, json: NULLS })
    expect(all.body).toMatchObject(DEFAULTS)
  })

  test('by PUT puts what is absent back to its default', async () => {
    await create({ name: 'r', ...FULL })
    const answer = await api.v1('PUT', '/rooms/r', { key, json: { metadata: 'new' } })
    expect([answer.status, answer.body]).toEqual([
      200,
      expect.objectContaining({ ...DEFAULTS, metadata: 'new' }),
    ])
  })

  test('by PUT creates a room that is not there, under a name that follows the rules', async () => {
    const made = await api.v1('PUT', '/rooms/r', { key, json: { max_participants: 3 } })
    expect([made.status, made.body.max_participants]).toEqual([201, 3])
    const odd = await api.v1('PUT', '/rooms/a%2Fb', { key, json: {} })
    expect([odd.status, odd.body.errors[0].path]).toEqual([422, 'room'])
  })

  test('refuses the name in a body', async () => {
    await create({ name: 'r' })
    for (const method of ['PUT', 'PATCH']) {
      const answer = await api.v1(method, '/rooms/r', { key, json: { name: 'other' } })
      expect([answer.status, answer.body.errors[0].path]).toEqual([422, 'name'])
    }
  })

  test('moves updated_at and the ETag, and created_at stays', async () => {
    const before = await create({ name: 'r' })
    const after = await api.v1('PATCH', '/rooms/r', { key, json: { locked: true } })
    expect(after.body.created_at).toBe(before.body.created_at)
    expect(after.body.updated_at > before.body.updated_at).toBe(true)
    expect(after.headers.get('etag')).not.toBe(before.headers.get('etag'))
    expect((await api.v1('GET', '/rooms/r', { key })).headers.get('etag')).toBe(
      after.headers.get('etag'),
    )
  })

  test('honours If-Match: only the version that was seen', async () => {
    const etag = (await create({ name: 'r' })).headers.get('etag') as string
    const headers = { 'if-match': etag }
    expect(
      (await api.v1('PATCH', '/rooms/r', { key, json: { locked: true }, headers })).status,
    ).toBe(200)
    for (const method of ['PATCH', 'PUT']) {
      const late = await api.v1(method, '/rooms/r', { key, json: { metadata: 'late' }, headers })
      expect([late.status, late.body.code]).toEqual([412, 'precondition_failed'])
    }
    expect((await api.v1('GET', '/rooms/r', { key })).body).toMatchObject({
      locked: true,
      metadata: '',
    })
  })

  test('honours If-Match: * and If-None-Match: * on PUT', async () => {
    const put = (headers: Record<string, string>) =>
      api.v1('PUT', '/rooms/r', { key, json: {}, headers })
    expect((await put({ 'if-match': '*' })).status).toBe(412)
    expect((await put({ 'if-none-match': '*' })).status).toBe(201)
    expect((await put({ 'if-none-match': '*' })).status).toBe(412)
    expect((await put({ 'if-match': '*' })).status).toBe(200)
  })

  test('honours If-Match: * and If-None-Match: * on PATCH', async () => {
    const patch = (headers: Record<string, string>) =>
      api.v1('PATCH', '/rooms/r', { key, json: { locked: true }, headers })
    expect((await patch({ 'if-none-match': '*' })).status).toBe(404)
    await create({ name: 'r' })
    expect((await patch({ 'if-none-match': '*' })).status).toBe(412)
    expect((await api.v1('GET', '/rooms/r', { key })).body.locked).toBe(false)
    expect((await patch({ 'if-match': '*' })).status).toBe(200)
  })

  test('does not meet a version of an earlier room of the same name', async () => {
    const etag = (await create({ name: 'r' })).headers.get('etag') as string
    await api.v1('DELETE', '/rooms/r', { key })
    await create({ name: 'r' })
    const answer = await api.v1('PATCH', '/rooms/r', {
      key,
      json: {},
      headers: { 'if-match': etag },
    })
    expect(answer.status).toBe(412)
  })

  test('checks times against those that stay', async () => {
    await create({ name: 'r', closes_at: '2026-12-01T10:00:00Z' })
    const answer = await api.v1('PATCH', '/rooms/r', {
      key,
      json: { opens_at: '2026-12-02T10:00:00Z' },
    })
    expect([answer.status, answer.body.errors[0].path]).toEqual([422, 'closes_at'])
  })
})

test('deleting a room ends its call, and it is gone', async () => {
  await create({ name: 'r' })
  const answer = await api.v1('DELETE', '/rooms/r', { key })
  expect([answer.status, answer.text]).toEqual([204, ''])
  expect(answer.headers.has('content-type')).toBe(false)
  expect(api.livekit.deleted).toEqual(['acme__r'])
  for (const method of ['GET', 'DELETE']) {
    expect((await api.v1(method, '/rooms/r', { key })).body.code).toBe('room_not_found')
  }
  expect((await create({ name: 'r' })).status).toBe(201)
})

describe('listing rooms', () => {
  const pages = async (query: string): Promise<string[][]> => {
    const found: string[][] = []
    let cursor: string | null = null
    do {
      const path: string = `/rooms?${query}${cursor ? `&cursor=${cursor}` : ''}`
      const { body } = await api.v1('GET', path, { key })
      found.push(body.data.map((room: { name: string }) => room.name))
      cursor = body.next_cursor
    } while (cursor !== null)
    return found
  }

  test('gives complete pages without repeats, also of rooms made in the same millisecond', async () => {
    const names = Array.from({ length: 7 }, (_, at) => `r${at}`)
    const frozen = api.now
    for (const name of names) {
      api.now = frozen
      await create({ name })
    }
    const found = await pages('limit=3')
    expect(found.map((page) => page.length)).toEqual([3, 3, 1])
    expect(found.flat().sort()).toEqual(names)
  })

  test('ends with null on a page that is exactly full', async () => {
    for (const name of ['a', 'b']) await create({ name })
    expect(await pages('limit=2')).toEqual([['a', 'b']])
  })

  test('does not skip or repeat when rooms come and go between pages', async () => {
    for (const name of ['a', 'b', 'c', 'd']) await create({ name })
    const first = (await api.v1('GET', '/rooms?limit=2', { key })).body
    await api.v1('DELETE', '/rooms/a', { key })
    await create({ name: 'e' })
    const second = (await api.v1('GET', `/rooms?limit=10&cursor=${first.next_cursor}`, { key }))
      .body
    expect(second.data.map((room: { name: string }) => room.name)).toEqual(['c', 'd', 'e'])
  })

  test('with active=true shows only rooms with people in them', async () => {
    for (const name of ['empty', 'busy']) await create({ name })
    const tenant = await api.deps.tenants.get('acme')
    const room = await api.deps.rooms.get(tenant, 'busy')
    api.deps.presence.take(
      { tenantId: tenant.id, roomId: room.id, livekitName: room.livekitName },
      claimsOf('ann'),
    )
    const { body } = await api.v1('GET', '/rooms?active=true', { key })
    expect(body.data).toMatchObject([{ name: 'busy', participants_now: 1 }])
    expect((await api.v1('GET', '/rooms?active=false', { key })).body.data).toHaveLength(2)
    expect((await api.v1('GET', '/me', { key })).body.usage).toEqual({
      participants_now: 1,
      participant_minutes_this_month: 0,
      participant_seconds_this_month: 0,
      participants_this_month: 0,
      sessions_this_month: 0,
    })
  })

  test.each([
    ['limit', 'limit=0'],
    ['limit', 'limit=101'],
    ['limit', 'limit=abc'],
    ['limit', 'limit=0x10'],
    ['limit', 'limit=1e1'],
    ['limit', 'limit=%205'],
    ['limit', 'limit='],
    ['limit', 'limit=-1'],
    ['limit', 'limit=5&limit=6'],
    ['active', 'active=yes'],
    ['active', 'active=1'],
    ['cursor', 'cursor=a&cursor=b'],
    ['page', 'page=2'],
    ['__proto__', '__proto__=1'],
  ])('is 422 and names the parameter: %s (%s)', async (path, query) => {
    const answer = await api.v1('GET', `/rooms?${query}`, { key })
    expect([answer.status, answer.body.errors?.[0].path]).toEqual([422, path])
  })

  test.each([
    'x',
    '..',
    'AAAA',
    '%00',
    `${'a'.repeat(5000)}`,
    btoa('1.a; drop table rooms'),
    btoa('9999999999999999.a'),
  ])('is 422 invalid_cursor for a cursor that we did not give: %s', async (cursor) => {
    const answer = await api.v1('GET', `/rooms?cursor=${cursor}`, { key })
    expect([answer.status, answer.body.code]).toEqual([422, 'invalid_cursor'])
  })

  test('refuses query parameters where there are none', async () => {
    await create({ name: 'r' })
    for (const [method, path] of [
      ['GET', '/me'],
      ['GET', '/rooms/r'],
      ['DELETE', '/rooms/r'],
    ] as const) {
      const answer = await api.v1(method, `${path}?x=1`, { key })
      expect([answer.status, answer.body.errors[0].path]).toEqual([422, 'x'])
    }
    expect((await api.v1('GET', '/rooms/r', { key })).status).toBe(200)
  })
})
