import { Attendee } from './crowd.ts'
import type { GoLive } from './golive.ts'
import { kill } from './processes.ts'
import type { Death, Span, Told } from './tally.ts'
import type { TenantClient } from './tenant-client.ts'
import { until } from './wait.ts'

const ROOMS = ['desk', 'hall']
const PEOPLE = 7
const MOVES = 4
const ROUND_MS = 3000
const MOST_AWAY_MS = 3000
const SETTLE_MS = 30_000

const DISTURBANCES = [
  'none',
  'golive killed',
  'golive killed',
  'golive restart',
  'livekit killed',
  'both killed',
] as const

/** People who come and go at random while processes die at random, the same for the same seed. */
export class Rounds implements Told {
  readonly crowd: Attendee[] = []
  readonly deaths: Death[] = []
  readonly outages: Span[] = []
  /** what was done, to be read when something is wrong */
  readonly story: string[] = []
  readonly #golive: GoLive
  readonly #tenant: TenantClient
  readonly #random: () => number
  readonly #busy = new Set<string>()
  #awake = true

  constructor(golive: GoLive, tenant: TenantClient, seed: number) {
    this.#golive = golive
    this.#tenant = tenant
    this.#random = randomFrom(seed)
  }

  async run(rounds: number): Promise<void> {
    for (const room of ROOMS) await this.#tenant.createRoom(room, { departure_timeout_seconds: 3 })
    for (let round = 1; round <= rounds; round++) await this.#round(round)
  }

  /** Everybody leaves. Resolves when nobody is in a call as far as they know themselves. */
  async end(): Promise<void> {
    for (const one of this.crowd) if (!one.isOut) await this.#leave(one)
    for (const one of this.crowd) await one[Symbol.asyncDispose]()
    this.#tell('all are out')
  }

  async #round(round: number): Promise<void> {
    const moves = Array.from({ length: MOVES }, () => this.#later(() => this.#move()))
    const disturbance = this.#pick(DISTURBANCES)
    this.#tell(`round ${round}: ${disturbance}`)
    const [away, order] = [this.#random() * MOST_AWAY_MS, this.#random()]
    moves.push(this.#later(() => this.#disturb(disturbance, away, order < 0.5)))
    await Promise.all(moves)
    await this.#golive.ready()
    if (this.#random() < 0.5) await this.#settle()
    for (const one of this.crowd) if (one.isOut) await one[Symbol.asyncDispose]()
  }

  async #later(work: () => Promise<void>): Promise<void> {
    const ms = this.#random() * ROUND_MS
    await Bun.sleep(ms)
    await work()
  }

  async #move(): Promise<void> {
    const n = Math.floor(this.#random() * PEOPLE)
    const [identity, room, choice] = [`p${n}`, ROOMS[n % 2] as string, this.#random()]
    if (this.#busy.has(identity)) return
    this.#busy.add(identity)
    const present = this.crowd.findLast((one) => one.identity === identity && !one.isOut)
    if (!present || choice < 0.25) await this.#join(identity, room)
    else if (choice < 0.6) await this.#leave(present)
    else await this.#vanish(present)
    this.#busy.delete(identity)
  }

  async #join(identity: string, room: string): Promise<void> {
    if (!this.#awake) return
    const one = new Attendee(this.#golive.folder, `diary-${this.crowd.length}`, { identity, room })
    this.crowd.push(one)
    try {
      await one.join(await this.#tenant.mint(room, identity), this.#random() < 0.4)
      this.#tell(`${identity} joined`)
    } catch (error) {
      // In the midst of a death that is no wonder; where it is, the record will show it.
      this.#tell(`${identity} did not get in: ${(error as Error).message.slice(0, 80)}`)
      await one.vanish()
    }
  }

  async #leave(one: Attendee): Promise<void> {
    this.#tell(`${one.identity} leaves`)
    await one.leave().catch(() => one.vanish())
  }

  async #vanish(one: Attendee): Promise<void> {
    this.#tell(`${one.identity} vanishes`)
    await one.vanish()
  }

  async #disturb(what: (typeof DISTURBANCES)[number], away: number, first: boolean) {
    if (what === 'none') return
    this.#tell(what)
    if (what === 'livekit killed') return this.#killLivekit(true)
    this.#awake = false
    const outage = { from: Date.now(), to: Infinity }
    this.outages.push(outage)
    if (what === 'golive restart') await this.#golive.cli('restart')
    else {
      if (what === 'both killed' && first) this.#killLivekit(false)
      await this.#golive.kill('SIGKILL')
      await Bun.sleep(away)
      if (what === 'both killed' && !first) this.#killLivekit(false)
      await this.#golive.restartProcess()
    }
    this.#awake = true
    outage.to = Date.now()
    this.#tell(`${what}: back`)
  }

  #killLivekit(seen: boolean): void {
    try {
      const pid = this.#golive.livekitPid()
      kill(pid, 'SIGKILL')
      this.deaths.push({ at: Date.now(), seen })
    } catch {
      this.#tell('livekit-server was not there')
    }
  }

  async #settle(): Promise<void> {
    const isSettled = () => this.crowd.every((one) => one.isIn || one.isOut)
    await until('everybody is in or out', isSettled, { timeoutMs: SETTLE_MS }).catch(() =>
      this.#tell('somebody is still on the way'),
    )
  }

  #pick<T>(all: readonly T[]): T {
    return all[Math.floor(this.#random() * all.length)] as T
  }

  #tell(what: string): void {
    this.story.push(`${Date.now()} ${what}`)
  }
}

/** mulberry32 (public domain): numbers in [0, 1) that a seed decides. */
const randomFrom = (seed: number): (() => number) => {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
