import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { Minutes } from '../../src/domain/minutes.ts'
import { type Key, TestApi } from '../support/api.ts'
import { claimsOf } from '../support/claims.ts'
import { addSession, addStay } from '../support/history.ts'

let api: TestApi
let key: Key

beforeEach(async () => {
  api = new TestApi()
  key = await api.tenant('acme')
})

afterEach(() => api.close())

const CALL = 'acme__standup'

/** A room with these settings whose call begins now. */
const begin = async (settings: object): Promise<void> => {
  await api.v1('POST', '/rooms', { key, json: { name: 'standup', ...settings } })
  api.livekit.running.set(CALL, ['ann'])
  api.livekit.begun.set(CALL, api.now)
}

const isEndedAfter = async (seconds: number): Promise<boolean> => {
  api.now = (api.livekit.begun.get(CALL) as number) + seconds * 1000
  await api.sweep()
  return api.livekit.deleted.includes(CALL)
}

describe('a call', () => {
  test('ends max_duration_seconds after it began, and not before', async () => {
    await begin({ max_duration_seconds: 60 })
    await api.livekitUp()
    expect(await isEndedAfter(59)).toBe(false)
    expect(await isEndedAfter(60)).toBe(true)
  })

  test('that began before a restart of the control plane ends when it would have', async () => {
    await begin({ max_duration_seconds: 60 })
    api.now += 30_000
    await api.livekitAdopted()
    expect(await isEndedAfter(59)).toBe(false)
    expect(await isEndedAfter(60)).toBe(true)
  })

  describe('of sixty seconds that livekit-server last had after forty', () => {
    let began: number

    const isEndedAt = async (seconds: number): Promise<boolean> => {
      api.now = began + seconds * 1000
      await api.sweep()
      return api.livekit.deleted.includes(CALL)
    }

    /** livekit-server has a call in this room again that began so many seconds after the first one. */
    const beginAgain = (seconds: number): void => {
      api.livekit.begun.set(CALL, began + seconds * 1000)
    }

    beforeEach(async () => {
      await begin({ max_duration_seconds: 60 })
      began = api.livekit.begun.get(CALL) as number
      await api.livekitUp()
      expect(await isEndedAt(40)).toBe(false)
    })

    test('ends when it would have, although livekit-server died and people came back', async () => {
      await api.livekitDies()
      beginAgain(43)
      await api.livekitUp()
      expect(await isEndedAt(59)).toBe(false)
      expect(await isEndedAt(60)).toBe(true)
    })

    test('is another one when people came later than after a minute', async () => {
      await api.livekitDies()
      beginAgain(101)
      await api.livekitUp()
      expect(await isEndedAt(160)).toBe(false)
      expect(await isEndedAt(161)).toBe(true)
    })

    test('is another one when it was over, and people came for a new one', async () => {
      beginAgain(43)
      expect(await isEndedAt(102)).toBe(false)
      expect(await isEndedAt(103)).toBe(true)
    })

    test('is another one when it was ended, even if livekit-server died then', async () => {
      await api.v1('POST', '/rooms/standup/end', { key })
      api.livekit.deleted.length = 0
      await api.livekitDies()
      beginAgain(43)
      await api.livekitUp()
      expect(await isEndedAt(102)).toBe(false)
      expect(await isEndedAt(103)).toBe(true)
    })
  })

  test('whose time was over while nobody looked ends as soon as it is found', async () => {
    await begin({ max_duration_seconds: 60 })
    api.now += 3600_000
    await api.livekitAdopted()
    expect(api.livekit.deleted).toEqual([CALL])
    expect(api.deps.presence.total).toBe(0)
  })

  test('follows a limit that is set, changed and taken away while it runs', async () => {
    await begin({})
    await api.livekitUp()
    const patch = (max_duration_seconds: number | null) =>
      api.v1('PATCH', '/rooms/standup', { key, json: { max_duration_seconds } })
    expect(await isEndedAfter(100_000)).toBe(false)
    await patch(100_060)
    expect(await isEndedAfter(100_059)).toBe(false)
    await patch(null)
    expect(await isEndedAfter(100_061)).toBe(false)
    await patch(60)
    expect(await isEndedAfter(100_062)).toBe(true)
  })

  test('ends at closes_at, also when that was moved into the past', async () => {
    await begin({ closes_at: new Date(api.now + 60_000).toISOString() })
    await api.livekitUp()
    expect(await isEndedAfter(50)).toBe(false)
    const closes_at = new Date(api.now - 1).toISOString()
    await api.v1('PATCH', '/rooms/standup', { key, json: { closes_at } })
    expect(await isEndedAfter(51)).toBe(true)
  })
})

describe('minutes of a month', () => {
  const EVE = '2026-11-30T23:50:00.000Z'

  /** Somebody of a tenant with ten minutes a month is in a call across the end of November. */
  const overdrawn = async (isHard: boolean) => {
    api.now = Date.parse(EVE)
    const limits = { participant_minutes_per_month: 10, participant_minutes_hard: isHard }
    await api.admin('PATCH', '/tenants/acme', { json: { limits } })
    const tenant = await api.deps.tenants.get('acme')
    const stay = { session: 's1', sid: 'PA_1', room: 'standup', joinedAt: api.now, leftAt: null }
    await addSession(api, 'acme', { id: 's1', room: 'standup', startedAt: api.now, endedAt: null })
    await addStay(api, 'acme', stay)
    const place = { tenantId: tenant.id, roomId: 'r', livekitName: CALL }
    api.deps.presence.answered(api.deps.presence.take(place, claimsOf('ann')), 'PA_1')
    const putOut: string[] = []
    const { store, deps } = api
    const minutes = new Minutes({
      ...{ store, presence: deps.presence, events: deps.events, clock: () => api.now },
      calls: {
        putOut: async (match) =>
          void putOut.push(...deps.presence.matching(match).map((seat) => seat.identity)),
      },
    })
    const at = async (time: string) => {
      api.now = Date.parse(time)
      await minutes.count()
      await minutes.endOverdrawn()
      return [
        minutes.used(tenant.id),
        minutes.areUsedUp(tenant.id, tenant.limits),
        ...putOut.splice(0),
      ]
    }
    return at
  }

  test('are counted up to now, and begin anew with the month while the call goes on', async () => {
    const at = await overdrawn(false)
    expect(await at('2026-11-30T23:59:59.999Z')).toEqual([9, false])
    expect(await at('2026-12-01T00:00:00.000Z')).toEqual([0, false])
    expect(await at('2026-12-01T00:09:59.999Z')).toEqual([9, false])
    expect(await at('2026-12-01T00:10:00.000Z')).toEqual([10, true])
  })

  test('put out who is in a call when the limit is hard, not before they are used up', async () => {
    const at = await overdrawn(true)
    expect(await at('2026-11-30T23:59:59.999Z')).toEqual([9, false])
    expect(await at('2026-12-01T00:09:59.999Z')).toEqual([9, false])
    expect(await at('2026-12-01T00:10:00.000Z')).toEqual([10, true, 'ann'])
  })
})
