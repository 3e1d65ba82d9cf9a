import type { Calls } from './calls.ts'
import type { Moderation } from './moderation.ts'

interface Deps {
  calls: Pick<Calls, 'putOut'>
  moderation: Pick<Moderation, 'takeOverdue'>
}

/** Puts people out whose token said that they leave with it. */
export class Ejections {
  readonly #deps: Deps

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /** Called every second. What is due is in the database, so that a restart forgets nobody. */
  async run(): Promise<void> {
    const { calls, moderation } = this.#deps
    const due = await moderation.takeOverdue()
    if (due.length === 0) return
    const whose = new Set(due.map(({ roomId, identity }) => `${roomId}/${identity}`))
    await calls.putOut((seat) => whose.has(`${seat.roomId}/${seat.identity}`))
  }
}
