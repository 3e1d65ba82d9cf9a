interface Waiting<Context> {
  work(context: Context): Promise<void>
  done(): void
  failed(error: unknown): void
}

interface Options<Context> {
  /** works in one batch */
  most: number
  /** Runs a whole batch in one transaction, or whatever makes it one: all of it holds, or nothing. */
  together(run: (context: Context) => Promise<void>): Promise<void>
  /** Called between two batches with how long the last one took, in milliseconds. */
  between?: (tookMs: number) => Promise<void>
}

/**
 * Small writes that come at the same time, together: they wait for the disk once. Each is answered
 * when it is written; one that fails does not take the others along.
 */
export class Batches<Context> {
  readonly #options: Options<Context>
  #waiting: Waiting<Context>[] = []
  #running: Promise<void> | null = null

  constructor(options: Options<Context>) {
    this.#options = options
  }

  /** @param work may run again, in a batch of its own, after one that was taken back */
  write<T>(work: (context: Context) => Promise<T>): Promise<T> {
    return new Promise<T>((done, failed) => {
      let result: T
      this.#waiting.push({
        work: async (context) => {
          result = await work(context)
        },
        done: () => done(result),
        failed,
      })
      this.#running ??= this.#run()
    })
  }

  /** Resolves when all that was asked for so far is written, or could not be. */
  async drained(): Promise<void> {
    while (this.#running) await this.#running
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const began = performance.now()
      await this.#write(this.#waiting.splice(0, this.#options.most))
      await this.#options.between?.(performance.now() - began)
    }
    // In the same step as the look at what waits: what comes later begins anew.
    this.#running = null
  }

  async #write(batch: Waiting<Context>[]): Promise<void> {
    try {
      await this.#options.together(async (context) => {
        for (const { work } of batch) await work(context)
      })
      for (const { done } of batch) done()
    } catch (error) {
      if (batch.length === 1) batch[0]?.failed(error)
      else for (const one of batch) await this.#write([one])
    }
  }
}
