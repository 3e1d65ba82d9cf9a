import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { LeaveRequest, SignalRequest } from '@livekit/protocol'
import { pairInCall, untilAllSeeAndHear } from '../support/call.ts'
import { type Chromium, launchChromium, type Person } from '../support/chromium.ts'
import { type GoLive, startGolive } from '../support/golive.ts'
import { Operator } from '../support/operator.ts'
import { clientFrame, openRaw, type RawWebSocket, valuesOf } from '../support/raw-http.ts'
import { NodePerson } from '../support/rtc-node.ts'
import type { TenantClient } from '../support/tenant-client.ts'
import { until } from '../support/wait.ts'

setDefaultTimeout(180_000)

const SEATS = 50
const CROWD = 200
/** LiveKit gives up on silent media after about 20 s; the rest is for a busy machine. */
const VANISHED_MS = 40_000

let golive: GoLive
let browser: Chromium
let operator: Operator
let acme: TenantClient

beforeAll(async () => {
  const config = { livekit: { max_participants: 2 * CROWD } }
  ;[golive, browser] = await Promise.all([startGolive({ config }), launchChromium()])
  operator = new Operator(golive)
  acme = await operator.tenant('acme')
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

/** All at once, each with the token of somebody else; they stay until they are let go. */
const rush = async (room: string, round: string): Promise<RawWebSocket[]> => {
  const tokens = await Promise.all(
    Array.from({ length: CROWD }, (_, i) => acme.mint(room, `${round}-${i}`)),
  )
  return Promise.all(tokens.map(({ token }) => oldJoin(token)))
}

/** Exactly as many got in as there are seats; the rest were told why. */
const expectSplit = (sockets: RawWebSocket[], code: string): void => {
  const answers = sockets.map((socket) => socket.answer)
  const statuses = answers.map((answer) => answer.status)
  expect(statuses.filter((status) => status === 101)).toHaveLength(SEATS)
  expect(statuses.filter((status) => status === 403)).toHaveLength(CROWD - SEATS)
  for (const answer of answers.filter(({ status }) => status === 403)) {
    expect(answer.body).toStartWith(`${code}: `)
    expect(valuesOf(answer, 'x-golive-code')).toEqual([code])
  }
}

const untilEmpty = (room: string): Promise<boolean> =>
  until(
    `seats in ${room} are free again`,
    async () => (await acme.room(room)).participants_now === 0,
    { timeoutMs: VANISHED_MS },
  )

const LEAVE = new SignalRequest({ message: { case: 'leave', value: new LeaveRequest() } })

const leaveAll = (sockets: RawWebSocket[]): void => {
  for (const socket of sockets)
    if (socket.answer.status === 101) socket.send(clientFrame(LEAVE.toBinary()))
}

describe(`of ${CROWD} people who rush for ${SEATS} seats exactly ${SEATS} get in`, () => {
  const rounds = async (room: string, code: string): Promise<void> => {
    for (const round of ['leave', 'vanish', 'again']) {
      const sockets = await rush(room, round)
      try {
        expectSplit(sockets, code)
        expect(await acme.room(room)).toMatchObject({ participants_now: SEATS })
        if (round !== 'vanish') leaveAll(sockets)
        if (round !== 'vanish') await untilEmpty(room)
      } finally {
        for (const socket of sockets) socket.destroy()
      }
      await untilEmpty(room)
    }
  }

  test('where the room has no more, and all seats are free again after they left or vanished', async () => {
    await acme.createRoom('rush', { max_participants: SEATS })
    await rounds('rush', 'room_full')
  })

  test('where the tenant has no more, and all seats are free again after they left or vanished', async () => {
    await operator.setLimits('acme', { max_participants_per_room: CROWD })
    await acme.createRoom('crowd', { max_participants: CROWD })
    await operator.setLimits('acme', { max_concurrent_participants: SEATS })
    await rounds('crowd', 'tenant_full')
    await operator.setLimits('acme', { max_concurrent_participants: null })
  })
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
