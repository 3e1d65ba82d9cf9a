import { join } from 'node:path'
import { CADDY_PORT, type EdgeServers, HTTPS_PORT, NAME } from './edge-servers.ts'
import type { Count, Job } from './handshake-worker.ts'
import { cpuMillis } from './load.ts'
import { percentile, type Result, spread } from './report.ts'

const TARGET = 0.7
const PAIRS = 5
const SECONDS = 2
const AT_ONCE = 16

interface Run {
  perSecond: number
  cpuMicros: number
}

const handshakes = async (port: number, pid: number): Promise<Run> => {
  const job: Job = { port, name: NAME, atOnce: AT_ONCE, seconds: SECONDS }
  const before = cpuMillis([pid])
  const worker = Bun.spawn([process.execPath, join(import.meta.dir, 'handshake-worker.ts')], {
    stdin: Buffer.from(JSON.stringify(job)),
    stderr: 'inherit',
  })
  const [text, code] = await Promise.all([new Response(worker.stdout).text(), worker.exited])
  if (code !== 0) throw new Error('the handshake generator failed')
  const { done, seconds } = JSON.parse(text) as Count
  const cpuMicros = ((cpuMillis([pid]) - before) * 1000) / done
  return { perSecond: done / seconds, cpuMicros }
}

const middle = (runs: Run[], value: keyof Run): number =>
  Math.round(
    percentile(
      runs.map((run) => run[value]),
      50,
    ),
  )

const summary = (runs: Run[]) => ({
  perSecond: middle(runs, 'perSecond'),
  cpuMicros: middle(runs, 'cpuMicros'),
})

export const edgeHandshakes = async ({ golive, caddy }: EdgeServers): Promise<Result> => {
  const [ours, theirs]: [Run[], Run[]] = [[], []]
  // The first of each warms up.
  for (let pair = 0; pair <= PAIRS; pair++) {
    ours.push(await handshakes(HTTPS_PORT, golive.pid))
    theirs.push(await handshakes(CADDY_PORT, caddy.pid))
  }
  ours.shift()
  theirs.shift()
  const measured = spread(ours.map((run, at) => run.perSecond / (theirs[at] as Run).perSecond))
  return {
    id: 'edge-handshakes',
    what: `whole TLS handshakes a second, ${AT_ONCE} at once`,
    against: 'Caddy in front of the same server',
    target: `≥ ${TARGET}`,
    unit: '×',
    ...measured,
    reached: measured.median >= TARGET,
    details: { pairs: PAIRS, edge: summary(ours), caddy: summary(theirs) },
  }
}
