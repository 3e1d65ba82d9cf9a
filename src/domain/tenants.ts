import type { Clock } from '../lib/clock.ts'
import { newId } from '../lib/ids.ts'
import type { Db, Store } from '../store/db.ts'
import * as rows from '../store/tenants.ts'
import type { Actor } from './actors.ts'
import type { Action, Audit } from './audit.ts'
import type { Calls } from './calls.ts'
import type { Credentials } from './credentials.ts'
import { GoLiveError } from './errors.ts'
import type { Keys, NewKey } from './keys.ts'
import { decodeCursor, type Page, pageOf } from './page.ts'
import { afterInstant } from './revocation.ts'

/** What a tenant may use at most. Null means no limit of its own. */
export interface Limits {
  max_rooms: number
  max_participants_per_room: number
  max_concurrent_participants: number | null
  participant_minutes_per_month: number | null
  /** true: running calls end, too, when the minutes are used up */
  participant_minutes_hard: boolean
  api_requests_per_second: number
  token_mints_per_second: number
  max_webhooks: number
}

export const DEFAULT_LIMITS: Limits = {
  max_rooms: 1000,
  max_participants_per_room: 100,
  max_concurrent_participants: null,
  participant_minutes_per_month: null,
  participant_minutes_hard: false,
  api_requests_per_second: 50,
  token_mints_per_second: 100,
  max_webhooks: 5,
}

type TenantStatus = 'active' | 'deactivated'

export interface Tenant {
  id: string
  slug: string
  name: string | null
  status: TenantStatus
  limits: Limits
  createdAt: number
  tokensRevokedBefore: number | null
}

export interface TenantChanges {
  name?: string | null
  limits?: Partial<Limits>
  status?: TenantStatus
}

const SLUG_REST_MS = 24 * 3600_000

export const tenantOf = (row: rows.TenantRow): Tenant => ({
  id: row.id,
  slug: row.slug,
  name: row.name,
  status: row.status,
  limits: { ...DEFAULT_LIMITS, ...(JSON.parse(row.limits) as Partial<Limits>) },
  createdAt: row.created_at,
  tokensRevokedBefore: row.tokens_revoked_before,
})

interface Deps {
  store: Store
  clock: Clock
  keys: Keys
  credentials: Credentials
  calls: Calls
  audit: Audit
}

export class Tenants {
  readonly #deps: Deps

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /** Makes a tenant with its first key, both or neither. @throws tenant_exists, slug_recently_used */
  async create(
    input: { slug: string; name?: string | null; limits?: Partial<Limits> },
    actor: Actor,
  ): Promise<{ tenant: Tenant; key: NewKey }> {
    const { store, clock, keys } = this.#deps
    const now = clock()
    return store.transaction(async (tx) => {
      if (await rows.findTenantBySlug(tx, input.slug)) {
        throw new GoLiveError('tenant_exists', `a tenant named ${input.slug} exists already`)
      }
      const deletedAt = await rows.slugDeletedAt(tx, input.slug)
      if (deletedAt !== null && now - deletedAt < SLUG_REST_MS)
        throw recentlyUsed(input.slug, deletedAt)
      const row: rows.TenantRow = {
        id: newId(now),
        slug: input.slug,
        name: input.name ?? null,
        status: 'active',
        limits: JSON.stringify(input.limits ?? {}),
        tokens_revoked_before: null,
        created_at: now,
        deleted_at: null,
      }
      await rows.insertTenant(tx, row)
      const tenant = tenantOf(row)
      await this.#record(tx, tenant, 'tenant.created', actor, { after: settingsOf(tenant) })
      return {
        tenant,
        key: await keys.insert(tx, row.id, { label: null, expiresAt: null }, actor),
      }
    })
  }

  async list(query: {
    cursor?: string | undefined
    limit: number
    /** what slug or name begin with */
    beginning?: string | undefined
  }): Promise<Page<Tenant>> {
    const found = await rows.listTenants(this.#deps.store.db, {
      after: decodeCursor(query.cursor),
      limit: query.limit + 1,
      beginning: query.beginning ?? null,
    })
    return pageOf(found.map(tenantOf), query.limit)
  }

  /** @throws tenant_not_found */
  async get(slug: string): Promise<Tenant> {
    return tenantOf(await this.#row(this.#deps.store.db, slug))
  }

  /** Deactivating refuses the API and new joins at once, revokes tokens and ends running calls. */
  async update(slug: string, changes: TenantChanges, actor: Actor): Promise<Tenant> {
    const { store, clock } = this.#deps
    const now = clock()
    const { tenant, ends } = await store.transaction(async (tx) => {
      const row = await this.#row(tx, slug)
      const ends = changes.status === 'deactivated' && row.status === 'active'
      const limits = { ...(JSON.parse(row.limits) as Partial<Limits>), ...changes.limits }
      const values = {
        name: changes.name === undefined ? row.name : changes.name,
        status: changes.status ?? row.status,
        limits: JSON.stringify(limits),
        ...(ends ? { tokens_revoked_before: now } : {}),
      }
      await rows.updateTenant(tx, row.id, values)
      const tenant = tenantOf({ ...row, ...values })
      await this.#recordUpdate(tx, tenantOf(row), tenant, actor)
      return { tenant, ends }
    })
    await this.#changed(tenant.id, ends ? now : null)
    return tenant
  }

  /** The slug rests for 24 hours; tokens and keys of the tenant are refused from now on. */
  async delete(slug: string, actor: Actor): Promise<void> {
    const { store, clock } = this.#deps
    const now = clock()
    const tenant = await store.transaction(async (tx) => {
      const found = tenantOf(await this.#row(tx, slug))
      await rows.updateTenant(tx, found.id, { deleted_at: now, tokens_revoked_before: now })
      await this.#record(tx, found, 'tenant.deleted', actor, { before: settingsOf(found) })
      return found
    })
    await this.#changed(tenant.id, now)
  }

  async #row(db: Db, slug: string): Promise<rows.TenantRow> {
    const row = await rows.findTenantBySlug(db, slug)
    if (!row) throw new GoLiveError('tenant_not_found', `there is no tenant named ${slug}`)
    return row
  }

  async #recordUpdate(db: Db, before: Tenant, after: Tenant, actor: Actor): Promise<void> {
    const change = difference(settingsOf(before), settingsOf(after))
    if (change) await this.#record(db, after, 'tenant.updated', actor, change)
    if (before.status === after.status) return
    const action = after.status === 'active' ? 'tenant.activated' : 'tenant.deactivated'
    await this.#record(db, after, action, actor, {})
  }

  #record(
    db: Db,
    { id: tenantId, slug: target }: Tenant,
    action: Action,
    actor: Actor,
    change: { before?: object; after?: object },
  ): Promise<void> {
    return this.#deps.audit.write(db, { actor, action, target, tenantId, ...change })
  }

  async #changed(tenantId: string, revokedAt: number | null): Promise<void> {
    this.#deps.credentials.forgetTenant(tenantId)
    if (revokedAt === null) return
    await this.#deps.calls.putOut((seat) => seat.tenantId === tenantId)
    await afterInstant(this.#deps.clock, revokedAt)
  }
}

/** What an operator can set of a tenant, as the audit log shows it. */
const settingsOf = ({ name, limits }: Tenant): Record<string, unknown> => ({ name, ...limits })

/** Those that are not the same, as they were and as they are; null when all are. */
const difference = (before: Record<string, unknown>, after: Record<string, unknown>) => {
  const names = Object.keys(after).filter((name) => before[name] !== after[name])
  const pick = (from: Record<string, unknown>) =>
    Object.fromEntries(names.map((name) => [name, from[name]]))
  return names.length === 0 ? null : { before: pick(before), after: pick(after) }
}

const recentlyUsed = (slug: string, deletedAt: number): GoLiveError =>
  new GoLiveError(
    'slug_recently_used',
    `a tenant named ${slug} was deleted less than 24 hours ago`,
    {
      hint: `Choose another slug, or try again after ${new Date(deletedAt + SLUG_REST_MS).toISOString()}.`,
    },
  )
