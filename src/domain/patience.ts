/** Since when something looks wrong, and when it last looked right; milliseconds. */
export interface Doubt {
  since: number
  lastRight: number
  /** how often it was noticed; a clock that is set forward is not enough */
  looks: number
}

/** A report may still be on its way: livekit-server tries again after 1, 2, 4 and 8 seconds. */
const PATIENCE_MS = 10_000
const PATIENT_LOOKS = 3

/**
 * What livekit-server lists and what it reported differ for moments all the time. Only what stays
 * different is concluded from.
 */
export class Patience {
  #doubts = new Map<string, Doubt>()
  #noticed = new Map<string, Doubt>()

  /** The doubt, once it is old enough; null before. */
  overdue(key: string, now: number, lastRight: number): Doubt | null {
    const known = this.#doubts.get(key) ?? { since: now, lastRight, looks: 0 }
    const doubt = { ...known, looks: known.looks + 1 }
    this.#noticed.set(key, doubt)
    return now - doubt.since >= PATIENCE_MS && doubt.looks >= PATIENT_LOOKS ? doubt : null
  }

  /** Up to when everything of this kind that is in doubt looked right; null when nothing is. */
  oldest(kinds: readonly string[]): number | null {
    const inDoubt = [...this.#doubts].filter(([key]) => kinds.some((kind) => key.startsWith(kind)))
    return inDoubt.length === 0 ? null : Math.min(...inDoubt.map(([, { lastRight }]) => lastRight))
  }

  /** Forgets what did not look wrong this time. */
  turn(): void {
    this.#doubts = this.#noticed
    this.#noticed = new Map()
  }
}
