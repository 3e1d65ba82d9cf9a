import { Batches } from '../lib/batches.ts'
import type { Clock } from '../lib/clock.ts'
import { newId } from '../lib/ids.ts'
import type { Logger } from '../lib/log.ts'
import type { Db, Store } from '../store/db.ts'
import * as deliveries from '../store/deliveries.ts'
import * as runs from '../store/webhook-runs.ts'
import { findWebhook, updateWebhook, type WebhookRow } from '../store/webhooks.ts'
import { SYSTEM } from './actors.ts'
import type { Audit } from './audit.ts'
import type { Event } from './events.ts'
import type { Problems } from './problems.ts'
import { nextAttemptAt } from './webhook-schedule.ts'
import type { Outcome } from './webhook-sender.ts'

/** One that was made, before it is written down. */
export interface Attempt {
  id: string
  /** milliseconds */
  startedAt: number
  outcome: Outcome
}

/** What follows from an attempt. */
interface Verdict {
  next: 'advance' | 'retry' | 'disable'
  /** of a retry: when */
  at: number | null
  /** of an endpoint that is disabled: why */
  reason: string | null
}

interface Deps {
  store: Store
  clock: Clock
  log: Logger
  audit: Audit
  problems: Problems
}

/** Of each webhook the newest; looked after whenever so many more were written. */
const MOST_DELIVERIES = 1000
const TRIM_EVERY = 100
/** Written down together. */
const MOST_AT_ONCE = 100
const MOST_COUNTED = 10_000
const GONE = 410

/** Writes down what came of attempts, in one transaction with how far the run has come by them. */
export class DeliveryRecorder {
  readonly #deps: Deps
  readonly #batches: Batches<Db>
  readonly #sinceTrim = new Map<string, number>()
  #delivered = 0
  #failed = 0

  constructor(deps: Deps) {
    this.#deps = deps
    this.#batches = new Batches({
      most: MOST_AT_ONCE,
      together: (run) => deps.store.transaction(run),
    })
  }

  /** Attempts since the start. */
  get counts(): { delivered: number; failed: number } {
    return { delivered: this.#delivered, failed: this.#failed }
  }

  /** @returns when the run goes on; null is at once */
  async record(run: runs.WebhookRunRow, event: Event, attempt: Attempt): Promise<number | null> {
    const { outcome } = attempt
    const now = this.#deps.clock()
    const first = run.first_attempt_at ?? attempt.startedAt
    const done = await this.#batches.write(async (tx) => {
      // Deleted meanwhile: there is nothing left to write to.
      const webhook = await findWebhook(tx, run.webhook_id)
      if (!webhook) return null
      const current = await runs.findRun(tx, run.id)
      const standing = { attempt: run.attempt + 1, first, now, webhook }
      // Begun anew meanwhile, by who mended the endpoint: that failure counts no more.
      const isAnew = outcome.error !== null && (current?.attempt ?? 0) < run.attempt
      const verdict = isAnew ? AT_ONCE : verdictOn(outcome, standing)
      await this.#insert(tx, run, event, attempt, verdict)
      if (!isAnew) await this.#move(tx, run, event, first, verdict)
      await updateWebhook(tx, webhook.id, noted(outcome, attempt.startedAt))
      if (verdict.reason !== null) await this.#disable(tx, webhook, verdict.reason)
      return { webhook, verdict }
    })
    if (outcome.error === null) this.#delivered++
    else this.#failed++
    if (done?.verdict.reason) this.#tell(done.webhook, done.verdict.reason)
    return done?.verdict.at ?? null
  }

  /** Moves a run on to the first event that is still kept, and says which were lost on the way. */
  async skipped(run: runs.WebhookRunRow, first: number): Promise<void> {
    const { store, clock } = this.#deps
    const now = clock()
    const last = Math.min(first - 1, run.last_seq ?? first - 1)
    await store.transaction(async (tx) => {
      if (!(await findWebhook(tx, run.webhook_id))) return
      await this.#add(tx, {
        id: newId(now),
        webhook_id: run.webhook_id,
        seq: run.next_seq,
        type: 'webhook.skipped',
        attempt: 0,
        at: now,
        status_code: null,
        duration_ms: null,
        error: `the events ${run.next_seq} to ${last} are no longer kept and were not delivered`,
        response_excerpt: null,
        next_attempt_at: null,
      })
      await runs.updateRun(tx, run.id, { ...FRESH, next_seq: first })
    })
  }

  #insert(
    db: Db,
    run: runs.WebhookRunRow,
    event: Event,
    { id, startedAt, outcome }: Attempt,
    verdict: Verdict,
  ): Promise<void> {
    return this.#add(db, {
      id,
      webhook_id: run.webhook_id,
      seq: event.seq,
      type: event.type,
      attempt: run.attempt + 1,
      at: startedAt,
      status_code: outcome.statusCode,
      duration_ms: outcome.durationMs,
      error: outcome.error,
      response_excerpt: outcome.responseExcerpt,
      next_attempt_at: verdict.at,
    })
  }

  async #add(db: Db, row: deliveries.DeliveryRow): Promise<void> {
    await deliveries.insertDelivery(db, row)
    const since = (this.#sinceTrim.get(row.webhook_id) ?? TRIM_EVERY) + 1
    // Whoever is forgotten by that is looked after at once.
    if (this.#sinceTrim.size >= MOST_COUNTED) this.#sinceTrim.clear()
    this.#sinceTrim.set(row.webhook_id, since % TRIM_EVERY)
    if (since >= TRIM_EVERY) await deliveries.trimDeliveries(db, row.webhook_id, MOST_DELIVERIES)
  }

  async #move(
    db: Db,
    run: runs.WebhookRunRow,
    { seq }: Event,
    first: number,
    { next, at }: Verdict,
  ): Promise<void> {
    if (next !== 'advance')
      return runs.updateRun(db, run.id, {
        attempt: run.attempt + 1,
        first_attempt_at: first,
        next_attempt_at: at,
      })
    if (run.last_seq !== null && seq >= run.last_seq) return runs.deleteRun(db, run.id)
    return runs.updateRun(db, run.id, { ...FRESH, next_seq: seq + 1 })
  }

  async #disable(db: Db, { id, tenant_id }: WebhookRow, reason: string): Promise<void> {
    await updateWebhook(db, id, { status: 'disabled', disabled_reason: reason })
    await this.#deps.audit.write(db, {
      actor: SYSTEM,
      action: 'webhook.disabled',
      target: id,
      tenantId: tenant_id,
      after: { reason },
    })
  }

  #tell({ id, tenant_id, url }: WebhookRow, reason: string): void {
    // Of the URL the host alone: what is behind it may be a secret.
    const { host } = new URL(url)
    this.#deps.log.warn({ tenant_id, webhook: id, host, reason }, 'a webhook was disabled')
    this.#deps.problems.add(tenant_id, {
      kind: 'webhook_failed',
      code: 'webhook_disabled',
      room: null,
      identity: null,
      detail: `the webhook to ${host} was disabled: ${reason}`,
    })
  }
}

/** A run before its next event was tried. */
export const FRESH = { attempt: 0, first_attempt_at: null, next_attempt_at: null } as const

const AT_ONCE: Verdict = { next: 'retry', at: null, reason: null }

const noted = ({ error }: Outcome, at: number) =>
  error === null ? { last_success_at: at } : { last_failure_at: at }

interface Standing {
  attempt: number
  first: number
  now: number
  webhook: WebhookRow
}

const verdictOn = (outcome: Outcome, { attempt, first, now, webhook }: Standing): Verdict => {
  const { error, statusCode, retryAfterMs } = outcome
  if (error === null) return { next: 'advance', at: null, reason: null }
  if (statusCode === GONE)
    return { next: 'disable', at: null, reason: 'the endpoint answered with status 410, Gone' }
  const at = nextAttemptAt({ attempt, firstAttemptAt: first, now, retryAfterMs })
  if (at !== null) return { next: 'retry', at, reason: null }
  // Others arrived: it is this one event that the endpoint does not take, and the rest waits for it.
  if (webhook.last_success_at !== null && webhook.last_success_at > first)
    return { next: 'advance', at: null, reason: null }
  const reason = `nothing arrived for three days; at last the endpoint ${error}`
  return { next: 'disable', at: null, reason }
}
