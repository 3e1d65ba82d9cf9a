const CALM_MS = 60_000
const FIRST_DELAY_MS = 250
const MAX_DELAY_MS = 30_000
const TOO_MANY = 5

/**
 * How long to wait before starting again something that keeps ending: at once after the first time,
 * then 0.25 s, doubling to 30 s. Five ends within a minute mean that it will not get well by itself:
 * `hopeless`, and 30 s between tries. A run of a minute forgets all.
 */
export class Backoff {
  #ends: number[] = []
  #count = 0
  #hopeless = false

  /** @param ranMs how long the run that just ended had lasted */
  ended(now: number, ranMs: number): { delayMs: number; hopeless: boolean } {
    if (ranMs >= CALM_MS) this.clear()
    this.#count++
    this.#ends = [...this.#ends, now].slice(-TOO_MANY)
    const [earliest = now] = this.#ends
    if (this.#ends.length === TOO_MANY && now - earliest < CALM_MS) this.#hopeless = true
    return { delayMs: this.#delay(), hopeless: this.#hopeless }
  }

  clear(): void {
    this.#ends = []
    this.#count = 0
    this.#hopeless = false
  }

  #delay(): number {
    if (this.#hopeless) return MAX_DELAY_MS
    if (this.#count === 1) return 0
    return Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** (this.#count - 2))
  }
}
