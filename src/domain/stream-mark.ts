import { readFileSync } from 'node:fs'
import { replaceFile } from '../lib/files.ts'
import type { Logger } from '../lib/log.ts'
import type { Store } from '../store/db.ts'
import { countEvents } from '../store/events.ts'
import type { EventLog } from './events.ts'

interface Deps {
  store: Store
  events: Pick<EventLog, 'beginAnew'>
  log: Logger
  /** a file beside the database, which no copy of the database takes along */
  path: string
}

/**
 * Notices that the database was put back to an earlier one: it then counts fewer events than this
 * server had before, and would give numbers out again that readers know with another content.
 */
export class StreamMark {
  readonly #deps: Deps
  #written = 0

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /** To be called before anything new happens. */
  async check(): Promise<void> {
    const { store, events, log, path } = this.#deps
    const [had, has] = [read(path), await countEvents(store.db)]
    if (has < had) {
      await events.beginAnew()
      log.warn({ had, has }, 'the database is an earlier one: the log of events is another stream')
    }
    this.#put(has)
  }

  /** Called every minute, and at the end. */
  async write(): Promise<void> {
    const has = await countEvents(this.#deps.store.db)
    if (has !== this.#written) this.#put(has)
  }

  #put(count: number): void {
    try {
      replaceFile(this.#deps.path, `${count}\n`)
      this.#written = count
    } catch {
      // On a full disk the earlier mark stays, which is true as well.
    }
  }
}

const read = (path: string): number => {
  try {
    return Number.parseInt(readFileSync(path, 'utf8'), 10) || 0
  } catch {
    return 0
  }
}
