import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { pairInCall, untilAllSeeAndHear } from '../support/call.ts'
import { type Chromium, launchChromium, type Person } from '../support/chromium.ts'
import { type GoLive, startGolive } from '../support/golive.ts'
import { openRaw, valuesOf } from '../support/raw-http.ts'
import { NodePerson } from '../support/rtc-node.ts'
import type { TenantClient } from '../support/tenant-client.ts'
import { until } from '../support/wait.ts'

setDefaultTimeout(180_000)

const SEATS = 10
const CROWD = 60
/** LiveKit gives up on silent media after about 20 s; the rest is for a busy machine. */
const VANISHED_MS = 40_000

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

/** A connect as livekit-client 2.16 and older send it. */
const oldJoin = (token: string) =>
  openRaw(
    golive.port,
    `/rtc?access_token=${token}&auto_subscribe=1&sdk=js&version=2.15.0&protocol=15`,
  )

const refusalOf = async (
  person: Person,
  room: string,
  identity: string,
): Promise<string | undefined> => {
  const { ws_url, token } = await acme.mint(room, identity)
  return (await person.tryJoin(ws_url, token))?.message
}

test(`of ${CROWD} people who rush for ${SEATS} seats exactly ${SEATS} get in, and the rest are told why`, async () => {
  await acme.createRoom('rush', { max_participants: SEATS })
  const tokens = await Promise.all(
    Array.from({ length: CROWD }, (_, i) => acme.mint('rush', `p${i}`)),
  )
  const sockets = await Promise.all(tokens.map(({ token }) => oldJoin(token)))
  try {
    const answers = sockets.map((socket) => socket.answer)
    const statuses = answers.map((answer) => answer.status)
    expect(statuses.filter((status) => status === 101)).toHaveLength(SEATS)
    expect(statuses.filter((status) => status === 403)).toHaveLength(CROWD - SEATS)
    for (const answer of answers.filter(({ status }) => status === 403)) {
      expect(answer.body).toStartWith('room_full: ')
      expect(valuesOf(answer, 'x-golive-code')).toEqual(['room_full'])
    }
    expect(await acme.room('rush')).toMatchObject({ participants_now: SEATS })
  } finally {
    for (const socket of sockets) socket.destroy()
  }
  await until(
    'seats of those who never got media are free again',
    async () => {
      const { participants_now } = await acme.room('rush')
      return participants_now === 0
    },
    { timeoutMs: VANISHED_MS },
  )
})

test('whoever reloads the page in a full room gets the seat back, a stranger does not', async () => {
  await acme.createRoom('full', { max_participants: 2 })
  await using pair = await pairInCall(browser, acme, 'full')
  const { alice, bob } = pair
  await using carol = await browser.person()
  expect(await refusalOf(carol, 'full', 'carol')).toContain('room_full')
  await alice.open()
  await alice.join(await acme.mint('full', 'alice'))
  await untilAllSeeAndHear({ alice, bob })
  expect(await refusalOf(carol, 'full', 'carol')).toContain('room_full')
  expect(await acme.room('full')).toMatchObject({ participants_now: 2 })
})

test('the seat of somebody who vanished is free again within LiveKit’s timeout', async () => {
  await acme.createRoom('vanish', { max_participants: 1 })
  await using nora = new NodePerson()
  await nora.join(await acme.mint('vanish', 'nora'))
  await until('nora is counted', async () => (await acme.room('vanish')).participants_now === 1)
  await using alice = await browser.person()
  expect(await refusalOf(alice, 'vanish', 'alice')).toContain('room_full')
  const vanishedAt = Date.now()
  await nora.vanish()
  await until('the seat is free', async () => (await acme.room('vanish')).participants_now === 0, {
    timeoutMs: VANISHED_MS,
  })
  console.log(`seat free ${Date.now() - vanishedAt} ms after its owner vanished`)
  await alice.join(await acme.mint('vanish', 'alice'))
  expect(await acme.room('vanish')).toMatchObject({ participants_now: 1 })
})
