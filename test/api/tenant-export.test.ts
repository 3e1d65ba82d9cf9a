import { afterEach, beforeEach, expect, test } from 'bun:test'
import { type Key, TestApi } from '../support/api.ts'
import { call, manyEvents, webhook } from '../support/past.ts'
import { ticksDuring } from '../support/ticks.ts'

let api: TestApi
let key: Key

beforeEach(async () => {
  api = new TestApi()
  key = await api.tenant('acme')
})

afterEach(() => api.close())

const lines = (text: string): { kind: string; [name: string]: unknown }[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))

const kinds = (all: { kind: string }[]) => [...new Set(all.map(({ kind }) => kind))]

test('an export holds all that is kept of a tenant, each on a line, and nothing of others', async () => {
  await api.tenant('rival')
  await call(api, { tenant: 'rival', at: api.now, people: ['spy'] })
  await api.v1('POST', '/rooms', { key, json: { name: 'daily', metadata: 'plans' } })
  await api.v1('PUT', '/roles/nurse', { key, json: { can_publish: false } })
  await api.v1('DELETE', '/rooms/daily/participants/eve?ban=true', { key })
  await api.v1('POST', '/revocations', { key, json: { identity: 'mallory' } })
  await webhook(api, { tenant: 'acme', id: 'w1', at: api.now, deliveries: 2, excerpt: 'thanks' })
  await call(api, { tenant: 'acme', at: api.now, people: ['ann', 'bob'] })
  const answer = await api.admin('GET', '/tenants/acme/export')
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/x-ndjson'])
  const all = lines(answer.text)
  expect(kinds(all)).toEqual([
    ...['tenant', 'key', 'role', 'room', 'member', 'revocation', 'webhook', 'delivery'],
    ...['session', 'participant'],
    ...['event', 'usage_day', 'usage_room', 'end'],
  ])
  expect(all.at(-1)).toEqual({ kind: 'end', lines: all.length - 1 })
  const of = (kind: string) => all.filter((line) => line.kind === kind)
  expect(of('tenant')).toMatchObject([{ slug: 'acme', status: 'active' }])
  expect(of('room')).toMatchObject([
    { room: 'daily', livekit_name: 'acme__daily', metadata: 'plans' },
  ])
  expect(of('member')).toMatchObject([
    { room: 'daily', identity: 'eve', banned_at: expect.any(String), ban_ends_at: null },
  ])
  expect(of('revocation')).toMatchObject([{ room: null, identity: 'mallory', api_key: null }])
  expect(of('webhook')).toMatchObject([{ id: 'w1', url: 'https://example.com', status: 'active' }])
  expect(of('delivery')).toMatchObject([
    { webhook_id: 'w1', seq: 2, response_excerpt: 'thanks' },
    { webhook_id: 'w1', seq: 1 },
  ])
  expect(of('participant')).toMatchObject([
    { identity: 'ann', seconds: 3600, address: '203.0.113.7', tracks: [{ kind: 'audio' }] },
    { identity: 'bob' },
  ])
  expect(of('event').map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6, 7])
  expect(of('usage_day')).toMatchObject([
    { participant_seconds: 7200, participants: 2, sessions: 1 },
  ])
  expect(answer.text).not.toMatch(/spy|rival/)
})

test('no secret is in it, in whatever form', async () => {
  await api.v1('POST', '/webhooks', { key, json: { url: 'https://example.com/hook' } })
  const { text } = await api.admin('GET', '/tenants/acme/export')
  expect(text).toContain(key.api_key)
  expect(text).not.toMatch(/lks_|whsec|secret|sealed/i)
})

test('what does not fit into one query is in it, too, in order and once', async () => {
  const people = Array.from({ length: 450 }, (_, n) => `user-${String(n).padStart(3, '0')}`)
  await call(api, { tenant: 'acme', at: api.now, people })
  for (let n = 0; n < 250; n++)
    await call(api, { tenant: 'acme', at: api.now - n * 1000, people: [] })
  const all = lines((await api.admin('GET', '/tenants/acme/export')).text)
  const of = (kind: string) => all.filter((line) => line.kind === kind)
  expect(new Set(of('participant').map(({ identity }) => identity)).size).toBe(450)
  expect(of('participant')).toHaveLength(450)
  expect(new Set(of('session').map(({ session_id }) => session_id)).size).toBe(251)
  expect(of('event').map(({ seq }) => seq)).toEqual(of('event').map((_, n) => n + 1))
})

test('a token for reading may have it, one of another tenant and none at all may not', async () => {
  await api.tenant('rival')
  const token = async (json: object) => {
    const { body } = await api.admin('POST', '/tokens', { json: { label: 't', ...json } })
    return { headers: { authorization: `Bearer ${body.token}` } }
  }
  const ask = async (json: object) =>
    (await api.remote('GET', '/tenants/acme/export', await token(json))).status
  expect(await ask({ scope: 'read' })).toBe(200)
  expect(await ask({ scope: 'read', tenant: 'acme' })).toBe(200)
  expect(await ask({ scope: 'read', tenant: 'rival' })).not.toBe(200)
  expect((await api.remote('GET', '/tenants/acme/export')).status).toBe(401)
  expect((await api.admin('GET', '/tenants/nobody/export')).body.code).toBe('tenant_not_found')
})

test('a long export keeps nobody else waiting for its end', async () => {
  await manyEvents(api, 'acme', 20_000)
  const ticks = await ticksDuring(async () => {
    const { text } = await api.admin('GET', '/tenants/acme/export')
    expect(lines(text).at(-1)).toMatchObject({ kind: 'end' })
  })
  expect(ticks).toBeGreaterThan(10)
})
