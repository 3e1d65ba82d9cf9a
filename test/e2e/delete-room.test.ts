import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { untilAllSeeAndHear } from '../support/call.ts'
import { type Chromium, launchChromium, type Person } from '../support/chromium.ts'
import { type GoLive, startGolive } from '../support/golive.ts'
import { openRaw, type RawWebSocket } from '../support/raw-http.ts'
import { NodePerson } from '../support/rtc-node.ts'
import type { Minted, TenantClient } from '../support/tenant-client.ts'
import { until } from '../support/wait.ts'

setDefaultTimeout(180_000)

const WAVE = 5
const RACERS = 4 * WAVE
const ROUNDS = 5

let golive: GoLive
let browser: Chromium
let acme: TenantClient

beforeAll(async () => {
  ;[golive, browser] = await Promise.all([startGolive(), launchChromium()])
  acme = await golive.tenant('acme')
})

afterAll(async () => {
  await browser?.[Symbol.asyncDispose]()
  await golive?.[Symbol.asyncDispose]()
})

const disconnected = async (person: Person): Promise<string | undefined> =>
  (await person.events()).find((event) => event.name === 'Disconnected')?.detail

const counted = (statuses: (number | null)[]): string => {
  const of = (status: number) => statuses.filter((one) => one === status).length
  return [101, 401, 404].map((status) => `${status} × ${of(status)}`).join(', ')
}

/** Joins set off before, during and after the delete, and after the room exists again. */
const raceAgainstDelete = async (
  tokens: Minted[],
  headStart: number,
): Promise<Promise<RawWebSocket>[]> => {
  const joins: Promise<RawWebSocket>[] = []
  const go = () => {
    for (const { token } of tokens.slice(joins.length, joins.length + WAVE)) {
      joins.push(openRaw(golive.port, `/rtc?access_token=${token}&auto_subscribe=1&protocol=15`))
    }
  }
  go()
  await Promise.all(joins.slice(0, headStart))
  const deleted = acme.deleteRoom('race')
  go()
  await deleted
  const created = acme.call('POST', '/rooms', { name: 'race' })
  go()
  expect((await created).status).toBe(201)
  go()
  return joins
}

const validate = async (token: string): Promise<string> => {
  const response = await fetch(`${golive.url}/rtc/validate?access_token=${token}`)
  return `${response.status} ${await response.text()}`
}

test('a room deleted with people in it and created again at once is a new call that old tokens do not open', async () => {
  await acme.createRoom('desk')
  await using alice = await browser.person()
  await using nora = new NodePerson()
  const old = await acme.mint('desk', 'alice')
  await alice.join(old)
  await nora.join(await acme.mint('desk', 'nora'))
  await untilAllSeeAndHear({ alice, nora })
  const [sid, refreshed] = [await alice.roomSid(), (await alice.token()) as string]

  await acme.deleteRoom('desk')
  const created = await acme.call('POST', '/rooms', { name: 'desk' })
  expect(created.status).toBe(201)
  expect(created.body).toMatchObject({ participants_now: 0 })
  const fresh = await acme.mint('desk', 'carol')
  await using carol = await browser.person()
  await carol.join(fresh)

  expect(await carol.roomSid()).not.toBe(sid)
  expect(await carol.others()).toEqual([])
  expect(await until('alice is put out', () => disconnected(alice))).toBe('ROOM_DELETED')
  await until('nora is put out', async () =>
    (await nora.report()).events.some((name) => name.startsWith('Disconnected')),
  )
  for (const token of [old.token, refreshed])
    expect(await validate(token)).toStartWith('401 token_revoked: ')
  const failure = await alice.tryJoin(old.ws_url, old.token)
  expect(failure?.message).toContain('token_revoked')
  expect(await carol.others()).toEqual([])
  expect(await acme.room('desk')).toMatchObject({ participants_now: 1 })
})

test('people who race into a room while it is deleted and created again never end up in the new call', async () => {
  await using witness = await browser.person()
  for (let round = 0; round < ROUNDS; round++) {
    await acme.createRoom('race')
    const tokens = await Promise.all(
      Array.from({ length: RACERS }, (_, i) => acme.mint('race', `old${round}-${i}`)),
    )
    const joins = await raceAgainstDelete(tokens, round)
    const fresh = await acme.mint('race', `new${round}`)
    const failure = await witness.tryJoin(fresh.ws_url, fresh.token, { publish: false })
    expect(failure).toBeNull()

    const sockets = await Promise.all(joins)
    console.log(`round ${round}: ${counted(sockets.map((socket) => socket.answer.status))}`)
    for (const socket of sockets) {
      expect([101, 401, 404]).toContain(socket.answer.status as number)
      if (socket.answer.status === 101) expect(await socket.closedWithin(10_000)).toBe(true)
      socket.destroy()
    }
    for (const { token } of tokens) expect(await validate(token)).toStartWith('401 token_revoked: ')
    const seen = (await witness.events()).filter((event) => event.detail.startsWith('old'))
    expect(seen).toEqual([])
    expect(await witness.others()).toEqual([])
    expect(await acme.room('race')).toMatchObject({ participants_now: 1 })
    await witness.leave()
  }
})
