import type { Clock } from '../lib/clock.ts'
import { newId } from '../lib/ids.ts'
import type { Store } from '../store/db.ts'
import * as rows from '../store/deliveries.ts'
import { lastSeq } from '../store/events.ts'
import * as runs from '../store/webhook-runs.ts'
import type { Actor } from './actors.ts'
import type { Audit } from './audit.ts'
import type { Deliverer } from './deliverer.ts'
import { FRESH } from './delivery-recorder.ts'
import { GoLiveError } from './errors.ts'
import type { EventLog } from './events.ts'
import { decodeCursor, type Page, pageOf } from './page.ts'
import { ownWebhook } from './webhooks.ts'

/** One attempt to deliver an event, or a word on events that were not. */
export interface Delivery {
  id: string
  seq: number
  type: string
  attempt: number
  createdAt: number
  statusCode: number | null
  durationMs: number | null
  error: string | null
  responseExcerpt: string | null
  nextAttemptAt: number | null
}

/** What of the log is sent again: from one number to another, both included. */
export interface Range {
  fromSeq: number
  toSeq: number
}

interface Deps {
  store: Store
  clock: Clock
  audit: Audit
  events: EventLog
  deliverer: Deliverer
}

/** At once, of one webhook. */
const MOST_RUNS = 20

const deliveryOf = (row: rows.DeliveryRow): Delivery => ({
  id: row.id,
  seq: row.seq,
  type: row.type,
  attempt: row.attempt,
  createdAt: row.at,
  statusCode: row.status_code,
  durationMs: row.duration_ms,
  error: row.error,
  responseExcerpt: row.response_excerpt,
  nextAttemptAt: row.next_attempt_at,
})

type Owner = { id: string }

/** What was sent to webhooks, and sending it again. */
export class Deliveries {
  readonly #deps: Deps

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /** Newest first. @throws webhook_not_found, invalid_cursor */
  async list(
    tenant: Owner,
    webhookId: string,
    query: { cursor?: string | undefined; limit: number; failed: boolean },
  ): Promise<Page<Delivery>> {
    const { db } = this.#deps.store
    await ownWebhook(db, tenant, webhookId)
    const { cursor, limit, failed } = query
    const after = decodeCursor(cursor)
    const found = await rows.listDeliveries(db, webhookId, { after, limit: limit + 1, failed })
    return pageOf(found.map(deliveryOf), limit)
  }

  /**
   * Sends the event of a delivery again, whatever types are asked for by now.
   * @throws webhook_not_found, delivery_not_found, and as {@link replay}
   */
  async redeliver(tenant: Owner, webhookId: string, id: string, actor: Actor): Promise<Range> {
    const { db } = this.#deps.store
    await ownWebhook(db, tenant, webhookId)
    const row = await rows.findDelivery(db, id)
    if (!row || row.webhook_id !== webhookId)
      throw new GoLiveError('delivery_not_found', 'there is no delivery of this id')
    const range = { fromSeq: row.seq, toSeq: row.seq }
    await this.#begin(tenant, webhookId, range, { unfiltered: true, actor })
    return range
  }

  /**
   * Sends a part of the log again, beside what else happens, as far as its types are asked for.
   * @throws webhook_not_found, webhook_disabled, replay_limit_reached, events_expired, validation_failed
   */
  async replay(tenant: Owner, webhookId: string, range: Range, actor: Actor): Promise<Range> {
    await this.#begin(tenant, webhookId, range, { unfiltered: false, actor })
    return range
  }

  async #begin(
    tenant: Owner,
    webhookId: string,
    range: Range,
    { unfiltered, actor }: { unfiltered: boolean; actor: Actor },
  ): Promise<void> {
    const { store, clock, audit, deliverer } = this.#deps
    await ownWebhook(store.db, tenant, webhookId)
    await this.#checkRange(tenant, range)
    const now = clock()
    await store.transaction(async (tx) => {
      const { status } = await ownWebhook(tx, tenant, webhookId)
      if (status !== 'active') throw disabled()
      if ((await runs.listRuns(tx, webhookId)).length > MOST_RUNS) throw tooMany()
      await runs.insertRun(tx, {
        ...{ ...FRESH, id: newId(now), webhook_id: webhookId, created_at: now },
        ...{ next_seq: range.fromSeq, last_seq: range.toSeq, unfiltered: unfiltered ? 1 : 0 },
      })
      const after = { from_seq: range.fromSeq, to_seq: range.toSeq }
      const entry = { actor, action: 'webhook.replayed' as const, target: webhookId }
      await audit.write(tx, { ...entry, tenantId: tenant.id, after })
    })
    await deliverer.refresh(webhookId)
  }

  async #checkRange(tenant: Owner, { fromSeq, toSeq }: Range): Promise<void> {
    const { store, events } = this.#deps
    const last = await lastSeq(store.db, tenant.id)
    if (toSeq > last) throw wrong('to_seq', `must be at most ${last}, the last event there is`)
    if (fromSeq > toSeq) throw wrong('from_seq', 'must not be greater than to_seq')
    await events.list(tenant.id, { after: fromSeq - 1, limit: 1, types: null })
  }
}

const wrong = (path: string, message: string): GoLiveError =>
  new GoLiveError('validation_failed', `${path}: ${message}`, { errors: [{ path, message }] })

const disabled = (): GoLiveError =>
  new GoLiveError('webhook_disabled', 'a webhook that is disabled is sent nothing', {
    hint: 'PATCH it with {"status": "active"}; it then goes on where it was.',
  })

const tooMany = (): GoLiveError =>
  new GoLiveError('replay_limit_reached', `${MOST_RUNS} replays of this webhook are under way`, {
    hint: 'Wait until some have arrived.',
  })
