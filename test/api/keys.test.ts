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

const list = async (by: Key = key) => (await api.v1('GET', '/keys', { key: by })).body.data

const make = async (json: object = {}): Promise<Key> =>
  (await api.v1('POST', '/keys', { key, json })).body

const rotate = (apiKey: string, json?: object, by: Key = key) =>
  api.v1('POST', `/keys/${apiKey}/rotate`, { key: by, ...(json ? { json } : {}) })

const status = async (one: Key, address?: string) =>
  (await api.v1('GET', '/me', { key: one, ...(address ? { address } : {}) })).status

/** What the database holds of a key's use. */
const written = ({ api_key }: Key) =>
  api.store.raw
    .query<{ at: number | null; address: string | null }, [string]>(
      'SELECT last_used_at AS at, last_used_from AS address FROM keys WHERE api_key = ?',
    )
    .get(api_key)

const seat = async (identity: string, by: Key) => {
  const { id: tenantId } = await api.deps.tenants.get('acme')
  api.deps.presence.take(
    { tenantId, roomId: 'r', livekitName: 'acme__r' },
    claimsOf(identity, { apiKey: by.api_key }),
  )
}

describe('a tenant makes keys of its own', () => {
  test('with label and expiry, and the secret in this one answer', async () => {
    const made = await api.v1('POST', '/keys', {
      key,
      json: { label: 'ci', expires_at: '2026-12-01T00:00:00+01:00' },
    })
    expect([made.status, made.headers.get('cache-control')]).toEqual([201, 'no-store'])
    const { api_secret, ...shown } = made.body
    expect(shown).toEqual({
      api_key: expect.stringMatching(/^lkv_/),
      label: 'ci',
      created_at: expect.any(String),
      expires_at: '2026-11-30T23:00:00.000Z',
      last_used_at: null,
      last_used_from: null,
      previous_secret: null,
    })
    expect(await status(made.body)).toBe(200)
    const listed = await api.v1('GET', '/keys', { key })
    expect(listed.body).toMatchObject({
      data: [{ api_key: key.api_key }, { api_key: made.body.api_key }],
      next_cursor: null,
    })
    expect(listed.text).not.toContain('lks_')
    expect(JSON.stringify(api.logged)).not.toContain(api_secret)
  })

  test('without any body, too', async () => {
    const made = await api.v1('POST', '/keys', { key })
    expect([made.status, made.body.label, made.body.expires_at]).toEqual([201, null, null])
  })

  test.each([
    ['label', { label: '' }],
    ['label', { label: 'x'.repeat(129) }],
    ['label', { label: 5 }],
    ['expires_at', { expires_at: 'tomorrow' }],
    ['expires_at', { expires_at: '2026-11-25T09:59:59Z' }],
    ['api_key', { api_key: 'lkv_mine' }],
  ])('but is refused with 422 and the field: %s %j', async (path, json) => {
    const answer = await api.v1('POST', '/keys', { key, json })
    expect([answer.status, answer.body.errors?.[0].path]).toEqual([422, path])
    expect(await list()).toHaveLength(1)
  })

  test('100 at most, by itself or by the operator', async () => {
    for (let n = 1; n < 100; n++) await make()
    for (const answer of [
      await api.v1('POST', '/keys', { key }),
      await api.admin('POST', '/tenants/acme/keys'),
    ])
      expect([answer.status, answer.body.code]).toEqual([409, 'key_limit_reached'])
    expect(await list()).toHaveLength(100)
  })

  test('that stop working when they expire, and are not the working key that must be left', async () => {
    const short = await make({ expires_at: '2026-11-25T10:00:30Z' })
    expect(await status(short)).toBe(200)
    api.now = Date.parse('2026-11-25T10:00:30Z')
    expect(await status(short)).toBe(401)
    const last = await api.v1('DELETE', `/keys/${key.api_key}`, { key })
    expect([last.status, last.body.code]).toEqual([409, 'last_key'])
    expect((await api.v1('DELETE', `/keys/${short.api_key}`, { key })).status).toBe(204)
  })
})

describe('a rotation', () => {
  test('with overlap leaves both secrets working until it ends, then only the new one', async () => {
    const rotated = await rotate(key.api_key, { overlap_seconds: 60 })
    expect([rotated.status, rotated.headers.get('cache-control')]).toEqual([200, 'no-store'])
    expect(rotated.body.api_secret).not.toBe(key.api_secret)
    expect([await status(key), await status(rotated.body)]).toEqual([200, 200])
    api.now += 60_000
    expect([await status(key), await status(rotated.body)]).toEqual([401, 200])
    expect((await list(rotated.body))[0].previous_secret).toBeNull()
  })

  test('keeps the evidence of each secret apart: when and from where', async () => {
    await status(key, '10.0.0.1')
    const { body: rotated } = await rotate(key.api_key)
    expect(rotated).toMatchObject({
      last_used_at: null,
      last_used_from: null,
      previous_secret: { last_used_at: expect.any(String), last_used_from: '10.0.0.1' },
    })
    api.now += 2000
    await status(key, '10.0.0.2')
    const [old] = (await api.admin('GET', '/tenants/acme/keys')).body.data
    expect(old).toMatchObject({
      last_used_at: null,
      last_used_from: null,
      previous_secret: { last_used_from: '10.0.0.2' },
    })
    api.now += 2000
    await status(rotated, '10.0.0.3')
    const [both] = (await api.admin('GET', '/tenants/acme/keys')).body.data
    expect([both.last_used_from, both.previous_secret.last_used_from]).toEqual([
      '10.0.0.3',
      '10.0.0.2',
    ])
    expect(both.last_used_at > both.previous_secret.last_used_at).toBe(true)
  })

  test('ends the overlap of the one before', async () => {
    const { body: second } = await rotate(key.api_key)
    const { body: third } = await rotate(key.api_key, undefined, second)
    expect([await status(key), await status(second), await status(third)]).toEqual([401, 200, 200])
  })

  test('without overlap stops the old secret at once and puts out who holds its tokens', async () => {
    const other = await make()
    await seat('ann', key)
    await seat('bob', other)
    const kept = await rotate(other.api_key, { overlap_seconds: 0, keep_tokens: true })
    expect([await status(other), api.livekit.removed]).toEqual([401, []])
    const rotated = await rotate(key.api_key, { overlap_seconds: 0 })
    expect(rotated.body.previous_secret).toBeNull()
    expect([await status(key), await status(rotated.body), await status(kept.body)]).toEqual([
      401, 200, 200,
    ])
    expect(api.livekit.removed).toEqual(['ann'])
  })

  test('can be asked for by two at once: one secret is the present one, the other overlaps', async () => {
    const answers = await Promise.all([rotate(key.api_key), rotate(key.api_key)])
    const keys = answers.map(({ body }) => body)
    expect(await Promise.all(keys.map((one) => status(one)))).toEqual([200, 200])
    expect(await status(key)).toBe(401)
  })

  test.each([
    ['overlap_seconds', { overlap_seconds: -1 }],
    ['overlap_seconds', { overlap_seconds: 30 * 86_400 + 1 }],
    ['overlap_seconds', { overlap_seconds: '60' }],
    ['keep_tokens', { keep_tokens: 'no' }],
  ])('is refused with 422 and the field: %s %j', async (path, json) => {
    const answer = await rotate(key.api_key, json)
    expect([answer.status, answer.body.errors?.[0].path]).toEqual([422, path])
    expect(await status(key)).toBe(200)
  })
})

describe('the use of a key', () => {
  test('is shown at once and written down by the minute, not by the request or the look', async () => {
    await status(key, '10.0.0.1')
    expect((await api.admin('GET', '/tenants/acme/keys')).body.data[0].last_used_from).toBe(
      '10.0.0.1',
    )
    expect(written(key)).toEqual({ at: null, address: null })
    await api.deps.credentials.writeUse()
    expect(written(key)).toEqual({ at: expect.any(Number), address: '10.0.0.1' })
  })

  test('that waits to be written is not taken for use of the secret that comes meanwhile', async () => {
    await status(key, '10.0.0.1')
    const [{ body: rotated }] = await Promise.all([
      api.admin('POST', `/tenants/acme/keys/${key.api_key}/rotate`),
      api.deps.credentials.writeUse(),
    ])
    expect(written(key)).toEqual({ at: null, address: null })
    expect(rotated.previous_secret.last_used_from).toBe('10.0.0.1')
  })
})

describe('a deleted key', () => {
  test('is refused at once, and who holds its tokens is put out; the others stay', async () => {
    const other = await make()
    await seat('ann', key)
    await seat('bob', other)
    expect((await api.v1('DELETE', `/keys/${other.api_key}`, { key })).status).toBe(204)
    expect([await status(other), await status(key)]).toEqual([401, 200])
    expect(api.livekit.removed).toEqual(['bob'])
    expect((await api.v1('DELETE', `/keys/${other.api_key}`, { key })).body.code).toBe(
      'key_not_found',
    )
    expect((await rotate(other.api_key)).body.code).toBe('key_not_found')
  })

  test('leaves its tokens alone when told so', async () => {
    const other = await make()
    await seat('bob', other)
    const answer = await api.v1('DELETE', `/keys/${other.api_key}?keep_tokens=true`, { key })
    expect([answer.status, api.livekit.removed]).toEqual([204, []])
  })

  test('may be the one in use, but not the last that works: only the operator deletes that', async () => {
    const other = await make()
    expect((await api.v1('DELETE', `/keys/${key.api_key}`, { key })).status).toBe(204)
    const last = await api.v1('DELETE', `/keys/${other.api_key}`, { key: other })
    expect([last.status, last.body.code, last.body.hint]).toEqual([
      409,
      'last_key',
      expect.stringContaining('Create another key first'),
    ])
    expect(await status(other)).toBe(200)
    expect((await api.admin('DELETE', `/tenants/acme/keys/${other.api_key}`)).status).toBe(204)
    expect(await status(other)).toBe(401)
  })

  test('of two that delete each other at once, one is left', async () => {
    const other = await make()
    const answers = await Promise.all([
      api.v1('DELETE', `/keys/${key.api_key}`, { key: other }),
      api.v1('DELETE', `/keys/${other.api_key}`, { key }),
    ])
    expect(answers.map((one) => one.status).sort()).toEqual([204, 409])
  })
})

test("another tenant's key is one that does not exist", async () => {
  const stranger = await api.tenant('other')
  for (const answer of [
    await rotate(stranger.api_key),
    await api.v1('DELETE', `/keys/${stranger.api_key}`, { key }),
  ])
    expect([answer.status, answer.body.code]).toEqual([404, 'key_not_found'])
  expect(await status(stranger)).toBe(200)
  expect(await list()).toHaveLength(1)
})
