import type { Bench, Context } from './bench.ts'
import { createRoom, createTenant, mintText } from './golive-api.ts'
import { percentile, spread } from './report.ts'
import { joinRoom, leave, livekitToken } from './signal-client.ts'

const PER_MINUTE = 500
const JOINS = 500
const GAP_MS = 60_000 / PER_MINUTE
const WARM_UP = 20

interface Door {
  port: number
  tokens: string[]
}

const room = (n: number): string => `steady-${Math.floor(n / 5)}`

const goliveDoor = async (context: Context): Promise<Door> => {
  const golive = await context.golive()
  const tenant = await createTenant(golive, 'steady')
  const tokens: string[] = []
  for (let n = 0; n < WARM_UP + JOINS; n++) {
    if (n % 5 === 0) await createRoom(golive, tenant, room(n))
    const text = await mintText(golive, tenant, room(n), `p-${n}`)
    tokens.push((JSON.parse(text) as { token: string }).token)
  }
  return { port: golive.port, tokens }
}

const directDoor = async (context: Context): Promise<Door> => ({
  port: (await context.livekit()).port,
  tokens: Array.from({ length: WARM_UP + JOINS }, (_, n) => livekitToken(room(n), `p-${n}`)),
})

/** The server and all that it started, on one core; the machine's others are for who asks. */
const onOneCore = (pid: number): void => {
  const { success } = Bun.spawnSync([
    'taskset',
    '--all-tasks',
    '--cpu-list',
    '--pid',
    '0',
    `${pid}`,
  ])
  if (!success) throw new Error('taskset is needed to keep the servers on one core')
}

/** Each at its time, whether those before are through or not, as people come. */
const joinSteadily = async (doors: Door[]): Promise<number[][]> => {
  const times: number[][] = doors.map(() => [])
  const running: Promise<void>[] = []
  const started = performance.now()
  for (let n = 0; n < WARM_UP + JOINS; n++) {
    await Bun.sleep(Math.max(0, started + n * GAP_MS - performance.now()))
    for (const [at, { port, tokens }] of doors.entries()) {
      const one = async () => {
        // One after the other within a slot: neither waits for the other's work.
        await Bun.sleep((at * GAP_MS) / doors.length)
        const { milliseconds, socket } = await joinRoom(port, tokens[n] as string)
        if (n >= WARM_UP) times[at]?.push(milliseconds)
        setTimeout(() => void leave(socket), 2000)
      }
      running.push(one())
    }
  }
  await Promise.all(running)
  return times
}

const rounded = (values: number[], rank: number): number =>
  Math.round(percentile(values, rank) * 100) / 100

export const joinsPerMinute: Bench = {
  id: 'joins-per-minute',
  async measure(context) {
    const doors = [await goliveDoor(context), await directDoor(context)]
    const golive = await context.golive()
    const livekit = await context.livekit()
    const children = Bun.spawnSync(['pgrep', '-P', `${golive.pid}`]).stdout.toString()
    for (const pid of [
      golive.pid,
      livekit.pid,
      ...children.split(/\s+/).filter(Boolean).map(Number),
    ])
      onOneCore(pid)
    const [gate = [], direct = []] = await joinSteadily(doors)
    const of = (values: number[]) => ({ p50_ms: rounded(values, 50), p99_ms: rounded(values, 99) })
    const ratio = percentile(gate, 99) / percentile(direct, 99)
    return [
      {
        id: 'joins-per-minute',
        what: `${PER_MINUTE} joins per minute on one core, p99 of upgrade to JoinResponse`,
        against: 'the same client straight to livekit-server',
        target: 'reported',
        unit: '×',
        ...spread([ratio]),
        reached: null,
        details: { joins: JOINS, gate: of(gate), direct: of(direct) },
      },
    ]
  },
}
