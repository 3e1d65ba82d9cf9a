import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { type GoLive, startGolive } from '../support/golive.ts'
import { Operator } from '../support/operator.ts'
import { askAll, expectRefusal } from '../support/refusal.ts'
import { SignalClient } from '../support/signal-client.ts'
import { until } from '../support/wait.ts'

setDefaultTimeout(60_000)

let golive: GoLive
let operator: Operator

beforeAll(async () => {
  golive = await startGolive({
    config: { livekit: { max_participants: 2 } },
    // A machine whose programs reach the world by a proxy: livekit-server is not out there.
    env: { http_proxy: 'http://127.0.0.1:9', no_proxy: 'example.org' },
  })
  operator = new Operator(golive)
})

afterAll(async () => {
  await golive?.[Symbol.asyncDispose]()
})

const emptied = () =>
  until('nobody is in a call', async () => (await golive.status()).calls.participants === 0)

test('a tenant at its number of people is refused in words, though its rooms have seats', async () => {
  const acme = await operator.tenant('acme', { max_concurrent_participants: 1 })
  await acme.createRoom('one')
  await acme.createRoom('two')
  const ann = await SignalClient.join(await acme.mint('one', 'ann'))
  for (const answer of await askAll(golive.port, (await acme.mint('two', 'bob')).token)) {
    expectRefusal(answer, 403, 'tenant_full')
  }
  ann.leave()
  await emptied()
  const bob = await SignalClient.join(await acme.mint('two', 'bob'))
  bob.leave()
  await emptied()
})

test('a server at its number of people tells newcomers to try again, and lets who is in come back', async () => {
  const globex = await operator.tenant('globex')
  await globex.createRoom('hall')
  const ann = await SignalClient.join(await globex.mint('hall', 'ann'))
  const bob = await SignalClient.join(await globex.mint('hall', 'bob'))
  for (const answer of await askAll(golive.port, (await globex.mint('hall', 'cid')).token)) {
    expectRefusal(answer, 503, 'server_full')
  }
  expect((await golive.status()).warnings.map((one) => one.code)).toContain('nearly_full')
  const again = await SignalClient.join(await globex.mint('hall', 'ann'))
  for (const one of [again, bob]) one.leave()
  ann.close()
  await emptied()
})

test('a call ends when its room closes, and nobody gets in after', async () => {
  const initech = await operator.tenant('initech')
  await initech.createRoom('lecture')
  const ann = await SignalClient.join(await initech.mint('lecture', 'ann'))
  const token = (await initech.mint('lecture', 'ann')).token
  const closes_at = new Date(Date.now() + 500).toISOString()
  expect((await initech.call('PATCH', '/rooms/lecture', { closes_at })).status).toBe(200)
  await ann.closed()
  const last = ann.received.at(-1)
  expect(last?.case).toBe('leave')
  for (const answer of await askAll(golive.port, token)) expectRefusal(answer, 403, 'room_closed')
  await emptied()
})

test('the last lines of livekit-server tell of calls, not of our own looking after them', async () => {
  const { last_lines } = (await golive.status()).livekit
  expect(last_lines.join('\n')).toContain('starting RTC session')
  expect(last_lines.join('\n')).not.toContain('API RoomService')
})
