import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { type Key, TestApi } from '../support/api.ts'
import { addSession, addStay, STARTED, tenantId } from '../support/history.ts'

let api: TestApi
let key: Key

beforeEach(async () => {
  api = new TestApi()
  key = await api.tenant('acme')
})

afterEach(() => api.close())

const get = (path: string, headers = {}) => api.v1('GET', path, { key, headers })
const ids = async (path: string) => (await get(path)).body.data.map((one: { id: string }) => one.id)

describe('sessions', () => {
  test('that are over are told with all that is known of them', async () => {
    const endedAt = STARTED + 90_500
    await addSession(api, 'acme', { id: 's1', endedAt, peak: 2, ms: 123_456 })
    const session = {
      id: 's1',
      room: 'daily',
      livekit_sid: 'RM_s1',
      started_at: '2026-11-25T09:30:00.000Z',
      ended_at: '2026-11-25T09:31:30.500Z',
      end_reason: 'empty',
      peak_participants: 2,
      participant_seconds: 123.456,
      end_accuracy_seconds: 0,
      reconstructed: false,
    }
    expect((await get('/sessions/s1')).body).toEqual(session)
    expect((await get('/sessions')).body).toEqual({ data: [session], next_cursor: null })
  })

  test('that run count who is in them up to now, beside who left', async () => {
    await addSession(api, 'acme', { id: 's1', ms: 60_000 })
    await addStay(api, 'acme', { session: 's1', sid: 'PA_1', leftAt: STARTED + 60_000 })
    await addStay(api, 'acme', { session: 's1', sid: 'PA_2' })
    await addStay(api, 'acme', { session: 's1', sid: 'PA_3', joinedAt: STARTED + 600_000 })
    api.now = STARTED + 1_200_000
    const { body } = await get('/sessions/s1')
    expect([body.ended_at, body.end_reason]).toEqual([null, null])
    expect(body.participant_seconds).toBeCloseTo(60 + 1200 + 600, 1)
  })

  test('are listed newest first, by pages that neither repeat nor miss one', async () => {
    // Two of them began in the same millisecond.
    for (let n = 0; n < 5; n++)
      await addSession(api, 'acme', { id: `ses_${n}`, startedAt: STARTED + Math.floor(n / 2) })
    const found: string[] = []
    let cursor: string | null = ''
    do {
      const next: string = cursor ? `&cursor=${cursor}` : ''
      const { body } = await get(`/sessions?limit=2${next}`)
      found.push(...body.data.map((one: { id: string }) => one.id))
      cursor = body.next_cursor
    } while (cursor)
    expect(found).toEqual(['ses_4', 'ses_3', 'ses_2', 'ses_1', 'ses_0'])
  })

  test('are found by their room, and by whether they run', async () => {
    await addSession(api, 'acme', { id: 'a', room: 'one', endedAt: STARTED + 1 })
    await addSession(api, 'acme', { id: 'b', room: 'two' })
    expect(await ids('/sessions?active=true')).toEqual(['b'])
    expect(await ids('/sessions?room=one')).toEqual(['a'])
    expect(await ids('/sessions?room=one&active=true')).toEqual([])
  })

  test('of a room are there when the room is not, and an unknown room is 404', async () => {
    await addSession(api, 'acme', { id: 'a', room: 'gone', endedAt: STARTED + 1 })
    expect(await ids('/rooms/gone/sessions')).toEqual(['a'])
    await api.v1('POST', '/rooms', { key, json: { name: 'unused' } })
    expect(await ids('/rooms/unused/sessions')).toEqual([])
    const unknown = await get('/rooms/unknown/sessions')
    expect([unknown.status, unknown.body.code]).toEqual([404, 'room_not_found'])
  })

  test('that run are named by their rooms, alone and in lists', async () => {
    await addSession(api, 'acme', { id: 'old', room: 'one', endedAt: STARTED + 1 })
    await addSession(api, 'acme', { id: 'new', room: 'one' })
    for (const name of ['one', 'two']) await api.v1('POST', '/rooms', { key, json: { name } })
    const idOf = ({ session_id }: { session_id: string | null }) => session_id
    expect((await get('/rooms')).body.data.map(idOf)).toEqual(['new', null])
    const operator = await api.admin('GET', '/tenants/acme/rooms/one')
    expect([idOf((await get('/rooms/one')).body), idOf(operator.body)]).toEqual(['new', 'new'])
    const again = await api.v1('POST', '/rooms', { key, json: { name: 'one' } })
    expect(idOf(again.body.room)).toBe('new')
  })

  test('of another tenant are 404, and so are the people in them', async () => {
    const other = await api.tenant('other')
    await addSession(api, 'acme', { id: 's1' })
    await addStay(api, 'acme', { session: 's1', sid: 'PA_1' })
    for (const path of ['/sessions/s1', '/sessions/s1/participants', '/sessions/none']) {
      const { status, body } = await api.v1('GET', path, { key: other })
      expect([path, status, body.code]).toEqual([path, 404, 'session_not_found'])
    }
    expect((await api.v1('GET', '/sessions', { key: other })).body.data).toEqual([])
  })

  test('refuse a cursor that is not theirs and a query they do not know', async () => {
    expect((await get('/sessions?cursor=x')).body.code).toBe('invalid_cursor')
    expect((await get('/sessions?rooms=x')).status).toBe(422)
    const nul = await get('/sessions?room=%00')
    expect([nul.status, nul.body.errors?.[0].path]).toEqual([422, 'room'])
    expect((await api.admin('GET', '/tenants/acme/sessions?room=%00')).status).toBe(422)
  })
})

const track = (sid: string, source: string, from: number, to: number | null, mutes = '[]') => ({
  ...{ sid, source, mutes, kind: source === 'microphone' ? 'audio' : 'video' },
  ...{ published_at: STARTED + from, unpublished_at: to === null ? null : STARTED + to },
})

describe('the people of a session', () => {
  const stay = {
    session: 's1',
    sid: 'PA_one',
    identity: 'jane',
    leftAt: STARTED + 60_000,
    tracks: [
      track('TR_1', 'microphone', 1000, 11_000, `[[${STARTED + 2000},${STARTED + 3000}]]`),
      // Published twice at once for five seconds: that is no more time.
      track('TR_2', 'camera', 10_000, 20_000),
      track('TR_3', 'camera', 15_000, 25_000),
      // Never told to have ended.
      track('TR_4', 'screen_share', 50_000, null, `[[${STARTED + 55_000},null]]`),
      track('TR_5', 'screen_share_audio', 0, 60_000),
    ],
  }

  const PERSON = {
    identity: 'jane',
    name: 'Name of jane',
    sid: 'PA_one',
    joined_at: '2026-11-25T09:30:00.000Z',
    left_at: '2026-11-25T09:31:00.000Z',
    leave_reason: 'left',
    seconds: 60,
    reconnects: 1,
    transport: 'udp',
    sdk: 'js',
    sdk_version: '2.0',
    os: 'linux',
    browser: 'firefox',
    published: { microphone_seconds: 10, camera_seconds: 15, screen_share_seconds: 10 },
    end_accuracy_seconds: 0,
    reconstructed: false,
  }

  beforeEach(async () => {
    await addSession(api, 'acme', { id: 's1' })
    await addStay(api, 'acme', stay)
  })

  test('are told to the tenant with what they published and for how long, without addresses', async () => {
    const { body, text } = await get('/sessions/s1/participants')
    expect(body).toEqual({ data: [PERSON], next_cursor: null })
    expect(text).not.toContain('203.0.113.7')
  })

  test('are told to the operator with their tracks, mutes, reconnects and address', async () => {
    const { body } = await api.admin('GET', '/tenants/acme/sessions/s1/participants')
    const [one] = body.data
    expect(one).toMatchObject({
      ...PERSON,
      address: '203.0.113.7',
      reconnected_at: ['2026-11-25T09:30:01.000Z'],
    })
    const shared = one.tracks.find((each: { sid: string }) => each.sid === 'TR_4')
    expect(shared).toEqual({
      sid: 'TR_4',
      kind: 'video',
      source: 'screen_share',
      published_at: '2026-11-25T09:30:50.000Z',
      unpublished_at: null,
      mutes: [{ from: '2026-11-25T09:30:55.000Z', to: null }],
    })
    expect(one.tracks).toHaveLength(5)
  })

  test('who are in it count up to now, and pages hold all in the order in which they came', async () => {
    for (const sid of ['PA_Two', 'PA_Three'])
      await addStay(api, 'acme', { session: 's1', sid, joinedAt: STARTED + 1000 })
    api.now = STARTED + 31_000
    const first = (await get('/sessions/s1/participants?limit=2')).body
    expect(first.data.map((one: { sid: string }) => one.sid)).toEqual(['PA_one', 'PA_Three'])
    expect(first.data[1].left_at).toBeNull()
    expect(first.data[1].seconds).toBeCloseTo(30, 1)
    const next = `/sessions/s1/participants?limit=2&cursor=${first.next_cursor}`
    const second = (await get(next)).body
    expect(second.data.map((one: { sid: string }) => one.sid)).toEqual(['PA_Two'])
    expect(second.next_cursor).toBeNull()
  })
})

test("the operator sees a tenant's sessions, and with a token only those of its tenant", async () => {
  await api.tenant('other')
  await addSession(api, 'acme', { id: 's1' })
  const listed = await api.admin('GET', '/tenants/acme/sessions?active=true')
  expect(listed.body.data.map((one: { id: string }) => one.id)).toEqual(['s1'])
  expect((await api.admin('GET', '/tenants/acme/sessions/s1')).body.id).toBe('s1')
  expect((await api.admin('GET', '/tenants/other/sessions/s1')).status).toBe(404)
  const json = { label: 't', scope: 'read', tenant: 'acme' }
  const { token } = (await api.admin('POST', '/tokens', { json })).body
  const headers = { authorization: `Bearer ${token}` }
  const statusOf = async (path: string) => (await api.remote('GET', path, { headers })).status
  for (const what of ['participants', 'refusals'])
    expect(await statusOf(`/tenants/acme/sessions/s1/${what}`)).toBe(200)
  for (const what of ['sessions', 'usage', 'events', 'events/newest'])
    expect([
      await statusOf(`/tenants/acme/${what}`),
      await statusOf(`/tenants/other/${what}`),
    ]).toEqual([200, 403])
  expect(await statusOf('/usage')).toBe(403)
})

describe('joins that were refused', () => {
  const MINUTE = 60_000
  const refuse = async (identities: string[], at: number, room = 'daily', slug = 'acme') => {
    const id = await tenantId(api, slug)
    await api.deps.events.write(async (_, append) => {
      for (const identity of identities) {
        const data = { room, identity, code: 'room_full', reason: 'The room is full.' }
        await append(id, { type: 'participant.refused', at, identity, data })
      }
    })
  }
  const refusals = async (query = '') =>
    (await api.admin('GET', `/tenants/acme/sessions/s1/refusals${query}`)).body
  const who = (body: { data: { identity: string }[] }) => body.data.map((one) => one.identity)

  test('are told of a call from ten minutes before it to ten minutes after it', async () => {
    await addSession(api, 'acme', { id: 's1', endedAt: STARTED + 30 * MINUTE })
    await api.tenant('other')
    // Written down later, and yet before: the order is that of time.
    for (const at of [40, 15, -10]) await refuse([`at ${at}`], STARTED + at * MINUTE)
    for (const at of [-11, 41]) await refuse(['too far'], STARTED + at * MINUTE)
    await refuse(['elsewhere'], STARTED, 'another')
    await refuse(['no room'], STARTED, null as never)
    await refuse(['a stranger'], STARTED, 'daily', 'other')
    const body = await refusals()
    expect(who(body)).toEqual(['at -10', 'at 15', 'at 40'])
    expect(body.next_cursor).toBeNull()
    expect(body.data[1]).toEqual({
      ...{ seq: 2, at: '2026-11-25T09:45:00.000Z', identity: 'at 15' },
      ...{ code: 'room_full', reason: 'The room is full.' },
    })
  })

  test('come page by page, each once, also behind thousands in other rooms', async () => {
    await addSession(api, 'acme', { id: 's1' })
    const many = Array.from({ length: 2500 }, (_, n) => `knocker-${n}`)
    await refuse(many, STARTED, 'another')
    for (const [n, who] of ['ann', 'bea', 'cai'].entries()) await refuse([who], STARTED + n + 1)
    const found: string[] = []
    let query = '?limit=2'
    for (let pages = 0; query !== '' && pages < 9; pages++) {
      const body = await refusals(query)
      found.push(...who(body))
      query = body.next_cursor === null ? '' : `?limit=2&cursor=${body.next_cursor}`
    }
    expect(found).toEqual(['ann', 'bea', 'cai'])
  })

  test('of a call of another tenant are 404', async () => {
    await api.tenant('other')
    await addSession(api, 'other', { id: 's1' })
    expect((await api.admin('GET', '/tenants/acme/sessions/s1/refusals')).status).toBe(404)
  })
})
