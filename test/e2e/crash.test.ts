import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import {
  longestGap,
  type Pair,
  pairInCall,
  untilAllSeeAndHear,
  untilGrown,
} from '../support/call.ts'
import { type Chromium, launchChromium, type Person } from '../support/chromium.ts'
import { type GoLive, startGolive } from '../support/golive.ts'
import type { Connection } from '../support/page-api.ts'
import type { TenantClient } from '../support/tenant-client.ts'
import { until } from '../support/wait.ts'

setDefaultTimeout(180_000)

/** About five seconds of the fake camera. */
const FRAMES = 75
/** How much longer than the run's own baseline a picture may stand still. */
const ALLOWED_MS = 1000

let browser: Chromium

beforeAll(async () => {
  browser = await launchChromium()
})

afterAll(async () => {
  await browser?.[Symbol.asyncDispose]()
})

interface Before {
  livekitPid: number
  connections: Connection[][]
  events: number[]
  baselineMs: number[]
}

const bothOf = <T>({ alice, bob }: Pair, ask: (person: Person) => Promise<T>): Promise<[T, T]> =>
  Promise.all([ask(alice), ask(bob)])

/** Remembers what must survive, and how steadily frames come on this machine in this minute. */
const before = async (golive: GoLive, pair: Pair): Promise<Before> => {
  await bothOf(pair, (person) => person.markGaps())
  const baseline = await bothOf(pair, (person) => untilGrown(person, FRAMES))
  const events = await bothOf(pair, async (person) => (await person.events()).length)
  await bothOf(pair, (person) => person.markGaps())
  return {
    livekitPid: golive.livekitPid(),
    connections: await bothOf(pair, (person) => person.connections()),
    events,
    baselineMs: baseline.map(longestGap),
  }
}

const namesSince = async (person: Person, count: number): Promise<string[]> =>
  (await person.events()).slice(count).map((event) => event.name)

/** The call went on: same media, same PeerConnections, signaling resumed, nobody was put out. */
const expectSurvived = async (golive: GoLive, pair: Pair, was: Before): Promise<void> => {
  const people = [pair.alice, pair.bob]
  for (const [i, person] of people.entries()) {
    const names = () => namesSince(person, was.events[i] as number)
    await until('signaling has resumed', async () => (await names()).includes('Reconnected'), {
      timeoutMs: 40_000,
    })
    const gaps = await untilGrown(person, FRAMES)
    const allowed = (was.baselineMs[i] as number) + ALLOWED_MS
    console.log(`longest gap ${longestGap(gaps)} ms, baseline ${was.baselineMs[i]} ms`)
    expect(longestGap(gaps)).toBeLessThanOrEqual(allowed)
    expect(await person.connections()).toEqual(was.connections[i] as Connection[])
    expect(await names()).toContain('SignalReconnecting')
    // `Reconnecting` would be a new call in place of the old one.
    expect(await names()).not.toContain('Reconnecting')
    expect(await names()).not.toContain('Disconnected')
    expect(await names()).not.toContain('ParticipantDisconnected')
  }
  expect(golive.livekitPid()).toBe(was.livekitPid)
  const { livekit } = await golive.status()
  expect(livekit).toMatchObject({
    pid: was.livekitPid,
    state: 'running',
    adopted: true,
    restarts: 0,
  })
}

/** Seats were not forgotten: one is free in this room of three, and no more than one. */
const expectSeatsRight = async (acme: TenantClient, pair: Pair): Promise<void> => {
  expect(await acme.room('desk')).toMatchObject({ participants_now: 2, max_participants: 3 })
  await using carol = await browser.person()
  await carol.join(await acme.mint('desk', 'carol'))
  await untilAllSeeAndHear({ alice: pair.alice, bob: pair.bob, carol })
  await using dora = await browser.person()
  const { ws_url, token } = await acme.mint('desk', 'dora')
  expect(await dora.tryJoin(ws_url, token)).toMatchObject({
    message: expect.stringContaining('room_full'),
  })
  expect(await acme.room('desk')).toMatchObject({ participants_now: 3 })
}

const desk = async (golive: GoLive): Promise<TenantClient> => {
  const acme = await golive.tenant('acme')
  await acme.createRoom('desk', { max_participants: 3 })
  return acme
}

test('a call survives the SIGKILL of the control plane, and the next start adopts it', async () => {
  await using golive = await startGolive()
  const acme = await desk(golive)
  await using pair = await pairInCall(browser, acme, 'desk')
  const was = await before(golive, pair)
  await golive.kill('SIGKILL')
  expect(golive.livekitPid()).toBe(was.livekitPid)
  await golive.restartProcess()
  await expectSurvived(golive, pair, was)
  await expectSeatsRight(acme, pair)
})

test('a call survives a control plane that stays away while clients try in vain', async () => {
  await using golive = await startGolive()
  const acme = await desk(golive)
  await using pair = await pairInCall(browser, acme, 'desk')
  const was = await before(golive, pair)
  await golive.kill('SIGKILL')
  for (const person of [pair.alice, pair.bob]) {
    const opened = await person.sockets()
    const inVain = async () => (await person.sockets()) >= opened + 4
    await until('a client has tried four times more', inVain, { timeoutMs: 40_000 })
  }
  await golive.restartProcess()
  await expectSurvived(golive, pair, was)
  await expectSeatsRight(acme, pair)
})

test('golive restart mid-call keeps the call, the process id and the livekit-server', async () => {
  await using golive = await startGolive()
  const acme = await desk(golive)
  await using pair = await pairInCall(browser, acme, 'desk')
  const was = await before(golive, pair)
  const pid = golive.pid
  expect((await golive.cli('restart')).code).toBe(0)
  await until(
    'the restarted server has adopted the call',
    async () => (await golive.status()).livekit.adopted,
  )
  expect(golive.running).toBe(true)
  expect(golive.pid).toBe(pid)
  await expectSurvived(golive, pair, was)
  await expectSeatsRight(acme, pair)
})
