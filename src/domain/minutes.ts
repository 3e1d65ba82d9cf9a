import type { Clock } from '../lib/clock.ts'
import type { Store } from '../store/db.ts'
import { listOpenStays } from '../store/session-participants.ts'
import { findTenant, noteLimitTold } from '../store/tenants.ts'
import { sumUsageByTenant } from '../store/usage.ts'
import type { Calls } from './calls.ts'
import type { EventLog } from './events.ts'
import type { Presence } from './presence.ts'
import { type Limits, type Tenant, tenantOf } from './tenants.ts'

interface Deps {
  store: Store
  clock: Clock
  presence: Presence
  calls: Pick<Calls, 'putOut'>
  events: Pick<EventLog, 'write'>
}

const MINUTE_MS = 60_000

/** Minutes that people of a tenant spent in calls this month (UTC), as the ledger has them. */
export class Minutes {
  readonly #deps: Deps
  #used = new Map<string, number>()

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /** Adds up the month: who left, and who is in calls now. Called every few seconds. */
  async count(): Promise<void> {
    const { store, clock } = this.#deps
    const now = clock()
    const month = monthOf(now)
    const start = Date.parse(`${month}-01T00:00:00.000Z`)
    const used = new Map<string, number>()
    for (const row of await sumUsageByTenant(store.db, { from: `${month}-01`, to: `${month}-31` }))
      add(used, row.tenant_id, row.participant_ms)
    for (const stay of await listOpenStays(store.db, null))
      add(used, stay.tenant_id, Math.max(now - Math.max(stay.joined_at, start), 0))
    this.#used = used
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

  /** Tells of limits that are reached, and ends the calls where the limit says so. */
  async endOverdrawn(): Promise<void> {
    const { store, presence, calls } = this.#deps
    for (const tenantId of [...presence.tenantsNow().keys()]) {
      const row = await findTenant(store.db, tenantId)
      const tenant = row && tenantOf(row)
      if (!tenant || !this.areUsedUp(tenantId, tenant.limits)) continue
      await this.#tell(tenant)
      if (tenant.limits.participant_minutes_hard)
        await calls.putOut((seat) => seat.tenantId === tenantId)
    }
  }

  /** Once a month for each limit that it has. */
  async #tell({ id, limits }: Tenant): Promise<void> {
    const month = monthOf(this.#deps.clock())
    const value = limits.participant_minutes_per_month
    await this.#deps.events.write(async (tx, append) => {
      if (!(await noteLimitTold(tx, id, `${month}/${value}`))) return
      const data = { limit: 'participant_minutes_per_month', value, month }
      await append(id, { type: 'usage.limit_reached', data })
    })
  }
}

const monthOf = (now: number): string => new Date(now).toISOString().slice(0, 7)

const add = (sums: Map<string, number>, key: string, ms: number): void => {
  sums.set(key, (sums.get(key) ?? 0) + ms)
}
