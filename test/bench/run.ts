/**
 * `bun run bench [filter]`: measures the compiled executable against what stands beside it, in
 * interleaved pairs in one run. Prints a table, then JSON, which also goes to test/artifacts/bench.json.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { executable } from '../support/golive.ts'
import { kill, pidsFrom } from '../support/processes.ts'
import type { Bench, Context } from './bench.ts'
import { edge } from './edge.ts'
import { decision } from './gate-decision.ts'
import { idle } from './idle.ts'
import { intake } from './intake.ts'
import * as joins from './join.ts'
import { joinsPerMinute } from './joins-per-minute.ts'
import * as lifetime from './lifetime.ts'
import * as mints from './mint.ts'
import { type Running, startGolive, startLivekit, unpackedLivekit } from './processes.ts'
import { type Failure, type Result, table } from './report.ts'
import { truth } from './truth.ts'
import { webhooks } from './webhooks.ts'

const ROOT = join(import.meta.dir, '../..')

const BENCHES: Bench[] = [
  mints.mintAgainstBare,
  mints.mintAgainstExpress,
  mints.mintFilled,
  joins.join,
  joins.signal,
  decision,
  joinsPerMinute,
  idle,
  lifetime.start,
  lifetime.memory,
  edge,
  truth,
  webhooks,
  intake,
]

const once = <T>(make: () => Promise<T>): (() => Promise<T>) => {
  let made: Promise<T> | undefined
  return () => (made ??= make())
}

const createContext = (binary: string, dir: string, running: Set<Running>): Context => {
  const using: Context['using'] = async (starting) => {
    const server = await starting
    running.add(server)
    return server
  }
  const golive = once(() => using(startGolive(binary, join(dir, 'golive'))))
  const livekit = once(async () => {
    const { dataDir } = await golive()
    return using(startLivekit(unpackedLivekit(dataDir), join(dir, 'livekit')))
  })
  return { binary, dir, golive, livekit, using }
}

const measureAll = async (benches: Bench[], context: Context): Promise<(Result | Failure)[]> => {
  const results: (Result | Failure)[] = []
  for (const bench of benches) {
    console.error(`measuring ${bench.id} …`)
    try {
      results.push(...(await bench.measure(context)))
    } catch (error) {
      results.push({ id: bench.id, error: (error as Error).message })
    }
  }
  return results
}

const run = async (binary: string, filter: string): Promise<void> => {
  const benches = BENCHES.filter((bench) => bench.id.includes(filter))
  if (benches.length === 0)
    throw new Error(`no row is called ${filter}: ${BENCHES.map(({ id }) => id).join(', ')}`)
  const dir = mkdtempSync(join(tmpdir(), 'golive-bench-'))
  const running = new Set<Running>()
  const end = async () => {
    await Promise.all([...running].map((server) => server.stop()))
    for (const pid of pidsFrom(dir)) kill(pid, 'SIGKILL')
    rmSync(dir, { recursive: true, force: true })
  }
  process.once('SIGINT', () => void end().then(() => process.exit(130)))
  const started = Date.now()
  const rows = await measureAll(benches, createContext(binary, dir, running)).finally(end)
  const machine = { cpus: cpus().length, model: cpus()[0]?.model }
  const report = {
    at: new Date(started).toISOString(),
    seconds: (Date.now() - started) / 1000,
    machine,
    rows,
  }
  mkdirSync(join(ROOT, 'test/artifacts'), { recursive: true })
  writeFileSync(join(ROOT, 'test/artifacts/bench.json'), `${JSON.stringify(report, null, 2)}\n`)
  console.log(`${table(rows)}\n\n${JSON.stringify(report)}`)
}

await run(executable(), process.argv[2] ?? '')
