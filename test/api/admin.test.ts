import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { type Key, TestApi } from '../support/api.ts'
import { claimsOf } from '../support/claims.ts'
import { until } from '../support/wait.ts'

let api: TestApi

beforeEach(() => {
  api = new TestApi()
})

afterEach(() => api.close())

const LIMITS = {
  max_rooms: 1000,
  max_participants_per_room: 100,
  max_concurrent_participants: null,
  participant_minutes_per_month: null,
  participant_minutes_hard: false,
  api_requests_per_second: 50,
  token_mints_per_second: 100,
  max_webhooks: 5,
}

describe('tenants', () => {
  test('are created with defaults and a first key, whose secret is shown once and never again', async () => {
    const { status, body, headers } = await api.admin('POST', '/tenants', {
      json: { slug: 'acme' },
    })
    expect(status).toBe(201)
    expect(headers.get('cache-control')).toBe('no-store')
    const { api_key, api_secret, ...tenant } = body
    expect(tenant).toEqual({
      slug: 'acme',
      name: null,
      status: 'active',
      created_at: expect.any(String),
      limits: LIMITS,
    })
    expect([api_key, api_secret]).toEqual([
      expect.stringMatching(/^lkv_[a-z0-9]+$/),
      expect.stringMatching(/^lks_[a-z0-9]{50,}$/),
    ])
    const later = [
      await api.admin('GET', '/tenants'),
      await api.admin('GET', '/tenants/acme'),
      await api.admin('GET', '/tenants/acme/keys'),
      await api.admin('PATCH', '/tenants/acme', { json: {} }),
      await api.v1('GET', '/me', { key: body }),
    ]
    for (const answer of later) {
      expect(answer.status).toBe(200)
      expect(answer.text).not.toContain(api_secret)
    }
    expect(JSON.stringify(api.logged)).not.toContain(api_secret)
  })

  test('take name and limits, and null as absent', async () => {
    const json = { slug: 'acme', name: 'Acme Ltd', limits: { max_rooms: 3, max_webhooks: null } }
    const { body } = await api.admin('POST', '/tenants', { json })
    expect(body).toMatchObject({ name: 'Acme Ltd', limits: { ...LIMITS, max_rooms: 3 } })
    expect(
      (await api.admin('POST', '/tenants', { json: { slug: 'b', name: null, limits: null } }))
        .status,
    ).toBe(201)
  })

  test.each([
    ['slug', {}],
    ['slug', { slug: '' }],
    ['slug', { slug: 'A' }],
    ['slug', { slug: 'a_b' }],
    ['slug', { slug: '-a' }],
    ['slug', { slug: 'a-' }],
    ['slug', { slug: 'a'.repeat(41) }],
    ['slug', { slug: '__proto__' }],
    ['name', { slug: 'a', name: '' }],
    ['name', { slug: 'a', name: 5 }],
    ['limits.max_rooms', { slug: 'a', limits: { max_rooms: -1 } }],
    ['limits.max_rooms', { slug: 'a', limits: { max_rooms: '5' } }],
    ['limits.api_requests_per_second', { slug: 'a', limits: { api_requests_per_second: 0 } }],
    ['limits.rooms', { slug: 'a', limits: { rooms: 1 } }],
    ['status', { slug: 'a', status: 'active' }],
  ])('are refused with 422 and the field: %s %j', async (path, json) => {
    const answer = await api.admin('POST', '/tenants', { json })
    expect([answer.status, answer.body.errors?.[0].path]).toEqual([422, path])
  })

  test('have slugs of their own: constructor is a name like any other', async () => {
    expect((await api.admin('POST', '/tenants', { json: { slug: 'constructor' } })).status).toBe(
      201,
    )
    expect((await api.admin('GET', '/tenants/tostring')).body.code).toBe('tenant_not_found')
  })

  test('exist once', async () => {
    await api.tenant('acme')
    const again = await api.admin('POST', '/tenants', { json: { slug: 'acme' } })
    expect([again.status, again.body.code]).toEqual([409, 'tenant_exists'])
    expect(again.text).not.toContain('lks_')
  })

  test('are changed by what is named; a null limit goes back to the default', async () => {
    await api.admin('POST', '/tenants', {
      json: { slug: 'acme', name: 'A', limits: { max_rooms: 3, max_concurrent_participants: 9 } },
    })
    const one = await api.admin('PATCH', '/tenants/acme', {
      json: { limits: { max_participants_per_room: 7 } },
    })
    expect(one.body).toMatchObject({
      name: 'A',
      limits: { max_rooms: 3, max_participants_per_room: 7, max_concurrent_participants: 9 },
    })
    const two = await api.admin('PATCH', '/tenants/acme', {
      json: { name: null, limits: { max_rooms: null, max_concurrent_participants: null } },
    })
    expect(two.body).toMatchObject({
      name: null,
      limits: { ...LIMITS, max_participants_per_room: 7 },
    })
    expect((await api.admin('PATCH', '/tenants/acme', { json: { slug: 'other' } })).status).toBe(
      422,
    )
    expect((await api.admin('PATCH', '/tenants/acme', { json: { status: 'paused' } })).status).toBe(
      422,
    )
    expect((await api.admin('PATCH', '/tenants/nobody', { json: {} })).body.code).toBe(
      'tenant_not_found',
    )
  })

  test('that are deactivated are refused at once, and come back with their keys', async () => {
    const key = await api.tenant('acme')
    await api.admin('PATCH', '/tenants/acme', { json: { status: 'deactivated' } })
    expect((await api.v1('GET', '/me', { key })).body.code).toBe('tenant_deactivated')
    await api.admin('PATCH', '/tenants/acme', { json: { status: 'active' } })
    expect((await api.v1('GET', '/me', { key })).status).toBe(200)
  })

  test('are deleted only with the slug repeated, and the slug rests for 24 hours', async () => {
    const key = await api.tenant('acme')
    for (const query of [
      '',
      '?confirm=',
      '?confirm=Acme',
      '?confirm=acme&confirm=acme',
      '?confirm=acme&force=1',
    ]) {
      expect((await api.admin('DELETE', `/tenants/acme${query}`)).status).toBe(422)
    }
    expect((await api.v1('GET', '/me', { key })).status).toBe(200)
    expect((await api.admin('DELETE', '/tenants/acme?confirm=acme')).status).toBe(204)
    expect((await api.admin('GET', '/tenants/acme')).status).toBe(404)
    expect((await api.v1('GET', '/me', { key })).body.code).toBe('invalid_credentials')
    const early = await api.admin('POST', '/tenants', { json: { slug: 'acme' } })
    expect([early.status, early.body.code]).toEqual([409, 'slug_recently_used'])
    api.now += 24 * 3600_000
    const reused = await api.tenant('acme')
    expect((await api.v1('GET', '/rooms', { key: reused })).body.data).toEqual([])
    expect((await api.v1('GET', '/me', { key, address: null })).body.code).toBe(
      'invalid_credentials',
    )
  })

  test('are listed in pages, complete and without repeats', async () => {
    const slugs = ['a', 'b', 'c', 'd', 'e']
    const frozen = api.now
    for (const slug of slugs) {
      api.now = frozen
      await api.tenant(slug)
    }
    const found: string[] = []
    let cursor: string | null = null
    do {
      const path: string = `/tenants?limit=2${cursor ? `&cursor=${cursor}` : ''}`
      const { body } = await api.admin('GET', path)
      expect(body.data.length).toBeWithin(1, 3)
      found.push(...body.data.map((tenant: { slug: string }) => tenant.slug))
      cursor = body.next_cursor
    } while (cursor)
    expect(found.sort()).toEqual(slugs)
  })
})

describe('keys', () => {
  let key: Key

  beforeEach(async () => {
    key = await api.tenant('acme')
  })

  test('are made with label and expiry, shown with their secret once', async () => {
    const made = await api.admin('POST', '/tenants/acme/keys', {
      json: { label: 'ci', expires_at: '2026-12-01T00:00:00Z' },
    })
    expect(made.status).toBe(201)
    const { api_secret, ...shown } = made.body
    expect(shown).toEqual({
      api_key: expect.stringMatching(/^lkv_/),
      label: 'ci',
      created_at: expect.any(String),
      expires_at: '2026-12-01T00:00:00.000Z',
      last_used_at: null,
      last_used_from: null,
      previous_secret: null,
    })
    await api.v1('GET', '/me', { key: made.body, address: '10.1.2.3' })
    const list = await api.admin('GET', '/tenants/acme/keys')
    expect(list.body).toMatchObject({
      next_cursor: null,
      data: [{}, { label: 'ci', last_used_from: '10.1.2.3', last_used_at: expect.any(String) }],
    })
    expect(list.text).not.toContain(api_secret)
  })

  test('need no body at all', async () => {
    const made = await api.admin('POST', '/tenants/acme/keys')
    expect([made.status, made.body.label]).toEqual([201, null])
  })

  test('stop working when they expire', async () => {
    const { body } = await api.admin('POST', '/tenants/acme/keys', {
      json: { expires_at: '2026-11-25T10:00:05.000Z' },
    })
    expect((await api.v1('GET', '/me', { key: body })).status).toBe(200)
    api.now = Date.parse('2026-11-25T10:00:05.000Z')
    expect((await api.v1('GET', '/me', { key: body })).body.code).toBe('invalid_credentials')
  })

  test('rotate with an overlap, in which both secrets work', async () => {
    const rotated = await api.admin('POST', `/tenants/acme/keys/${key.api_key}/rotate`, {
      json: { overlap_seconds: 60 },
    })
    expect([rotated.status, rotated.body.api_key]).toEqual([200, key.api_key])
    expect(rotated.body.api_secret).not.toBe(key.api_secret)
    expect(rotated.body.previous_secret).toEqual({
      expires_at: expect.any(String),
      last_used_at: null,
      last_used_from: null,
    })
    for (const one of [key, rotated.body])
      expect((await api.v1('GET', '/me', { key: one })).status).toBe(200)
    const { body } = await api.admin('GET', '/tenants/acme/keys')
    expect(body.data[0].previous_secret.last_used_at).toBeString()
    api.now += 60_000
    expect((await api.v1('GET', '/me', { key })).status).toBe(401)
    expect((await api.v1('GET', '/me', { key: rotated.body })).status).toBe(200)
  })

  test('rotate at once with an overlap of 0, and by default overlap a day', async () => {
    const path = `/tenants/acme/keys/${key.api_key}/rotate`
    const daily = await api.admin('POST', path)
    const day = Date.parse(daily.body.previous_secret.expires_at) - api.now
    expect(day).toBeWithin(86_390_000, 86_400_001)
    const now = await api.admin('POST', path, { json: { overlap_seconds: 0 } })
    expect(now.body.previous_secret).toBeNull()
    expect((await api.v1('GET', '/me', { key: daily.body })).status).toBe(401)
    expect((await api.admin('POST', path, { json: { overlap_seconds: -1 } })).status).toBe(422)
  })

  test('are refused at once when deleted', async () => {
    const { body } = await api.admin('POST', '/tenants/acme/keys', { json: {} })
    await api.v1('GET', '/me', { key: body })
    expect(
      (await api.admin('DELETE', `/tenants/acme/keys/${body.api_key}?keep_tokens=true`)).status,
    ).toBe(204)
    expect((await api.v1('GET', '/me', { key: body })).status).toBe(401)
    expect((await api.admin('DELETE', `/tenants/acme/keys/${body.api_key}`)).body.code).toBe(
      'key_not_found',
    )
    expect(
      (await api.admin('DELETE', `/tenants/acme/keys/${key.api_key}?keep_tokens=maybe`)).status,
    ).toBe(422)
  })
})

describe('rooms', () => {
  let key: Key

  beforeEach(async () => {
    key = await api.tenant('acme')
    for (const name of ['a', 'b']) await api.v1('POST', '/rooms', { key, json: { name } })
  })

  test('are those the tenant sees, in the same shape', async () => {
    const theirs = await api.v1('GET', '/rooms?limit=1', { key })
    const ours = await api.admin('GET', '/tenants/acme/rooms?limit=1')
    expect(ours.body).toEqual(theirs.body)
    expect((await api.admin('GET', '/tenants/acme/rooms?active=true')).body.data).toEqual([])
  })

  test('show who is in them', async () => {
    const tenant = await api.deps.tenants.get('acme')
    const { id: roomId, livekitName } = await api.deps.rooms.get(tenant, 'a')
    api.deps.presence.take({ tenantId: tenant.id, roomId, livekitName }, claimsOf('ann'))
    const { body } = await api.admin('GET', '/tenants/acme/rooms/a')
    expect(body).toMatchObject({ name: 'a', participants_now: 1 })
    expect(body.participants).toEqual([
      { identity: 'ann', sid: null, since: expect.stringMatching(/Z$/) },
    ])
  })

  test('have tokens for the operator to try, with the checks of the tenant API', async () => {
    const minted = await api.admin('POST', '/tenants/acme/rooms/a/tokens', {
      json: { identity: 'op' },
    })
    expect([minted.status, minted.body]).toEqual([
      200,
      expect.objectContaining({ identity: 'op', room: 'acme__a', expires_in: 3600 }),
    ])
    expect(
      (await api.admin('POST', '/tenants/acme/rooms/a/tokens', { json: { identity: 'op', x: 1 } }))
        .status,
    ).toBe(422)
    expect(
      (await api.admin('POST', '/tenants/acme/rooms/zzz/tokens', { json: { identity: 'op' } }))
        .status,
    ).toBe(404)
    expect(
      (await api.admin('POST', '/tenants/zzz/rooms/a/tokens', { json: { identity: 'op' } })).body
        .code,
    ).toBe('tenant_not_found')
  })
})

describe('the server itself', () => {
  test('tells its status', async () => {
    const { status, body } = await api.admin('GET', '/status')
    expect(status).toBe(200)
    expect(body).toMatchObject({
      version: expect.any(String),
      livekit: { pid: 4711, state: 'running' },
      database: { ok: true },
      warnings: [],
    })
  })

  test('restarts livekit-server, but not while people are in calls, unless forced', async () => {
    await api.tenant('acme')
    expect((await api.admin('POST', '/livekit/restart')).status).toBe(202)
    const { id: tenantId } = await api.deps.tenants.get('acme')
    api.deps.presence.take({ tenantId, roomId: 'r', livekitName: 'acme__r' }, claimsOf('ann'))
    const refused = await api.admin('POST', '/livekit/restart', { json: {} })
    expect([refused.status, refused.body.code]).toEqual([409, 'calls_running'])
    expect((await api.admin('POST', '/livekit/restart', { json: { force: true } })).status).toBe(
      202,
    )
    expect((await api.admin('POST', '/livekit/restart', { json: { force: 'yes' } })).status).toBe(
      422,
    )
    expect(api.asked).toEqual(['restart livekit', 'restart livekit'])
  })

  test.each(['restart', 'stop'])('answers 202 before it does as asked: %s', async (what) => {
    const answer = await api.admin('POST', `/${what}`)
    expect([answer.status, answer.body]).toEqual([202, {}])
    await until('it was asked for', () => api.asked.includes(what))
  })
})

test('errors are as in the tenant API, without credentials or rate limits', async () => {
  const lost = await api.admin('GET', '/nope')
  expect([lost.status, lost.body.code, lost.headers.has('www-authenticate')]).toEqual([
    404,
    'not_found',
    false,
  ])
  expect((await api.admin('DELETE', '/tenants')).headers.get('allow')).toBe(
    'GET, HEAD, OPTIONS, POST',
  )
  expect((await api.admin('POST', '/tenants', { body: '{' })).body.code).toBe('malformed_json')
  expect(
    (await api.admin('POST', '/tenants', { body: 'x', headers: { 'content-type': 'text/plain' } }))
      .status,
  ).toBe(415)
  expect((await api.admin('GET', '/status')).headers.has('ratelimit-limit')).toBe(false)
})
