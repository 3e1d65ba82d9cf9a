import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Bench } from './bench.ts'
import { startGolive, startLivekit, unpackedLivekit } from './processes.ts'
import { percentile, spread } from './report.ts'

const PAIRS = 7
const AIM_MS = 400

/** Warm: the data folder exists, the binary is unpacked and its pages are in the cache. */
export const start: Bench = {
  id: 'start',
  async measure({ binary, dir }) {
    const folder = join(dir, 'start')
    const cold = await startGolive(binary, folder)
    await cold.stop()
    const livekit = unpackedLivekit(cold.dataDir)
    const whole: number[] = []
    const alone: number[] = []
    for (let pair = 0; pair < PAIRS; pair++) {
      const golive = await startGolive(binary, folder)
      whole.push(golive.readyAfter)
      await golive.stop()
      const child = await startLivekit(livekit, join(dir, 'start-livekit'))
      alone.push(child.readyAfter)
      await child.stop()
    }
    const measured = spread(whole)
    const ratio = percentile(
      whole.map((ms, pair) => ms / (alone[pair] as number)),
      50,
    )
    const details = {
      pairs: PAIRS,
      cold_ms: Math.round(cold.readyAfter),
      livekit_alone_ms: spread(alone),
      ratio,
    }
    const what = 'exec to /readyz 200 with livekit-server up, warm'
    const against = 'livekit-server alone (in details)'
    return [
      {
        id: 'start',
        what,
        against,
        target: 'aim ≤ 400 ms',
        unit: 'ms',
        ...measured,
        reached: measured.median <= AIM_MS,
        details,
      },
    ]
  },
}

const IDLE_MS = 5000
const STARTS = 3
const AIM_MB = 90

/** Megabytes of a line in smaps_rollup (proc_pid_smaps(5) counts in kB). */
const megabytes = (rollup: string, line: string): number =>
  Number(new RegExp(`^${line}:\\s+(\\d+) kB`, 'm').exec(rollup)?.[1]) / 1024

export const memory: Bench = {
  id: 'memory',
  async measure({ binary, dir, using }) {
    const rss: number[] = []
    const anonymous: number[] = []
    for (let n = 0; n < STARTS; n++) {
      const golive = await using(startGolive(binary, join(dir, 'memory')))
      await Bun.sleep(IDLE_MS)
      const rollup = readFileSync(`/proc/${golive.pid}/smaps_rollup`, 'utf8')
      rss.push(megabytes(rollup, 'Rss'))
      anonymous.push(megabytes(rollup, 'Anonymous'))
      await golive.stop()
    }
    const common = {
      against: '–',
      unit: 'MB',
      details: { starts: STARTS, idle_seconds: IDLE_MS / 1000 },
    } as const
    const resident = spread(rss)
    return [
      {
        id: 'memory-rss',
        what: 'control plane idle, resident',
        target: 'aim ≤ 90 MB',
        ...common,
        ...resident,
        reached: resident.median <= AIM_MB,
      },
      {
        id: 'memory-anonymous',
        what: 'control plane idle, anonymous',
        target: 'report',
        ...common,
        ...spread(anonymous),
        reached: null,
      },
    ]
  },
}
