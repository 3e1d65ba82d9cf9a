import type { Clock } from '../lib/clock.ts'
import { newId } from '../lib/ids.ts'
import { TargetError, targetUrl } from '../lib/targets.ts'
import type { Db, Store } from '../store/db.ts'
import { lastSeq } from '../store/events.ts'
import { lockTenant } from '../store/tenants.ts'
import * as runs from '../store/webhook-runs.ts'
import * as rows from '../store/webhooks.ts'
import type { Actor } from './actors.ts'
import type { Action, Audit } from './audit.ts'
import type { Deliverer } from './deliverer.ts'
import { FRESH } from './delivery-recorder.ts'
import { GoLiveError } from './errors.ts'
import type { EventType } from './events.ts'
import type { SecretBox } from './keys.ts'
import type { Tenant } from './tenants.ts'
import { newWebhookSecret, testMessage } from './webhook-message.ts'
import { hangUp, type Line, type Outcome, type WebhookSender } from './webhook-sender.ts'

export type WantedTypes = EventType[] | ['*']

/** An endpoint of a tenant's that is told of events. */
export interface Webhook {
  id: string
  tenantId: string
  url: string
  types: WantedTypes
  status: 'active' | 'disabled'
  disabledReason: string | null
  createdAt: number
  lastSuccessAt: number | null
  lastFailureAt: number | null
}

/** A webhook whose secret is known for this one answer and never again. */
export interface NewWebhook extends Webhook {
  secret: string
}

interface Input {
  url: string
  types: WantedTypes
}

interface Deps {
  store: Store
  clock: Clock
  box: SecretBox
  audit: Audit
  sender: WebhookSender
  deliverer: Deliverer
  allowPrivate: () => boolean
}

const BY_TENANT = 'it was disabled by a call of the API'

const webhookOf = (row: rows.WebhookRow): Webhook => ({
  id: row.id,
  tenantId: row.tenant_id,
  url: row.url,
  types: JSON.parse(row.types) as WantedTypes,
  status: row.status,
  disabledReason: row.disabled_reason,
  createdAt: row.created_at,
  lastSuccessAt: row.last_success_at,
  lastFailureAt: row.last_failure_at,
})

/** The endpoints that tenants are told of events at. */
export class Webhooks {
  readonly #deps: Deps
  readonly #underTest = new Set<string>()

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /** All, oldest first. */
  async list(tenant: { id: string }): Promise<Webhook[]> {
    return (await rows.listWebhooks(this.#deps.store.db, tenant.id)).map(webhookOf)
  }

  /** @throws webhook_not_found */
  async get(tenant: { id: string }, id: string): Promise<Webhook> {
    return webhookOf(await ownWebhook(this.#deps.store.db, tenant, id))
  }

  /** Is told of what happens from now on. @throws webhook_limit_reached, validation_failed */
  async create(tenant: Tenant, input: Input, actor: Actor): Promise<NewWebhook> {
    const { store, clock, box, deliverer } = this.#deps
    const now = clock()
    const id = `wh_${newId(now)}`
    const secret = newWebhookSecret()
    const row: rows.WebhookRow = {
      id,
      tenant_id: tenant.id,
      url: this.#checkUrl(input.url),
      types: JSON.stringify(input.types),
      status: 'active',
      disabled_reason: null,
      sealed_secret: box.seal(tenant.id, id, secret),
      previous_sealed_secret: null,
      previous_expires_at: null,
      created_at: now,
      last_success_at: null,
      last_failure_at: null,
    }
    await store.transaction(async (tx) => {
      await lockTenant(tx, tenant.id)
      const most = tenant.limits.max_webhooks
      if ((await rows.listWebhooks(tx, tenant.id)).length >= most) throw tooMany(most)
      await rows.insertWebhook(tx, row)
      await runs.insertRun(tx, {
        ...{ ...FRESH, id: newId(now), webhook_id: id, created_at: now },
        ...{ next_seq: (await lastSeq(tx, tenant.id)) + 1, last_seq: null, unfiltered: 0 },
      })
      await this.#record(tx, row, 'webhook.created', actor, { after: descriptionOf(row) })
      await this.#record(tx, row, 'secret.shown', actor, {})
    })
    await deliverer.refresh(id)
    return { ...webhookOf(row), secret }
  }

  /**
   * Goes on where it was, and at once, when it becomes active or gets another URL or other types.
   * @throws webhook_not_found, validation_failed
   */
  async update(
    tenant: { id: string },
    id: string,
    input: Partial<Input> & { status?: Webhook['status'] | undefined },
    actor: Actor,
  ): Promise<Webhook> {
    const { store, deliverer } = this.#deps
    const url = input.url === undefined ? undefined : this.#checkUrl(input.url)
    const row = await store.transaction(async (tx) => {
      const old = await ownWebhook(tx, tenant, id)
      const changed = { ...old, ...changesOf(old, { ...input, url }) }
      await rows.updateWebhook(tx, id, changed)
      const isAnew = (['url', 'types', 'status'] as const).some((one) => changed[one] !== old[one])
      if (isAnew) await runs.updateRuns(tx, id, FRESH)
      const change = { before: descriptionOf(old), after: descriptionOf(changed) }
      await this.#record(tx, old, 'webhook.updated', actor, change)
      return changed
    })
    await deliverer.refresh(id)
    return webhookOf(row)
  }

  /** With the record of what was sent to it. @throws webhook_not_found */
  async delete(tenant: { id: string }, id: string, actor: Actor): Promise<void> {
    const { store, deliverer } = this.#deps
    await store.transaction(async (tx) => {
      const row = await ownWebhook(tx, tenant, id)
      await rows.deleteWebhook(tx, id)
      await this.#record(tx, row, 'webhook.deleted', actor, { before: descriptionOf(row) })
    })
    await deliverer.refresh(id)
  }

  /**
   * Gives it a new secret. For `overlapSeconds` the old one signs, too; one that still did from
   * before does no more. @throws webhook_not_found
   */
  async rotateSecret(
    tenant: { id: string },
    id: string,
    overlapSeconds: number,
    actor: Actor,
  ): Promise<NewWebhook> {
    const { store, clock, box } = this.#deps
    const secret = newWebhookSecret()
    const overlaps = overlapSeconds > 0
    const row = await store.transaction(async (tx) => {
      const old = await ownWebhook(tx, tenant, id)
      await rows.updateWebhook(tx, id, {
        sealed_secret: box.seal(tenant.id, id, secret),
        previous_sealed_secret: overlaps ? old.sealed_secret : null,
        previous_expires_at: overlaps ? clock() + overlapSeconds * 1000 : null,
      })
      const after = { overlap_seconds: overlapSeconds }
      await this.#record(tx, old, 'webhook.rotated', actor, { after })
      await this.#record(tx, old, 'secret.shown', actor, {})
      return old
    })
    return { ...webhookOf(row), secret }
  }

  /** Sends one message that is in no log, also to one that is disabled. @throws rate_limited */
  async test(tenant: { id: string }, id: string): Promise<Outcome> {
    const { store, clock, sender } = this.#deps
    const row = await ownWebhook(store.db, tenant, id)
    if (this.#underTest.has(id)) throw underTest()
    this.#underTest.add(id)
    const lines: { line: Line | null } = { line: null }
    try {
      const now = clock()
      return await sender.send(row, testMessage(`msg_${newId(now)}`, now), lines)
    } finally {
      this.#underTest.delete(id)
      hangUp(lines)
    }
  }

  /** @throws validation_failed */
  #checkUrl(text: string): string {
    try {
      return targetUrl(text, { allowPrivate: this.#deps.allowPrivate() }).href
    } catch (error) {
      if (!(error instanceof TargetError)) throw error
      const { message } = error
      throw new GoLiveError('validation_failed', `url: ${message}`, {
        errors: [{ path: 'url', message }],
      })
    }
  }

  #record(
    db: Db,
    { id: target, tenant_id: tenantId }: rows.WebhookRow,
    action: Action,
    actor: Actor,
    change: { before?: object; after?: object },
  ): Promise<void> {
    return this.#deps.audit.write(db, { actor, action, target, tenantId, ...change })
  }
}

/** @throws webhook_not_found */
export const ownWebhook = async (
  db: Db,
  tenant: { id: string },
  id: string,
): Promise<rows.WebhookRow> => {
  const row = await rows.findWebhook(db, id)
  if (row && row.tenant_id === tenant.id) return row
  throw new GoLiveError('webhook_not_found', 'there is no webhook of this id')
}

const changesOf = (
  old: rows.WebhookRow,
  {
    url,
    types,
    status,
  }: { url: string | undefined; types?: WantedTypes; status?: string | undefined },
): Partial<rows.WebhookRow> => ({
  ...(url === undefined ? {} : { url }),
  ...(types === undefined ? {} : { types: JSON.stringify(types) }),
  ...(status === 'active' ? { status, disabled_reason: null } : {}),
  ...(status === 'disabled' ? { status, disabled_reason: old.disabled_reason ?? BY_TENANT } : {}),
})

/** What the audit log says of it. Of the URL the host alone: what is behind it may be a secret. */
const descriptionOf = ({ url, types, status }: rows.WebhookRow) => ({
  host: new URL(url).host,
  types: JSON.parse(types) as string[],
  status,
})

const tooMany = (most: number): GoLiveError =>
  new GoLiveError('webhook_limit_reached', `this tenant can have ${most} webhooks`, {
    hint: 'Delete one, or ask the operator of this server for more.',
  })

const underTest = (): GoLiveError =>
  new GoLiveError('rate_limited', 'a test of this webhook is under way', {
    hint: 'Wait for its answer.',
    retryAfterSeconds: 15,
  })
