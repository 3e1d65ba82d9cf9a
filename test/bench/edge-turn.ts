import { join } from 'node:path'
import { pidsFrom } from '../support/processes.ts'
import {
  type EdgeServers,
  FIRST_ECHO_PORT,
  HTTPS_PORT,
  MEDIA_PORT,
  NAME,
  PEOPLE,
  SERVER_ADDRESS,
  TURN_PORT,
} from './edge-servers.ts'
import { type BenchTenant, createRoom, createTenant, mintText } from './golive-api.ts'
import { cpuMillis } from './load.ts'
import type { RunningGolive } from './processes.ts'
import { type Result, spread } from './report.ts'
import { type Seat, takeSeat } from './turn-seat.ts'
import type { Count, Job } from './turn-worker.ts'

const ROOM = 'relay'
export const LANES = 50
const PER_SECOND = 250
const BYTES = 1200
const SECONDS = 6
const PAIRS = 2
const LEAST = 0.999

const seatsOf = async (golive: RunningGolive): Promise<Seat[]> => {
  const tenant: BenchTenant = await createTenant(golive, 'relay')
  await createRoom(golive, tenant, ROOM)
  return Promise.all(
    PEOPLE.map(async (address, n) => {
      const text = await mintText(golive, tenant, ROOM, `person-${n}`)
      const { token } = JSON.parse(text) as { token: string }
      return takeSeat(SERVER_ADDRESS, HTTPS_PORT, address, token)
    }),
  )
}

interface Way {
  port: number
  tls: string | null
}

/** What came back of a run, and how many cores the servers' processes used. */
interface Relayed {
  delivered: number
  sent: number
  lost: number
  p50_ms: number
  p99_ms: number
  cores: number
}

const relayed = async (way: Way, seats: Seat[], pids: number[]): Promise<Relayed> => {
  const lanes = Array.from({ length: LANES }, (_, n) => {
    const { username, credential } = seats[n % seats.length] as Seat
    const localAddress = PEOPLE[n % seats.length] as string
    return { host: SERVER_ADDRESS, ...way, localAddress, username, credential }
  })
  const job: Job = {
    lanes,
    peer: SERVER_ADDRESS,
    port: MEDIA_PORT,
    echo: FIRST_ECHO_PORT,
    perSecond: PER_SECOND,
    bytes: BYTES,
    seconds: SECONDS,
  }
  const before = cpuMillis(pids)
  const worker = Bun.spawn([process.execPath, join(import.meta.dir, 'turn-worker.ts')], {
    stdin: Buffer.from(JSON.stringify(job)),
    stderr: 'inherit',
  })
  const [text, code] = await Promise.all([new Response(worker.stdout).text(), worker.exited])
  if (code !== 0) throw new Error('the relay generator failed')
  const { sent, back, p50, p99 } = JSON.parse(text) as Count
  const cores = (cpuMillis(pids) - before) / 1000 / SECONDS
  return { delivered: back / sent, sent, lost: sent - back, p50_ms: p50, p99_ms: p99, cores }
}

/** Caddy takes no part: its layer 4 is a module of somebody else's that its own program lacks. */
export const edgeTurn = async ({ golive }: EdgeServers): Promise<Result> => {
  const seats = await seatsOf(golive)
  const livekit = pidsFrom(join(golive.dataDir, 'livekit'))
  const [edge, direct]: [Relayed[], Relayed[]] = [[], []]
  for (let pair = 0; pair < PAIRS; pair++) {
    edge.push(await relayed({ port: HTTPS_PORT, tls: NAME }, seats, [golive.pid, ...livekit]))
    direct.push(await relayed({ port: TURN_PORT, tls: null }, seats, livekit))
  }
  for (const seat of seats) seat.leave()
  const measured = spread(edge.map((one, at) => one.delivered / (direct[at] as Relayed).delivered))
  return {
    id: 'edge-turn',
    what: `TURN packets that come back, ${LANES} × ${PER_SECOND} a second of ${BYTES} bytes`,
    against: 'straight to livekit-server, without TLS',
    target: `≥ ${LEAST}`,
    unit: '×',
    ...measured,
    reached: measured.median >= LEAST,
    details: { edge, direct },
  }
}
