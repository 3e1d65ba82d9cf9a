import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { type GoLive, startGolive } from '../support/golive.ts'
import { Operator } from '../support/operator.ts'
import { peerPorts, webSocketsTo } from '../support/processes.ts'
import { openRaw, type RawWebSocket, valuesOf } from '../support/raw-http.ts'
import { SignalClient } from '../support/signal-client.ts'
import type { TenantClient } from '../support/tenant-client.ts'
import { until } from '../support/wait.ts'

setDefaultTimeout(230_000)

const MOST_OF_ONE_PERSON = 5
const MORE_OF_A_TENANT = 50
/** A minute without a sign of life, and some for a busy machine. */
const SILENT_MS = 100_000

let golive: GoLive
let operator: Operator
let acme: TenantClient

beforeAll(async () => {
  golive = await startGolive({ config: { livekit: { max_participants: 1000 } } })
  operator = new Operator(golive)
  acme = await operator.tenant('acme')
  await acme.createRoom('daily')
})

afterAll(() => golive?.[Symbol.asyncDispose]())

const knock = (token: string): Promise<RawWebSocket> =>
  openRaw(golive.port, `/rtc?access_token=${token}&auto_subscribe=1&sdk=js&protocol=15`)

/** Signaling connections to livekit-server. */
const upstreams = (): number => webSocketsTo(golive.pid, golive.signalPort, golive.port)

/** Those of which the server has its end, whether their clients read or not. */
const held = (sockets: RawWebSocket[]): RawWebSocket[] => {
  const ports = peerPorts(golive.pid, golive.port)
  return sockets.filter(({ answer, localPort }) => answer.status === 101 && ports.has(localPort))
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
  await until('the last one alone is left', () => held(sockets).length === 1)
  const again = await knock(token)
  expect(again.answer.status).toBe(101)
  expect(await acme.room('daily')).toMatchObject({ participants_now: 2 })
  const bystanderHears = () => bystander.received.some((message) => message.case === 'pong')
  bystander.send({ case: 'ping', value: 1n })
  await until('the bystander is served on', bystanderHears)
  for (const socket of [...sockets, again]) socket.destroy()
  bystander.leave()
})

test('who knocks several times at once is in the call with one connection, and counted', async () => {
  await acme.createRoom('hasty')
  const people = Array.from({ length: 30 }, (_, n) => `hasty-${n}`)
  const sockets: RawWebSocket[][] = []
  for (const identity of people) {
    const { token } = await acme.mint('hasty', identity)
    const own = await Promise.all(Array.from({ length: MOST_OF_ONE_PERSON }, () => knock(token)))
    expect(own.map(({ answer }) => answer.status)).not.toContain(500)
    sockets.push(own)
  }
  const each = () => sockets.map((own) => held(own).length)
  await until('one connection of each is left', () => each().every((count) => count === 1))
  expect(await operator.people('acme', 'hasty')).toEqual(people.toSorted())
  expect(await acme.room('hasty')).toMatchObject({ participants_now: people.length })
  for (const socket of sockets.flat()) socket.destroy()
})

test('a tenant has two connections for each seat and fifty more, whoever opens them, and other tenants all of theirs', async () => {
  const globex = await operator.tenant('globex')
  const initech = await operator.tenant('initech')
  await globex.createRoom('crowd', { max_participants: 1000 })
  await initech.createRoom('calm')
  const sockets: RawWebSocket[] = []
  const refused = () => sockets.filter(({ answer }) => answer.status === 503)
  let people = 0
  const five = async () => {
    const { token } = await globex.mint('crowd', `person-${people++}`)
    for (let n = 0; n < MOST_OF_ONE_PERSON; n++) {
      const socket = await knock(token)
      socket.stopReading()
      sockets.push(socket)
    }
  }
  while (refused().length === 0 && people < 200) await Promise.all(Array.from({ length: 20 }, five))
  const { participants_now: seats } = await globex.room('crowd')
  expect(held(sockets).length).toBeWithin(1, 2 * seats + MORE_OF_A_TENANT + 1)
  for (const { answer } of refused()) {
    expect(answer.body).toStartWith(
      'media_unavailable: too many connections of this person or tenant',
    )
    expect(valuesOf(answer, 'retry-after')).toEqual(['1'])
  }
  expect(refused().length).toBeGreaterThan(0)
  const calm = await SignalClient.join(await initech.mint('calm', 'bob'))
  await until('connections that were taken the place of are let go', async () => {
    const { answer } = await knock((await globex.mint('crowd', 'person-0')).token)
    return answer.status === 101
  })
  for (const socket of sockets) socket.destroy()
  calm.leave()
})

test('a connection that another one of the same person took the place of ends, even when its client neither reads nor answers', async () => {
  const { token } = await acme.mint('daily', 'cy')
  const first = await knock(token)
  expect(first.answer.status).toBe(101)
  first.stopReading()
  const second = await knock(token)
  expect(second.answer.status).toBe(101)
  await until('the first one is let go', () => held([first]).length === 0, { timeoutMs: 10_000 })
  expect(held([second])).toHaveLength(1)
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
  await until('nothing of theirs is held', () => held(sockets).length === 0, { timeoutMs: 10_000 })
  for (const socket of sockets) socket.destroy()
})
