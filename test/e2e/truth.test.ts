import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { join } from 'node:path'
import { loadSecrets } from '../../src/config/secrets.ts'
import { signJwt } from '../../src/lib/jwt.ts'
import { readRecord } from '../../src/livekit/record.ts'
import { pairInCall } from '../support/call.ts'
import { type Chromium, launchChromium } from '../support/chromium.ts'
import { Attendee } from '../support/crowd.ts'
import { type GoLive, startGolive } from '../support/golive.ts'
import { readWritten, type Written } from '../support/record.ts'
import { wrongsOf } from '../support/tally.ts'
import type { Minted, TenantClient } from '../support/tenant-client.ts'
import { allEvents, discordsOf, loggedIn, runRounds, untilOver } from '../support/truth-check.ts'
import { until } from '../support/wait.ts'

setDefaultTimeout(300_000)

const ROUNDS = Number(process.env.TRUTH_ROUNDS ?? 20)
const PROMPT_MS = 2000

let browser: Chromium

beforeAll(async () => {
  browser = await launchChromium()
})

afterAll(async () => {
  await browser?.[Symbol.asyncDispose]()
})

const desk = async (golive: GoLive): Promise<TenantClient> => {
  const acme = await golive.tenant('acme')
  await acme.createRoom('desk', { departure_timeout_seconds: 3 })
  return acme
}

const attendee = (golive: GoLive, identity: string, name = identity): Attendee =>
  new Attendee(golive.folder, name, { identity, room: 'desk' })

/** A way to livekit-server that does not lead through the control plane: it works without one. */
const directly = (golive: GoLive, identity: string): Minted => {
  const port = readRecord(join(golive.dataDir, 'livekit'))?.ports.signal
  const secret = Buffer.from(loadSecrets(golive.dataDir, {}).livekit.toString('base64url'))
  const now = Math.floor(Date.now() / 1000)
  const claims = { iss: 'golive', sub: identity, nbf: now, exp: now + 300 }
  const token = signJwt({ ...claims, video: { roomJoin: true, room: 'acme__desk' } }, secret)
  return { token, ws_url: `ws://127.0.0.1:${port}`, identity } as Minted
}

const stayOf = (written: Written, sid: string | undefined) => {
  const found = written.stays.filter((row) => row.sid === sid)
  expect(found).toHaveLength(1)
  return found[0] as (typeof found)[number]
}

const untilIn = (golive: GoLive, ...people: Attendee[]) =>
  until('all of them are written down', () => {
    const known = readWritten(golive.dataDir).stays.map((row) => row.sid)
    return people.every((one) => known.includes(one.sid as string))
  })

const expectLeftAt = (written: Written, one: Attendee, reason = 'client_initiated'): void => {
  const at = one.diary.findLast((line) => line.what === 'leaving')?.at as number
  const row = stayOf(written, one.sid)
  expect(Math.abs((row.left_at as number) - at)).toBeLessThanOrEqual(PROMPT_MS)
  expect(Math.abs((row.left_at as number) - at)).toBeLessThanOrEqual(row.end_accuracy_ms)
  expect(row.leave_reason).toBe(reason)
}

const expectConcord = async (acme: TenantClient, written: Written): Promise<void> =>
  expect(discordsOf(await allEvents(acme), written)).toEqual([])

test(`what is written down after ${ROUNDS} rounds of deaths is what people in calls know themselves`, async () => {
  const seed = Number(process.env.TRUTH_SEED ?? Date.now() % 1_000_000)
  console.log(`seed ${seed}`)
  await using golive = await startGolive()
  const acme = await golive.tenant('acme')
  const { wrongs, written, run } = await runRounds(golive, acme, { rounds: ROUNDS, seed })
  console.log(`${written.stays.length} stays, ${written.events.length} events`)
  expect(wrongs.join('\n')).toBe('')
  expect(written.stays.length).toBeGreaterThan(ROUNDS / 2)
  // The comparison itself must see what is lost, and what is moved by more than it may be.
  const known = written.stays.filter((row) => run.crowd.some((one) => one.sid === row.sid))
  const lost = known.find((row) => (row.left_at ?? 0) - row.joined_at > 3000)
  const without = written.stays.filter((row) => row !== lost)
  expect(wrongsOf(run, { ...written, stays: without }, loggedIn(golive))).toHaveLength(1)
  const moved = known.map((row) => ({ ...row, left_at: (row.left_at ?? 0) + 60_000 }))
  expect(wrongsOf(run, { ...written, stays: moved }, loggedIn(golive)).length).toBeGreaterThan(
    known.length / 2,
  )
})

test('who leaves while the control plane is dead for three seconds has left when they did', async () => {
  await using golive = await startGolive()
  const acme = await desk(golive)
  await using keeper = attendee(golive, 'keeper')
  await using ann = attendee(golive, 'ann')
  await keeper.join(await acme.mint('desk', 'keeper'))
  await ann.join(directly(golive, 'ann'), true)
  await untilIn(golive, keeper, ann)
  await golive.kill('SIGKILL')
  await ann.leave()
  await Bun.sleep(3000)
  await golive.restartProcess()
  await until('the end is written down', () => {
    return readWritten(golive.dataDir).stays.some((one) => one.sid === ann.sid && one.left_at)
  })
  expectLeftAt(readWritten(golive.dataDir), ann)
  await until('the keeper is back', () => keeper.isIn)
  await keeper.leave()
  await expectConcord(acme, await untilOver(golive))
})

test('who came and left in the half minute in which the control plane was away is all there', async () => {
  await using golive = await startGolive()
  const acme = await desk(golive)
  await using keeper = attendee(golive, 'keeper')
  await using ann = attendee(golive, 'ann')
  await using bob = attendee(golive, 'bob')
  await using late = attendee(golive, 'late')
  await using brief = attendee(golive, 'brief')
  await keeper.join(await acme.mint('desk', 'keeper'))
  for (const one of [ann, bob]) await one.join(directly(golive, one.identity))
  await untilIn(golive, keeper, ann, bob)
  await late.join(directly(golive, 'late'), true)
  await golive.kill('SIGKILL')
  await ann.leave()
  await brief.join(directly(golive, 'brief'))
  await Bun.sleep(2000)
  await bob.leave()
  await brief.leave()
  // livekit-server gives a report up after 15 seconds.
  await Bun.sleep(28_000)
  await golive.restartProcess()
  await untilIn(golive, late)
  await late.leave()
  // Their SDK may have given up by now.
  await keeper.vanish()
  const written = await untilOver(golive)
  await until(
    'who was there only meanwhile is written down, too',
    () => readWritten(golive.dataDir).stays.some((row) => row.sid === brief.sid),
    { timeoutMs: 60_000 },
  )
  const all = await untilOver(golive)
  for (const one of [ann, bob, brief, late]) expectLeftAt(all, one)
  expect(written.sessions).toHaveLength(1)
  await expectConcord(acme, all)
})

test('golive stop ends the session then, once, and the next start opens nothing', async () => {
  await using golive = await startGolive()
  const acme = await desk(golive)
  await using ann = attendee(golive, 'ann')
  await ann.join(await acme.mint('desk', 'ann'), true)
  await untilIn(golive, ann)
  const at = Date.now()
  await golive.stop()
  await ann.vanish()
  const before = readWritten(golive.dataDir)
  const [session] = before.sessions
  expect(session?.end_reason).toBe('server_stopped')
  expect(Math.abs((session?.ended_at as number) - at)).toBeLessThanOrEqual(PROMPT_MS)
  expect(stayOf(before, ann.sid).leave_reason).toBe('server_stopped')
  await golive.restartProcess()
  const swept = readWritten(golive.dataDir)
  expect(swept).toEqual(before)
  await expectConcord(acme, swept)
})

test('who comes a second time supersedes themselves, and is one person all the while', async () => {
  await using golive = await startGolive()
  const acme = await desk(golive)
  await using first = attendee(golive, 'ann', 'first')
  await using second = attendee(golive, 'ann', 'second')
  await first.join(await acme.mint('desk', 'ann'))
  await untilIn(golive, first)
  await second.join(await acme.mint('desk', 'ann'))
  await untilIn(golive, second)
  await second.leave()
  const written = await untilOver(golive)
  const told = written.events.filter((event) => event.type === 'participant.superseded')
  expect(told.map((event) => JSON.parse(event.data).sid)).toEqual([first.sid])
  expect(stayOf(written, first.sid).leave_reason).toBe('duplicate_identity')
  const came = second.diary.find((line) => line.what === 'in')?.at as number
  expect(Math.abs((stayOf(written, first.sid).left_at as number) - came)).toBeLessThan(PROMPT_MS)
  expect(written.sessions.map((row) => row.peak_participants)).toEqual([1])
  await expectConcord(acme, written)
})

test('a call that is ended or whose room is deleted says so, with everybody out then', async () => {
  await using golive = await startGolive()
  const acme = await desk(golive)
  for (const [method, path, reason] of [
    ['POST', '/rooms/desk/end', 'ended'],
    ['DELETE', '/rooms/desk', 'room_deleted'],
  ] as const) {
    await using ann = attendee(golive, 'ann', reason)
    await ann.join(await acme.mint('desk', 'ann'), true)
    await untilIn(golive, ann)
    const at = Date.now()
    expect((await acme.call(method, path)).status).toBeLessThan(300)
    const written = await untilOver(golive)
    const row = stayOf(written, ann.sid)
    expect(Math.abs((row.left_at as number) - at)).toBeLessThanOrEqual(PROMPT_MS)
    const session = written.sessions.find((one) => one.id === row.session_id)
    expect(session?.end_reason).toBe(reason)
    await expectConcord(acme, written)
  }
})

test('signaling that comes back after golive restart is a reconnect of the stay, not another one', async () => {
  await using golive = await startGolive()
  const acme = await desk(golive)
  await using pair = await pairInCall(browser, acme, 'desk')
  expect(pair).toBeDefined()
  const before = readWritten(golive.dataDir).stays.map((row) => row.sid)
  expect(before).toHaveLength(2)
  expect((await golive.cli('restart')).code).toBe(0)
  await until(
    'both reconnects are written down',
    () =>
      readWritten(golive.dataDir).stays.every((row) => JSON.parse(row.reconnected_at).length > 0),
    { timeoutMs: 60_000 },
  )
  const { stays } = readWritten(golive.dataDir)
  expect(stays.map((row) => row.sid)).toEqual(before)
  expect(stays.map((row) => row.left_at)).toEqual([null, null])
})
