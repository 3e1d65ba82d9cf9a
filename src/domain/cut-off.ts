import type { Clock } from '../lib/clock.ts'
import { COME_BACK_MS, type Seat } from './seat.ts'

type Who = Pick<Seat, 'livekitName' | 'identity'>

/** Who was in a call when livekit-server died and took it along: they are no newcomers for a while. */
export class CutOff {
  readonly #clock: Clock
  /** by room and identity */
  readonly #cuts = new Map<string, { seat: Seat; at: number }>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** They lost their call just now. */
  add(seats: readonly Seat[]): void {
    const at = this.#clock()
    for (const [key, cut] of this.#cuts) if (cut.at + COME_BACK_MS <= at) this.#cuts.delete(key)
    for (const seat of seats) this.#cuts.set(keyOf(seat), { seat, at })
  }

  has(who: Who): boolean {
    const cut = this.#cuts.get(keyOf(who))
    return cut !== undefined && cut.at + COME_BACK_MS > this.#clock()
  }

  /** They are back. */
  delete(who: Who): void {
    this.#cuts.delete(keyOf(who))
  }

  /** They were put out, or would have been: they are newcomers from now on. */
  forget(match: (seat: Seat) => boolean): void {
    for (const [key, { seat }] of this.#cuts) if (match(seat)) this.#cuts.delete(key)
  }
}

/** A slash is in no room's name. */
const keyOf = ({ livekitName, identity }: Who): string => `${livekitName}/${identity}`
