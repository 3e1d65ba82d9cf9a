import type { Clock } from '../lib/clock.ts'
import type { Calls } from './calls.ts'
import type { Presence } from './presence.ts'
import type { Seat } from './seat.ts'
import type { JoinClaims } from './tokens.ts'

interface Deps {
  clock: Clock
  presence: Presence
  calls: Pick<Calls, 'putOut'>
}

/** Puts people out whose token said that they leave with it. */
export class Ejections {
  readonly #deps: Deps
  /** whose time is over already: their seat is free once LiveKit says that they left */
  readonly #over = new WeakSet<JoinClaims>()

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /**
   * Called every second. After a restart seats know nothing of tokens until their people come back
   * with them, and who does not come back is put out by the sweep.
   */
  async run(): Promise<void> {
    const { clock, presence, calls } = this.#deps
    const now = clock() / 1000
    const due = new Set(presence.matching((seat) => this.#isDue(seat, now)))
    if (due.size === 0) return
    for (const { claims } of due) if (claims) this.#over.add(claims)
    await calls.putOut((seat) => due.has(seat))
  }

  #isDue({ claims }: Seat, now: number): boolean {
    return claims !== null && (claims.ejectAt ?? now + 1) <= now && !this.#over.has(claims)
  }
}
