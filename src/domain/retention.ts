import { randomInt } from 'node:crypto'
import type { RetentionDays } from '../config/schema.ts'
import { type Clock, sleep } from '../lib/clock.ts'
import type { Db, Store } from '../store/db.ts'
import * as rows from '../store/retention.ts'
import { getSetting, setSetting } from '../store/settings.ts'
import { finishTenantPurge, listTenantsToPurge, purgeTenantPart } from '../store/tenant-purge.ts'
import type { Credentials } from './credentials.ts'

const DAY_MS = 24 * 3600_000
/** At three o'clock and some minutes, UTC. */
const HOUR_MS = 3 * 3600_000
const MINUTE_MS = 60_000
/** How long the data of a deleted tenant is kept, should it have been a mistake. */
const DELETED_DAYS = 30
/** Between two chunks, for all others who wait for the database. */
const PAUSE_MS = 5

const LAST_RUN = 'retention.last_run'

interface Deps {
  store: Store
  clock: Clock
  credentials: Pick<Credentials, 'forgetAddresses'>
  /** as the configuration says now */
  days: () => RetentionDays
}

/** Takes away at night what has been kept for its days. */
export class Retention {
  readonly #deps: Deps
  /** Not all servers of an operator are busy in the same minute. */
  readonly #afterMidnightMs = HOUR_MS + randomInt(60) * MINUTE_MS
  #isRunning = false

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /** Does this night's work, or that of one that was missed, once. Called every minute. */
  async run(): Promise<void> {
    if (this.#isRunning) return
    this.#isRunning = true
    try {
      if (await this.#isDue()) await this.#purge()
    } finally {
      this.#isRunning = false
    }
  }

  async #isDue(): Promise<boolean> {
    const { store, clock } = this.#deps
    const last = Number((await getSetting(store.db, LAST_RUN)) ?? 0)
    const now = clock()
    const sinceNight = (now - this.#afterMidnightMs) % DAY_MS
    // One in the future was noted by a clock that was wrong: it must not end all work until then.
    return last < now - sinceNight || last > now
  }

  async #purge(): Promise<void> {
    const { store, clock, days } = this.#deps
    const now = clock()
    const limits = days()
    await this.#purgeAddresses(agoOf(limits.addresses_days, now))
    for (const tenantId of await rows.listUnpurgedTenants(store.db)) {
      await this.#all(limits.events_days, (db, before) => rows.purgeEvents(db, tenantId, before))
      await this.#all(limits.sessions_days, (db, before) =>
        rows.purgeSessions(db, tenantId, before),
      )
    }
    for (const id of await rows.listWebhookIds(store.db))
      await this.#all(limits.deliveries_days, (db, before) => rows.purgeDeliveries(db, id, before))
    await this.#all(limits.audit_days, rows.purgeAudit)
    await this.#purgeTenants(now)
    await setSetting(store.db, LAST_RUN, String(now))
  }

  /** @param before milliseconds; null keeps them */
  async #purgeAddresses(before: number | null): Promise<void> {
    if (before === null) return
    const { store, credentials } = this.#deps
    credentials.forgetAddresses(before)
    await store.transaction((tx) => rows.purgeCallersAddresses(tx, before))
    await this.#inChunks((db) => rows.purgePeoplesAddresses(db, before))
    await this.#inChunks((db) => rows.purgeAuditAddresses(db, before))
  }

  async #all(
    days: number | null,
    purge: (db: Db, before: number) => Promise<number>,
  ): Promise<void> {
    const before = agoOf(days, this.#deps.clock())
    if (before !== null) await this.#inChunks((db) => purge(db, before))
  }

  async #purgeTenants(now: number): Promise<void> {
    const { store } = this.#deps
    for (const id of await listTenantsToPurge(store.db, now - DELETED_DAYS * DAY_MS)) {
      await this.#inChunks((db) => purgeTenantPart(db, id))
      await store.transaction((tx) => finishTenantPurge(tx, id, now))
    }
  }

  async #inChunks(purge: (db: Db) => Promise<number>): Promise<void> {
    while ((await this.#deps.store.transaction(purge)) > 0) await sleep(PAUSE_MS)
  }
}

const agoOf = (days: number | null, now: number): number | null =>
  days === null ? null : now - days * DAY_MS
