const MOST = 10_000

/**
 * What was read lately, so that asking again costs no read. Every write forgets what it changed, and
 * a read that began before a write is not kept. Correct for one writing process.
 */
export class Recent<T> {
  readonly #known = new Map<string, T>()
  #writes = 0

  get(key: string): T | undefined {
    return this.#known.get(key)
  }

  /** Answers what `read` finds, and keeps it. */
  async keep(key: string, read: () => Promise<T>): Promise<T> {
    const writes = this.#writes
    const found = await read()
    if (writes === this.#writes) this.#put(key, found)
    return found
  }

  #put(key: string, found: T): void {
    const oldest = this.#known.size >= MOST ? this.#known.keys().next().value : undefined
    if (oldest !== undefined) this.#known.delete(oldest)
    this.#known.set(key, found)
  }

  forget(key: string): void {
    this.#writes++
    this.#known.delete(key)
  }

  /** Forgets all that this is true for. */
  forgetWhere(isMeant: (found: T) => boolean): void {
    this.#writes++
    for (const [key, found] of this.#known) if (isMeant(found)) this.#known.delete(key)
  }
}
