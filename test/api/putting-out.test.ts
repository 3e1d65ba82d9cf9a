import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import type { SeatSocket } from '../../src/domain/seat.ts'
import { type Key, TestApi } from '../support/api.ts'
import { claimsOf } from '../support/claims.ts'

let api: TestApi
let key: Key

beforeEach(async () => {
  api = new TestApi()
  key = await api.tenant('acme')
  await api.v1('POST', '/rooms', { key, json: { name: 'standup' } })
})

afterEach(() => api.close())

const PEOPLE = '/rooms/standup/participants'

const place = async () => {
  const room = await api.deps.rooms.get(await api.deps.tenants.get('acme'), 'standup')
  return { tenantId: room.tenantId, roomId: room.id, livekitName: room.livekitName }
}

/** Somebody in the call, with a connection that tells whether it was closed. */
const enter = async (identity: string) => {
  const where = await place()
  const seat = api.deps.presence.take(where, claimsOf(identity, { apiKey: key.api_key }))
  const socket = {
    heardAt: 0,
    address: null,
    closed: false,
    close: () => {},
    probe: async () => {},
  }
  socket.close = () => {
    socket.closed = true
  }
  api.deps.presence.opened(seat, socket satisfies SeatSocket)
  api.deps.presence.answered(seat, `PA_${identity}`)
  api.livekit.running.set(where.livekitName, [
    ...(api.livekit.running.get(where.livekitName) ?? []),
    identity,
  ])
  return socket
}

const kick = (identity: string, query = '') =>
  api.v1('DELETE', `${PEOPLE}/${identity}${query}`, { key })

describe('who could not be put out', () => {
  test('loses the connection, is not reported as out, and is put out later', async () => {
    await api.livekitUp()
    const socket = await enter('ann')
    api.livekit.answers = false
    const { status, body } = await kick('ann')
    expect([status, body.code, body.hint]).toEqual([
      503,
      'media_unavailable',
      expect.stringContaining('put out as soon as it answers'),
    ])
    expect(socket.closed).toBe(true)
    api.livekit.answers = true
    await api.sweep()
    expect(api.livekit.removed).toEqual(['ann'])
  })

  test('is left alone when the same person is let in again before', async () => {
    await api.livekitUp()
    await enter('ann')
    api.livekit.answers = false
    await kick('ann')
    api.livekit.answers = true
    await enter('ann')
    await api.sweep()
    expect(api.livekit.removed).toEqual([])
  })

  test('is put out although they try in vain to be let in again', async () => {
    await api.livekitUp()
    await enter('ann')
    api.livekit.answers = false
    await kick('ann')
    api.livekit.answers = true
    const seat = api.deps.presence.take(await place(), claimsOf('ann'))
    await api.sweep()
    expect(api.livekit.removed).toEqual([])
    api.deps.presence.failed(seat)
    await api.sweep()
    expect(api.livekit.removed).toEqual(['ann'])
  })

  test('and broke off while joining keeps nobody else in, and is no failure', async () => {
    await api.livekitUp()
    await enter('ghost')
    const crowd = Array.from({ length: 20 }, (_, index) => `p${index}`)
    for (const identity of crowd) await enter(identity)
    api.livekit.ghosts.add('ghost')
    api.livekit.running.set((await place()).livekitName, crowd)
    expect((await api.v1('POST', '/rooms/standup/revocations', { key })).status).toBe(201)
    expect(api.livekit.removed.toSorted()).toEqual(crowd.toSorted())
  })

  test('but is in the call is no success', async () => {
    await api.livekitUp()
    await enter('ann')
    api.livekit.ghosts.add('ann')
    expect((await kick('ann')).body.code).toBe('media_unavailable')
  })

  test('is out although the decision cannot be written down', async () => {
    await api.livekitUp()
    await enter('ann')
    api.store.raw.run('PRAGMA max_page_count = 1')
    // Where a long name finds no room any more, a short one may.
    for (const length of [100, 0]) {
      let answer = await kick(`zoe${length}`, '?ban=true')
      for (let count = 0; count < 2000 && answer.status === 204; count++)
        answer = await kick(`p${count}${'x'.repeat(length)}`, '?ban=true')
      expect([answer.status, answer.body.code]).toEqual([503, 'storage_full'])
    }
    expect((await kick('ann', '?ban=true')).body.code).toBe('storage_full')
    expect(api.livekit.removed).toEqual(['ann'])
  })
})

describe('after a restart of the control plane', () => {
  beforeEach(async () => {
    api.livekit.running.set((await place()).livekitName, ['ann', 'bob'])
  })

  test('a ban waits until it is known who is in the calls', async () => {
    const counted = Promise.withResolvers<void>()
    api.livekit.meanwhile = () => counted.promise
    const adopted = api.livekitAdopted()
    expect((await api.v1('GET', `${PEOPLE}/ann`, { key })).body.code).toBe('media_unavailable')
    const banned = kick('ann', '?ban=true')
    counted.resolve()
    expect((await banned).status).toBe(204)
    expect(api.livekit.removed).toEqual(['ann'])
    await adopted
  })

  test('a ban from before livekit-server was found running puts out who is in its calls', async () => {
    expect((await kick('ann', '?ban=true')).status).toBe(204)
    await api.livekitAdopted()
    expect(api.livekit.removed).toEqual(['ann'])
  })

  test('who is in a call stays, and who has not come back with a token within a minute is put out', async () => {
    await api.livekitAdopted()
    api.now += 30_000
    await api.sweep()
    expect(api.livekit.removed).toEqual([])
    const seat = api.deps.presence.take(await place(), claimsOf('bob'))
    api.deps.presence.answered(seat, null)
    api.now += 40_000
    await api.sweep()
    expect(api.livekit.removed).toEqual(['ann'])
  })

  test('who tries to come back in vain, again and again, is put out after that minute, too', async () => {
    await api.livekitAdopted()
    for (let tries = 0; tries < 4; tries++) {
      api.now += 20_000
      api.deps.presence.failed(api.deps.presence.take(await place(), claimsOf('ann')))
      await api.sweep()
    }
    expect(new Set(api.livekit.removed)).toEqual(new Set(['ann', 'bob']))
  })

  test('people are let in soon, however much others are put out meanwhile', async () => {
    // As each ban, revocation and change does, of whatever tenant.
    api.livekit.meanwhile = async () => void api.deps.presence.epoch++
    await api.livekitAdopted()
    const json = { identity: 'cy' }
    const { body } = await api.v1('POST', '/rooms/standup/tokens', { key, json })
    const claims = api.deps.gate.read(body.token)
    expect(claims).toMatchObject({ identity: 'cy' })
  })

  test('a call that was ended while it was counted is not taken up again', async () => {
    api.livekit.meanwhile = () => api.v1('POST', '/rooms/standup/end', { key })
    await api.livekitAdopted()
    expect(api.deps.presence.total).toBe(0)
  })
})

test('whose token says so is put out when it ends, once', async () => {
  await api.livekitUp()
  const ejectAt = Math.ceil(api.now / 1000) + 60
  const seat = api.deps.presence.take(await place(), claimsOf('ann', { ejectAt }))
  api.deps.presence.answered(seat, 'PA_ann')
  await enter('bob')
  await api.eject()
  expect(api.livekit.removed).toEqual([])
  api.now += 61_000
  await api.eject()
  await api.eject()
  expect(api.livekit.removed).toEqual(['ann'])
})
