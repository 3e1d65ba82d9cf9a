import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { percentile } from './report.ts'

export interface Job {
  port: number
  /** speaks TLS, to a server of this name and with any certificate */
  tls: string | null
  connections: number
  seconds: number
  /** whole HTTP requests; each connection goes round them, one in flight at a time */
  requests: string[]
  /** each request is sent once, whatever the time */
  once: boolean
}

/** What one generator process saw. */
export interface Count {
  answers: number
  refused: number
  seconds: number
}

/** A server under load: where it listens and whose processor time counts. */
export interface Target {
  port: number
  pids: number[]
  requests: string[]
  tls?: string
}

interface Load {
  perSecond: number
  /** processor time of the server's processes for each request, in microseconds */
  cpuMicros: number
}

export interface LoadPairs {
  ratios: number[]
  a: { perSecond: number; cpuMicros: number }
  b: { perSecond: number; cpuMicros: number }
}

const CONNECTIONS = 32
const WARM_UP_SECONDS = 1.5
const SECONDS = 2
const PAIRS = 7

/** Loads `a` and `b` in turn, so that a noisy neighbour meets both; each ratio is one pair's a / b. */
export const loadPairs = async (a: Target, b: Target): Promise<LoadPairs> => {
  await load(a, { seconds: WARM_UP_SECONDS })
  await load(b, { seconds: WARM_UP_SECONDS })
  const pairs: [Load, Load][] = []
  for (let pair = 0; pair < PAIRS; pair++) {
    pairs.push([await load(a, {}), await load(b, {})])
  }
  return {
    ratios: pairs.map(([left, right]) => left.perSecond / right.perSecond),
    a: middle(pairs.map(([left]) => left)),
    b: middle(pairs.map(([, right]) => right)),
  }
}

const middle = (loads: Load[]): Load => ({
  perSecond: Math.round(
    percentile(
      loads.map((one) => one.perSecond),
      50,
    ),
  ),
  cpuMicros:
    Math.round(
      percentile(
        loads.map((one) => one.cpuMicros),
        50,
      ) * 10,
    ) / 10,
})

interface Manner {
  connections?: number
  seconds?: number
  once?: boolean
}

/** @throws Error when a single answer is not a success: a refusal is cheaper and would flatter */
export const load = async (target: Target, manner: Manner): Promise<Load> => {
  const before = cpuMillis(target.pids)
  const count = await startLoad(target, manner)
  const cpu = cpuMillis(target.pids) - before
  return { perSecond: count.answers / count.seconds, cpuMicros: (cpu * 1000) / count.answers }
}

/** @throws as {@link load} */
export const startLoad = async (
  { port, tls, requests }: Target,
  { connections = CONNECTIONS, seconds = SECONDS, once = false }: Manner,
): Promise<Count> => {
  const job: Job = { port, tls: tls ?? null, connections, seconds, requests, once }
  const worker = Bun.spawn([process.execPath, join(import.meta.dir, 'load-worker.ts')], {
    stdin: Buffer.from(JSON.stringify(job)),
    stderr: 'inherit',
  })
  const [text, code] = await Promise.all([new Response(worker.stdout).text(), worker.exited])
  if (code !== 0) throw new Error('the load generator failed')
  const count = JSON.parse(text) as Count
  if (count.refused > 0)
    throw new Error(`${count.refused} of the requests were not answered with a success`)
  return count
}

/** User and system time of processes so far (proc_pid_stat(5): clock ticks of 10 ms on Linux). */
export const cpuMillis = (pids: number[]): number =>
  pids.reduce((sum, pid) => {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return sum + (Number(fields[11]) + Number(fields[12])) * 10
  }, 0)

/** The bytes of a POST with JSON. */
export const postRequest = (path: string, authorization: string, body: object): string => {
  const text = JSON.stringify(body)
  return [
    `POST ${path} HTTP/1.1`,
    'Host: 127.0.0.1',
    'Content-Type: application/json',
    `Authorization: ${authorization}`,
    `Content-Length: ${Buffer.byteLength(text)}`,
    '',
    text,
  ].join('\r\n')
}
