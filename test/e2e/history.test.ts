import { expect, setDefaultTimeout, test } from 'bun:test'
import { join } from 'node:path'
import { EventLog } from '../../src/domain/events.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { openStore, type Store } from '../../src/store/db.ts'
import { findTenantBySlug } from '../../src/store/tenants.ts'
import { addUsage } from '../../src/store/usage.ts'
import { executable, type GoLive, startGolive } from '../support/golive.ts'
import { until, within } from '../support/wait.ts'

setDefaultTimeout(90_000)

/** Writes into the database of a server that does not run. */
const write = async (golive: GoLive, work: (store: Store, id: string) => Promise<unknown>) => {
  const store = openStore(join(golive.dataDir, 'golive.db'))
  try {
    await work(store, (await findTenantBySlug(store.db, 'acme'))?.id as string)
  } finally {
    await store.close()
  }
}

/** So many times, somebody joined. */
const happen = (golive: GoLive, amount: number) =>
  write(golive, (store, id) =>
    new EventLog({ store, clock: systemClock }).write(async (_, append) => {
      for (let n = 0; n < amount; n++)
        await append(id, { type: 'participant.joined', data: { room: 'daily', identity: `u${n}` } })
    }),
  )

const stopped = async (amount: number): Promise<GoLive> => {
  const golive = await startGolive()
  await golive.tenant('acme')
  await golive.stop()
  await happen(golive, amount)
  return golive
}

const gather = async (stream: ReadableStream<Uint8Array>, take: (text: string) => void) => {
  const decoder = new TextDecoder()
  for await (const part of stream) take(decoder.decode(part, { stream: true }))
}

/** Another command of this server, whose output is followed. */
const following = (golive: GoLive, command: string) => {
  const config = join(golive.folder, 'golive.config.yaml')
  const child = Bun.spawn(['sh', '-c', command], {
    env: { PATH: process.env.PATH, GOLIVE: executable(), CONFIG: config },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const seen = { out: '', err: '' }
  void gather(child.stdout, (text) => {
    seen.out += text
  })
  void gather(child.stderr, (text) => {
    seen.err += text
  })
  return { child, seen }
}

const GOLIVE = 'exec "$GOLIVE" --config "$CONFIG"'

test('events are shown without a server, the newest or from a number on', async () => {
  await using golive = await stopped(120)
  const newest = await golive.cli('events', '--tenant', 'acme', '--limit', '3')
  expect(newest.code).toBe(0)
  expect(newest.stdout.trimEnd().split('\n')).toHaveLength(3)
  expect(newest.stdout).toMatch(/ {2}120 {2}participant\.joined {2,}daily {2}u119\n$/)
  const none = await golive.cli('events', '--tenant', 'acme', '--after', '120')
  expect([none.code, none.stdout]).toEqual([0, 'Nothing has happened behind number 120 yet.\n'])
  expect((await golive.cli('events', '--tenant', 'acme', '--limit', '0')).code).toBe(2)
  const all = await golive.cli(
    'events',
    '--tenant',
    'acme',
    '--after',
    '0',
    '--limit',
    '110',
    '--json',
  )
  expect(all.json.data.map((one: { seq: number }) => one.seq)).toEqual(
    Array.from({ length: 110 }, (_, n) => n + 1),
  )
  expect(all.json).toMatchObject({ next_after: 110, last_seq: 120 })
})

test('events that are followed come once each and in order, through a restart and a stop of the server', async () => {
  await using golive = await stopped(3)
  await golive.restartProcess()
  const { child, seen } = following(golive, `${GOLIVE} events --tenant acme --follow --json`)
  const seqs = () =>
    seen.out
      .trim()
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line).seq)
  await until('three events', () => seqs().length === 3)
  expect((await golive.cli('restart')).code).toBe(0)
  await golive.ready()
  await golive.stop()
  await until('it waits', () => seen.err.includes('waiting for it'))
  await happen(golive, 2)
  await golive.restartProcess()
  await until('all events', () => seqs().length === 5)
  expect(seqs()).toEqual([1, 2, 3, 4, 5])
  child.kill('SIGINT')
  await within('the command to end', 5000, child.exited)
})

test('followed events end with whoever reads them, and a refusal ends them', async () => {
  await using golive = await stopped(3)
  await golive.restartProcess()
  const { child, seen } = following(
    golive,
    '"$GOLIVE" --config "$CONFIG" events --tenant acme --follow | head -1',
  )
  // A pipe tells that its reader has gone when the next line is written, and not before.
  await until('the line of commands to end', async () => {
    const words = ['token', 'acme', `room-${Date.now()}`, '--identity', 'ann', '--create-room']
    expect((await golive.cli(...words)).stderr).toBe('')
    return child.exitCode !== null
  })
  expect(child.exitCode).toBe(0)
  expect(seen.out.trim().split('\n')).toHaveLength(1)
  const unknown = await golive.cli('events', '--tenant', 'nobody', '--follow')
  expect([unknown.code, unknown.stderr]).toEqual([1, expect.stringContaining('nobody')])
})

test('a stream over HTTP is alive beyond the time after which silence is cut, and ends with the server', async () => {
  await using golive = await stopped(1)
  await golive.restartProcess()
  const made = await golive.cli('key', 'create', 'acme', '--json')
  const authorization = `Basic ${btoa(`${made.json.api_key}:${made.json.api_secret}`)}`
  const headers = { authorization, accept: 'text/event-stream' }
  const response = await fetch(`${golive.url}/api/v1/events`, { headers })
  let [text, isOver] = ['', false]
  const reading = gather(response.body as ReadableStream<Uint8Array>, (part) => {
    text += part
  }).then(() => {
    isOver = true
  })
  const beats = () => text.split(': \n\n').length - 1
  await until('four signs of life', () => beats() >= 4, { timeoutMs: 50_000 })
  expect([text.includes('id: 1\n'), isOver]).toEqual([true, false])
  const before = Date.now()
  await golive.stop()
  await within('the stream to end', 5000, reading)
  expect(isOver).toBe(true)
  expect(Date.now() - before).toBeLessThan(20_000)
})

test('the ledger is printed for people, for programs and for spreadsheets', async () => {
  await using golive = await startGolive()
  await golive.cli('tenant', 'create', 'acme', '--name', '=1+1')
  await golive.stop()
  await write(golive, (store, tenant_id) =>
    store.transaction((tx) =>
      addUsage(tx, [
        {
          ...{ tenant_id, room: 'daily', day: '2026-11-05' },
          ...{ participant_ms: 90_500, participants: 2, sessions: 1 },
        },
      ]),
    ),
  )
  const month = ['usage', '--month', '2026-11']
  const people = await golive.cli(...month)
  expect(people.stdout).toMatch(/^acme +\S+ +1\.5 +2 +1$/m)
  const { json } = await golive.cli(...month, '--json')
  expect(json.data[0]).toMatchObject({ tenant: 'acme', participant_seconds: 90.5 })
  const { stdout } = await golive.cli(...month, '--csv')
  expect(stdout).toMatch(/^2026-11,acme,"'=1\+1",[^,]+,,90\.5,2,1\r\n/m)
  expect((await golive.cli(...month, '--csv', '--json')).code).toBe(2)
  expect((await golive.cli('usage', '--month', 'May')).code).toBe(2)
  const none = await golive.cli('sessions', '--tenant', 'acme')
  expect([none.code, none.stdout]).toEqual([0, 'Tenant acme has no such calls.\n'])
})
