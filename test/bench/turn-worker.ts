/**
 * One generator of relayed media: reads a {@link Job} from stdin, sends packets on many allocations at an
 * even pace to peers of its own that send them back, and prints a {@link Count} to stdout.
 */
import { percentile } from './report.ts'
import { type LaneOptions, TurnLane } from './turn-lane.ts'

export interface Job {
  lanes: LaneOptions[]
  /** what the relay may reach */
  peer: string
  port: number
  /** where what is sent there comes out, one port after the other: here are those who answer */
  echo: number
  perSecond: number
  bytes: number
  seconds: number
}

export interface Count {
  sent: number
  back: number
  /** of the way there and back, in milliseconds */
  p50: number
  p99: number
}

const TICK_MS = 2
/** What is later than that is lost to a call. */
const GRACE_MS = 1000
/** Of the payload: when it left, and which run it belongs to. */
const TIME_AT = 0

const echo = async (hostname: string, port: number): Promise<Bun.udp.Socket<'buffer'>> =>
  Bun.udpSocket({
    hostname,
    port,
    socket: { data: (socket, data, port, address) => void socket.send(data, port, address) },
  })

const paced = async (seconds: number, perSecond: number, send: (n: number) => void) => {
  const started = performance.now()
  let sent = 0
  while (sent < seconds * perSecond) {
    const due = Math.min(((performance.now() - started) / 1000) * perSecond, seconds * perSecond)
    while (sent < due) send(sent++)
    await Bun.sleep(TICK_MS)
  }
  return sent
}

const run = async (job: Job): Promise<Count> => {
  const { lanes: options, peer, perSecond, bytes, seconds } = job
  const times: number[] = []
  const hear = (packet: Buffer) => void times.push(performance.now() - packet.readDoubleBE(TIME_AT))
  const lanes: TurnLane[] = []
  for (const one of options) {
    const lane = await TurnLane.open(one, hear)
    // A peer for each: together they would overrun the buffer of one socket.
    await echo(peer, job.echo + lanes.length)
    await lane.bind(peer, job.port)
    lanes.push(lane)
  }
  const payload = Buffer.alloc(bytes)
  const sent = await paced(seconds, perSecond * lanes.length, (n) => {
    payload.writeDoubleBE(performance.now(), TIME_AT)
    lanes[n % lanes.length]?.send(payload)
  })
  await Bun.sleep(GRACE_MS)
  const back = times.length
  for (const lane of lanes) lane.close()
  return { sent, back, p50: percentile(times, 50), p99: percentile(times, 99) }
}

console.log(JSON.stringify(await run(JSON.parse(await Bun.stdin.text()) as Job)))
process.exit(0)
