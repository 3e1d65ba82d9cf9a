import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { pairInCall, untilAllSeeAndHear, untilGrown } from '../support/call.ts'
import { type Chromium, launchChromium, type Person } from '../support/chromium.ts'
import { type GoLive, type StatusAnswer, startGolive } from '../support/golive.ts'
import { kill } from '../support/processes.ts'
import { askAll } from '../support/refusal.ts'
import { SignalClient } from '../support/signal-client.ts'
import type { Minted } from '../support/tenant-client.ts'
import { until } from '../support/wait.ts'

setDefaultTimeout(240_000)

let browser: Chromium

beforeAll(async () => {
  browser = await launchChromium()
})

afterAll(async () => {
  await browser?.[Symbol.asyncDispose]()
})

const backInCall = async (person: Person): Promise<void> => {
  const names = async () => (await person.events()).map((event) => event.name)
  await until('the client has reconnected', async () => (await names()).includes('Reconnected'), {
    timeoutMs: 60_000,
  })
  await untilGrown(person, 20)
  expect(await names()).not.toContain('Disconnected')
}

test('livekit-server killed mid-call comes back, and both people are in the locked room again by themselves', async () => {
  await using golive = await startGolive()
  const acme = await golive.tenant('acme')
  await acme.createRoom('desk', { max_participants: 3 })
  await using pair = await pairInCall(browser, acme, 'desk')
  const { alice, bob } = pair
  const [pid, sid, { livekit: was }] = [
    golive.livekitPid(),
    await alice.roomSid(),
    await golive.status(),
  ]
  await Promise.all([alice.markGaps(), bob.markGaps()])
  await acme.call('PATCH', '/rooms/desk', { locked: true })

  const killedAt = Date.now()
  kill(pid, 'SIGKILL')
  await until('another livekit-server runs', () => golive.livekitPid() !== pid)
  await Promise.all([backInCall(alice), backInCall(bob)])
  console.log(`both back in the call after ${Date.now() - killedAt} ms`)

  expect(await alice.roomSid()).not.toBe(sid)
  const { livekit } = await golive.status()
  expect(livekit).toMatchObject({
    state: 'running',
    pid: golive.livekitPid(),
    restarts: was.restarts + 1,
  })
  expect(livekit.last_exit).toMatchObject({ signal: 'SIGKILL', asked: false })
  await until('both are counted', async () => (await acme.room('desk')).participants_now === 2)
  await using carol = await browser.person()
  const minted = await acme.mint('desk', 'carol')
  expect((await carol.tryJoin(minted.ws_url, minted.token))?.message).toContain('room_locked')
  await acme.call('PATCH', '/rooms/desk', { locked: false })
  await carol.join(minted)
  await untilAllSeeAndHear({ alice, bob, carol })
})

test('who was in a locked room when livekit-server died gets back in, and nobody else', async () => {
  await using golive = await startGolive()
  const acme = await golive.tenant('acme')
  await acme.createRoom('desk')
  const [alice, bob] = await Promise.all(['alice', 'bob'].map((who) => acme.mint('desk', who)))
  const client = await SignalClient.join(alice as Minted)
  await acme.call('PATCH', '/rooms/desk', { locked: true })
  const pid = golive.livekitPid()
  kill(pid, 'SIGKILL')
  await client.closed()
  await until('another livekit-server runs', () => golive.livekitPid() !== pid)
  await golive.ready()

  const codes = (await askAll(golive.port, (bob as Minted).token)).map(({ body }) => body)
  expect(codes.every((body) => body.startsWith('room_locked: '))).toBe(true)
  const back = await SignalClient.join(alice as Minted)
  // It has used its way back: after a goodbye it is a newcomer as well.
  back.leave()
  await until('the room is empty', async () => (await acme.room('desk')).participants_now === 0)
  const again = await askAll(golive.port, (alice as Minted).token)
  expect(again.every(({ body }) => body.startsWith('room_locked: '))).toBe(true)
})

/** Kills each livekit-server as soon as it runs, until the supervisor says that it gives up. */
const killUntilDegraded = (golive: GoLive): Promise<StatusAnswer> =>
  until(
    'the supervisor says degraded',
    async () => {
      const status = await golive.status()
      if (status.livekit.state === 'degraded') return status
      if (status.livekit.state === 'running') kill(golive.livekitPid(), 'SIGKILL')
      return null
    },
    { timeoutMs: 60_000, everyMs: 50 },
  )

test('a livekit-server that keeps dying is reported with its last lines while the API stays up, then recovers', async () => {
  await using golive = await startGolive()
  const acme = await golive.tenant('acme')
  await acme.createRoom('desk')
  const { livekit } = await killUntilDegraded(golive)
  expect(livekit.restarts).toBeGreaterThanOrEqual(4)
  expect(livekit.last_lines.join('\n')).toContain('starting LiveKit server')
  expect(golive.log.entries()).toContainEqual(expect.objectContaining({ level: 'error' }))

  expect((await fetch(`${golive.url}/healthz`)).status).toBe(200)
  const readiness = await fetch(`${golive.url}/readyz`)
  expect(readiness.status).toBe(503)
  expect(await readiness.text()).toContain('livekit')
  const { token } = await acme.mint('desk', 'alice')
  const refused = await fetch(`${golive.url}/rtc/validate?access_token=${token}`)
  expect(refused.status).toBe(503)
  expect(refused.headers.get('retry-after')).toMatch(/^\d+$/)
  expect(await refused.text()).toStartWith('media_unavailable: ')

  await golive.ready(60_000)
  await using alice = await browser.person()
  await alice.join(await acme.mint('desk', 'alice'))
  expect((await golive.status()).livekit.state).toBe('running')
})
