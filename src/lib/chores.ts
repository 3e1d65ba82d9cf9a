import { isDiskFull } from './disk.ts'
import type { Logger } from './log.ts'

/** What is done again and again as long as a server runs. */
export class Chores {
  readonly #log: Logger
  readonly #timers: Timer[] = []

  constructor(log: Logger) {
    this.#log = log
  }

  /** A failure is logged, and there is another time. Of a full disk the status warns, once for all. */
  every(ms: number, work: () => unknown): void {
    const once = async () => {
      try {
        await work()
      } catch (err) {
        if (!isDiskFull(err)) this.#log.error({ err }, 'a periodic task failed')
      }
    }
    this.#timers.push(setInterval(once, ms))
  }

  stop(): void {
    for (const timer of this.#timers) clearInterval(timer)
  }
}
