import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { type GoLive, startGolive } from '../support/golive.ts'
import { Operator } from '../support/operator.ts'
import { holds, webSocketsTo } from '../support/processes.ts'
import { openRaw, type RawWebSocket, valuesOf } from '../support/raw-http.ts'
import { SignalClient } from '../support/signal-client.ts'
import type { TenantClient } from '../support/tenant-client.ts'
import { until } from '../support/wait.ts'

setDefaultTimeout(230_000)

const MOST_OF_ONE_PERSON = 5
/** A minute without a sign of life, and some for a busy machine. */
const SILENT_MS = 100_000

let golive: GoLive
let acme: TenantClient

beforeAll(async () => {
  golive = await startGolive()
  acme = await new Operator(golive).tenant('acme')
  await acme.createRoom('daily')
})

afterAll(() => golive?.[Symbol.asyncDispose]())

const knock = (token: string): Promise<RawWebSocket> =>
  openRaw(golive.port, `/rtc?access_token=${token}&auto_subscribe=1&sdk=js&protocol=15`)

/** Signaling connections to livekit-server. */
const upstreams = (): number => webSocketsTo(golive.pid, golive.signalPort, golive.port)

const isHeld = (socket: RawWebSocket): boolean => holds(golive.pid, golive.port, socket.localPort)

const stillOpen = async (sockets: RawWebSocket[]): Promise<number> => {
  const closed = await Promise.all(sockets.map((socket) => socket.closedWithin(0)))
  return closed.filter((isClosed) => !isClosed).length
}

test('one token used 1,000 times holds as many connections as one person may have, and nobody else is kept waiting', async () => {
  const bystander = await SignalClient.join(await acme.mint('daily', 'bob'))
  const { token } = await acme.mint('daily', 'ann')
  const before = upstreams()
  const sockets: RawWebSocket[] = []
  let most = 0
  for (let n = 0; n < 50; n++) {
    sockets.push(...(await Promise.all(Array.from({ length: 20 }, () => knock(token)))))
    most = Math.max(most, upstreams() - before)
  }
  expect(most).toBeWithin(1, MOST_OF_ONE_PERSON)
  const refused = sockets.filter(({ answer }) => answer.status !== 101)
  expect(refused.length).toBeWithin(1, 1000)
  for (const { answer } of refused) {
    expect(answer.status).toBe(503)
    expect(valuesOf(answer, 'x-golive-code')).toEqual(['media_unavailable'])
    expect(valuesOf(answer, 'retry-after')).toEqual(['1'])
  }
  await until('the last one alone is left', async () => (await stillOpen(sockets)) <= 1)
  const again: RawWebSocket[] = []
  await until('the person gets in again', async () => {
    again.push(await knock(token))
    return again.at(-1)?.answer.status === 101
  })
  expect(await acme.room('daily')).toMatchObject({ participants_now: 2 })
  const bystanderHears = () => bystander.received.some((message) => message.case === 'pong')
  bystander.send({ case: 'ping', value: 1n })
  await until('the bystander is served on', bystanderHears)
  for (const socket of [...sockets, ...again]) socket.destroy()
  bystander.leave()
})

test('a connection that another one of the same person took the place of ends, even when its client neither reads nor answers', async () => {
  const { token } = await acme.mint('daily', 'cy')
  const first = await knock(token)
  expect(first.answer.status).toBe(101)
  first.stopReading()
  const second = await knock(token)
  expect(second.answer.status).toBe(101)
  await until('the first one is let go', () => !isHeld(first), { timeoutMs: 10_000 })
  expect(isHeld(second)).toBe(true)
  first.destroy()
  second.destroy()
})

test.each([
  ['neither reads nor says anything', (socket: RawWebSocket) => socket.stopReading()],
  ['reads and never says anything, not even a pong', () => undefined],
])('a client that %s loses its connection and its seat', async (_, behave) => {
  await acme.createRoom('silent')
  const before = upstreams()
  const tokens = await Promise.all(
    Array.from({ length: 20 }, (_, n) => acme.mint('silent', `silent-${n}`)),
  )
  const started = Date.now()
  const sockets = await Promise.all(tokens.map(({ token }) => knock(token)))
  for (const socket of sockets) {
    expect(socket.answer.status).toBe(101)
    behave(socket)
  }
  await until('LiveKit’s side is gone', () => upstreams() <= before, {
    timeoutMs: SILENT_MS,
  })
  console.log(`connections given up after ${Date.now() - started} ms of silence`)
  await until(
    'all seats are free',
    async () => (await acme.room('silent')).participants_now === 0,
    { timeoutMs: SILENT_MS },
  )
  console.log(`seats free after ${Date.now() - started} ms of silence`)
  await until('nothing of theirs is held', () => !sockets.some(isHeld), { timeoutMs: 10_000 })
  for (const socket of sockets) socket.destroy()
})
