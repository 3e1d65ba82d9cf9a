/** At once, altogether and of one group; of those that are doubtful half as many. */
interface Bounds {
  total: number
  perGroup: number
}

interface Group<T> {
  sound: T[]
  doubtful: T[]
  busy: number
  busyDoubtful: number
}

interface Taken<T> {
  item: T
  /** Gives the place to the next. */
  done(): void
}

/**
 * Work that waits for a place: groups take turns, and neither one group nor all that is doubtful
 * can take every place there is.
 */
export class FairQueue<T> {
  readonly #bounds: Bounds
  /** in the order of their turns */
  readonly #groups = new Map<string, Group<T>>()
  #busy = 0
  #busyDoubtful = 0

  constructor(bounds: Bounds) {
    this.#bounds = bounds
  }

  /** @param doubtful it is likely to take long and come to nothing */
  add(name: string, item: T, doubtful: boolean): void {
    const group = this.#groups.get(name) ?? { sound: [], doubtful: [], busy: 0, busyDoubtful: 0 }
    ;(doubtful ? group.doubtful : group.sound).push(item)
    this.#groups.set(name, group)
  }

  /** What is to be done next; null when nothing waits or no place is left. */
  next(): Taken<T> | null {
    if (this.#busy >= this.#bounds.total) return null
    for (const [name, group] of this.#groups) {
      if (group.busy >= this.#bounds.perGroup) continue
      if (group.sound.length > 0) return this.#take(name, group, false)
      if (group.doubtful.length > 0 && this.#mayDoubt(group)) return this.#take(name, group, true)
    }
    return null
  }

  #mayDoubt(group: Group<T>): boolean {
    const { total, perGroup } = this.#bounds
    return this.#busyDoubtful < total / 2 && group.busyDoubtful < perGroup / 2
  }

  #take(name: string, group: Group<T>, doubtful: boolean): Taken<T> {
    const item = (doubtful ? group.doubtful : group.sound).shift() as T
    this.#count(group, doubtful, 1)
    this.#groups.delete(name)
    this.#groups.set(name, group)
    return { item, done: () => this.#done(name, group, doubtful) }
  }

  #done(name: string, group: Group<T>, doubtful: boolean): void {
    this.#count(group, doubtful, -1)
    if (group.busy + group.sound.length + group.doubtful.length === 0) this.#groups.delete(name)
  }

  #count(group: Group<T>, doubtful: boolean, by: number): void {
    this.#busy += by
    group.busy += by
    if (!doubtful) return
    this.#busyDoubtful += by
    group.busyDoubtful += by
  }
}
