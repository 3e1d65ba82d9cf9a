import { afterEach, beforeEach, expect, test } from 'bun:test'
import { Erasures } from '../../src/domain/erasures.ts'
import { type Key, TestApi } from '../support/api.ts'
import { call, leave, rowsOf, tenantId, webhook, wholeText } from '../support/past.ts'

let api: TestApi
let key: Key
let id: string

beforeEach(async () => {
  api = new TestApi()
  key = await api.tenant('acme')
  id = await tenantId(api, 'acme')
})

afterEach(() => api.close())

const erase = (identity: string, as = key) =>
  api.v1('DELETE', `/identities/${encodeURIComponent(identity)}`, { key: as })

const run = () => api.deps.erasures.run()

const events = async () =>
  (await api.deps.events.list(id, { after: 0, limit: 1000, types: null })).data

const stays = () =>
  api.store.raw
    .query<{ identity: string; name: string; address: string | null }, [string]>(
      'SELECT identity, name, address FROM session_participants WHERE tenant_id = ? ORDER BY sid',
    )
    .all(id)

test('a person is nowhere any more, and what they did still adds up under one pseudonym', async () => {
  await call(api, { tenant: 'acme', at: api.now, people: ['jane.doe', 'bob'] })
  await call(api, { tenant: 'acme', at: api.now, people: ['jane.doe'], room: 'other' })
  const totals = api.store.raw.query('SELECT * FROM usage_rooms').all()
  const before = await events()
  const answer = await erase('jane.doe')
  expect([answer.status, Object.keys(answer.body)]).toEqual([202, ['requested_at']])
  await run()
  expect(wholeText(api)).not.toContain('jane.doe')
  const names = new Set(stays().map(({ identity }) => identity))
  expect([...names].sort()).toEqual(['bob', expect.stringMatching(/^erased-[a-z0-9]{8}$/)])
  const erased = stays().filter(({ identity }) => identity !== 'bob')
  expect(erased).toHaveLength(2)
  for (const one of erased) expect([one.name, one.address]).toEqual(['', null])
  expect(stays().find(({ identity }) => identity === 'bob')).toMatchObject({
    name: 'Name of bob',
    address: '203.0.113.7',
  })
  const after = await events()
  expect(after.map(({ seq, type, at }) => [seq, type, at])).toEqual(
    before.map(({ seq, type, at }) => [seq, type, at]),
  )
  const told = after.filter(({ type }) => type.startsWith('participant.')).map(({ data }) => data)
  const pseudonym = erased[0]?.identity
  expect(told).toContainEqual(expect.objectContaining({ identity: pseudonym, name: '' }))
  expect(told).toContainEqual(expect.objectContaining({ identity: 'bob', name: 'Name of bob' }))
  expect(rowsOf(api, 'tracks JOIN session_participants p ON p.sid = participant_sid', id)).toBe(3)
  expect(api.store.raw.query('SELECT * FROM usage_rooms').all()).toEqual(totals)
})

test('what happens to be called as the person was keeps its name: a room, a kind of track', async () => {
  await call(api, { tenant: 'acme', at: api.now, people: ['audio'], room: 'audio' })
  await api.deps.events.write((_, append) => {
    const track = { room: 'audio', identity: 'audio', kind: 'audio', source: 'microphone' }
    return append(id, { type: 'track.published', identity: 'audio', data: track })
  })
  await erase('audio')
  await run()
  const pseudonym = stays()[0]?.identity as string
  for (const { type, data } of await events()) {
    expect(data).toMatchObject({ room: 'audio' })
    if (type !== 'session.started') expect(data).toMatchObject({ identity: pseudonym })
  }
  expect((await events()).at(-1)?.data).toEqual({
    ...{ room: 'audio', identity: pseudonym, kind: 'audio', source: 'microphone' },
  })
})

test('what endpoints answered to events about the person goes, other answers stay', async () => {
  await api.tenant('other')
  await call(api, { tenant: 'acme', at: api.now, people: ['ann'] })
  await webhook(api, { tenant: 'acme', id: 'w1', at: 0, deliveries: 3, excerpt: 'hello ann' })
  await webhook(api, { tenant: 'other', id: 'w2', at: 0, deliveries: 3, excerpt: 'hello ann' })
  await erase('ann')
  await run()
  const excerpts = api.store.raw
    .query('SELECT id FROM deliveries WHERE response_excerpt IS NOT NULL ORDER BY id')
    .values()
    .flat()
  expect(excerpts).toEqual(['w1-1', 'w2-1', 'w2-2', 'w2-3'])
})

test('the person of the same identity at another tenant stays who they are', async () => {
  await api.tenant('other')
  await call(api, { tenant: 'other', at: api.now, people: ['ann'] })
  await call(api, { tenant: 'acme', at: api.now, people: ['ann'] })
  await erase('ann')
  await run()
  const other = await tenantId(api, 'other')
  const { data } = await api.deps.events.list(other, { after: 0, limit: 10, types: null })
  expect(JSON.stringify(data)).toContain('Name of ann')
  expect(JSON.stringify(await events())).not.toContain('Name of ann')
})

test('somebody who is in a call is erased when they have left it', async () => {
  const session = await call(api, { tenant: 'acme', at: api.now, people: ['ann'], ended: false })
  const first = await erase('ann')
  await run()
  expect(stays()[0]?.identity).toBe('ann')
  api.now += 1000
  const again = await erase('ann')
  expect([again.status, again.body]).toEqual([202, first.body])
  const row = api.store.raw.query('SELECT * FROM session_participants').get() as never
  await leave(api, session, row)
  await run()
  expect(wholeText(api)).not.toMatch(/"ann"|of ann/)
  expect((await events()).map(({ seq }) => seq)).toEqual([1, 2, 3])
})

test('who comes again afterwards is written down anew, and another time erased to another pseudonym', async () => {
  await call(api, { tenant: 'acme', at: api.now, people: ['ann'] })
  await erase('ann')
  await run()
  await call(api, { tenant: 'acme', at: api.now, people: ['ann'] })
  await run()
  expect(stays().map(({ identity }) => identity)).toContain('ann')
  await erase('ann')
  await run()
  expect(new Set(stays().map(({ identity }) => identity)).size).toBe(2)
  expect(wholeText(api)).not.toContain('"ann"')
})

test('a ban holds on, what was changed of the person does not stay', async () => {
  await api.v1('POST', '/rooms', { key, json: { name: 'daily' } })
  await api.livekitUp()
  const room = await api.deps.rooms.get((await api.deps.tenants.get('acme')) as never, 'daily')
  await api.deps.moderation.change(room, 'ann', {
    name: 'Ann Hush',
    attributes: { mood: 'hush' },
    permissions: { canPublish: false },
  })
  await api.v1('DELETE', '/rooms/daily/participants/ann?ban=true', { key })
  await erase('ann')
  await run()
  expect(wholeText(api)).not.toMatch(/hush/i)
  expect((await api.v1('GET', '/rooms/daily/bans', { key })).body.data).toMatchObject([
    { identity: 'ann' },
  ])
  const { members } = await api.deps.moderation.of(room)
  expect(members.get('ann')?.changes).toMatchObject({
    permissions: { canPublish: { value: false } },
  })
})

test('refusals that name the person are forgotten, and the audit log names the pseudonym alone', async () => {
  const note = { kind: 'join_refused' as const, code: 'x', room: null, detail: 'y' }
  api.deps.problems.add(id, { ...note, identity: 'ann' })
  api.deps.problems.add(id, { ...note, identity: 'bob' })
  await call(api, { tenant: 'acme', at: api.now, people: ['ann'] })
  await erase('ann')
  expect(api.deps.problems.list(id).map(({ identity }) => identity)).toEqual(['bob'])
  await run()
  const { body } = await api.admin('GET', '/audit?action=identity.erased')
  expect(body.data).toMatchObject([
    { actor: `tenant:acme/${key.api_key}`, target: stays()[0]?.identity, tenant: 'acme' },
  ])
})

test('no log of requests says who was erased, nor whom a request was about', async () => {
  await api.v1('POST', '/rooms', { key, json: { name: 'daily' } })
  await erase('jane.doe')
  await api.v1('DELETE', '/rooms/daily/bans/jane.doe', { key })
  await api.v1('POST', '/rooms/daily/participants/jane.doe/mute', { key, json: {} })
  expect(JSON.stringify(api.logged)).not.toContain('jane.doe')
  const paths = api.logged.map(({ path }) => path)
  expect(paths).toContain('/api/v1/identities/:identity')
  expect(paths).toContain('/api/v1/rooms/daily/bans/:identity')
  expect(paths).toContain('/api/v1/rooms/daily/participants/:identity/mute')
})

test('one that was interrupted goes on where it was, whichever chunk it had come to', async () => {
  const people = Array.from({ length: 900 }, (_, n) => `user-${n}`)
  await call(api, { tenant: 'acme', at: api.now, people: [...people, 'ann'] })
  await erase('ann')
  const { store } = api
  const parts = { clock: () => api.now, audit: api.deps.audit, problems: api.deps.problems }
  let left = 1
  const dying = {
    ...store,
    get db() {
      return store.db
    },
    transaction: (work: never) => {
      if (left-- === 0) throw new Error('killed')
      return store.transaction(work)
    },
  }
  for (let steps = 1; ; steps++) {
    left = steps
    const { moderation } = api.deps
    const one = new Erasures({ ...parts, moderation, store: dying as never })
    const done = await one.run().then(
      () => true,
      () => false,
    )
    expect((await events()).length).toBeGreaterThan(0)
    if (done) break
  }
  expect(wholeText(api)).not.toContain('"ann"')
  expect(new Set(stays().map(({ identity }) => identity)).size).toBe(901)
})

test('nobody is erased who was never there, and a wrong identity is told', async () => {
  await call(api, { tenant: 'acme', at: api.now, people: ['ann'] })
  expect((await erase('nobody')).status).toBe(202)
  await run()
  expect(stays()[0]?.identity).toBe('ann')
  expect((await erase('a\u200bb')).status).toBe(422)
  expect((await api.v1('DELETE', '/identities/ann')).status).toBe(401)
})

test('only so many can wait', async () => {
  const { raw } = api.store
  raw.run(
    `INSERT INTO erasures (tenant_id, identity, pseudonym, requested_at, erased_seq)
     WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
     SELECT ?, 'p' || i, 'erased-' || i, 1, 0 FROM n`,
    [id],
  )
  const refused = await erase('ann')
  expect([refused.status, refused.body.code]).toEqual([429, 'rate_limited'])
  expect((await erase('p5')).status).toBe(202)
  await run()
  expect((await erase('ann')).status).toBe(202)
})
