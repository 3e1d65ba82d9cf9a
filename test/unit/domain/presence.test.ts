import { beforeEach, describe, expect, test } from 'bun:test'
import { type Place, Presence } from '../../../src/domain/presence.ts'
import { lastHeard, type Seat, type SeatSocket } from '../../../src/domain/seat.ts'
import { claimsOf } from '../../support/claims.ts'

const place = (name: string, tenantId = 'acme'): Place => ({
  tenantId,
  roomId: `id-${name}`,
  livekitName: `${tenantId}__${name}`,
})
const socket = (): SeatSocket => ({
  heardAt: 0,
  address: null,
  close: () => undefined,
  probe: async () => undefined,
})
const roomy = { room: 10, tenant: 100, server: 1000 }
const room = place('stand-up')

let now: number
let presence: Presence

beforeEach(() => {
  now = 1000
  presence = new Presence(() => now)
})

/** Somebody who is in: upgraded, and named in LiveKit's JoinResponse. */
const seat = (identity: string, sid = `PA_${identity}`, where = room): Seat => {
  const taken = presence.take(where, claimsOf(identity))
  presence.opened(taken, socket())
  presence.answered(taken, sid)
  return taken
}

const identities = (where = room): string[] =>
  presence
    .seatsOf(where.livekitName)
    .map((one) => one.identity)
    .sort()

describe('a seat', () => {
  test('counts from the moment it is taken, before anything has opened', () => {
    presence.take(room, claimsOf('ann'))
    expect([presence.total, presence.roomNow(room), presence.tenantNow('acme')]).toEqual([1, 1, 1])
    expect(presence.full(room, 'bob', { ...roomy, room: 1 })).toBe('room_full')
  })

  test('is taken once by one identity, however often it knocks, and is never full for who has it', () => {
    for (let tries = 0; tries < 5; tries++) presence.take(room, claimsOf('ann'))
    expect(presence.roomNow(room)).toBe(1)
    expect(presence.full(room, 'ann', { room: 1, tenant: 1, server: 1 })).toBeNull()
  })

  test('is not shared by the same identity in another room', () => {
    seat('ann')
    seat('ann', 'PA_other', place('other'))
    expect([presence.total, presence.roomsActive]).toEqual([2, 2])
  })

  test('of a failed upgrade is free again, and not before the last attempt failed', () => {
    const first = presence.take(room, claimsOf('ann'))
    const second = presence.take(room, claimsOf('ann'))
    presence.failed(first)
    expect(presence.roomNow(room)).toBe(1)
    presence.failed(second)
    expect([presence.roomNow(room), presence.total, presence.roomsActive]).toEqual([0, 0, 0])
  })

  test('outlives a failed upgrade of somebody who is in', () => {
    seat('ann')
    presence.failed(presence.take(room, claimsOf('ann')))
    expect(identities()).toEqual(['ann'])
  })

  test('is held with what its person came with, until another upgrade gets through', () => {
    const ann = seat('ann')
    const [first, second] = [ann.claims, claimsOf('ann', { apiKey: 'lkv_2' })]
    presence.failed(presence.take(room, second))
    expect(ann.claims).toBe(first)
    presence.answered(presence.take(room, second), 'PA_again')
    expect(ann.claims).toBe(second)
  })

  test('outlives its socket: the person is still in the call', () => {
    const taken = presence.take(room, claimsOf('ann'))
    const signal = socket()
    presence.opened(taken, signal)
    presence.answered(taken, 'PA_1')
    presence.closed(taken, signal)
    expect(identities()).toEqual(['ann'])
    expect(presence.hasSocket(room.livekitName)).toBe(false)
  })

  test('keeps its newer socket when the older one closes late', () => {
    const older = socket()
    const taken = presence.take(room, claimsOf('ann'))
    presence.opened(taken, older)
    presence.answered(taken, 'PA_1')
    presence.opened(presence.take(room, claimsOf('ann')), socket())
    presence.closed(taken, older)
    expect(presence.hasSocket(room.livekitName)).toBe(true)
  })

  test('is free once LiveKit says that its person left', () => {
    seat('ann', 'PA_1')
    presence.left(room.livekitName, 'ann', 'PA_1')
    expect([presence.total, presence.tenantNow('acme'), presence.roomsActive]).toEqual([0, 0, 0])
  })

  test('stays taken when LiveKit reports an earlier stay of the same person gone', () => {
    seat('ann', 'PA_1')
    seat('ann', 'PA_2')
    presence.left(room.livekitName, 'ann', 'PA_1')
    expect(identities()).toEqual(['ann'])
    presence.left(room.livekitName, 'ann', 'PA_2')
    expect(identities()).toEqual([])
  })

  test('stays taken when the earlier stay ends while the next upgrade is under way', () => {
    seat('ann', 'PA_1')
    const again = presence.take(room, claimsOf('ann'))
    presence.left(room.livekitName, 'ann', 'PA_1')
    expect(presence.full(room, 'bob', { ...roomy, room: 1 })).toBe('room_full')
    presence.opened(again, socket())
    presence.answered(again, 'PA_2')
    expect(identities()).toEqual(['ann'])
  })

  test('stays taken when the end of the earlier stay is told between the new socket and its JoinResponse', () => {
    seat('ann', 'PA_1')
    const again = presence.take(room, claimsOf('ann'))
    presence.opened(again, socket())
    presence.left(room.livekitName, 'ann', 'PA_1')
    presence.answered(again, 'PA_2')
    expect(identities()).toEqual(['ann'])
    presence.left(room.livekitName, 'ann', 'PA_2')
    expect(identities()).toEqual([])
  })

  test('is not touched by news of strangers', () => {
    seat('ann', 'PA_1')
    presence.left(room.livekitName, 'bob', 'PA_1')
    presence.left('acme__other', 'ann', 'PA_1')
    presence.left(room.livekitName, 'ann', 'PA_9')
    expect(identities()).toEqual(['ann'])
  })
})

describe('limits', () => {
  test('are told from the inside out: room, tenant, server', () => {
    seat('ann')
    expect(presence.full(room, 'bob', { room: 1, tenant: 1, server: 1 })).toBe('room_full')
    expect(presence.full(room, 'bob', { room: 2, tenant: 1, server: 1 })).toBe('tenant_full')
    expect(presence.full(room, 'bob', { room: 2, tenant: 2, server: 1 })).toBe('server_full')
    expect(presence.full(room, 'bob', { room: 2, tenant: 2, server: 2 })).toBeNull()
  })

  test("do not count another tenant's people in a room of the same name", () => {
    seat('ann', 'PA_1', place('stand-up', 'globex'))
    expect(presence.full(room, 'ann', { room: 1, tenant: 1, server: 2 })).toBeNull()
    expect([presence.tenantNow('globex'), presence.tenantNow('acme')]).toEqual([1, 0])
  })

  test('admit exactly as many as there are seats when sixty knock at once', () => {
    const admitted = Array.from({ length: 60 }, (_, n) => `guest-${n}`).filter((identity) => {
      if (presence.full(room, identity, roomy)) return false
      presence.take(room, claimsOf(identity))
      return true
    })
    expect(admitted).toHaveLength(10)
    expect(presence.roomNow(room)).toBe(10)
  })
})

describe("LiveKit's list of a room", () => {
  const listed = (identity: string, sid = `PA_${identity}`) => ({ identity, sid, joinedAtMs: now })

  test('fills the seats after a start', () => {
    presence.observe(room, [listed('ann'), listed('bob')], now)
    expect(identities()).toEqual(['ann', 'bob'])
    expect(presence.full(room, 'eve', { ...roomy, room: 2 })).toBe('room_full')
    expect(presence.full(room, 'ann', { ...roomy, room: 2 })).toBeNull()
  })

  test('frees the seat of who vanished without a word', () => {
    seat('ann')
    const vanished = seat('bob')
    presence.closed(vanished, vanished.socket as SeatSocket)
    now += 1000
    presence.observe(room, [listed('ann')], now)
    expect(identities()).toEqual(['ann'])
  })

  test('frees nobody whose connection is open: it forgets who took their own place', () => {
    seat('ann', 'PA_1')
    const again = seat('ann', 'PA_2')
    presence.left(room.livekitName, 'ann', 'PA_1')
    now += 1000
    presence.observe(room, [], now)
    expect(identities()).toEqual(['ann'])
    presence.closed(again, again.socket as SeatSocket)
    presence.observe(room, [], now)
    expect(identities()).toEqual([])
  })

  test('frees nobody who came after the question was asked', () => {
    const askedAt = now
    now += 10
    seat('ann')
    presence.observe(room, [], askedAt)
    expect(identities()).toEqual(['ann'])
  })

  test('frees nobody whose upgrade is under way', () => {
    presence.take(room, claimsOf('ann'))
    now += 60_000
    presence.observe(room, [], now)
    expect(identities()).toEqual(['ann'])
  })

  test('does not bring back who left after the question was asked', () => {
    seat('ann', 'PA_1')
    presence.left(room.livekitName, 'ann', 'PA_1')
    presence.observe(room, [listed('ann', 'PA_1')], now)
    expect(identities()).toEqual([])
  })

  test('does not take the name of a new stay away', () => {
    seat('ann', 'PA_2')
    presence.observe(room, [listed('ann', 'PA_1')], now)
    presence.left(room.livekitName, 'ann', 'PA_1')
    expect(identities()).toEqual(['ann'])
  })
})

describe('when calls end', () => {
  test('a room is forgotten with all its people and no one else', () => {
    seat('ann')
    seat('bob')
    seat('ann', 'PA_1', place('stand-up', 'globex'))
    presence.forgetRoom(room.livekitName)
    expect([presence.total, presence.tenantNow('acme'), presence.tenantNow('globex')]).toEqual([
      1, 0, 1,
    ])
  })

  test('everything is forgotten when livekit-server died', () => {
    seat('ann')
    seat('ann', 'PA_1', place('stand-up', 'globex'))
    presence.clear()
    expect([presence.total, presence.roomsActive, presence.tenantNow('acme')]).toEqual([0, 0, 0])
  })
})

describe('who was in a call when livekit-server died', () => {
  const isCutOff = (identity: string, where = room): boolean =>
    presence.cutOff.has({ livekitName: where.livekitName, identity: identity })

  beforeEach(() => {
    seat('ann')
    seat('bob')
    presence.clear()
    // A second time when the next one is up.
    presence.clear()
  })

  test('is remembered in that room for a minute, and nobody else', () => {
    expect([isCutOff('ann'), isCutOff('bob'), isCutOff('cy')]).toEqual([true, true, false])
    expect(isCutOff('ann', place('other'))).toBe(false)
    now += 59_999
    expect(isCutOff('ann')).toBe(true)
    now++
    expect(isCutOff('ann')).toBe(false)
  })

  test('is a newcomer again once back, but not for an attempt that failed', () => {
    presence.failed(presence.take(room, claimsOf('ann')))
    expect(isCutOff('ann')).toBe(true)
    seat('ann', 'PA_again')
    presence.left(room.livekitName, 'ann', 'PA_again')
    expect([isCutOff('ann'), isCutOff('bob')]).toEqual([false, true])
  })

  test('is a newcomer once put out, or when the call was ended', () => {
    presence.cutOff.forget((one) => one.identity === 'ann')
    expect([isCutOff('ann'), isCutOff('bob')]).toEqual([false, true])
    presence.forgetRoom(room.livekitName)
    expect(isCutOff('bob')).toBe(false)
  })
})

test('the counts are those of the seats, whatever happens in whatever order', () => {
  let state = 7
  const random = (below: number): number => {
    state = (state * 48_271) % 2_147_483_647
    return state % below
  }
  const places = [place('a'), place('b'), place('a', 'globex')]
  const pending: Seat[] = []
  const steps: (() => void)[] = [
    () => pending.push(presence.take(places[random(3)] as Place, claimsOf(`p${random(4)}`))),
    () => {
      const one = pending.pop()
      if (one) presence.failed(one)
    },
    () => {
      const one = pending.shift()
      if (!one) return
      presence.opened(one, socket())
      presence.answered(one, `PA_${random(6)}`)
    },
    () =>
      presence.left((places[random(3)] as Place).livekitName, `p${random(4)}`, `PA_${random(6)}`),
    () =>
      presence.observe(
        places[random(3)] as Place,
        [{ identity: `p${random(4)}`, sid: `PA_${random(6)}`, joinedAtMs: now }],
        now - random(3),
      ),
    () => presence.forgetRoom((places[random(3)] as Place).livekitName),
  ]
  for (let step = 0; step < 20_000; step++) {
    now++
    steps[random(steps.length)]?.()
    const sizes = places.map((one) => presence.seatsOf(one.livekitName).length)
    const [a = 0, b = 0, foreign = 0] = sizes
    expect([presence.total, presence.tenantNow('acme'), presence.tenantNow('globex')]).toEqual([
      a + b + foreign,
      a + b,
      foreign,
    ])
    expect(presence.roomsActive).toBe(sizes.filter((size) => size > 0).length)
  }
})

test('the sign of life of who is about to take a seat is not that of who is in it', () => {
  const ann = seat('ann')
  expect(lastHeard(ann)).toBe(0)
  const newcomer = presence.take(room, claimsOf('ann'))
  presence.opened(newcomer, { ...socket(), heardAt: 1000 })
  expect(lastHeard(ann)).toBeNull()
  presence.answered(newcomer, 'PA_again')
  expect(lastHeard(ann)).toBe(1000)
})
