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

const seat = async (slug: string, room: string, identity: string) => {
  const { id: tenantId } = await api.deps.tenants.get(slug)
  const place = { tenantId, roomId: `${slug}-${room}`, livekitName: `${slug}__${room}` }
  api.deps.presence.take(place, claimsOf(identity))
}

/** The audit log, oldest first, as far as it is not of the set-up. */
const audited = async () => {
  const { data } = await api.deps.audit.list({ limit: 100 })
  return data.reverse().slice(3)
}

const short = async () =>
  (await audited()).map(({ actor, action, target }) => [actor, action, target])

describe('every change is on record', () => {
  test('of a tenant: who, what, and what was different', async () => {
    const patches = [{ name: 'Acme', limits: { max_rooms: 3 } }, { name: 'Acme' }, {}]
    for (const json of [...patches, { status: 'deactivated' }, { status: 'active' }])
      await api.admin('PATCH', '/tenants/acme', { json })
    await api.admin('DELETE', '/tenants/acme?confirm=acme')
    const entries = await audited()
    expect(entries.map(({ action }) => action)).toEqual([
      'tenant.updated',
      'tenant.deactivated',
      'tenant.activated',
      'tenant.deleted',
    ])
    expect(entries[0]).toMatchObject({
      actor: expect.stringMatching(/^local:/),
      target: 'acme',
      tenant: 'acme',
      before: { name: null, max_rooms: 1000 },
      after: { name: 'Acme', max_rooms: 3 },
    })
    expect(entries.at(-1)).toMatchObject({ before: { name: 'Acme', max_rooms: 3 }, after: null })
  })

  test('of a new tenant, with its first key and that its secret was shown', async () => {
    const other = await api.tenant('other')
    expect((await short()).map(([, ...what]) => what)).toEqual([
      ['tenant.created', 'other'],
      ['key.created', other.api_key],
      ['secret.shown', other.api_key],
    ])
  })

  test('of a key, by the tenant or by the operator, from where', async () => {
    const { body: made } = await api.v1('POST', '/keys', {
      key,
      json: { label: 'ci' },
      address: '10.0.0.1',
    })
    await api.admin('POST', `/tenants/acme/keys/${made.api_key}/rotate`, {
      json: { overlap_seconds: 60 },
    })
    await api.v1('DELETE', `/keys/${made.api_key}`, { key })
    const tenant = `tenant:acme/${key.api_key}`
    expect(await short()).toEqual([
      [tenant, 'key.created', made.api_key],
      [tenant, 'secret.shown', made.api_key],
      [expect.stringMatching(/^local:/), 'key.rotated', made.api_key],
      [expect.stringMatching(/^local:/), 'secret.shown', made.api_key],
      [tenant, 'key.deleted', made.api_key],
    ])
    const entries = await audited()
    expect(entries[0]).toMatchObject({
      address: '10.0.0.1',
      tenant: 'acme',
      before: null,
      after: { label: 'ci', expires_at: null },
    })
    expect(entries[2]?.after).toEqual({ overlap_seconds: 60, tokens_revoked: false })
    expect(entries[4]).toMatchObject({
      before: { label: 'ci', expires_at: null },
      after: { tokens_revoked: true },
    })
  })

  test('of a restart of livekit-server, not of one that was refused', async () => {
    await seat('acme', 'desk', 'ann')
    await api.admin('POST', '/livekit/restart')
    await api.admin('POST', '/livekit/restart', { json: { force: true } })
    const entries = await audited()
    expect(entries).toHaveLength(1)
    expect(entries[0]).toMatchObject({
      action: 'livekit.restarted',
      target: 'livekit',
      tenant: null,
      after: { force: true, people_in_calls: 1 },
    })
  })

  test('and nothing else is: refused changes, rooms, tokens, reading', async () => {
    const refused = [
      await api.admin('POST', '/tenants', { json: { slug: 'acme' } }),
      await api.admin('PATCH', '/tenants/nobody', { json: { name: 'x' } }),
      await api.admin('DELETE', '/tenants/nobody?confirm=nobody'),
      await api.v1('DELETE', `/keys/${key.api_key}`, { key }),
      await api.v1('POST', '/keys/lkv_nobody/rotate', { key }),
    ]
    expect(refused.map(({ status }) => status)).toEqual([409, 404, 404, 409, 404])
    await api.v1('POST', '/rooms', { key, json: { name: 'desk' } })
    await api.v1('POST', '/rooms/desk/tokens', { key, json: { identity: 'ann' } })
    await api.v1('GET', '/keys', { key })
    expect(await audited()).toEqual([])
  })

  test('or it is not made at all', async () => {
    api.store.raw.run(
      "CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'no'); END",
    )
    const failed = [
      await api.admin('POST', '/tenants', { json: { slug: 'other' } }),
      await api.admin('PATCH', '/tenants/acme', { json: { status: 'deactivated' } }),
      await api.admin('DELETE', '/tenants/acme?confirm=acme'),
      await api.admin('POST', '/tenants/acme/keys'),
      await api.admin('POST', `/tenants/acme/keys/${key.api_key}/rotate`),
      await api.admin('DELETE', `/tenants/acme/keys/${key.api_key}`),
      await api.admin('POST', '/livekit/restart'),
    ]
    expect(failed.map(({ status }) => status)).toEqual(failed.map(() => 500))
    expect((await api.admin('GET', '/tenants')).body.data).toHaveLength(1)
    expect((await api.v1('GET', '/keys', { key })).body.data).toMatchObject([
      { previous_secret: null },
    ])
    expect(api.asked).toEqual([])
  })

  test('without any secret in it', async () => {
    const { body: rotated } = await api.v1('POST', `/keys/${key.api_key}/rotate`, { key })
    const text = JSON.stringify((await api.deps.audit.list({ limit: 100 })).data)
    for (const { api_secret } of [key, rotated as Key]) expect(text).not.toContain(api_secret)
    expect(text).not.toContain('lks_')
  })
})

describe('tenants are found', () => {
  beforeEach(async () => {
    for (const json of [
      { slug: 'acme-labs', name: 'Research' },
      { slug: 'bolt', name: 'Acme Bolts' },
      { slug: 'hundred', name: '100% Ünder_score' },
    ])
      await api.admin('POST', '/tenants', { json })
  })

  test.each([
    ['acme', ['acme', 'acme-labs', 'bolt']],
    ['ACME', ['acme', 'acme-labs', 'bolt']],
    ['acme-', ['acme-labs']],
    ['acme b', ['bolt']],
    ['labs', []],
    ['%', []],
    ['_', []],
    ['!', []],
    ['100%', ['hundred']],
    ['100% Ünder_', ['hundred']],
    ['1__', []],
    ['', ['acme', 'acme-labs', 'bolt', 'hundred']],
  ])('by what slug or name begin with: %p', async (q, slugs) => {
    const { status, body } = await api.admin('GET', `/tenants?q=${encodeURIComponent(q)}`)
    expect(status).toBe(200)
    expect(body.data.map(({ slug }: { slug: string }) => slug)).toEqual(slugs)
  })

  test('page by page, too, and what no tenant can be called is refused', async () => {
    const first = await api.admin('GET', '/tenants?q=acme&limit=2')
    const rest = await api.admin('GET', `/tenants?q=acme&limit=2&cursor=${first.body.next_cursor}`)
    expect([first.body.data.length, rest.body.data.length, rest.body.next_cursor]).toEqual([
      2,
      1,
      null,
    ])
    for (const q of ['x'.repeat(129), '%00', 'a&q=b'])
      expect((await api.admin('GET', `/tenants?q=${q}`)).status).toBe(422)
  })
})

test('the calls of all tenants are listed with the people in them', async () => {
  await api.tenant('bolt')
  expect((await api.admin('GET', '/calls')).body).toEqual({ data: [], next_cursor: null })
  await seat('bolt', 'a__b', 'zoe')
  await seat('acme', 'desk', 'ann')
  await seat('acme', 'desk', 'bob')
  const person = (identity: string) => ({
    identity,
    sid: null,
    since: expect.stringMatching(/^2026-11-25T.*Z$/),
  })
  expect((await api.admin('GET', '/calls')).body).toEqual({
    data: [
      {
        tenant: 'acme',
        room: 'desk',
        livekit_name: 'acme__desk',
        participants: [person('ann'), person('bob')],
      },
      { tenant: 'bolt', room: 'a__b', livekit_name: 'bolt__a__b', participants: [person('zoe')] },
    ],
    next_cursor: null,
  })
  expect((await api.admin('GET', '/calls?tenant=acme')).status).toBe(422)
})

describe('recent problems of a tenant', () => {
  const problems = async (slug = 'acme') =>
    (await api.admin('GET', `/tenants/${slug}/problems`)).body.data

  test('are none at first, and there are none of nobody', async () => {
    expect((await api.admin('GET', '/tenants/acme/problems')).body).toEqual({
      data: [],
      next_cursor: null,
    })
    expect((await api.admin('GET', '/tenants/nobody/problems')).body.code).toBe('tenant_not_found')
  })

  test('are what its backend was refused, newest first, each once', async () => {
    await api.v1('POST', '/rooms/desk/tokens', { key, json: { identity: 'ann' } })
    for (const _ of [1, 2]) await api.v1('POST', '/rooms', { key, json: { name: '-' } })
    expect(await problems()).toEqual([
      {
        at: expect.stringMatching(/Z$/),
        times: 2,
        kind: 'api_refused',
        code: 'validation_failed',
        room: null,
        identity: null,
        detail: expect.stringMatching(/^POST \/api\/v1\/rooms: name: must be/),
      },
      expect.objectContaining({ times: 1, code: 'room_not_found', room: 'desk' }),
    ])
  })

  test('say why credentials were refused, which the caller is not told', async () => {
    const { body: expiring } = await api.v1('POST', '/keys', {
      key,
      json: { expires_at: '2026-11-25T10:00:30Z' },
    })
    const { body: deleted } = await api.v1('POST', '/keys', { key })
    await api.v1('DELETE', `/keys/${deleted.api_key}`, { key })
    api.now += 60_000
    const answers = [
      await api.v1('GET', '/me', { key: deleted }),
      await api.v1('GET', '/me', { key: expiring }),
      await api.v1('GET', '/me', { key: { ...key, api_secret: 'lks_guess' } }),
      await api.v1('GET', '/me', { key: { api_key: 'lkv_nobody', api_secret: 'lks_guess' } }),
    ]
    const bodies = answers.map(({ body: { request_id: _, ...rest } }) => rest)
    expect(new Set(bodies.map((body) => JSON.stringify(body))).size).toBe(1)
    await api.admin('PATCH', '/tenants/acme', { json: { status: 'deactivated' } })
    await api.v1('GET', '/me', { key })
    const found = await problems()
    expect(found.map(({ code, detail }: Record<string, string>) => [code, detail])).toEqual([
      ['tenant_deactivated', 'the tenant is deactivated'],
      ['invalid_credentials', `the secret sent with ${key.api_key} is wrong`],
      ['invalid_credentials', `${expiring.api_key} has expired`],
      ['invalid_credentials', `${deleted.api_key} was deleted`],
    ])
    expect(JSON.stringify(found)).not.toContain('lks_')
  })

  test('are neither successes, nor what a well-made backend does all the time, nor those of others', async () => {
    await api.tenant('other')
    for (const _ of [1, 2]) await api.v1('POST', '/rooms', { key, json: { name: 'desk' } })
    await api.v1('PUT', '/rooms/desk', { key, json: {}, headers: { 'if-none-match': '*' } })
    await api.admin('POST', '/tenants', { json: { slug: 'acme' } })
    expect(await problems()).toEqual([])
    await api.v1('GET', '/rooms/%zz', { key })
    expect(await problems()).toMatchObject([{ code: 'malformed_request', room: null }])
    expect(await problems('other')).toEqual([])
  })

  test('are gone with the tenant: one that gets the slug later has none of them', async () => {
    await api.v1('GET', '/rooms/nope', { key })
    await api.admin('DELETE', '/tenants/acme?confirm=acme')
    api.now += 24 * 3600_000
    await api.tenant('acme')
    expect(await problems()).toEqual([])
  })
})

describe('the status', () => {
  const status = async () => (await api.admin('GET', '/status')).body

  test('tells disk, addresses, minutes, and what there is none of as null', async () => {
    const { data_dir, ...found } = await status()
    expect(found).toMatchObject({
      disk: { path: data_dir, free_bytes: 50 * 2 ** 30, total_bytes: 100 * 2 ** 30 },
      usage: { participant_minutes_this_month: 0 },
      certificate: null,
      addresses: {
        public_url: 'http://127.0.0.1:8080',
        ws_url: 'ws://127.0.0.1:8080',
        media: { ip: '127.0.0.1', udp_port: expect.any(Number), tcp_port: expect.any(Number) },
        host: '127.0.0.1',
        ipv6: null,
        source: 'loopback',
        hairpin: true,
        relay: { offered: false, reason: expect.stringContaining('mode localhost') },
      },
    })
  })

  test('does not pass off calls as counted that are not counted yet', async () => {
    const counted = async () => (await status()).calls
    expect(await counted()).toMatchObject({ rooms: 0, counted: false })
    await api.v1('POST', '/rooms', { key, json: { name: 'daily' } })
    api.livekit.running.set('acme__daily', ['ann', 'bea'])
    api.livekit.answers = false
    const found = api.livekitAdopted()
    expect(await counted()).toMatchObject({ rooms: 0, counted: false })
    api.livekit.answers = true
    await found
    expect(await counted()).toMatchObject({ rooms: 1, participants: 2, counted: true })
    await api.livekitDies()
    expect(await counted()).toMatchObject({ rooms: 0, counted: false })
  })

  test.each([
    [2 ** 29, 2 ** 40, ['disk_nearly_full']],
    [2 ** 30, 2 ** 40, []],
    [2 ** 28, 2 ** 33, ['disk_nearly_full']],
    [2 ** 28, 2 ** 31, []],
    [0, 2 ** 33, ['disk_nearly_full']],
  ])('warns when %d of %d bytes are free: %j', async (freeBytes, totalBytes, codes) => {
    api.disk = { freeBytes, totalBytes }
    const { warnings } = await status()
    expect(warnings.map(({ code }: { code: string }) => code)).toEqual(codes)
    for (const { message, hint } of warnings)
      expect([message, hint]).toEqual([
        expect.stringContaining(`${freeBytes / 2 ** 20} MiB`),
        expect.stringContaining('Free some space'),
      ])
  })
})
