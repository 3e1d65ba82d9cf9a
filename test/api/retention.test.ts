import { afterEach, beforeEach, expect, test } from 'bun:test'
import { type Key, TestApi } from '../support/api.ts'
import { call, rowsOf, tenantId, webhook, wholeText } from '../support/past.ts'

const DAY = 24 * 3600_000

let api: TestApi
let key: Key
let id: string

beforeEach(async () => {
  api = new TestApi()
  key = await api.tenant('acme')
  id = await tenantId(api, 'acme')
})

afterEach(() => api.close())

const seqs = () =>
  api.store.raw
    .query<{ seq: number }, [string]>('SELECT seq FROM events WHERE tenant_id = ? ORDER BY seq')
    .all(id)
    .map(({ seq }) => seq)

const list = (after: number) => api.deps.events.list(id, { after, limit: 100, types: null })

test('events go when their days are over, the rest has no gap, and who asks for them is told', async () => {
  await call(api, { tenant: 'acme', at: api.now - 91 * DAY, people: ['ann', 'bob'] })
  await call(api, { tenant: 'acme', at: api.now - 89 * DAY, people: ['ann'] })
  await api.purge()
  expect(seqs()).toEqual([6, 7, 8])
  await expect(list(0)).rejects.toMatchObject({
    code: 'events_expired',
    details: { extra: { first_seq: 6 } },
  })
  expect((await list(5)).data.map(({ seq }) => seq)).toEqual([6, 7, 8])
  await call(api, { tenant: 'acme', at: api.now, people: [] })
  expect(seqs()).toEqual([6, 7, 8, 9])
})

test('when all events are gone, the next number is still the next', async () => {
  await call(api, { tenant: 'acme', at: api.now - 91 * DAY, people: ['ann'] })
  await api.purge()
  expect(seqs()).toEqual([])
  await expect(list(0)).rejects.toMatchObject({ details: { extra: { first_seq: 4 } } })
  expect((await list(3)).data).toEqual([])
  await call(api, { tenant: 'acme', at: api.now, people: [] })
  expect(seqs()).toEqual([4])
})

test('an old event behind a newer one waits for it, so that no number in between is missing', async () => {
  await call(api, { tenant: 'acme', at: api.now - DAY, people: [] })
  await call(api, { tenant: 'acme', at: api.now - 200 * DAY, people: [] })
  await api.purge()
  expect(seqs()).toEqual([1, 2])
})

test('ended sessions go with their people and tracks, calls that run and totals stay', async () => {
  await call(api, { tenant: 'acme', at: api.now - 400 * DAY, people: ['ann', 'bob'] })
  await call(api, { tenant: 'acme', at: api.now - 399 * DAY, people: ['ann'], ended: false })
  await call(api, { tenant: 'acme', at: api.now - DAY, people: ['ann'] })
  const totals = () => api.store.raw.query('SELECT * FROM usage_days ORDER BY day').all()
  const before = totals()
  await api.purge()
  expect(rowsOf(api, 'sessions', id)).toBe(2)
  expect(rowsOf(api, 'session_participants', id)).toBe(2)
  expect(api.store.raw.query('SELECT count(*) AS n FROM tracks').get()).toEqual({ n: 2 })
  expect(totals()).toEqual(before)
})

test('more than is taken away at once goes all the same', async () => {
  const people = Array.from({ length: 700 }, (_, n) => `user-${n}`)
  await call(api, { tenant: 'acme', at: api.now - 400 * DAY, people })
  await api.purge()
  for (const table of ['events', 'sessions', 'session_participants'])
    expect([table, rowsOf(api, table, id)]).toEqual([table, 0])
  expect(api.store.raw.query('SELECT count(*) AS n FROM tracks').get()).toEqual({ n: 0 })
})

const deliveriesOf = (webhookId: string) =>
  api.store.raw
    .query<{ n: number }, [string]>('SELECT count(*) AS n FROM deliveries WHERE webhook_id = ?')
    .get(webhookId)?.n

test('deliveries go when their days are over, those of each webhook, and no webhook does', async () => {
  await webhook(api, { tenant: 'acme', id: 'w1', at: api.now - 31 * DAY, deliveries: 1200 })
  await webhook(api, { tenant: 'acme', id: 'w2', at: api.now - 31 * DAY, deliveries: 3 })
  await webhook(api, { tenant: 'acme', id: 'w3', at: api.now - 29 * DAY, deliveries: 4 })
  await api.purge()
  expect(['w1', 'w2', 'w3'].map(deliveriesOf)).toEqual([0, 0, 4])
  expect(rowsOf(api, 'webhooks', id)).toBe(3)
})

test('null keeps for ever, and nothing is taken away before its days are over', async () => {
  await call(api, { tenant: 'acme', at: api.now - 3000 * DAY, people: ['ann'] })
  const forever = { events_days: null, sessions_days: null, audit_days: null, addresses_days: null }
  const before = wholeText(api, 'settings')
  await api.purge(forever)
  expect(wholeText(api, 'settings')).toBe(before)
})

test('addresses go wherever they stand, and what they stood in stays', async () => {
  const address = '203.0.113.7'
  await call(api, { tenant: 'acme', at: api.now, people: ['ann'] })
  await api.v1('GET', '/me', { key, address })
  await api.deps.credentials.writeUse()
  const { body } = await api.admin('POST', '/tokens', { json: { label: 't', scope: 'read' } })
  await api.remote('GET', '/status', {
    headers: { authorization: `Bearer ${body.token}` },
    address,
  })
  await api.v1('POST', '/keys', { key, json: {}, address })
  await api.remote('POST', '/session', {
    json: { email: 'nobody@example.com', password: 'wrong password' },
    headers: { origin: 'http://127.0.0.1:8080' },
    address,
  })
  expect(wholeText(api).split(address).length).toBeGreaterThan(4)
  api.now += 29 * DAY
  await api.purge()
  expect(wholeText(api)).toContain(address)
  api.now += 2 * DAY
  const audit = rowsOf(api, 'audit', id)
  await api.purge()
  expect(wholeText(api)).not.toContain(address)
  expect(rowsOf(api, 'audit', id)).toBe(audit)
  expect(rowsOf(api, 'session_participants', id)).toBe(1)
  const keys = await api.admin('GET', '/tenants/acme/keys')
  expect(keys.text).not.toContain(address)
})

test('the audit log loses what is older than its days, and nothing else can take from it', async () => {
  const { raw } = api.store
  await api.admin('PATCH', '/tenants/acme', { json: { name: 'Acme' } })
  const old = rowsOf(api, 'audit', id)
  api.now += 731 * DAY
  await api.admin('PATCH', '/tenants/acme', { json: { name: 'Acme Inc.' } })
  expect(() => raw.run('DELETE FROM audit')).toThrow('before their time')
  await api.purge()
  expect(rowsOf(api, 'audit', id)).toBe(1)
  expect(old).toBeGreaterThan(1)
  expect(() => raw.run('DELETE FROM audit')).toThrow('before their time')
  expect(() => raw.run("UPDATE audit SET actor = 'nobody', address = NULL")).toThrow(
    'never changed',
  )
  expect(() => raw.run('UPDATE audit SET address = NULL')).toThrow('never changed')
  expect(rowsOf(api, 'audit', id)).toBe(1)
})

test('a night is done once, and one that was missed as soon as the server is there', async () => {
  await api.purge()
  await call(api, { tenant: 'acme', at: api.now - 400 * DAY, people: ['ann'] })
  await api.purge()
  expect(rowsOf(api, 'sessions', id)).toBe(1)
  api.now += 25 * 3600_000
  await api.purge()
  expect(rowsOf(api, 'sessions', id)).toBe(0)
})

test('a clock that went ahead for a while does not keep what is over until that time', async () => {
  api.now += 3000 * DAY
  await api.purge()
  api.now -= 3000 * DAY
  await call(api, { tenant: 'acme', at: api.now - 400 * DAY, people: ['ann'] })
  await api.purge()
  expect(rowsOf(api, 'sessions', id)).toBe(0)
})

test('a tenant that was deleted keeps its data for 30 days, then only its totals and its row', async () => {
  const other = await api.tenant('other')
  await call(api, { tenant: 'acme', at: api.now, people: ['ann', 'bob'] })
  await call(api, { tenant: 'other', at: api.now, people: ['ann'] })
  await api.v1('POST', '/rooms', { key, json: { name: 'daily' } })
  await api.v1('POST', '/revocations', { key, json: { identity: 'ann' } })
  await api.v1('PUT', '/roles/nurse', { key, json: { can_publish: false } })
  await api.v1('DELETE', '/rooms/daily/participants/ann?ban=true', { key })
  await api.v1('DELETE', '/identities/ann', { key })
  await api.admin('POST', '/tokens', { json: { label: 't', scope: 'read', tenant: 'acme' } })
  await webhook(api, { tenant: 'acme', id: 'w1', at: api.now, deliveries: 700 })
  const totals = rowsOf(api, 'usage_days', id)
  await api.admin('DELETE', '/tenants/acme?confirm=acme')
  api.now += 29 * DAY
  await api.purge()
  expect(rowsOf(api, 'sessions', id)).toBe(1)
  expect(rowsOf(api, 'rooms', id)).toBe(1)
  api.now += 2 * DAY
  await api.purge()
  const gone = [
    'rooms',
    'roles',
    'keys',
    'revocations',
    'events',
    'sessions',
    'usage_rooms',
    'usage_room_months',
    'webhooks',
  ]
  for (const table of [...gone, 'session_participants', 'admin_tokens', 'erasures'])
    expect([table, rowsOf(api, table, id)]).toEqual([table, 0])
  for (const table of ['members', 'webhook_runs', 'deliveries'])
    expect(api.store.raw.query(`SELECT count(*) AS n FROM ${table}`).get()).toEqual({ n: 0 })
  expect(rowsOf(api, 'usage_days', id)).toBe(totals)
  expect(rowsOf(api, 'audit', id)).toBeGreaterThan(0)
  expect(api.store.raw.query('SELECT slug FROM tenants WHERE id = ?').get(id)).toEqual({
    slug: 'acme',
  })
  expect((await api.v1('GET', '/me', { key: other })).status).toBe(200)
  expect(rowsOf(api, 'sessions', await tenantId(api, 'other'))).toBe(1)
  expect(api.store.raw.query('PRAGMA foreign_key_check').all()).toEqual([])
})
