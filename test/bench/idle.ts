import { readFileSync } from 'node:fs'
import type { Bench, Context } from './bench.ts'
import { createRoom, createTenant, mintText } from './golive-api.ts'
import { spread } from './report.ts'
import { joinRoom, leave, livekitToken } from './signal-client.ts'

const CONNECTIONS = 1000
/** Small rooms: each who joins is told to all others, which is not what is measured here. */
const PER_ROOM = 2
const AT_ONCE = 10
const SETTLE_MS = 4000
const AIM_KB = 60

const residentKilobytes = (pid: number): number =>
  Number(/^Rss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1])

interface Side {
  port: number
  /** whose memory counts */
  pid: number
  token(room: string, identity: string): string | Promise<string>
}

const goliveSide = async (context: Context): Promise<Side> => {
  const golive = await context.golive()
  const tenant = await createTenant(golive, 'idle')
  for (let room = 0; room < CONNECTIONS / PER_ROOM; room++)
    await createRoom(golive, tenant, `idle-${room}`)
  const token = async (room: string, identity: string) =>
    (JSON.parse(await mintText(golive, tenant, room, identity)) as { token: string }).token
  return { port: golive.port, pid: golive.pid, token }
}

const directSide = async (context: Context): Promise<Side> => {
  const { port, pid } = await context.livekit()
  return { port, pid, token: livekitToken }
}

const connectAll = async ({ port, token }: Side): Promise<WebSocket[]> => {
  const sockets: WebSocket[] = []
  let next = 0
  const lane = async () => {
    while (next < CONNECTIONS) {
      const n = next++
      const text = await token(`idle-${Math.floor(n / PER_ROOM)}`, `idle-${n}`)
      sockets.push((await joinRoom(port, text)).socket)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, lane))
  return sockets
}

/** Kilobytes for each connection, once the joins themselves have settled. */
const growth = async (side: Side): Promise<number> => {
  const before = residentKilobytes(side.pid)
  const sockets = await connectAll(side)
  await Bun.sleep(SETTLE_MS)
  const grown = residentKilobytes(side.pid) - before
  await Promise.all(sockets.map(leave))
  return grown / CONNECTIONS
}

/** What golive adds to what the same connections cost livekit-server in any case. */
export const idle: Bench = {
  id: 'idle-memory',
  async measure(context) {
    const gate = await growth(await goliveSide(context))
    const direct = await growth(await directSide(context))
    const kilobytes = Math.round(gate * 10) / 10
    return [
      {
        id: 'idle-memory',
        what: `memory of golive for each of ${CONNECTIONS} idle signaling connections, over direct`,
        against: 'livekit-server alone (in details)',
        target: `≤ ${AIM_KB} KB`,
        unit: 'KB',
        ...spread([kilobytes]),
        reached: kilobytes <= AIM_KB,
        details: {
          connections: CONNECTIONS,
          livekit_alone_kb: Math.round(direct * 10) / 10,
          ratio: Math.round(((gate + direct) / direct) * 100) / 100,
        },
      },
    ]
  },
}
