import { householdOf } from '../lib/ip.ts'

/** A connection that may have to go for a newer one from the same address. */
export interface Dispensable {
  /** it has shown a token or a secret of ours */
  isProven(): boolean
  drop(): void
}

/** Enough for 80 people who open a page at once; who is in a call does not count. */
const MOST_OF_ONE_ADDRESS = 512

/**
 * Connections by the address that they come from, until something valid was shown on them. Beyond
 * the bound the oldest goes, never the newest: whoever holds a token gets to show it.
 */
export class Unproven {
  readonly #households = new Map<string, Set<Dispensable>>()

  add(address: string, connection: Dispensable): void {
    const key = householdOf(address)
    const known = this.#households.get(key)
    if (!known) {
      this.#households.set(key, new Set([connection]))
      return
    }
    if (known.size >= MOST_OF_ONE_ADDRESS) makeRoom(known)
    known.add(connection)
  }

  remove(address: string, connection: Dispensable): void {
    const key = householdOf(address)
    const known = this.#households.get(key)
    if (known?.delete(connection) && known.size === 0) this.#households.delete(key)
  }
}

/** Those that were proven meanwhile are not looked at again: each is passed once. */
const makeRoom = (known: Set<Dispensable>): void => {
  for (const oldest of known) {
    known.delete(oldest)
    if (oldest.isProven()) continue
    oldest.drop()
    return
  }
}
