import { GoLiveError } from './errors.ts'
import type { Presence } from './presence.ts'

interface Deps {
  presence: Presence
  restartChild: () => Promise<void>
  /** called after the answer has left */
  restart: () => void
  stop: () => void
}

/** What an operator does to the running server itself. */
export class Control {
  readonly #deps: Deps

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /** People in calls have to reconnect, so it needs `force` while there are any. */
  async restartLivekit(force: boolean): Promise<void> {
    const { presence, restartChild } = this.#deps
    if (presence.total > 0 && !force) {
      throw new GoLiveError('calls_running', `${presence.total} people are in calls`, {
        hint: 'Wait until the calls have ended, or send {"force": true}: everybody reconnects within seconds.',
      })
    }
    await restartChild()
  }

  restart(): void {
    this.#deps.restart()
  }

  stop(): void {
    this.#deps.stop()
  }
}
