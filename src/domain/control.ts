import type { Store } from '../store/db.ts'
import type { Actor } from './actors.ts'
import type { Audit } from './audit.ts'
import { GoLiveError } from './errors.ts'
import type { Presence } from './presence.ts'

interface Deps {
  store: Store
  audit: Audit
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
  async restartLivekit(force: boolean, actor: Actor): Promise<void> {
    const { store, audit, presence, restartChild } = this.#deps
    if (presence.inCalls > 0 && !force) {
      throw new GoLiveError('calls_running', `${presence.inCalls} people are in calls`, {
        hint: 'Wait until the calls have ended, or send {"force": true}: everybody reconnects within seconds.',
      })
    }
    // Before it is done: who ended a call must be on record even if the child does not come back.
    await audit.write(store.db, {
      actor,
      action: 'livekit.restarted',
      target: 'livekit',
      after: { force, people_in_calls: presence.inCalls },
    })
    await restartChild()
  }

  restart(): void {
    this.#deps.restart()
  }

  stop(): void {
    this.#deps.stop()
  }
}
