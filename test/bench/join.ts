import type { Bench, Context } from './bench.ts'
import { type BenchTenant, createRoom, createTenant, mintText } from './golive-api.ts'
import { percentile, type Result, spread } from './report.ts'
import { joinRoom, leave, livekitToken, ping } from './signal-client.ts'

const PAIRS = 40
const WARM_UP_PAIRS = 8
const SETTLE_MS = 30

/** One way to a JoinResponse: a port, and a token for somebody in a room. */
interface Door {
  port: number
  token(room: string, identity: string): string | Promise<string>
  /** makes the room known where that is needed beforehand */
  prepare(room: string): Promise<void>
}

/** The first and the second to join a room, in milliseconds. */
interface Visit {
  first: number
  second: number
}

const mintedToken = async (
  context: Context,
  tenant: BenchTenant,
  room: string,
  identity: string,
) => {
  const text = await mintText(await context.golive(), tenant, room, identity)
  return (JSON.parse(text) as { token: string }).token
}

const goliveDoor = async (context: Context, slug: string): Promise<Door> => {
  const golive = await context.golive()
  const tenant = await createTenant(golive, slug)
  return {
    port: golive.port,
    token: (room, identity) => mintedToken(context, tenant, room, identity),
    prepare: (room) => createRoom(golive, tenant, room),
  }
}

const directDoor = async (context: Context): Promise<Door> => ({
  port: (await context.livekit()).port,
  token: livekitToken,
  prepare: async () => undefined,
})

interface Tokens {
  first: string
  second: string
}

const prepare = async (door: Door, room: string): Promise<Tokens> => {
  await door.prepare(room)
  return { first: await door.token(room, 'first'), second: await door.token(room, 'second') }
}

const visit = async ({ port }: Door, tokens: Tokens): Promise<Visit> => {
  const first = await joinRoom(port, tokens.first)
  const second = await joinRoom(port, tokens.second)
  await Promise.all([leave(first.socket), leave(second.socket)])
  // Both servers clean up behind who left; that belongs to neither side's next join.
  await Bun.sleep(SETTLE_MS)
  return { first: first.milliseconds, second: second.milliseconds }
}

interface Pair {
  gate: number
  direct: number
}

const rounded = (values: number[], rank: number): number =>
  Math.round(percentile(values, rank) * 100) / 100

const details = (pairs: Pair[]): Record<string, unknown> => {
  const of = (side: keyof Pair) => {
    const values = pairs.map((pair) => pair[side])
    return { p50_ms: rounded(values, 50), p99_ms: rounded(values, 99) }
  }
  return { pairs: pairs.length, gate: of('gate'), direct: of('direct') }
}

/** The ratio of the two p50; the spread is that of the pairs' own ratios. */
const p50Ratio = (pairs: Pair[]): Pick<Result, 'median' | 'min' | 'max'> => {
  const p50 = (side: keyof Pair) =>
    percentile(
      pairs.map((pair) => pair[side]),
      50,
    )
  return {
    ...spread(pairs.map(({ gate, direct }) => gate / direct)),
    median: p50('gate') / p50('direct'),
  }
}

const p99Difference = (pairs: Pair[]): Pick<Result, 'median' | 'min' | 'max'> => {
  const p99 = (side: keyof Pair) =>
    percentile(
      pairs.map((pair) => pair[side]),
      99,
    )
  return {
    ...spread(pairs.map(({ gate, direct }) => gate - direct)),
    median: p99('gate') - p99('direct'),
  }
}

const joinResults = (first: Pair[], second: Pair[]): Result[] => {
  const against = 'the same client straight to livekit-server'
  const p50 = p50Ratio(first)
  const p99 = p99Difference(first)
  const next = p50Ratio(second)
  const ms = { unit: 'ms', reached: p99.median <= 5 } as const
  const ratio = { unit: '×', against } as const
  return [
    {
      id: 'join-p50',
      what: 'first joiner, upgrade to JoinResponse, p50',
      target: '≤ 2.5',
      ...ratio,
      ...p50,
      reached: p50.median <= 2.5,
      details: details(first),
    },
    {
      id: 'join-p99',
      what: 'the same, p99',
      against,
      target: '≤ 5 more',
      ...ms,
      ...p99,
      details: details(first),
    },
    {
      id: 'join-second',
      what: 'second joiner of a room, p50',
      target: '≤ 1.6',
      ...ratio,
      ...next,
      reached: next.median <= 1.6,
      details: details(second),
    },
  ]
}

/**
 * Against livekit-server with `auto_create` on, its default: there as here the first join makes the
 * room, so both sides do the same work for the client.
 */
export const join: Bench = {
  id: 'join',
  async measure(context) {
    const gate = await goliveDoor(context, 'join')
    const direct = await directDoor(context)
    const first: Pair[] = []
    const second: Pair[] = []
    const rooms: [Tokens, Tokens][] = []
    for (let room = 0; room < WARM_UP_PAIRS + PAIRS; room++) {
      rooms.push([await prepare(gate, `room-${room}`), await prepare(direct, `room-${room}`)])
    }
    for (const [index, [ofGate, ofDirect]] of rooms.entries()) {
      const through = await visit(gate, ofGate)
      const straight = await visit(direct, ofDirect)
      if (index < WARM_UP_PAIRS) continue
      first.push({ gate: through.first, direct: straight.first })
      second.push({ gate: through.second, direct: straight.second })
    }
    return joinResults(first, second)
  },
}

const PINGS = 50
const PING_PAIRS = 20
const WARM_UP_PINGS = 500

const pings = async (socket: WebSocket, count: number): Promise<number> => {
  const times: number[] = []
  for (let n = 0; n < count; n++) times.push(await ping(socket))
  return percentile(times, 50)
}

export const signal: Bench = {
  id: 'signal',
  async measure(context) {
    const enter = async (door: Door) => {
      await door.prepare('pings')
      return (await joinRoom(door.port, await door.token('pings', 'pinger'))).socket
    }
    const gate = await enter(await goliveDoor(context, 'signal'))
    const direct = await enter(await directDoor(context))
    for (const socket of [gate, direct]) await pings(socket, WARM_UP_PINGS)
    const pairs: Pair[] = []
    for (let pair = 0; pair < PING_PAIRS; pair++) {
      pairs.push({ gate: await pings(gate, PINGS), direct: await pings(direct, PINGS) })
    }
    await Promise.all([leave(gate), leave(direct)])
    const measured = spread(pairs.map((pair) => pair.gate / pair.direct))
    const what = 'signal ping to pong through the gate, p50'
    const reached = measured.median <= 2.5
    return [
      {
        id: 'signal',
        what,
        against: 'direct',
        target: '≤ 2.5',
        unit: '×',
        ...measured,
        reached,
        details: details(pairs),
      },
    ]
  },
}
