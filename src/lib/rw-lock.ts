/**
 * Locks by name: many sharers, or one that excludes all others. First come, first served, so a
 * stream of sharers cannot starve the excluding one. Not re-entrant.
 */
export class RwLocks {
  readonly #locks = new Map<string, Lock>()

  shared<T>(name: string, work: () => Promise<T>): Promise<T> {
    return this.#run(name, false, work)
  }

  exclusive<T>(name: string, work: () => Promise<T>): Promise<T> {
    return this.#run(name, true, work)
  }

  async #run<T>(name: string, writing: boolean, work: () => Promise<T>): Promise<T> {
    await this.#acquire(name, writing)
    try {
      return await work()
    } finally {
      this.#release(name, writing)
    }
  }

  #acquire(name: string, writing: boolean): Promise<void> | undefined {
    const lock = this.#locks.get(name) ?? { readers: 0, writing: false, queue: [] }
    this.#locks.set(name, lock)
    const free = writing ? lock.readers === 0 : true
    if (free && !lock.writing && lock.queue.length === 0) {
      if (writing) lock.writing = true
      else lock.readers++
      return undefined
    }
    const { queue } = lock
    return new Promise((start) => queue.push({ writing, start }))
  }

  #release(name: string, writing: boolean): void {
    const lock = this.#locks.get(name)
    if (!lock) return
    if (writing) lock.writing = false
    else lock.readers--
    while (lock.queue[0] && !lock.writing && (!lock.queue[0].writing || lock.readers === 0)) {
      const next = lock.queue.shift() as Waiter
      if (next.writing) lock.writing = true
      else lock.readers++
      next.start()
    }
    if (lock.readers === 0 && !lock.writing) this.#locks.delete(name)
  }
}

interface Lock {
  readers: number
  writing: boolean
  queue: Waiter[]
}

interface Waiter {
  writing: boolean
  start: () => void
}
