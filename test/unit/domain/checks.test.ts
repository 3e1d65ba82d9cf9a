import { beforeEach, describe, expect, test } from 'bun:test'
import { Calls, type Livekit } from '../../../src/domain/calls.ts'
import { Checks } from '../../../src/domain/checks.ts'
import { type Admission, Gate } from '../../../src/domain/gate.ts'
import { Minutes } from '../../../src/domain/minutes.ts'
import { Presence } from '../../../src/domain/presence.ts'
import { Refusal } from '../../../src/domain/refusal.ts'
import { splitLivekitRoomName } from '../../../src/domain/room-names.ts'
import { Tokens } from '../../../src/domain/tokens.ts'
import { createLogger } from '../../../src/lib/log.ts'
import { claimsOf } from '../../support/claims.ts'

/** What a check must never touch: whatever is read of it fails the test. */
const nothing = (what: string) =>
  new Proxy(
    {},
    {
      get: () => {
        throw new Error(`a check call asked ${what}`)
      },
    },
  ) as never

let now: number
let presence: Presence
let gate: Gate
let calls: Calls
let checks: Checks
let tokens: Tokens
let livekitRooms: { name: string; createdAtMs: number }[]
let listed: { identity: string; sid: string; joinedAtMs: number }[]
let deleted: string[]
let warnings: number

/** The only question a sweep has for the registry, and it is about no room here. */
const emptyStore = { db: nothing('the database') } as never

beforeEach(async () => {
  now = Date.parse('2026-11-25T10:00:00.500Z')
  livekitRooms = []
  listed = []
  deleted = []
  warnings = 0
  const clock = () => now
  const write = (text: string) => void (JSON.parse(text).level === 'warn' && warnings++)
  const log = createLogger('info', { write })
  const livekit = {
    listRooms: async () => livekitRooms,
    listParticipants: async () => listed,
    deleteRoom: async (name: string) => void deleted.push(name),
  } as unknown as Livekit
  presence = new Presence(clock)
  const child = () => ({ up: true, generation: 1 })
  calls = new Calls({
    ...{ store: emptyStore, clock, log, presence, livekit, child },
    recorder: { swept: async () => {}, expectEnd: () => {} },
  })
  await calls.childUp(false)
  tokens = new Tokens({
    clock,
    joinKey: new Uint8Array(32),
    wsUrl: 'wss://live.example.com',
    rooms: nothing('for a room'),
    keys: nothing('for a key'),
    roles: nothing('for a role'),
  })
  const maxParticipants = () => 3
  gate = new Gate({
    store: emptyStore,
    clock,
    tokens,
    credentials: nothing('for credentials'),
    rooms: nothing('for a room'),
    presence,
    calls,
    moderation: nothing('for a decision'),
    minutes: new Minutes({
      ...{ store: emptyStore, clock, presence, calls },
      events: { write: () => Promise.reject(new Error('nothing to tell')) },
    }),
    maxParticipants,
  })
  const wsUrl = 'wss://live.example.com'
  checks = new Checks({ clock, tokens, calls, presence, wsUrl, maxParticipants })
})

const join = async (token: string): Promise<Admission | Refusal> => {
  const claims = gate.read(token)
  return claims instanceof Refusal ? claims : gate.admit(claims, null)
}

const refusedWith = (outcome: Admission | Refusal): string | null =>
  outcome instanceof Refusal ? outcome.code : null

describe('a check call', () => {
  test('lets its one person in without a word to the database, and back in again', async () => {
    const { token } = checks.begin('visitor')
    expect(refusedWith(await join(token))).toBeNull()
    expect(refusedWith(await join(token))).toBeNull()
    expect([presence.total, presence.inCalls]).toEqual([1, 0])
  })

  test('has a room that is no tenant’s, and another one each time', () => {
    const claims = ['a', 'b'].map(() => tokens.verify(checks.begin('operator').token))
    for (const one of claims) expect(splitLivekitRoomName(one?.room ?? 'acme__x')).toBeNull()
    expect(claims[0]?.room).not.toBe(claims[1]?.room)
  })

  test('is over after two minutes, also for who renewed a token in it', async () => {
    const { token } = checks.begin('visitor')
    const claims = tokens.verify(token)
    if (!claims) throw new Error('no claims')
    const video = { room: claims.room, roomJoin: true, canPublish: false }
    const exp = claims.expiresAt + 600
    const refresh = ['e30', btoa(JSON.stringify({ sub: claims.identity, exp, video })), ''].join(
      '.',
    )
    const renewed = tokens.renew(refresh, claims)
    now += 119_000
    expect(refusedWith(await join(renewed))).toBeNull()
    now += 2000
    expect(refusedWith(await join(renewed))).toBe('room_closed')
    expect(refusedWith(await join(token))).toBe('room_closed')
    now += 5000
    expect(refusedWith(await join(token))).toBe('token_expired')
  })

  test('needs a seat of the server like anybody', async () => {
    const { token } = checks.begin('visitor')
    const place = { tenantId: 't', roomId: 'r', livekitName: 'acme__r' }
    for (const who of ['ann', 'bob', 'cem']) presence.take(place, claimsOf(who))
    expect(refusedWith(await join(token))).toBe('server_full')
    expect(() => checks.begin('visitor')).toThrow('every seat')
  })

  test('is left alone by a sweep in its time and ended by one after it, without alarm', async () => {
    const { token } = checks.begin('visitor')
    const room = tokens.verify(token)?.room ?? ''
    livekitRooms = [{ name: room, createdAtMs: now }]
    listed = [{ identity: 'check', sid: 'PA_1', joinedAtMs: now }]
    now += 1000
    await calls.sweep()
    expect([deleted, presence.total]).toEqual([[], 1])
    now += 120_000
    await calls.sweep()
    expect([deleted, presence.total, warnings]).toEqual([[room], 0, 0])
  })

  test('takes the seats of a small server from nobody: one visitor checks at a time', () => {
    checks.begin('visitor')
    expect(() => checks.begin('visitor')).toThrow('too many people check')
    checks.begin('operator')
    now += 120_000
    checks.begin('visitor')
  })

  test('is not held up by one that was begun while the clock was far ahead', () => {
    now += 3_600_000
    checks.begin('visitor')
    now -= 3_600_000
    checks.begin('visitor')
    expect(() => checks.begin('visitor')).toThrow('too many people check')
  })

  test('cannot begin while the media server is away', () => {
    calls.childDown()
    expect(() => checks.begin('operator')).toThrow('the media server is restarting')
  })
})
