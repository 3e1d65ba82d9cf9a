import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { Minutes } from '../../src/domain/minutes.ts'
import { Refusals } from '../../src/domain/refusals.ts'
import { buildRemoteAdminApi, buildTenantApi } from '../../src/http/server.ts'
import { EVENT_DATA } from '../../src/http/v1/event-shapes.ts'
import { basic, type Key, TestApi } from '../support/api.ts'
import { tenantId } from '../support/history.ts'
import { manyEvents } from '../support/past.ts'
import { ticksDuring } from '../support/ticks.ts'
import { Teller } from '../support/truth.ts'
import { until } from '../support/wait.ts'

let api: TestApi
let key: Key

beforeEach(async () => {
  api = new TestApi()
  key = await api.tenant('acme')
})

afterEach(() => api.close())

const events = (query = '') => api.v1('GET', `/events${query}`, { key })

/** Puts so many events at the end of a tenant's log. */
const append = async (amount: number, slug = 'acme', type = 'participant.joined' as const) => {
  const id = await tenantId(api, slug)
  await api.deps.events.write(async (_, append) => {
    for (let n = 0; n < amount; n++) await append(id, { type, data: { n } })
  })
}

const forget = async (below: number) => {
  const id = await tenantId(api, 'acme')
  api.store.raw.run('DELETE FROM events WHERE tenant_id = ? AND seq < ?', [id, below])
}

describe('a page of events', () => {
  test('goes on where the one before ended, without a gap, to the end', async () => {
    await append(5)
    const first = (await events('?limit=3')).body
    expect(first).toEqual({
      stream_id: expect.stringMatching(/^\w+$/),
      data: [1, 2, 3].map((seq) => ({
        seq,
        id: expect.stringMatching(/^evt_/),
        type: 'participant.joined',
        at: expect.stringMatching(/^2026-11-25T10:00:0/),
        data: { n: seq - 1 },
        reconstructed: false,
      })),
      next_after: 3,
      last_seq: 5,
    })
    const second = (await events('?after=3')).body
    expect(second.data.map((one: { seq: number }) => one.seq)).toEqual([4, 5])
    expect(second).toMatchObject({ stream_id: first.stream_id, next_after: 5, last_seq: 5 })
    expect((await events('?after=5')).body).toMatchObject({ data: [], next_after: 5 })
  })

  test('of some types passes over the others, also where none is for long', async () => {
    await append(10_001)
    const id = await tenantId(api, 'acme')
    await api.deps.events.write((_, add) => add(id, { type: 'session.ended', data: {} }))
    const first = (await events('?types=session.ended,session.started')).body
    expect(first).toMatchObject({ data: [], next_after: 10_000, last_seq: 10_002 })
    for (const types of ['types=session.ended', 'types=session.started&types=session.ended']) {
      const second = (await events(`?${types}&after=10000`)).body
      expect(second).toMatchObject({ data: [{ seq: 10_002 }], next_after: 10_002 })
    }
  })

  test('that is no longer kept is 410 with the first that is', async () => {
    await append(5)
    await forget(4)
    for (const query of ['', '?after=2']) {
      const { status, body } = await events(query)
      expect([status, body.code, body.first_seq]).toEqual([410, 'events_expired', 4])
    }
    expect((await events('?after=3')).body.data).toHaveLength(2)
  })

  test("has nothing of another tenant's", async () => {
    const other = await api.tenant('other')
    await append(2)
    await append(1, 'other')
    expect((await api.v1('GET', '/events', { key: other })).body).toMatchObject({
      data: [{ seq: 1 }],
      last_seq: 1,
    })
  })

  test('refuses numbers and types that are none', async () => {
    for (const query of ['after=-1', 'after=x', 'after=1.5', 'types=x', 'types=', 'limit=101'])
      expect([query, (await events(`?${query}`)).status]).toEqual([query, 422])
    const { errors } = (await events('?after=-1&limit=x')).body
    expect(errors).toEqual([
      { path: 'after', message: 'must be a whole number from 0 to 999999999999999' },
      { path: 'limit', message: 'must be a whole number from 1 to 100' },
    ])
  })

  test('is seen by the operator as by the tenant', async () => {
    await append(2)
    const { body } = await api.admin('GET', '/tenants/acme/events')
    expect(body).toEqual((await events()).body)
  })
})

describe('the newest events, for the operator', () => {
  const newest = (query = '') => api.admin('GET', `/tenants/acme/events/newest${query}`)
  const seqs = (body: { data: { seq: number }[] }) => body.data.map(({ seq }) => seq)

  test('come newest first, page by page, as far back as they are kept', async () => {
    await append(5)
    await forget(2)
    const first = (await newest('?limit=2')).body
    expect([seqs(first), first.next_before, first.last_seq]).toEqual([[5, 4], 4, 5])
    expect(first.stream_id).toBe((await events('?after=5')).body.stream_id)
    const second = (await newest('?limit=2&before=4')).body
    expect([seqs(second), second.next_before]).toEqual([[3, 2], null])
    for (const query of ['?before=2', '?before=1', '?before=0'])
      expect((await newest(query)).body).toMatchObject({ data: [], next_before: null })
    expect(seqs((await newest('?before=999')).body)).toEqual([5, 4, 3, 2])
  })

  test('are none where nothing happened, or nothing is kept any more', async () => {
    expect((await newest()).body).toMatchObject({ data: [], next_before: null, last_seq: 0 })
    await append(3)
    await forget(4)
    expect((await newest()).body).toMatchObject({ data: [], next_before: null, last_seq: 3 })
  })

  test('of some types pass over the others, also where none is for long', async () => {
    const id = await tenantId(api, 'acme')
    await api.deps.events.write((_, add) => add(id, { type: 'session.ended', data: {} }))
    await append(10_001)
    const first = (await newest('?types=session.ended')).body
    expect(first).toMatchObject({ data: [], next_before: 3, last_seq: 10_002 })
    const second = (await newest('?types=session.ended&before=3')).body
    expect(second).toMatchObject({ data: [{ seq: 1 }], next_before: null })
  })
})

interface Stream {
  status: number
  headers: Headers
  /** all that came so far */
  readonly text: string
  readonly isOver: boolean
  seqs(): number[]
  leave(): Promise<void>
}

const opened: Stream[] = []

afterEach(async () => {
  for (const stream of opened.splice(0)) await stream.leave()
})

const read = (response: Response): Stream => {
  const reader = (response.body as ReadableStream<Uint8Array>).getReader()
  let [text, isOver] = ['', false]
  const decoder = new TextDecoder()
  const pump = async () => {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      text += decoder.decode(value)
    }
    isOver = true
  }
  void pump()
  const stream: Stream = {
    status: response.status,
    headers: response.headers,
    get text() {
      return text
    },
    get isOver() {
      return isOver
    },
    seqs: () => [...text.matchAll(/^id: (\d+)\nevent: /gm)].map((match) => Number(match[1])),
    leave: () => reader.cancel(),
  }
  opened.push(stream)
  return stream
}

const request = (query: string, headers: Record<string, string>) =>
  new Request(`http://localhost/api/v1/events${query}`, {
    headers: { authorization: basic(key), accept: 'text/event-stream', ...headers },
  })

const answer = async (query = '', headers = {}): Promise<Response> =>
  buildTenantApi(api.deps).handle(request(query, headers), '127.0.0.1')

const open = async (query = '', headers = {}): Promise<Stream> => read(await answer(query, headers))

/** Lets everything happen that there is an event of. */
const everything = async () => {
  const { events, presence } = api.deps
  const parts = { store: api.store, events, presence, clock: () => api.now, log: api.deps.log }
  const limits = { json: { limits: { participant_minutes_per_month: 1 } } }
  await api.admin('PATCH', '/tenants/acme', limits)
  await api.v1('POST', '/rooms', { key, json: { name: 'daily' } })
  await api.v1('PATCH', '/rooms/daily', { key, json: { locked: true } })
  const room = new Teller(api, 'acme__daily', 'RM_one')
  const [first, second] = [room.enters('ann', 'PA_1'), room.enters('ann', 'PA_2')]
  await room.joined(first)
  await room.left(first, 'DUPLICATE_IDENTITY')
  await room.joined(second)
  await room.track('track_published', second)
  await room.track('track_unpublished', second)
  api.now += 120_000
  await room.left(second)
  await room.finished()
  const id = await tenantId(api, 'acme')
  const minutes = new Minutes({
    ...parts,
    presence: { tenantsNow: () => new Map([[id, 1]]) } as never,
    calls: { putOut: async () => undefined },
  })
  await minutes.count()
  for (let n = 0; n < 2; n++) await minutes.endOverdrawn()
  const refused = {
    tenantId: id,
    room: 'daily',
    identity: 'bob',
    code: 'room_locked',
    reason: 'no',
  }
  new Refusals(parts).note(refused)
  await api.livekitUp()
  await api.v1('DELETE', '/rooms/daily/participants/bob?ban=true', { key })
  await api.v1('DELETE', '/rooms/daily', { key })
}

test('events hold what the documentation says, each type of them', async () => {
  await everything()
  const { data } = (await events('?limit=100')).body
  const found = data.map(({ type, data }: { type: string; data: object }) => [
    type,
    Object.keys(data),
  ])
  for (const [type, names] of Object.entries(EVENT_DATA))
    expect(found).toContainEqual([type, names])
  const told = found.filter(([type]: string[]) => type === 'usage.limit_reached')
  expect(told).toHaveLength(1)
})

describe('a stream of events', () => {
  test('begins with what was and goes on with what comes, each once and in its order', async () => {
    await append(250)
    const stream = await open()
    expect(stream.status).toBe(200)
    expect(stream.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    expect(stream.headers.get('x-request-id')).not.toBeNull()
    await until('what was', () => stream.seqs().length === 250)
    await append(1)
    await append(150)
    await until('what came', () => stream.seqs().length === 401)
    expect(stream.seqs()).toEqual(Array.from({ length: 401 }, (_, n) => n + 1))
    const { stream_id } = (await events()).body
    expect(stream.text).toStartWith(
      `retry: 2000\nevent: stream\ndata: {"stream_id":"${stream_id}"}\n\nid: 1\nevent: participant.joined\ndata: {"seq":1,`,
    )
  })

  test('goes on where its reader was, whatever its address says', async () => {
    await append(5)
    const stream = await open('?after=1', { 'last-event-id': '3' })
    await until('two events', () => stream.seqs().length === 2)
    expect(stream.seqs()).toEqual([4, 5])
  })

  test('with a Last-Event-ID that is no number is refused, and does not begin anew', async () => {
    await append(5)
    for (const last of ['abc', '-1', '1.5', '1, 2', '9999999999999999']) {
      const refused = await answer('?after=1', { 'last-event-id': last })
      expect([last, refused.status]).toEqual([last, 422])
      expect((await refused.json()).errors).toEqual([
        {
          path: 'Last-Event-ID',
          message: 'must be a whole number from 0 to 999999999999999',
        },
      ])
    }
    expect(api.deps.streams.size).toBe(0)
    const stream = await open('?after=3', { 'last-event-id': '' })
    await until('two events', () => stream.seqs().length === 2)
    expect(stream.seqs()).toEqual([4, 5])
  })

  test('of what is rare tells its reader how far it is, so that coming back is not too late', async () => {
    await append(5)
    const stream = await open('?types=session.ended')
    await until('its number', () => stream.text.endsWith('\n\nid: 5\n\n'))
    await forget(5)
    const back = await answer('?types=session.ended', { 'last-event-id': '5' })
    expect(back.status).toBe(200)
    await back.body?.cancel()
    await until('a comment', () => stream.text.endsWith(': \n\n'))
    expect(stream.text.match(/^id: /gm)).toHaveLength(1)
    expect(stream.seqs()).toEqual([])
  })

  test('of some types has no others', async () => {
    await append(3)
    const stream = await open('?types=session.ended')
    const id = await tenantId(api, 'acme')
    await api.deps.events.write((_, add) => add(id, { type: 'session.ended', data: {} }))
    await append(2)
    await until('the event', () => stream.seqs().length > 0)
    expect(stream.seqs()).toEqual([4])
  })

  test('gives a sign of life while nothing happens', async () => {
    const stream = await open()
    await until('two comments', () => stream.text.split(': \n\n').length > 2)
    expect(stream.seqs()).toEqual([])
  })

  test('from where nothing is kept any more is 410, and no stream', async () => {
    await append(5)
    await forget(4)
    const refused = await answer('?after=1')
    expect([refused.status, (await refused.json()).code]).toEqual([410, 'events_expired'])
    expect(api.deps.streams.size).toBe(0)
  })

  test("has nothing of another tenant's", async () => {
    await api.tenant('other')
    const stream = await open()
    await append(3, 'other')
    await append(1)
    await until('the event', () => stream.seqs().length > 0)
    expect(stream.seqs()).toEqual([1])
    expect(stream.text.match(/^data: /gm)).toHaveLength(2)
  })

  test('that has much to catch up with keeps nobody else waiting, nor do many', async () => {
    await manyEvents(api, 'acme', 20_000)
    const ticks = await ticksDuring(async () => {
      const streams = await Promise.all([open(), open(), open()])
      await until('all of it', () => streams.every((one) => one.text.includes('id: 20000\n')), {
        everyMs: 100,
      })
      for (const one of streams) expect(one.seqs()).toHaveLength(20_000)
    })
    expect(ticks).toBeGreaterThan(100)
  })

  test('of which too many are open is refused, until one of them is closed', async () => {
    const streams = []
    for (let n = 0; n < 20; n++) streams.push(await open())
    const refused = await answer()
    expect([refused.status, (await refused.json()).code]).toEqual([429, 'rate_limited'])
    expect(refused.headers.get('retry-after')).toBe('10')
    await streams[0]?.leave()
    expect((await open()).status).toBe(200)
  })

  test('ends when its tenant or its key is no longer let in', async () => {
    const stream = await open()
    await api.admin('PATCH', '/tenants/acme', { json: { status: 'deactivated' } })
    await until('its end', () => stream.isOver)
    expect(api.deps.streams.size).toBe(0)
  })

  test('of an operator ends when the token is taken back', async () => {
    const json = { label: 't', scope: 'read', tenant: 'acme' }
    const { id, token } = (await api.admin('POST', '/tokens', { json })).body
    const asked = new Request('http://localhost/admin/tenants/acme/events', {
      headers: { authorization: `Bearer ${token}`, accept: 'text/event-stream' },
    })
    const stream = read(await buildRemoteAdminApi(api.deps).handle(asked, '127.0.0.1'))
    await append(1)
    await until('the event', () => stream.seqs().length > 0)
    await api.admin('DELETE', `/tokens/${id}`)
    await until('its end', () => stream.isOver)
  })

  test('ends when the server stops, and none begins any more', async () => {
    const stream = await open()
    api.deps.streams.close()
    await until('its end', () => stream.isOver)
    expect(api.deps.streams.size).toBe(0)
    const refused = await answer()
    expect([refused.status, (await refused.json()).code]).toEqual([503, 'server_stopping'])
  })

  test('that its reader leaves is forgotten', async () => {
    const stream = await open()
    expect(api.deps.streams.size).toBe(1)
    await stream.leave()
    await until('no stream', () => api.deps.streams.size === 0)
  })

  test('that nobody reads takes no more than the page it began with out of the log', async () => {
    await append(1000)
    let pages = 0
    const { list } = api.deps.events
    api.deps.events.list = (...query) => {
      pages++
      return list.apply(api.deps.events, query)
    }
    const response = await answer()
    await append(1000)
    expect(pages).toBe(1)
    await response.body?.cancel()
  })
})
