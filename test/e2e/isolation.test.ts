import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type GoLive, startGolive } from '../support/golive.ts'
import { claimsOf, tamper } from '../support/jwt-forge.ts'
import { Operator } from '../support/operator.ts'
import { askValidate, expectRefusal } from '../support/refusal.ts'
import { SignalClient } from '../support/signal-client.ts'
import type { TenantClient } from '../support/tenant-client.ts'
import { until } from '../support/wait.ts'

let golive: GoLive
let operator: Operator
let acme: TenantClient
let globex: TenantClient
const open: SignalClient[] = []

beforeAll(async () => {
  golive = await startGolive()
  operator = new Operator(golive)
  acme = await operator.tenant('acme')
  globex = await operator.tenant('globex')
}, 60_000)

afterAll(async () => {
  for (const client of open) client.close()
  await golive?.[Symbol.asyncDispose]()
}, 60_000)

const seat = async (
  tenant: TenantClient,
  room: string,
  identity: string,
): Promise<SignalClient> => {
  const client = await SignalClient.join(await tenant.mint(room, identity))
  open.push(client)
  return client
}

/** Every call of the tenant API that names something, with a body that is right. */
const calls: [method: string, path: (room: string) => string, body?: Record<string, unknown>][] = [
  ['GET', (room) => `/rooms/${room}`],
  ['PATCH', (room) => `/rooms/${room}`, { locked: true }],
  ['DELETE', (room) => `/rooms/${room}`],
  ['POST', (room) => `/rooms/${room}/tokens`, { identity: 'eve' }],
]

describe("a tenant's call on another tenant's room", () => {
  const room = 'only-acme'
  let before: unknown

  beforeAll(async () => {
    await acme.createRoom(room, { metadata: 'TOP-SECRET' })
    before = (await acme.call('GET', `/rooms/${room}`)).body
  })

  /** The plain name, LiveKit's name, and spellings that might be folded into it. */
  const names = [
    'only-acme',
    'acme__only-acme',
    '..%2Facme__only-acme',
    'globex__..%2Facme__only-acme',
    '%6Fnly-acme',
  ]

  test.each(
    calls.flatMap(([method, path, body]) =>
      names.map((name) => ({ method, path: path(name), body })),
    ),
  )(
    '$method $path is 404 room_not_found, as if there were no such room',
    async ({ method, path, body }) => {
      const answer = await globex.call(method, path, body)
      expect([answer.status, answer.body.code]).toEqual([404, 'room_not_found'])
      expect(JSON.stringify(answer.body)).not.toContain('TOP-SECRET')
    },
  )

  test('leaves that room as it was', async () => {
    expect((await acme.call('GET', `/rooms/${room}`)).body).toEqual(
      before as Record<string, unknown>,
    )
  })

  test('does not see it in its own lists, nor by a cursor that the other tenant was given', async () => {
    await acme.createRoom('second')
    const page = await acme.call<{ next_cursor: string }>('GET', '/rooms?limit=1')
    expect(page.body.next_cursor).toBeString()
    for (const path of ['/rooms', '/rooms?active=true', `/rooms?cursor=${page.body.next_cursor}`]) {
      const { status, body } = await globex.call<{ data: unknown[] }>('GET', path)
      expect([status, body.data]).toEqual([200, []])
    }
  })

  test('creates a room of its own where the other tenant has one of that name', async () => {
    expect((await globex.call('PUT', `/rooms/${room}`, { metadata: 'mine' })).status).toBe(201)
    expect((await acme.call('GET', `/rooms/${room}`)).body.metadata).toBe('TOP-SECRET')
    expect((await globex.call('DELETE', `/rooms/${room}`)).status).toBe(204)
    expect((await acme.call('GET', `/rooms/${room}`)).status).toBe(200)
  })

  test('is told who it is itself, not who the other one is', async () => {
    expect((await globex.call('GET', '/me')).body.slug).toBe('globex')
    expect((await acme.call('GET', '/me')).body.slug).toBe('acme')
  })
})

describe('a token', () => {
  test("does not open the other tenant's room of the same name, however it is bent", async () => {
    for (const tenant of [acme, globex]) await tenant.createRoom('lobby')
    const [mine, theirs] = [await globex.mint('lobby', 'eve'), await acme.mint('lobby', 'eve')]
    const target = claimsOf(theirs.token)
    for (const change of [
      { video: target.video },
      { golive: target.golive },
      { iss: target.iss },
    ]) {
      expectRefusal(
        await askValidate(golive.port, '/rtc', tamper(mine.token, change)),
        401,
        'token_invalid',
      )
    }
    expect((await askValidate(golive.port, '/rtc', mine.token)).status).toBe(200)
  })

  test("of one tenant outlives the other tenant's end", async () => {
    const third = await operator.tenant('third')
    for (const tenant of [acme, third]) await tenant.createRoom('lobby')
    const [dead, alive] = [await third.mint('lobby', 'a'), await acme.mint('lobby', 'a')]
    await operator.setStatus('third', 'deactivated')
    expect((await askValidate(golive.port, '/rtc', dead.token)).status).toBe(401)
    expect((await askValidate(golive.port, '/rtc', alive.token)).status).toBe(200)
  })
})

describe('the same room name and the same identity in two tenants at once', () => {
  test.each(['daily', '__x', 'x__y', 'globex__daily', 'acme__daily', '_'])(
    'never meet in %p',
    async (room) => {
      for (const tenant of [acme, globex]) await tenant.createRoom(room)
      const ours = await seat(acme, room, 'ann')
      const theirs = await seat(globex, room, 'ann')
      await seat(acme, room, 'only-acme')
      await seat(globex, room, 'only-globex')
      expect(ours.join.room?.sid).not.toBe(theirs.join.room?.sid)
      expect([ours.join.room?.name, theirs.join.room?.name]).toEqual([
        `acme__${room}`,
        `globex__${room}`,
      ])
      expect([...ours.others, ...theirs.others]).toEqual([])

      const people = (slug: string) => operator.people(slug, room)
      await until(
        'presence shows everybody',
        async () => (await people('acme')).length + (await people('globex')).length === 4,
      )
      expect(await people('acme')).toEqual(['ann', 'only-acme'])
      expect(await people('globex')).toEqual(['ann', 'only-globex'])
      expect((await acme.room(room)).participants_now).toBe(2)

      await acme.deleteRoom(room)
      expect(await people('globex')).toEqual(['ann', 'only-globex'])
      const late = await seat(globex, room, 'late')
      expect(late.others.sort()).toEqual(['ann', 'only-globex'])
    },
  )

  test('never meet where slug and room run into each other: a__b__c is one room only', async () => {
    const slugs = ['a', 'a-b', 'b']
    const tenants = new Map<string, TenantClient>()
    for (const slug of slugs) tenants.set(slug, await operator.tenant(slug))
    for (const slug of ['a_b', 'a__b', '_a', 'a_']) {
      await expect(operator.tenant(slug)).rejects.toThrow('422')
    }
    const sids = new Set<string | undefined>()
    for (const [slug, tenant] of tenants) {
      for (const room of ['b__c', '_b__c', 'c']) {
        await tenant.createRoom(room)
        const client = await seat(tenant, room, 'ann')
        expect(client.join.room?.name).toBe(`${slug}__${room}`)
        expect(client.others).toEqual([])
        sids.add(client.join.room?.sid)
      }
    }
    expect(sids.size).toBe(9)
  })
})
