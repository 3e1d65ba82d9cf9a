import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { type Key, TestApi } from '../support/api.ts'
import { claimsOf } from '../support/claims.ts'

let api: TestApi
let key: Key

beforeEach(async () => {
  api = new TestApi()
  await api.livekitUp()
  key = await api.tenant('acme')
  for (const name of ['one', 'two']) await api.v1('POST', '/rooms', { key, json: { name } })
})

afterEach(() => api.close())

const mint = async (room: string, identity: string, by = key, more = {}): Promise<string> =>
  (await api.v1('POST', `/rooms/${room}/tokens`, { key: by, json: { identity, ...more } })).body
    .token

const isAdmitted = async (token: string, by = key): Promise<boolean> =>
  (await api.v1('POST', '/tokens/inspect', { key: by, json: { token } })).body.admitted

const admitted = (tokens: string[]) => Promise.all(tokens.map((token) => isAdmitted(token)))

const enter = async (room: string, identity: string, by = key, issuedAt = api.now) => {
  const { id, tenantId, livekitName } = await api.deps.rooms.get(
    await api.deps.tenants.get('acme'),
    room,
  )
  const seat = api.deps.presence.take(
    { tenantId, roomId: id, livekitName },
    claimsOf(identity, { apiKey: by.api_key, issuedAt }),
  )
  api.deps.presence.answered(seat, `PA_${identity}`)
}

describe('taking tokens back', () => {
  test('of one person in one room leaves their other rooms and everybody else alone', async () => {
    const tokens = [await mint('one', 'ann'), await mint('two', 'ann'), await mint('one', 'bob')]
    await enter('one', 'ann')
    await enter('one', 'bob')
    const { status, body } = await api.v1('POST', '/rooms/one/revocations', {
      key,
      json: { identity: 'ann' },
    })
    expect(status).toBe(201)
    expect(body).toEqual({
      id: expect.any(String),
      room: 'one',
      identity: 'ann',
      api_key: null,
      issued_before: expect.any(String),
      put_out: 1,
    })
    expect(await admitted(tokens)).toEqual([false, true, true])
    expect(api.livekit.removed).toEqual(['ann'])
    expect(await isAdmitted(await mint('one', 'ann'))).toBe(true)
  })

  test('of a whole room, without a body, spares the other room', async () => {
    const tokens = [await mint('one', 'ann'), await mint('one', 'bob'), await mint('two', 'ann')]
    await api.v1('POST', '/rooms/one/revocations', { key })
    expect(await admitted(tokens)).toEqual([false, false, true])
  })

  test('of all rooms spares another tenant', async () => {
    const other = await api.tenant('other')
    await api.v1('POST', '/rooms', { key: other, json: { name: 'one' } })
    const theirs = await mint('one', 'ann', other)
    const tokens = [await mint('one', 'ann'), await mint('two', 'bob')]
    await api.v1('POST', '/revocations', { key, json: {} })
    expect(await admitted(tokens)).toEqual([false, false])
    expect(await isAdmitted(theirs, other)).toBe(true)
  })

  test('of one key spares tokens and people of the others', async () => {
    const leaked = (await api.v1('POST', '/keys', { key, json: {} })).body as Key
    const tokens = [await mint('one', 'ann', leaked), await mint('one', 'bob')]
    await enter('one', 'ann', leaked)
    await enter('one', 'bob')
    const json = { api_key: leaked.api_key }
    expect((await api.v1('POST', '/revocations', { key, json })).body.put_out).toBe(1)
    expect(await admitted(tokens)).toEqual([false, true])
    expect(api.livekit.removed).toEqual(['ann'])
  })

  test('of a key that was deleted without its tokens puts them out as well', async () => {
    const former = (await api.v1('POST', '/keys', { key, json: {} })).body as Key
    const token = await mint('one', 'ann', former)
    await api.v1('DELETE', `/keys/${former.api_key}?keep_tokens=true`, { key })
    expect(await admitted([token])).toEqual([true])
    await api.v1('POST', '/revocations', { key, json: { api_key: former.api_key } })
    expect(await admitted([token])).toEqual([false])
  })

  test('of a key that is not theirs is 404, and not said to be done', async () => {
    const theirs = await api.tenant('globex')
    for (const path of ['/revocations', '/rooms/one/revocations'])
      for (const api_key of [theirs.api_key, 'lkv_nosuchkey0000000', ''])
        expect((await api.v1('POST', path, { key, json: { api_key } })).body.code).toBe(
          'key_not_found',
        )
  })

  test('issued before a moment spares those issued at it and later', async () => {
    const early = await mint('one', 'ann')
    api.now += 10_000
    const moment = new Date(api.now).toISOString()
    const late = await mint('one', 'bob')
    await api.v1('POST', '/revocations', { key, json: { issued_before: moment } })
    expect(await admitted([early, late])).toEqual([false, true])
  })

  test('that will be issued in the future cannot be asked for', async () => {
    const issued_before = new Date(api.now + 60_000).toISOString()
    const { status, body } = await api.v1('POST', '/revocations', { key, json: { issued_before } })
    expect([status, body.errors[0].path]).toEqual([422, 'issued_before'])
  })

  test('has an end: after a day nothing is left that could be caught, and they are forgotten', async () => {
    await api.v1('POST', '/revocations', { key, json: { identity: 'ann' } })
    await api.v1('DELETE', '/rooms/one/participants/bob?ban=true', { key })
    api.now += 26 * 3600_000
    await api.deps.moderation.purge()
    const count = (table: string) =>
      api.store.raw.query<{ n: number }, []>(`SELECT count(*) AS n FROM ${table}`).get()?.n
    expect([count('revocations'), count('members')]).toEqual([0, 1])
    expect((await api.v1('GET', '/rooms/one/bans', { key })).body.data).toHaveLength(1)
  })

  test('of a room of another tenant is 404', async () => {
    const other = await api.tenant('other')
    const { body } = await api.v1('POST', '/rooms/one/revocations', { key: other })
    expect(body.code).toBe('room_not_found')
  })
})

describe('inspecting a token', () => {
  const inspect = async (token: string, by = key) =>
    (await api.v1('POST', '/tokens/inspect', { key: by, json: { token } })).body

  test('says what it holds and that it would be admitted, and takes no seat', async () => {
    const json = { identity: 'ann', role: 'viewer', on_duplicate: 'reject', eject_at_expiry: true }
    const { body } = await api.v1('POST', '/rooms/one/tokens', { key, json })
    expect(await inspect(body.token)).toEqual({
      valid: true,
      admitted: true,
      code: null,
      reason: 'ann would be let into one now',
      claims: {
        tenant_id: expect.any(String),
        room: 'one',
        identity: 'ann',
        name: null,
        api_key: key.api_key,
        first_issued_at: expect.any(String),
        expires_at: body.expires_at,
        eject_at: body.expires_at,
        on_duplicate: 'reject',
        permissions: {
          can_publish: false,
          can_subscribe: true,
          can_publish_data: false,
          can_publish_sources: [],
          can_update_own_metadata: false,
          hidden: false,
        },
      },
    })
    expect(api.deps.presence.total).toBe(0)
  })

  test('of another tenant tells as much as of a forged one: nothing', async () => {
    const other = await api.tenant('other')
    const forged = { valid: false, admitted: false, claims: null, code: 'token_invalid' }
    expect(await inspect(await mint('one', 'ann'), other)).toMatchObject(forged)
    expect(await inspect('eyJ.eyJ.x')).toMatchObject(forged)
  })

  test('says why not: expired, locked, not open yet, full', async () => {
    const token = await mint('one', 'ann')
    const change = (json: object) => api.v1('PATCH', '/rooms/one', { key, json })
    await change({ locked: true })
    expect(await inspect(token)).toMatchObject({
      valid: true,
      admitted: false,
      code: 'room_locked',
    })
    await change({ locked: false, opens_at: new Date(api.now + 3600_000).toISOString() })
    expect((await inspect(token)).code).toBe('room_not_open')
    await change({ opens_at: null, max_participants: 1 })
    await enter('one', 'bob')
    expect((await inspect(token)).code).toBe('room_full')
    api.now += 3700_000
    expect(await inspect(token)).toMatchObject({ valid: false, code: 'token_expired' })
  })

  test('is asked about with all that its holder shows', async () => {
    const shown = { metadata: '"'.repeat(8192), attributes: { a: '"'.repeat(4000) } }
    const token = await mint('one', 'ann', key, shown)
    expect(token.length).toBeGreaterThan(32 * 1024)
    const { body } = await api.v1('POST', '/tokens/inspect', { key, json: { token } })
    expect(body).toMatchObject({ valid: true, admitted: true })
  })

  test('says while livekit-server is away that it has to wait', async () => {
    const down = new TestApi()
    const by = await down.tenant('acme')
    await down.v1('POST', '/rooms', { key: by, json: { name: 'one' } })
    const minted = await down.v1('POST', '/rooms/one/tokens', { key: by, json: { identity: 'a' } })
    const json = { token: minted.body.token }
    const { body } = await down.v1('POST', '/tokens/inspect', { key: by, json })
    expect(body).toMatchObject({ valid: true, admitted: false, code: 'media_unavailable' })
    // The gate says nothing else meanwhile, whatever else there is to say.
    down.now += 7200_000
    const late = await down.v1('POST', '/tokens/inspect', { key: by, json })
    expect(late.body).toMatchObject({ valid: false, admitted: false, code: 'media_unavailable' })
    await down.close()
  })
})
