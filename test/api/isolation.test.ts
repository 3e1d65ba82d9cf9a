import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type Answer, type Key, TestApi } from '../support/api.ts'
import { call, webhook } from '../support/past.ts'

let api: TestApi
let acme: Key
let rival: Key

beforeAll(async () => {
  api = new TestApi()
  acme = await api.tenant('acme')
  rival = await api.tenant('rival')
  await api.v1('POST', '/rooms', { key: acme, json: { name: 'board', metadata: 'secret plans' } })
})

afterAll(() => api.close())

const calls: [string, string, unknown?, Record<string, string>?][] = [
  ['GET', '/rooms/{room}'],
  ['HEAD', '/rooms/{room}'],
  ['PATCH', '/rooms/{room}', { locked: true }],
  ['PATCH', '/rooms/{room}', { locked: true }, { 'if-match': '*' }],
  ['DELETE', '/rooms/{room}'],
  ['POST', '/rooms/{room}/tokens', { identity: 'spy' }],
]

describe.each(['board', 'acme__board'])("another tenant's room called %s", (name) => {
  test.each(calls)('is 404 for %s %s and stays as it was', async (...call) => {
    const [method, path, json, headers] = call
    const before = (await api.v1('GET', '/rooms/board', { key: acme })).text
    const ask = { key: rival, ...(json ? { json } : {}), ...(headers ? { headers } : {}) }
    const answer = await api.v1(method, path.replace('{room}', name), ask)
    expect(answer.status).toBe(404)
    if (method !== 'HEAD') expect(answer.body.code).toBe('room_not_found')
    expect(answer.text).not.toContain('secret plans')
    expect((await api.v1('GET', '/rooms/board', { key: acme })).text).toBe(before)
    expect(api.livekit.deleted).toEqual([])
  })
})

test('an answer about a room of others is the one about a room of nobody', async () => {
  const bare = ({ status, body }: Answer, name: string) =>
    JSON.stringify([status, { ...body, request_id: '' }]).replaceAll(name, '')
  const theirs = await api.v1('GET', '/rooms/board', { key: rival })
  const nobodys = await api.v1('GET', '/rooms/nosuch', { key: rival })
  expect(bare(theirs, 'board')).toBe(bare(nobodys, 'nosuch'))
})

test('lists and cursors show only what is ours', async () => {
  for (const name of ['a', 'b']) await api.v1('POST', '/rooms', { key: rival, json: { name } })
  const first = await api.v1('GET', '/rooms?limit=1', { key: rival })
  const theirs = await api.v1('GET', `/rooms?cursor=${first.body.next_cursor}`, { key: acme })
  expect(theirs.text).not.toContain('rival')
  expect(
    (await api.v1('GET', '/rooms', { key: acme })).body.data.map(
      (room: { name: string }) => room.name,
    ),
  ).toEqual(['board'])
})

test('the same name is another room for each tenant', async () => {
  const put = await api.v1('PUT', '/rooms/board', { key: rival, json: { metadata: 'ours' } })
  expect([put.status, put.body.livekit_name]).toEqual([201, 'rival__board'])
  expect((await api.v1('GET', '/rooms/board', { key: acme })).body.metadata).toBe('secret plans')
  await api.v1('DELETE', '/rooms/board', { key: rival })
  expect((await api.v1('GET', '/rooms/board', { key: acme })).status).toBe(200)
})

test('slugs and rooms with __ in any place never share a LiveKit room', async () => {
  const refused = await api.admin('POST', '/tenants', { json: { slug: 'a__b' } })
  expect([refused.status, refused.body.errors[0].path]).toEqual([422, 'slug'])
  const names = new Set<string>()
  let made = 0
  for (const slug of ['x', 'x-y', 'x-']) {
    const { status, body: key } = await api.admin('POST', '/tenants', { json: { slug } })
    if (status !== 201) continue
    for (const name of ['r', '_r', '__r', 'y__r', '_', '__', '_y__r']) {
      const { body } = await api.v1('POST', '/rooms', { key, json: { name } })
      names.add(body.livekit_name)
      made++
    }
  }
  expect([names.size, made]).toEqual([14, 14])
})

test("one tenant's key does not open another tenant with its secret", async () => {
  const mixed = { api_key: acme.api_key, api_secret: rival.api_secret }
  expect((await api.v1('GET', '/me', { key: mixed, address: null })).body.code).toBe(
    'invalid_credentials',
  )
})

test('what is learned of one tenant by the operator API needs its slug', async () => {
  const { body } = await api.admin('GET', '/tenants/acme/keys')
  const path = `/tenants/rival/keys/${body.data[0].api_key}`
  expect((await api.admin('DELETE', path)).body.code).toBe('key_not_found')
  expect((await api.admin('POST', `${path}/rotate`, { json: {} })).body.code).toBe('key_not_found')
  expect((await api.v1('GET', '/me', { key: acme })).status).toBe(200)
})

describe('what happened in the calls of another tenant', () => {
  let session = ''

  beforeAll(async () => {
    session = (await call(api, { tenant: 'acme', at: api.now, people: ['ann'], room: 'board' })).id
    await webhook(api, { tenant: 'acme', id: 'wh_1', at: api.now, deliveries: 1 })
  })

  const rowsBefore = () =>
    JSON.stringify(
      ['webhooks', 'webhook_runs', 'deliveries', 'erasures'].map((table) =>
        api.store.raw.query(`SELECT * FROM ${table}`).all(),
      ),
    )

  test.each<[string, string, object?]>([
    ['GET', '/sessions/{session}'],
    ['GET', '/sessions/{session}/participants'],
    ['GET', '/webhooks/wh_1'],
    ['PATCH', '/webhooks/wh_1', { status: 'disabled' }],
    ['POST', '/webhooks/wh_1/rotate-secret'],
    ['POST', '/webhooks/wh_1/test'],
    ['GET', '/webhooks/wh_1/deliveries'],
    ['POST', '/webhooks/wh_1/deliveries/wh_1-1/redeliver'],
    ['POST', '/webhooks/wh_1/replay', { from_seq: 1, to_seq: 1 }],
    ['DELETE', '/webhooks/wh_1'],
  ])('is 404 for %s %s, and stays', async (...call) => {
    const [method, path, json] = call
    const before = rowsBefore()
    const at = path.replace('{session}', session)
    const answer = await api.v1(method, at, { key: rival, ...(json ? { json } : {}) })
    expect([answer.status, answer.body.code]).toEqual([404, expect.stringMatching(/_not_found$/)])
    expect(rowsBefore()).toBe(before)
  })

  test('is in no list of ours, and no erasure of ours reaches it', async () => {
    await api.v1('DELETE', '/identities/ann', { key: rival })
    await api.deps.erasures.run()
    for (const path of ['/events', '/sessions', '/webhooks', '/usage', '/usage?group_by=room']) {
      const { status, text } = await api.v1('GET', path, { key: rival })
      expect([path, status]).toEqual([path, 200])
      expect(text).not.toMatch(/ann|wh_1|daily|3600/)
    }
    expect((await api.v1('GET', '/events', { key: acme })).text).toContain('"identity":"ann"')
  })
})
