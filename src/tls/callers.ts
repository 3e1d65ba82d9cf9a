import { householdOf } from '../lib/ip.ts'

/** For each person in a call: browsers open several TURN connections and then drop all but one. */
const MOST_RELAYS = 8

interface Household {
  /** in calls */
  people: number
  /** TURN connections that said something */
  relays: number
}

/** Who may use TURN: addresses with somebody in a call, each with so many connections. */
export class Callers {
  readonly #households = new Map<string, Household>()

  admit(address: string): void {
    this.#change(address, 1, 0)
  }

  release(address: string): void {
    this.#change(address, -1, 0)
  }

  /** Counts a TURN connection; a text says why there must not be one. */
  open(address: string): string | null {
    const { people, relays } = this.#of(address)
    if (people === 0) return 'TURN without a call'
    if (relays >= people * MOST_RELAYS) return 'too many TURN connections'
    this.#change(address, 0, 1)
    return null
  }

  /** For each connection that {@link open} let in. */
  close(address: string): void {
    this.#change(address, 0, -1)
  }

  #of(address: string): Household {
    return this.#households.get(householdOf(address)) ?? { people: 0, relays: 0 }
  }

  /** Nothing is kept of who has nothing open. */
  #change(address: string, people: number, relays: number): void {
    const now = this.#of(address)
    const then = {
      people: Math.max(0, now.people + people),
      relays: Math.max(0, now.relays + relays),
    }
    const key = householdOf(address)
    if (then.people + then.relays === 0) this.#households.delete(key)
    else this.#households.set(key, then)
  }
}
