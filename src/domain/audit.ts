import type { Clock } from '../lib/clock.ts'
import { newId } from '../lib/ids.ts'
import { type AuditRow, insertAudit, listAudit } from '../store/audit.ts'
import type { Db, Store } from '../store/db.ts'
import type { Actor } from './actors.ts'
import { decodeCursor, type Page, pageOf } from './page.ts'

/** All that is ever put on record. */
export const ACTIONS = [
  'tenant.created',
  'tenant.updated',
  'tenant.deactivated',
  'tenant.activated',
  'tenant.deleted',
  'key.created',
  'key.rotated',
  'key.deleted',
  'secret.shown',
  'webhook.created',
  'webhook.updated',
  'webhook.rotated',
  'webhook.deleted',
  'webhook.disabled',
  'webhook.replayed',
  'admin.created',
  'admin.reset',
  'password.changed',
  'session.created',
  'session.failed',
  'session.deleted',
  'sign_in_link.used',
  'token.created',
  'token.deleted',
  'livekit.restarted',
  'identity.erased',
] as const

export type Action = (typeof ACTIONS)[number]

/** One thing that somebody did. */
export interface AuditEntry {
  id: string
  at: number
  /** see {@link Actor} */
  actor: string
  address: string | null
  action: string
  /** what it was done to: a slug, an api_key, an e-mail address, an id */
  target: string
  /** slug of the tenant that it concerns, as it was then */
  tenant: string | null
  before: object | null
  after: object | null
}

export interface NewEntry {
  actor: Actor
  action: Action
  target: string
  tenantId?: string | null
  /** what changed, as it was and as it is; never a secret */
  before?: object | null
  after?: object | null
}

interface Deps {
  store: Store
  clock: Clock
}

/** Who did what, from where and when. Rows are added and never touched again. */
export class Audit {
  readonly #deps: Deps
  #count = 0

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /** Belongs into the transaction of the change itself: both are there or neither. */
  async write(db: Db, entry: NewEntry): Promise<void> {
    const now = this.#deps.clock()
    await insertAudit(db, {
      id: this.#nextId(now),
      at: now,
      actor: entry.actor.name,
      address: entry.actor.address,
      action: entry.action,
      target: entry.target,
      tenant_id: entry.tenantId ?? null,
      before: textOf(entry.before),
      after: textOf(entry.after),
    })
  }

  /** Newest first. @throws invalid_cursor */
  async list(query: {
    cursor?: string | undefined
    limit: number
    /** a slug */
    tenant?: string | undefined
    actor?: string | undefined
    action?: string | undefined
  }): Promise<Page<AuditEntry>> {
    const { cursor, limit, tenant, actor, action } = query
    const after = decodeCursor(cursor)
    const rows = await listAudit(this.#deps.store.db, {
      after,
      limit: limit + 1,
      tenant,
      actor,
      action,
    })
    const page = pageOf(
      rows.map((row) => ({ ...entryOf(row), createdAt: row.at })),
      limit,
    )
    return { ...page, data: page.data.map(({ createdAt: _, ...entry }) => entry) }
  }

  /** Sorts also what happened within one millisecond. */
  #nextId(now: number): string {
    const id = newId(now)
    const count = (this.#count++ % 36 ** 4).toString(36).padStart(4, '0')
    return id.slice(0, 9) + count + id.slice(9)
  }
}

const textOf = (value: object | null | undefined): string | null =>
  value ? JSON.stringify(value) : null

const objectOf = (text: string | null): object | null =>
  text === null ? null : (JSON.parse(text) as object)

const entryOf = (row: AuditRow): AuditEntry => ({
  id: row.id,
  at: row.at,
  actor: row.actor,
  address: row.address,
  action: row.action,
  target: row.target,
  tenant: row.tenant_slug,
  before: objectOf(row.before),
  after: objectOf(row.after),
})
