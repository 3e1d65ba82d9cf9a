import type { Clock } from '../lib/clock.ts'
import type { Store } from '../store/db.ts'
import { findTenant } from '../store/tenants.ts'
import { addUsage, listUsage } from '../store/usage-months.ts'
import type { Calls } from './calls.ts'
import type { Presence } from './presence.ts'
import { NO_TENANT } from './room-names.ts'
import { type Limits, tenantOf } from './tenants.ts'

interface Deps {
  store: Store
  clock: Clock
  presence: Presence
  calls: Pick<Calls, 'putOut'>
}

const MINUTE_MS = 60_000
/** A longer pause between two counts was not one of ours: the machine slept, or the clock jumped. */
const LONGEST_STEP_MS = 60_000

/** Minutes that people of a tenant spent in calls this month (UTC): seats, looked at now and then. */
export class Minutes {
  readonly #deps: Deps
  readonly #used = new Map<string, number>()
  /** counted and not written down yet, by month and tenant */
  #unwritten = new Map<string, number>()
  #month: string
  #countedAt: number

  constructor(deps: Deps) {
    this.#deps = deps
    this.#countedAt = deps.clock()
    this.#month = monthOf(this.#countedAt)
  }

  /** Takes up what was counted before a restart. */
  async load(): Promise<void> {
    const rows = await listUsage(this.#deps.store.db, this.#month)
    for (const { tenant_id, milliseconds } of rows) this.#used.set(tenant_id, milliseconds)
  }

  /** Adds the time since the last count for everybody who has a seat. */
  async count(): Promise<void> {
    const { clock, presence } = this.#deps
    const now = clock()
    if (monthOf(now) !== this.#month) this.#turn(now)
    const step = Math.min(Math.max(now - this.#countedAt, 0), LONGEST_STEP_MS)
    this.#countedAt = now
    for (const [tenantId, people] of presence.tenantsNow()) {
      if (tenantId === NO_TENANT) continue
      add(this.#used, tenantId, people * step)
      add(this.#unwritten, `${this.#month}/${tenantId}`, people * step)
    }
  }

  /** Whole minutes of this month, of all tenants together. */
  get total(): number {
    return Math.floor([...this.#used.values()].reduce((sum, ms) => sum + ms, 0) / MINUTE_MS)
  }

  /** Whole minutes of this month. */
  used(tenantId: string): number {
    return Math.floor((this.#used.get(tenantId) ?? 0) / MINUTE_MS)
  }

  /** True for a tenant that has a limit and has reached it. */
  areUsedUp(tenantId: string, limits: Pick<Limits, 'participant_minutes_per_month'>): boolean {
    const limit = limits.participant_minutes_per_month
    return limit !== null && this.used(tenantId) >= limit
  }

  /** Ends the calls of tenants whose minutes are used up and whose limit says so. */
  async endOverdrawn(): Promise<void> {
    const { store, presence, calls } = this.#deps
    for (const tenantId of [...presence.tenantsNow().keys()]) {
      const row = await findTenant(store.db, tenantId)
      const tenant = row && tenantOf(row)
      if (tenant?.limits.participant_minutes_hard && this.areUsedUp(tenantId, tenant.limits))
        await calls.putOut((seat) => seat.tenantId === tenantId)
    }
  }

  /** Called once a minute, and at the end. */
  async write(): Promise<void> {
    const counted = this.#unwritten
    if (counted.size === 0) return
    this.#unwritten = new Map()
    try {
      await this.#deps.store.transaction(async (tx) => {
        for (const [key, ms] of counted) {
          const [month = '', tenantId = ''] = key.split('/')
          await addUsage(tx, tenantId, month, ms)
        }
      })
    } catch (error) {
      for (const [key, ms] of counted) add(this.#unwritten, key, ms)
      throw error
    }
  }

  #turn(now: number): void {
    this.#used.clear()
    this.#month = monthOf(now)
  }
}

const monthOf = (now: number): string => new Date(now).toISOString().slice(0, 7)

const add = (sums: Map<string, number>, key: string, ms: number): void => {
  sums.set(key, (sums.get(key) ?? 0) + ms)
}
