import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { appendFileSync } from 'node:fs'
import { listEvents } from '../../src/store/events.ts'
import { listParticipants } from '../../src/store/session-participants.ts'
import { listSessions } from '../../src/store/sessions.ts'
import { listTracks } from '../../src/store/tracks.ts'
import { listUsageDays } from '../../src/store/usage.ts'
import { TestApi } from '../support/api.ts'
import { Teller } from '../support/truth.ts'

let api: TestApi
let tenantId: string
let room: Teller

beforeEach(async () => {
  api = new TestApi()
  await api.tenant('acme')
  tenantId = (await api.deps.tenants.get('acme')).id
  await api.recorder.load()
  room = new Teller(api, 'acme__daily', 'RM_one')
})

afterEach(() => api.close())

const all = { after: null, limit: 100 }
const events = async () =>
  (
    await listEvents(api.store.db, tenantId, { after: 0, until: 1000, limit: 1000, types: null })
  ).map((row) => ({
    ...row,
    data: JSON.parse(row.data) as Record<string, unknown>,
  }))
const told = async () =>
  (await events()).map((event) => `${event.type} ${event.identity ?? ''}`.trim())
const sessions = () => listSessions(api.store.db, tenantId, { ...all, room: null, open: false })
const stays = async (at = 0) =>
  listParticipants(api.store.db, (await sessions())[at]?.id ?? '', all)
const minutes = (count: number): void => {
  api.now += count * 60_000
}
const seconds = (count: number): void => {
  api.now += count * 1000
}

/** Sweeps until what differs is believed. */
const sweeps = async (teller = room): Promise<void> => {
  for (let count = 0; count < 4; count++) {
    seconds(5)
    await teller.swept()
  }
}

describe('a call that is reported in full', () => {
  test('is one session, with who was in it, when, and how they left', async () => {
    const started = api.now
    const ann = room.enters('ann')
    await room.joined(ann)
    minutes(1)
    const bob = room.enters('bob')
    await room.joined(bob)
    minutes(1)
    await room.left(ann)
    minutes(1)
    await room.left(bob, 'CONNECTION_TIMEOUT')
    seconds(20)
    await room.finished()
    expect(await told()).toEqual([
      'session.started',
      'participant.joined ann',
      'participant.joined bob',
      'participant.left ann',
      'participant.left bob',
      'session.ended',
    ])
    const [session] = await sessions()
    const [first, second] = await stays()
    expect(session).toMatchObject({ room: 'daily', livekit_sid: 'RM_one', peak_participants: 2 })
    expect(session?.started_at).toBe(ann.joinedAt)
    expect(session?.ended_at).toBe(second?.left_at as number)
    expect(session?.end_reason).toBe('empty')
    expect(first).toMatchObject({ identity: 'ann', leave_reason: 'client_initiated' })
    expect(second?.leave_reason).toBe('connection_timeout')
    // Somebody who vanishes is noticed late; somebody who says goodbye is not.
    expect(first?.end_accuracy_ms).toBe(1000)
    expect(second?.end_accuracy_ms).toBe(25_000)
    expect(session?.end_accuracy_ms).toBe(25_000)
    const spent = [first, second].reduce(
      (sum, one) => sum + (one?.left_at ?? 0) - (one?.joined_at ?? 0),
      0,
    )
    expect(session?.participant_ms).toBe(spent)
    expect(session?.reconstructed).toBe(0)
    const [day] = await listUsageDays(api.store.db, tenantId, {
      from: '2026-11-25',
      to: '2026-11-25',
    })
    expect(day).toMatchObject({ participant_ms: spent, participants: 2, sessions: 1 })
    expect((await events()).every((event) => event.reconstructed === 0)).toBe(true)
    expect(started).toBeLessThanOrEqual(ann.joinedAt)
  })

  test('begins with the first who came, though media of somebody later was up sooner', async () => {
    api.now = Date.parse('2026-11-25T23:59:59.000Z')
    const ann = room.enters('ann')
    seconds(2)
    const bob = room.enters('bob')
    await room.joined(bob)
    await room.joined(ann)
    await room.left(ann)
    await room.left(bob)
    await room.finished()
    const [session] = await sessions()
    expect(session?.started_at).toBe(ann.joinedAt)
    expect((await events()).at(-1)?.data.started_at).toBe('2026-11-25T23:59:59.000Z')
    const days = await listUsageDays(api.store.db, tenantId, {
      from: '2026-11-01',
      to: '2026-11-30',
    })
    expect(days.map(({ day, sessions }) => [day, sessions])).toEqual([
      ['2026-11-25', 1],
      ['2026-11-26', 0],
    ])
  })

  test('is written down once, however often and in whatever order it is told', async () => {
    const ann = room.enters('ann')
    await Promise.all([room.joined(ann), room.joined(ann), room.track('track_published', ann)])
    await room.track('track_published', ann)
    minutes(1)
    await room.left(ann)
    await room.left(ann)
    await room.joined(ann)
    await room.finished()
    await room.finished()
    expect(await told()).toEqual([
      'session.started',
      'participant.joined ann',
      'track.published ann',
      'track.unpublished ann',
      'participant.left ann',
      'session.ended',
    ])
  })

  test('has its events numbered without a gap', async () => {
    for (let count = 0; count < 20; count++) void room.joined(room.enters(`p${count}`))
    await api.recorder.drained()
    expect((await events()).map((event) => event.seq)).toEqual(
      Array.from({ length: 21 }, (_, at) => at + 1),
    )
  })

  test('tells a second tab from a goodbye', async () => {
    const first = room.enters('ann', 'PA_first')
    await room.joined(first)
    await room.joined(room.enters('ann', 'PA_second'))
    await room.left(first, 'DUPLICATE_IDENTITY')
    expect((await told()).slice(-1)).toEqual(['participant.superseded ann'])
    expect((await sessions())[0]?.peak_participants).toBe(1)
  })

  test('is cut at midnight, in UTC, without losing a millisecond', async () => {
    api.now = Date.parse('2026-11-30T23:59:00.250Z')
    const ann = room.enters('ann')
    await room.joined(ann)
    minutes(2)
    await room.left(ann)
    const days = await listUsageDays(api.store.db, tenantId, {
      from: '2026-11-01',
      to: '2026-12-31',
    })
    const [stay] = await stays()
    expect(days.map((row) => row.day)).toEqual(['2026-11-30', '2026-12-01'])
    expect(days[0]?.participant_ms).toBe(Date.parse('2026-12-01T00:00:00.000Z') - ann.joinedAt)
    expect(days.reduce((sum, row) => sum + row.participant_ms, 0)).toBe(
      (stay?.left_at ?? 0) - (stay?.joined_at ?? 0),
    )
  })
})

describe('what is told in the wrong order', () => {
  test('a goodbye without an arrival is both, and the arrival is marked', async () => {
    const ann = room.enters('ann')
    minutes(1)
    await room.left(ann)
    await room.joined(ann)
    const [, joined, left] = await events()
    expect(joined).toMatchObject({ type: 'participant.joined', reconstructed: 1, at: ann.joinedAt })
    expect(left).toMatchObject({ type: 'participant.left', reconstructed: 0 })
    expect(await told()).toHaveLength(3)
  })

  test('a track that comes before its participant waits for them', async () => {
    const ann = room.enters('ann')
    await room.track('track_published', ann)
    expect(await told()).toEqual([])
    await room.joined(ann)
    expect(await told()).toEqual([
      'session.started',
      'participant.joined ann',
      'track.published ann',
    ])
  })

  test('who never got in was never in', async () => {
    await room.aborted(room.enters('ann'))
    expect(await told()).toEqual([])
    expect(await sessions()).toEqual([])
  })

  test('who is told of after the end of the room is in it and out of it', async () => {
    const ann = room.enters('ann')
    const bob = room.enters('bob')
    await room.joined(ann)
    minutes(1)
    await room.left(ann)
    await room.finished()
    await room.left(bob)
    const [session] = await sessions()
    expect((await told()).slice(-2)).toEqual(['participant.joined bob', 'participant.left bob'])
    expect(session?.participant_ms).toBe(
      (await stays()).reduce((sum, one) => sum + (one.left_at ?? 0) - one.joined_at, 0),
    )
  })
})

describe('what is not told', () => {
  test('is found by looking: who is there, what they publish, and that they are gone', async () => {
    const ann = room.enters('ann')
    room.publishes(ann)
    await room.swept()
    expect(await told()).toEqual([])
    await sweeps()
    await sweeps()
    expect(await told()).toEqual([
      'session.started',
      'participant.joined ann',
      'track.published ann',
    ])
    room.leaves(ann)
    const before = api.now
    await sweeps()
    const [stay] = await stays()
    expect(stay?.leave_reason).toBe('unknown_reason')
    expect(stay?.left_at).toBeLessThanOrEqual(before)
    expect((stay?.left_at ?? 0) + (stay?.end_accuracy_ms ?? 0)).toBeGreaterThanOrEqual(before)
    expect((await events()).every((event) => event.reconstructed === 1)).toBe(true)
  })

  test('is not believed at once: the report may be on its way', async () => {
    const ann = room.enters('ann')
    await room.joined(ann)
    await room.swept()
    room.leaves(ann)
    seconds(5)
    await room.swept()
    expect((await stays())[0]?.left_at).toBeNull()
    await room.left(ann)
    await sweeps()
    expect((await events()).at(-1)).toMatchObject({ type: 'participant.left', reconstructed: 0 })
  })

  test('a room that is gone ends its session', async () => {
    await room.joined(room.enters('ann'))
    await room.swept()
    for (let count = 0; count < 4; count++) {
      seconds(5)
      await api.recorder.swept({ askedAt: api.now, rooms: [] })
    }
    expect((await told()).slice(-2)).toEqual(['participant.left ann', 'session.ended'])
    expect((await sessions())[0]).toMatchObject({ reconstructed: 1, end_reason: 'empty' })
  })

  test('mutes are seen by looking, with their beginning and end', async () => {
    const ann = room.enters('ann')
    await room.joined(ann)
    await room.track('track_published', ann)
    room.publishes(ann, { muted: true })
    await room.swept()
    const from = api.now
    seconds(5)
    room.unmutes(ann)
    await room.swept()
    const [track] = await listTracks(api.store.db, [ann.sid])
    const [[begin, end]] = JSON.parse(track?.mutes ?? '[]')
    expect(Math.abs(begin - from)).toBeLessThan(100)
    expect(end - begin).toBeGreaterThanOrEqual(5000)
  })
})

/** Lines as livekit-server writes them. */
const writes = (msg: string, ts: number, identity: string, more: object = {}): void =>
  appendFileSync(
    api.livekitLog,
    `${JSON.stringify({
      ...{ level: 'info', ts: ts / 1000, msg, room: 'acme__daily', roomID: 'RM_one' },
      ...{ participant: identity, participantID: `PA_${identity}`, ...more },
    })}\n`,
  )

describe('when livekit-server is gone', () => {
  test('everybody is out then, and the session is over, marked', async () => {
    await room.joined(room.enters('ann'))
    await room.joined(room.enters('bob'))
    minutes(1)
    const at = api.now
    await api.recorder.childGone('livekit_exited')
    expect(await told()).toEqual([
      'session.started',
      'participant.joined ann',
      'participant.joined bob',
      'participant.left ann',
      'participant.left bob',
      'session.ended',
    ])
    for (const stay of await stays()) expect(Math.abs((stay.left_at ?? 0) - at)).toBeLessThan(100)
    expect((await sessions())[0]).toMatchObject({ end_reason: 'livekit_exited', reconstructed: 1 })
  })

  test('who came and left in its last moments is known from its log', async () => {
    await room.joined(room.enters('ann'))
    minutes(1)
    writes('participant closing', api.now - 500, 'ann', { reason: 'CLIENT_REQUEST_LEAVE' })
    writes('participant active', api.now - 400, 'bob', {
      connectionType: 'udp',
      clientInfo: { sdk: 'JS' },
    })
    await api.recorder.childGone('livekit_exited')
    const [ann, bob] = await stays()
    expect(ann).toMatchObject({ identity: 'ann', leave_reason: 'client_initiated' })
    expect(bob).toMatchObject({ identity: 'bob', leave_reason: 'livekit_exited', transport: 'udp' })
    expect(bob?.reconstructed).toBe(1)
  })

  test('what an earlier run left open ends when there was last a sign of life', async () => {
    await room.joined(room.enters('ann'))
    await room.swept()
    const seen = api.now
    minutes(10)
    const next = api.anotherRecorder()
    await next.load()
    await next.childFound(api.now, false)
    const [stay] = await stays()
    expect(Math.abs((stay?.left_at ?? 0) - seen)).toBeLessThan(100)
    expect(stay?.end_accuracy_ms).toBeGreaterThanOrEqual(10 * 60_000 - 1000)
    expect((await sessions())[0]?.ended_at).toBe(stay?.left_at as number)
  })
})

describe('after an outage of the control plane', () => {
  test('what died with its livekit-server is over, also when the next one is found running', async () => {
    await room.joined(room.enters('ann'))
    await room.swept()
    const seen = api.now
    seconds(3)
    const startedAt = api.now
    // The run that saw it die was killed before it wrote that down.
    const other = new Teller(api, 'acme__daily', 'RM_two')
    await other.joined(other.enters('bob'))
    seconds(10)
    writes('participant active', api.now - 9000, 'bob', { roomID: 'RM_two' })
    const next = api.anotherRecorder()
    await next.load()
    await next.childFound(startedAt, true)
    const [two, one] = await sessions()
    expect([one?.ended_at === null, two?.ended_at === null]).toEqual([false, true])
    const [ann] = await stays(1)
    expect(Math.abs((ann?.left_at ?? 0) - seen)).toBeLessThan(100)
    expect((ann?.left_at ?? 0) + (ann?.end_accuracy_ms ?? 0)).toBeGreaterThanOrEqual(startedAt)
  })

  test('somebody who is missed is not counted as seen, however often it starts anew', async () => {
    const ann = room.enters('ann')
    await room.joined(ann)
    await room.swept()
    const seen = api.now
    room.leaves(ann)
    const { name: livekitName, sid } = room.room
    let next = api.anotherRecorder()
    const look = async () => {
      seconds(5)
      await next.swept({ askedAt: api.now, rooms: [{ livekitName, sid, people: [] }] })
    }
    for (let count = 0; count < 10; count++) {
      next = api.anotherRecorder()
      await next.load()
      await look()
    }
    for (let count = 0; count < 4; count++) await look()
    const [stay] = await stays()
    expect(Math.abs((stay?.left_at ?? 0) - seen)).toBeLessThan(100)
  })

  test('who came and left meanwhile is known from the log of livekit-server', async () => {
    const arrived = api.now + 60_000
    minutes(2)
    writes('participant active', arrived, 'ann')
    writes('participant closing', arrived + 30_000, 'ann', { reason: 'CLIENT_REQUEST_LEAVE' })
    const next = api.anotherRecorder()
    await next.load()
    await next.swept({ askedAt: api.now, rooms: [] })
    const [stay] = await stays()
    expect(stay).toMatchObject({ joined_at: arrived, left_at: arrived + 30_000, reconstructed: 1 })
  })

  test('a goodbye that livekit-server could not deliver has its true moment', async () => {
    await room.joined(room.enters('ann'))
    await room.swept()
    const left = api.now + 1000
    writes('participant closing', left, 'ann', { reason: 'CLIENT_REQUEST_LEAVE' })
    minutes(3)
    room.leaves({ identity: 'ann', sid: 'PA_ann', joinedAt: 0 })
    const next = api.anotherRecorder()
    await next.load()
    for (let count = 0; count < 4; count++) {
      seconds(5)
      await next.swept({
        askedAt: api.now,
        rooms: [{ livekitName: 'acme__daily', sid: 'RM_one', people: [] }],
      })
    }
    expect((await stays())[0]).toMatchObject({ left_at: left, leave_reason: 'client_initiated' })
  })
})

test('a room that finishes does not move the ends of those whose goodbye was never delivered', async () => {
  const ann = room.enters('ann')
  const bob = room.enters('bob')
  await room.joined(ann)
  await room.joined(bob)
  const left = api.now + 1000
  writes('participant closing', left, 'ann', { reason: 'CLIENT_REQUEST_LEAVE' })
  minutes(1)
  await room.left(bob)
  await room.finished()
  const stay = (await stays()).find((one) => one.identity === 'ann')
  expect(stay).toMatchObject({ left_at: left, leave_reason: 'client_initiated' })
  expect(stay?.reconstructed).toBe(0)
})

test('who is still there when their room is gone has left since they were last seen', async () => {
  await room.joined(room.enters('ann'))
  await room.swept()
  const seen = api.now
  minutes(2)
  await room.finished()
  const [stay] = await stays()
  expect((stay?.left_at ?? 0) - (stay?.end_accuracy_ms ?? 0)).toBeLessThanOrEqual(seen)
})

test('one fact that cannot be written does not take others along', async () => {
  const stranger = new Teller(api, 'acme__daily', 'RM_one')
  api.store.raw.run(
    "CREATE TRIGGER poison BEFORE INSERT ON session_participants WHEN NEW.identity = 'poison' BEGIN SELECT RAISE(ABORT, 'no'); END",
  )
  const outcomes = await Promise.allSettled([
    room.joined(room.enters('ann')),
    stranger.joined(stranger.enters('poison')),
    room.joined(room.enters('bob')),
  ])
  expect(outcomes.map((one) => one.status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  expect(await told()).toEqual([
    'session.started',
    'participant.joined ann',
    'participant.joined bob',
  ])
})

test('what happens in the calls of people who only check a connection is nobody’s session', async () => {
  const check = new Teller(api, '__check__0123456789abcdefghij', 'RM_check')
  await check.joined(check.enters('me'))
  expect(await told()).toEqual([])
})

test('who is in a log of livekit-server from days ago is not brought back', async () => {
  const bob = room.enters('bob')
  await room.joined(bob)
  await room.swept()
  await room.left(bob)
  await room.finished()
  const before = await told()
  writes('participant active', api.now, 'ann')
  writes('participant closing', api.now + 1000, 'ann', { reason: 'CLIENT_REQUEST_LEAVE' })
  minutes(3 * 24 * 60)
  const next = api.anotherRecorder()
  await next.load()
  await next.swept({ askedAt: api.now, rooms: [] })
  expect(await told()).toEqual(before)
})
