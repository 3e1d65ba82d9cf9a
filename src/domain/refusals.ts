import type { Clock } from '../lib/clock.ts'
import { isDiskFull } from '../lib/disk.ts'
import type { Logger } from '../lib/log.ts'
import type { EventLog } from './events.ts'

interface Refused {
  tenantId: string
  /** its plain name */
  room: string | null
  identity: string
  code: string
  /** in words, for people */
  reason: string
}

interface Deps {
  events: Pick<EventLog, 'change'>
  clock: Clock
  log: Logger
}

const MINUTE_MS = 60_000
const MOST_A_MINUTE = 60

/**
 * Puts refused joins into the log of events. An app that hammers is told of once a minute, and a tenant
 * at most sixty times: nobody writes a disk full by knocking.
 */
export class Refusals {
  readonly #deps: Deps
  #minute = 0
  #told = new Set<string>()
  #counts = new Map<string, number>()

  constructor(deps: Deps) {
    this.#deps = deps
  }

  note(refused: Refused): void {
    if (!this.#isNew(refused)) return
    const { tenantId, room, identity, code, reason } = refused
    const data = { room, identity, code, reason }
    // Not from the reserve of a full disk, which is for what happened in calls.
    void this.#deps.events
      .change((_, append) => append(tenantId, { type: 'participant.refused', identity, data }))
      .catch((err: unknown) => {
        if (!isDiskFull(err)) this.#deps.log.warn({ err }, 'a refused join was not written down')
      })
  }

  #isNew({ tenantId, room, identity, code }: Refused): boolean {
    this.#turn()
    const key = JSON.stringify([tenantId, room, identity, code])
    const count = this.#counts.get(tenantId) ?? 0
    if (this.#told.has(key) || count >= MOST_A_MINUTE) return false
    this.#told.add(key)
    this.#counts.set(tenantId, count + 1)
    return true
  }

  #turn(): void {
    const minute = Math.floor(this.#deps.clock() / MINUTE_MS)
    if (minute === this.#minute) return
    this.#minute = minute
    this.#told = new Set()
    this.#counts = new Map()
  }
}
