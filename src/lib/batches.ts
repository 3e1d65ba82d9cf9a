import type { Db, Store } from './db.ts'

interface Waiting {
  work(tx: Db): Promise<void>
  fail(error: unknown): void
  done(): void
}

const MOST = 100

/**
 * Small writes that come at the same time, in one transaction: they wait for the disk together. Each
 * is answered when it is written; one that fails does not take the others with it.
 */
export class Batches {
  readonly #store: Pick<Store, 'transaction'>
  readonly #waiting: Waiting[] = []
  #busy = false

  constructor(store: Pick<Store, 'transaction'>) {
    this.#store = store
  }

  /** @param work may run again, in a transaction of its own, after one that was rolled back */
  write<T>(work: (tx: Db) => Promise<T>): Promise<T> {
    return new Promise<T>((done, fail) => {
      let result: T
      this.#waiting.push({
        work: async (tx) => {
          result = await work(tx)
        },
        done: () => done(result),
        fail,
      })
      void this.#run()
    })
  }

  async #run(): Promise<void> {
    if (this.#busy) return
    this.#busy = true
    while (this.#waiting.length > 0) await this.#together(this.#waiting.splice(0, MOST))
    this.#busy = false
  }

  async #together(batch: Waiting[]): Promise<void> {
    try {
      await this.#store.transaction(async (tx) => {
        for (const { work } of batch) await work(tx)
      })
      for (const { done } of batch) done()
    } catch (error) {
      if (batch.length === 1) batch[0]?.fail(error)
      else for (const one of batch) await this.#together([one])
    }
  }
}
