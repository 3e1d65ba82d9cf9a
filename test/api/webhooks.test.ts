import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { createServer, type Server, type Socket } from 'node:net'
import { Deliverer } from '../../src/domain/deliverer.ts'
import type { EventType } from '../../src/domain/events.ts'
import { type Key, TestApi } from '../support/api.ts'
import { manyEvents } from '../support/past.ts'
import { ticksDuring } from '../support/ticks.ts'
import { until } from '../support/wait.ts'
import { verifies, WebhookReceiver } from '../support/webhook-receiver.ts'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

let api: TestApi
let key: Key
let tenantId: string
let receiver: WebhookReceiver

beforeEach(async () => {
  api = new TestApi()
  key = await api.tenant('acme')
  tenantId = (await api.deps.tenants.get('acme')).id
  receiver = new WebhookReceiver()
  await api.deps.deliverer.start()
})

afterEach(async () => {
  receiver[Symbol.dispose]()
  await api.close()
})

/** Things happen in the tenant. */
const happen = async (count: number, type: EventType = 'participant.joined', of = tenantId) => {
  for (let n = 0; n < count; n++)
    await api.deps.events.write((_, append) => append(of, { type, data: { n } }))
}

const hook = async (json: object = {}, by: Key = key) => {
  const made = await api.v1('POST', '/webhooks', { key: by, json: { url: receiver.url, ...json } })
  if (made.status !== 201) throw new Error(made.text)
  return made.body as { id: string; secret: string; [name: string]: unknown }
}

const shown = async (id: string) => (await api.v1('GET', `/webhooks/${id}`, { key })).body
const deliveries = async (id: string, query = '') =>
  (await api.v1('GET', `/webhooks/${id}/deliveries${query}`, { key })).body.data
const patch = (id: string, json: object) => api.v1('PATCH', `/webhooks/${id}`, { key, json })

/** So much later, what is due is tried. */
const later = (ms: number) => {
  api.now += ms
  api.deps.deliverer.run()
}

const upTo = (last: number, first = 1) =>
  Array.from({ length: last - first + 1 }, (_, n) => first + n)

/** Waits, in steps of time, until everything came. */
const untilAll = (last: number, step: number) =>
  receiver.until(`${last} arrived`, ({ seqs }) => {
    if (seqs.length < last) later(step)
    return seqs.length >= last
  })

const failures = (id: string, count: number) =>
  until(`${count} failures`, async () => (await deliveries(id, '?failed=true')).length >= count)

describe('a webhook', () => {
  test('is made, shown without its secret, changed, listed and deleted', async () => {
    const made = await api.v1('POST', '/webhooks', {
      key,
      json: { url: receiver.url, types: ['participant.left', 'participant.joined'] },
    })
    expect([made.status, made.headers.get('cache-control')]).toEqual([201, 'no-store'])
    const { secret, ...rest } = made.body
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/)
    expect(rest).toEqual({
      id: expect.stringMatching(/^wh_/),
      url: receiver.url,
      types: ['participant.joined', 'participant.left'],
      status: 'active',
      disabled_reason: null,
      created_at: expect.any(String),
      last_success_at: null,
      last_failure_at: null,
    })
    expect(await shown(rest.id)).toEqual(rest)
    const listed = await api.v1('GET', '/webhooks', { key })
    expect(listed.body).toEqual({ data: [rest], next_cursor: null })
    const all = await patch(rest.id, { types: [] })
    expect(all.body).toEqual({ ...rest, types: ['*'] })
    expect((await api.v1('DELETE', `/webhooks/${rest.id}`, { key })).status).toBe(204)
    expect((await api.v1('GET', `/webhooks/${rest.id}`, { key })).body.code).toBe(
      'webhook_not_found',
    )
  })

  test('is told of what happens after it was made: signed, and verified by the library', async () => {
    await happen(2)
    const { id, secret } = await hook()
    await happen(3)
    await receiver.until('three', ({ seqs }) => seqs.length === 3)
    expect(receiver.seqs).toEqual([3, 4, 5])
    expect(receiver.all.map((one) => verifies(secret, one))).toEqual([true, true, true])
    const [first] = receiver.all
    expect(first?.body).toEqual({
      type: 'participant.joined',
      timestamp: expect.stringMatching(/^2026-11-25T10:00/),
      seq: 3,
      data: { n: 0 },
    })
    expect(first?.id).toMatch(/^evt_/)
    expect(first?.agent).toMatch(/^GoLive\/\d/)
    expect(verifies(secret, { ...(first as (typeof receiver.all)[0]), text: '{}' })).toBe(false)
    await until('written down', async () => (await deliveries(id)).length === 3)
    expect((await deliveries(id))[0]).toMatchObject({
      seq: 5,
      type: 'participant.joined',
      attempt: 1,
      status_code: 200,
      error: null,
      response_excerpt: 'ok',
      next_attempt_at: null,
    })
    expect((await shown(id)).last_success_at).not.toBeNull()
  })

  test('gets only the types that it asks for, with the numbers they have', async () => {
    await hook({ types: ['room.created'] })
    await happen(3)
    await happen(1, 'room.created')
    await happen(2)
    await happen(1, 'room.created')
    await receiver.until('both', ({ seqs }) => seqs.length === 2)
    expect(receiver.seqs).toEqual([4, 7])
  })

  test('finds what it asks for behind a long stretch of what it does not', async () => {
    await hook({ types: ['session.ended'] })
    api.store.raw.run(
      `WITH RECURSIVE n (seq) AS (SELECT 1 UNION ALL SELECT seq + 1 FROM n WHERE seq < 25000)
       INSERT INTO events (tenant_id, seq, id, type, at, identity, data, reconstructed)
       SELECT '${tenantId}', seq, 'evt_' || seq, 'room.updated', 0, NULL, '{}', 0 FROM n`,
    )
    api.store.raw.run(
      `UPDATE tenant_counters SET event_seq = 25000 WHERE tenant_id = '${tenantId}'`,
    )
    await happen(1, 'session.ended')
    await receiver.until('one', ({ seqs }) => seqs.length === 1)
    expect(receiver.seqs).toEqual([25_001])
  })

  test('gets one message at a time, and each once while all goes well', async () => {
    await hook()
    await Promise.all(upTo(40).map(() => happen(1)))
    await receiver.until('all', ({ seqs }) => seqs.length === 40)
    expect(receiver.seqs).toEqual(upTo(40))
    expect([receiver.all.length, receiver.mostAtOnce]).toEqual([40, 1])
  })

  test('is limited in number, and no tenant sees that of another', async () => {
    const small = await api.tenant('small', { max_webhooks: 1 })
    const { id } = await hook({}, small)
    const more = await api.v1('POST', '/webhooks', { key: small, json: { url: receiver.url } })
    expect([more.status, more.body.code]).toEqual([409, 'webhook_limit_reached'])
    const calls: [string, string, object?][] = [
      ['GET', ''],
      ['PATCH', '', { status: 'disabled' }],
      ['DELETE', ''],
      ['POST', '/test'],
      ['POST', '/rotate-secret'],
      ['GET', '/deliveries'],
      ['POST', '/replay', { from_seq: 1, to_seq: 1 }],
      ['POST', '/deliveries/x/redeliver'],
    ]
    for (const [method, path, json] of calls) {
      const answer = await api.v1(method, `/webhooks/${id}${path}`, { key, ...(json && { json }) })
      expect([method, path, answer.status, answer.body.code]).toEqual([
        method,
        path,
        404,
        'webhook_not_found',
      ])
    }
    expect((await api.v1('GET', '/webhooks', { key })).body.data).toEqual([])
    await happen(1)
    await happen(1, 'room.created', (await api.deps.tenants.get('small')).id)
    await receiver.until('one', ({ seqs }) => seqs.length === 1)
    expect(receiver.all.map(({ body }) => body.type)).toEqual(['room.created'])
  })

  test.each([
    ['url', { url: 'ftp://example.com/' }],
    ['url', { url: 'http://me:secret@127.0.0.1/' }],
    ['url', {}],
    ['types.0', { url: 'http://127.0.0.1/', types: ['room.exploded'] }],
    ['secret', { url: 'http://127.0.0.1/', secret: 'whsec_mine' }],
  ])('with a wrong %s is refused', async (path, json) => {
    const { status, body } = await api.v1('POST', '/webhooks', { key, json })
    expect([status, body.errors[0].path]).toEqual([422, path])
  })

  test('leaves no secret in the log, the audit log or what the operator sees', async () => {
    const { id, secret } = await hook()
    const rotated = await api.v1('POST', `/webhooks/${id}/rotate-secret`, { key })
    receiver.failing(410)
    await happen(1)
    await until('disabled', async () => (await shown(id)).status === 'disabled')
    const audit = await api.admin('GET', '/audit')
    expect(audit.body.data.map(({ action }: { action: string }) => action)).toEqual(
      expect.arrayContaining(['webhook.created', 'webhook.rotated', 'webhook.disabled']),
    )
    const seen = audit.text + JSON.stringify(api.logged)
    for (const text of [secret, rotated.body.secret, 'whsec_', 'in-the-url'])
      expect(seen).not.toContain(text)
    expect((await api.admin('GET', '/tenants/acme/webhooks')).text).not.toContain('whsec_')
  })
})

describe('everything arrives, in order, whatever the endpoint did meanwhile', () => {
  const hostile: [string, () => void][] = [
    ['answered 500', () => receiver.failing(500)],
    ['answered 404', () => receiver.failing(404)],
    ['answered 429 and when to come again', () => receiver.failing(429, { 'retry-after': '30' })],
    ['sent elsewhere', () => receiver.failing(307, { location: 'http://127.0.0.1:1/elsewhere' })],
  ]
  test.each(hostile)('it %s', async (_, misbehave) => {
    const { id, secret } = await hook()
    await happen(3)
    await receiver.until('three', ({ seqs }) => seqs.length === 3)
    misbehave()
    await happen(4)
    await failures(id, 1)
    later(6 * SECOND)
    later(31 * SECOND)
    await failures(id, 2)
    receiver.taking()
    await happen(3)
    await untilAll(10, 10 * MINUTE)
    expect(receiver.seqs).toEqual(upTo(10))
    expect(receiver.all.every((one) => verifies(secret, one))).toBe(true)
    // What comes behind the one that fails was not tried before it.
    const failed = receiver.all.filter(({ status }) => status !== 200)
    expect(new Set(failed.map(({ body }) => body.seq))).toEqual(new Set([4]))
    expect(
      new Set(receiver.all.filter(({ body }) => body.seq === 4).map(({ id }) => id)).size,
    ).toBe(1)
  })

  test('it was down', async () => {
    const { id } = await hook()
    await receiver.down()
    await happen(5)
    await failures(id, 1)
    expect((await deliveries(id))[0]).toMatchObject({
      status_code: null,
      error: 'refused the connection',
      attempt: 1,
    })
    receiver.up()
    await untilAll(5, 10 * SECOND)
    expect(receiver.seqs).toEqual(upTo(5))
  })

  test('it was slow', async () => {
    await hook()
    receiver.answer = async () => {
      await Bun.sleep(30)
      return new Response('at last')
    }
    await happen(10)
    await receiver.until('ten', ({ seqs }) => seqs.length === 10)
    expect([receiver.seqs, receiver.mostAtOnce]).toEqual([upTo(10), 1])
  })

  test('this server ended and another one went on', async () => {
    const { id } = await hook()
    await happen(3)
    await receiver.until('three', ({ seqs }) => seqs.length === 3)
    receiver.failing(500)
    await happen(2)
    await failures(id, 1)
    await api.deps.deliverer.stop()
    await happen(2)
    receiver.taking()
    const next = new Deliverer(api.delivererDeps as ConstructorParameters<typeof Deliverer>[0])
    await next.start()
    await until('all', () => {
      api.now += 10 * SECOND
      next.run()
      return receiver.seqs.length === 7
    })
    await next.stop()
    expect(receiver.seqs).toEqual(upTo(7))
  })
})

describe('a connection that', () => {
  const servers: Server[] = []
  afterEach(() => {
    for (const server of servers.splice(0)) server.close()
  })

  const raw = (talk: (socket: Socket) => void): Promise<string> =>
    new Promise((done) => {
      const server = createServer((socket) => {
        socket.on('error', () => undefined)
        socket.once('data', () => talk(socket))
      }).listen(0, '127.0.0.1', () => {
        const { port } = server.address() as { port: number }
        done(`http://127.0.0.1:${port}/`)
      })
      servers.push(server)
    })

  test.each([
    ['closes early', (socket: Socket) => void socket.destroy(), 'closed the connection'],
    ['ends half-way', (socket: Socket) => void socket.end('HTTP/1.1 20'), ''],
    ['speaks no HTTP', (socket: Socket) => void socket.end('220 smtp ready\r\n'), ''],
    ['answers 500 without an end', endless, 'answered with status 500'],
  ])('%s is a failure, and the next attempt arrives', async (_, talk, words) => {
    const { id } = await hook({ url: await raw(talk) })
    await happen(2)
    await failures(id, 1)
    const [failed] = await deliveries(id)
    expect(failed.error).toContain(words)
    expect((failed.response_excerpt ?? '').length).toBeLessThanOrEqual(1024)
    await patch(id, { url: receiver.url })
    await receiver.until('both', ({ seqs }) => seqs.length === 2)
    expect(receiver.seqs).toEqual([1, 2])
  })

  test('hangs is given up after 15 seconds, and holds up nobody else', async () => {
    const hanging = await raw(() => undefined)
    const rival = await api.tenant('rival', { max_webhooks: 30 })
    const rivalId = (await api.deps.tenants.get('rival')).id
    for (let n = 0; n < 30; n++) await hook({ url: hanging }, rival)
    const { id } = await hook({ url: hanging })
    await hook()
    await happen(1, 'room.created', rivalId)
    await happen(20)
    const began = performance.now()
    await receiver.until('all', ({ seqs }) => seqs.length === 20)
    expect(receiver.seqs).toEqual(upTo(20))
    // Long before the first of those that hang was given up.
    expect(await deliveries(id)).toEqual([])
    await failures(id, 1)
    expect((await deliveries(id))[0].error).toBe('did not answer within 15 seconds')
    expect(performance.now() - began).toBeGreaterThan(14_000)
  }, 40_000)
})

function endless(socket: Socket): void {
  socket.write('HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\n')
  const more = setInterval(() => socket.write(`400\r\n${'x'.repeat(1024)}\r\n`), 1)
  socket.on('close', () => clearInterval(more))
}

describe('the pauses between attempts', () => {
  /** From each failure to the next attempt, in seconds. */
  const pauses = async (id: string) =>
    (await deliveries(id))
      .reverse()
      .map(({ at, next_attempt_at }: { at: string; next_attempt_at: string | null }) =>
        next_attempt_at === null ? null : (Date.parse(next_attempt_at) - Date.parse(at)) / 1000,
      )

  const nextTry = async (id: string) => {
    const before = (await deliveries(id)).length
    const [last] = await deliveries(id)
    later(Date.parse(last.next_attempt_at) - api.now + 10)
    await until('tried again', async () => (await deliveries(id)).length > before)
  }

  test('grow as the specification has them, and end with the third day', async () => {
    receiver.failing(503)
    const { id } = await hook()
    await happen(2)
    await failures(id, 1)
    const began = api.now
    while ((await shown(id)).status === 'active') await nextTry(id)
    const all = await pauses(id)
    const expected = [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000]
    for (const [at, seconds] of expected.entries()) {
      expect(all[at]).toBeGreaterThanOrEqual(seconds - 1)
      expect(all[at]).toBeLessThanOrEqual(seconds * 1.2 + 1)
    }
    expect(all.at(-1)).toBeNull()
    expect(api.now - began).toBeGreaterThan(71 * HOUR)
    expect(api.now - began).toBeLessThan(73 * HOUR)
  })

  test('are as long as the endpoint asks, within bounds', async () => {
    const { id } = await hook()
    receiver.failing(503, { 'retry-after': '120' })
    await happen(1)
    await failures(id, 1)
    receiver.failing(429, { 'retry-after': '0' })
    await nextTry(id)
    receiver.failing(503, { 'retry-after': '999999999' })
    await nextTry(id)
    receiver.failing(503, { 'retry-after': new Date(api.now + 90 * SECOND).toUTCString() })
    await nextTry(id)
    const [asked, least, most] = (await pauses(id)) as [number, number, number]
    expect(Math.round(asked)).toBe(120)
    expect(Math.round(least)).toBe(5)
    expect(Math.round(most)).toBe(86_400)
  })
})

test('what was tried in vain and is no longer asked for holds up nothing more', async () => {
  receiver.failing(500)
  const { id } = await hook()
  await happen(1)
  await receiver.until('it was tried', ({ all }) => all.length === 1)
  later(6 * SECOND)
  await receiver.until('it was tried again', ({ all }) => all.length === 2)
  await happen(1, 'room.deleted')
  receiver.taking()
  await patch(id, { types: ['room.deleted'] })
  await receiver.until('the other arrived', ({ seqs }) => seqs.includes(2))
  expect(receiver.seqs).toEqual([2])
  await until('it is written down', async () => (await deliveries(id))[0]?.seq === 2)
  expect((await deliveries(id))[0]).toMatchObject({ seq: 2, attempt: 1, error: null })
})

describe('an endpoint that is disabled', () => {
  test('after three days says why, to the tenant and the operator, and goes on where it was', async () => {
    receiver.failing(500)
    const { id } = await hook()
    await happen(3)
    await failures(id, 1)
    await until('disabled', async () => {
      later(12 * HOUR)
      return (await shown(id)).status === 'disabled'
    })
    expect((await shown(id)).disabled_reason).toContain('three days')
    expect((await shown(id)).disabled_reason).toContain('status 500')
    const problems = await api.admin('GET', '/tenants/acme/problems')
    expect(problems.body.data[0]).toMatchObject({
      kind: 'webhook_failed',
      code: 'webhook_disabled',
    })
    const tried = receiver.all.length
    await happen(3)
    later(24 * HOUR)
    await Bun.sleep(20)
    expect(receiver.all.length).toBe(tried)
    receiver.taking()
    const on = await patch(id, { status: 'active' })
    expect([on.body.status, on.body.disabled_reason]).toEqual(['active', null])
    await receiver.until('six', ({ seqs }) => seqs.length === 6)
    expect(receiver.seqs).toEqual(upTo(6))
  })

  test('by a 410 is so at once', async () => {
    receiver.failing(410)
    const { id } = await hook()
    await happen(2)
    await until('disabled', async () => (await shown(id)).status === 'disabled')
    expect([receiver.all.length, (await shown(id)).disabled_reason]).toEqual([
      1,
      'the endpoint answered with status 410, Gone',
    ])
    receiver.taking()
    await patch(id, { status: 'active' })
    await receiver.until('both', ({ seqs }) => seqs.length === 2)
  })

  test('by the tenant gets nothing, and nothing is lost', async () => {
    const { id } = await hook()
    const off = await patch(id, { status: 'disabled' })
    expect([off.body.status, typeof off.body.disabled_reason]).toEqual(['disabled', 'string'])
    await happen(4)
    await Bun.sleep(20)
    expect(receiver.all).toEqual([])
    const replay = await api.v1('POST', `/webhooks/${id}/replay`, {
      key,
      json: { from_seq: 1, to_seq: 2 },
    })
    expect([replay.status, replay.body.code]).toEqual([409, 'webhook_disabled'])
    await patch(id, { status: 'active' })
    await receiver.until('four', ({ seqs }) => seqs.length === 4)
    expect(receiver.seqs).toEqual(upTo(4))
  })

  test('and whose events are no longer kept goes on from the first that is, and says so', async () => {
    const { id } = await hook()
    await patch(id, { status: 'disabled' })
    await happen(6)
    api.store.raw.run('DELETE FROM events WHERE seq <= 4')
    await patch(id, { status: 'active' })
    await receiver.until('the rest', ({ seqs }) => seqs.length === 2)
    expect(receiver.seqs).toEqual([5, 6])
    await until('written down', async () => (await deliveries(id)).length === 3)
    expect((await deliveries(id)).at(-1)).toMatchObject({
      type: 'webhook.skipped',
      seq: 1,
      status_code: null,
      error: 'the events 1 to 4 are no longer kept and were not delivered',
    })
  })

  test('is not one where all but one event arrive: that is passed over after three days', async () => {
    const { id } = await hook()
    receiver.answer = ({ body }) => new Response('', { status: body.seq === 2 ? 500 : 200 })
    await happen(3)
    await failures(id, 1)
    const [first] = (await deliveries(id)).reverse()
    await until('the third', async () => {
      later(6 * HOUR)
      if (receiver.seqs.length < 2)
        await api.v1('POST', `/webhooks/${id}/deliveries/${first.id}/redeliver`, { key })
      return receiver.seqs.includes(3)
    })
    expect(receiver.seqs).toEqual([1, 3])
    expect((await shown(id)).status).toBe('active')
  })
})

describe('a secret that is rotated', () => {
  test('signs beside the new one until its time is over', async () => {
    const { id, secret } = await hook()
    const rotated = await api.v1('POST', `/webhooks/${id}/rotate-secret`, {
      key,
      json: { overlap_seconds: 60 },
    })
    expect([rotated.status, rotated.headers.get('cache-control')]).toEqual([200, 'no-store'])
    const next = rotated.body.secret
    await happen(1)
    await receiver.until('one', ({ seqs }) => seqs.length === 1)
    api.now += 61 * SECOND
    await happen(1)
    await receiver.until('two', ({ seqs }) => seqs.length === 2)
    const both = (one: string) => receiver.all.map((received) => verifies(one, received))
    expect([both(secret), both(next)]).toEqual([
      [true, false],
      [true, true],
    ])
  })

  test('stops at once without an overlap', async () => {
    const { id, secret } = await hook()
    const { body } = await api.v1('POST', `/webhooks/${id}/rotate-secret`, {
      key,
      json: { overlap_seconds: 0 },
    })
    await happen(1)
    await receiver.until('one', ({ seqs }) => seqs.length === 1)
    const [one] = receiver.all as [(typeof receiver.all)[0]]
    expect([verifies(secret, one), verifies(body.secret, one)]).toEqual([false, true])
  })
})

describe('sending again', () => {
  test('one delivery brings the same event with the id it had', async () => {
    const { id } = await hook()
    await happen(3)
    await until('written down', async () => (await deliveries(id)).length === 3)
    const [, second] = await deliveries(id)
    await patch(id, { types: ['room.deleted'] })
    const again = await api.v1('POST', `/webhooks/${id}/deliveries/${second.id}/redeliver`, { key })
    expect([again.status, again.body]).toEqual([202, { from_seq: 2, to_seq: 2 }])
    await receiver.until('four', ({ all }) => all.length === 4)
    expect(receiver.all[3]?.text).toBe(receiver.all[1]?.text as string)
    expect(receiver.all[3]?.id).toBe(receiver.all[1]?.id as string)
    const nothing = await api.v1('POST', `/webhooks/${id}/deliveries/nosuch/redeliver`, { key })
    expect([nothing.status, nothing.body.code]).toEqual([404, 'delivery_not_found'])
  })

  test('a range brings it in order, by its types, also what the webhook never got', async () => {
    await happen(2)
    await happen(1, 'room.created')
    await happen(3)
    const { id } = await hook({ types: ['participant.joined'] })
    const json = { from_seq: 2, to_seq: 5 }
    const replay = await api.v1('POST', `/webhooks/${id}/replay`, { key, json })
    expect([replay.status, replay.body]).toEqual([202, json])
    await happen(1)
    await receiver.until('four', ({ seqs }) => seqs.length === 4)
    expect(receiver.seqs.filter((seq) => seq < 7)).toEqual([2, 4, 5])
    expect(receiver.seqs).toContain(7)
  })

  test('of what is not there is refused', async () => {
    await happen(6)
    api.store.raw.run('DELETE FROM events WHERE seq <= 3')
    const { id } = await hook()
    const ask = async (from_seq: number, to_seq: number) => {
      const json = { from_seq, to_seq }
      const { status, body } = await api.v1('POST', `/webhooks/${id}/replay`, { key, json })
      return [status, body.code, body.errors?.[0].path ?? body.first_seq]
    }
    expect(await ask(2, 6)).toEqual([410, 'events_expired', 4])
    expect(await ask(5, 7)).toEqual([422, 'validation_failed', 'to_seq'])
    expect(await ask(6, 5)).toEqual([422, 'validation_failed', 'from_seq'])
    expect(await ask(0, 5)).toEqual([422, 'validation_failed', 'from_seq'])
  })

  test('goes on at most twenty times at once', async () => {
    receiver.failing(500)
    const { id } = await hook()
    await happen(1)
    const codes: string[] = []
    for (let n = 0; n < 22; n++) {
      const json = { from_seq: 1, to_seq: 1 }
      codes.push((await api.v1('POST', `/webhooks/${id}/replay`, { key, json })).body.code ?? 'ok')
    }
    expect(codes).toEqual([...Array(20).fill('ok'), ...Array(2).fill('replay_limit_reached')])
  })

  test('of a long log in which nothing is for the webhook keeps nobody else waiting', async () => {
    const { id } = await hook({ types: ['room.deleted'] })
    await manyEvents(api, 'acme', 200_000)
    const json = { from_seq: 1, to_seq: 200_000 }
    const runs = () => api.store.raw.query('SELECT id FROM webhook_runs').all().length
    const ticks = await ticksDuring(async () => {
      await api.v1('POST', `/webhooks/${id}/replay`, { key, json })
      await until('the replay is over', () => runs() === 1, { everyMs: 10 })
    })
    expect(ticks).toBeGreaterThan(15)
  })

  test('may be asked for by the operator, on record', async () => {
    const { id } = await hook()
    await happen(1)
    await until('written down', async () => (await deliveries(id)).length === 1)
    const path = `/tenants/acme/webhooks/${id}/deliveries`
    const listed = await api.admin('GET', path)
    expect(listed.body.data).toEqual(await deliveries(id))
    const again = await api.admin('POST', `${path}/${listed.body.data[0].id}/redeliver`)
    expect([again.status, again.body]).toEqual([202, { from_seq: 1, to_seq: 1 }])
    await receiver.until('two', ({ all }) => all.length === 2)
    const { body } = await api.admin('GET', '/audit?action=webhook.replayed')
    expect(body.data).toMatchObject([{ actor: expect.stringMatching(/^local:/), target: id }])
    await api.tenant('rival')
    const wrong = await api.admin('GET', `/tenants/rival/webhooks/${id}/deliveries`)
    expect([wrong.status, wrong.body.code]).toEqual([404, 'webhook_not_found'])
  })
})

describe('a test', () => {
  test('sends one signed message and tells what came back', async () => {
    const { id, secret } = await hook()
    const good = await api.v1('POST', `/webhooks/${id}/test`, { key })
    expect([good.status, good.body]).toEqual([
      200,
      { status_code: 200, duration_ms: expect.any(Number), error: null, response_excerpt: 'ok' },
    ])
    expect(receiver.all[0]?.body).toEqual({
      type: 'webhook.test',
      timestamp: expect.any(String),
      seq: null,
      data: {},
    })
    expect(verifies(secret, receiver.all[0] as (typeof receiver.all)[0])).toBe(true)
    receiver.failing(401)
    const bad = await api.v1('POST', `/webhooks/${id}/test`, { key })
    expect(bad.body).toMatchObject({ status_code: 401, error: 'answered with status 401' })
    expect(receiver.all.length).toBe(2)
    expect(await deliveries(id)).toEqual([])
  })

  test('is one at a time', async () => {
    const { id } = await hook()
    let go = () => {}
    receiver.answer = () => new Promise((done) => (go = () => done(new Response('ok'))))
    const first = api.v1('POST', `/webhooks/${id}/test`, { key })
    await receiver.until('asked', ({ all }) => all.length === 1)
    const second = await api.v1('POST', `/webhooks/${id}/test`, { key })
    expect([second.status, second.body.code]).toEqual([429, 'rate_limited'])
    go()
    expect((await first).status).toBe(200)
  })
})

describe('where a webhook may not lead', () => {
  const refused = 'leads to an address that is not public'

  test.each([
    'http://example.com/',
    'https://127.0.0.1/',
    'https://2130706433/',
    'https://0x7f.1/',
    'https://0177.0.0.1/',
    'https://[::ffff:127.0.0.1]/',
    'https://[::1]/',
    'https://169.254.169.254/',
    'https://10.0.0.8/',
    'https://localhost/',
    'https://example.com./',
    'https://me@example.com/',
    'https://example.com:25/',
  ])('%s is refused, made and changed', async (url) => {
    const { id } = await hook()
    api.allowPrivate = false
    const made = await api.v1('POST', '/webhooks', { key, json: { url } })
    const changed = await patch(id, { url })
    for (const { status, body } of [made, changed])
      expect([status, body.errors[0].path]).toEqual([422, 'url'])
  })

  /** A webhook by a name, which leads where the test says, to the receiver's port. */
  const named = (name: string) => hook({ url: `https://${name}:${new URL(receiver.url).port}/` })

  test('is where its name leads inside, when a message is sent: nobody is connected to', async () => {
    api.allowPrivate = false
    api.resolve = async () => ['127.0.0.1']
    const { id } = await named('inside.example.com')
    await happen(1)
    await failures(id, 1)
    expect((await deliveries(id))[0]).toMatchObject({ status_code: null, error: refused })
    const test = await api.v1('POST', `/webhooks/${id}/test`, { key })
    expect(test.body).toMatchObject({ status_code: null, error: refused })
    expect(receiver.all).toEqual([])
  })

  test('is also where it leads at a second look: what was checked is what is connected to', async () => {
    const port = Number(new URL(receiver.url).port)
    const elsewhere = new WebhookReceiver(port, '127.0.0.2')
    let asked = 0
    api.resolve = async () => [asked++ === 0 ? '127.0.0.1' : '127.0.0.2']
    receiver.answer = () => new Response('', { headers: { connection: 'close' } })
    await hook({ url: `http://rebinding.example.com:${port}/` })
    await Promise.all(upTo(10).map(() => happen(1)))
    await receiver.until('ten', ({ seqs }) => seqs.length === 10)
    expect([asked, elsewhere.all.length]).toEqual([1, 0])
    elsewhere[Symbol.dispose]()
  })

  test('is a lab that is one no more', async () => {
    const { id } = await hook()
    await happen(1)
    await receiver.until('one', ({ seqs }) => seqs.length === 1)
    api.allowPrivate = false
    api.now += 2 * MINUTE
    await happen(1)
    await failures(id, 1)
    expect((await deliveries(id))[0].error).toBe('must begin with https://')
    expect(receiver.all.length).toBe(1)
  })
})

test('what was sent is kept to the newest thousand of each webhook', async () => {
  const { id } = await hook()
  await happen(1150)
  await receiver.until('all', ({ seqs }) => seqs.length === 1150, 60_000)
  await until('written down', async () => (await deliveries(id, '?limit=1'))[0].seq === 1150)
  const count = api.store.raw.query<{ n: number }, []>('SELECT count(*) AS n FROM deliveries').get()
  expect(count?.n).toBeLessThanOrEqual(1100)
  expect(count?.n).toBeGreaterThanOrEqual(1000)
}, 60_000)

test('the metrics count what arrived and what did not', async () => {
  const { metrics, deliverer, attempts } = api.deps
  metrics.watchWebhooks(deliverer, attempts)
  const { id } = await hook()
  await happen(2)
  await until('written down', async () => (await deliveries(id)).length === 2)
  receiver.failing(500)
  await happen(1)
  await failures(id, 1)
  api.now += 3 * SECOND
  const text = await metrics.text()
  expect(text).toContain('golive_webhook_deliveries_total{outcome="delivered"} 2')
  expect(text).toContain('golive_webhook_deliveries_total{outcome="failed"} 1')
  expect(text).toContain('golive_webhooks_failing 1')
  expect(text).toMatch(/golive_webhook_oldest_event_seconds [3-9]/)
})

test('a webhook that filters, and a tenant that is deleted, leave nothing behind that is due', async () => {
  const { id } = await hook({ types: ['room.deleted'] })
  await happen(5)
  await until('passed', async () => {
    await api.deps.deliverer.settle()
    const row = api.store.raw
      .query<{ next_seq: number }, [string]>(
        'SELECT next_seq FROM webhook_runs WHERE webhook_id = ?',
      )
      .get(id)
    return row?.next_seq === 6
  })
  await api.admin('DELETE', '/tenants/acme?confirm=acme')
  await happen(1, 'room.deleted')
  await Bun.sleep(20)
  expect(receiver.all).toEqual([])
})

test('on a full disk a message that arrived is not sent again and again, and all goes on afterwards', async () => {
  const { id } = await hook()
  await api.reserve.refill()
  expect(api.reserve.spend()).toBe(true)
  await happen(2)
  await receiver.until('one arrived', ({ seqs }) => seqs.length > 0)
  for (let n = 0; n < 20; n++) {
    await Bun.sleep(10)
    later(6 * SECOND)
  }
  expect(receiver.all).toHaveLength(1)
  expect(await deliveries(id)).toEqual([])
  await api.reserve.refill()
  await untilAll(2, 6 * SECOND)
  expect(receiver.all.map(({ body }) => body.seq)).toEqual([1, 2])
  await until('written down', async () => (await deliveries(id)).length === 2)
  expect(api.deps.attempts.counts).toEqual({ delivered: 2, failed: 0 })
})
