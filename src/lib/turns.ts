import { giveWay } from './give-way.ts'

/** So much longer than a work took, everybody else may go first. */
const OTHERS_SHARE = 2

/**
 * Long work in parts, of many who each go on at once with their next one: one part after the other,
 * in the order in which they came, and between two of them whatever else this thread has to do.
 */
export class Turns {
  #last: Promise<void> = Promise.resolve()

  async take<T>(part: () => Promise<T>): Promise<T> {
    const before = this.#last
    const mine = Promise.withResolvers<void>()
    this.#last = mine.promise
    await before
    const began = performance.now()
    try {
      return await part()
    } finally {
      void giveWay(OTHERS_SHARE * (performance.now() - began)).then(mine.resolve)
    }
  }
}
