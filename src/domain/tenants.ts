import type { Clock } from '../lib/clock.ts'
import { newId } from '../lib/ids.ts'
import type { Store } from '../store/db.ts'
import * as rows from '../store/tenants.ts'
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
  api_requests_per_second: number
  token_mints_per_second: number
  max_webhooks: number
}

export const DEFAULT_LIMITS: Limits = {
  max_rooms: 1000,
  max_participants_per_room: 100,
  max_concurrent_participants: null,
  participant_minutes_per_month: null,
  api_requests_per_second: 50,
  token_mints_per_second: 100,
  max_webhooks: 5,
}

export type TenantStatus = 'active' | 'deactivated'

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
}

export class Tenants {
  readonly #deps: Deps

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /** Makes a tenant with its first key, both or neither. @throws tenant_exists, slug_recently_used */
  async create(input: {
    slug: string
    name?: string | null
    limits?: Partial<Limits>
  }): Promise<{ tenant: Tenant; key: NewKey }> {
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
      return {
        tenant: tenantOf(row),
        key: await keys.insert(tx, row.id, { label: null, expiresAt: null }),
      }
    })
  }

  async list({
    cursor,
    limit,
  }: {
    cursor?: string | undefined
    limit: number
  }): Promise<Page<Tenant>> {
    const found = await rows.listTenants(this.#deps.store.db, decodeCursor(cursor), limit + 1)
    return pageOf(found.map(tenantOf), limit)
  }

  /** @throws tenant_not_found */
  async get(slug: string): Promise<Tenant> {
    const row = await rows.findTenantBySlug(this.#deps.store.db, slug)
    if (!row) throw new GoLiveError('tenant_not_found', `there is no tenant named ${slug}`)
    return tenantOf(row)
  }

  /** Deactivating refuses the API and new joins at once, revokes tokens and ends running calls. */
  async update(slug: string, changes: TenantChanges): Promise<Tenant> {
    const { store, clock } = this.#deps
    const tenant = await this.get(slug)
    const ends = changes.status === 'deactivated' && tenant.status === 'active'
    const now = clock()
    await store.transaction(async (tx) => {
      const row = await rows.findTenant(tx, tenant.id)
      if (!row) throw new GoLiveError('tenant_not_found', `there is no tenant named ${slug}`)
      const limits = { ...(JSON.parse(row.limits) as Partial<Limits>), ...changes.limits }
      await rows.updateTenant(tx, tenant.id, {
        name: changes.name === undefined ? row.name : changes.name,
        status: changes.status ?? row.status,
        limits: JSON.stringify(limits),
        ...(ends ? { tokens_revoked_before: now } : {}),
      })
    })
    await this.#changed(tenant.id, ends ? now : null)
    return this.get(slug)
  }

  /** The slug rests for 24 hours; tokens and keys of the tenant are refused from now on. */
  async delete(slug: string): Promise<void> {
    const { store, clock } = this.#deps
    const tenant = await this.get(slug)
    const now = clock()
    await rows.updateTenant(store.db, tenant.id, { deleted_at: now, tokens_revoked_before: now })
    await this.#changed(tenant.id, now)
  }

  async #changed(tenantId: string, revokedAt: number | null): Promise<void> {
    this.#deps.credentials.forgetTenant(tenantId)
    if (revokedAt === null) return
    await this.#deps.calls.putOut((seat) => seat.tenantId === tenantId)
    await afterInstant(this.#deps.clock, revokedAt)
  }
}

const recentlyUsed = (slug: string, deletedAt: number): GoLiveError =>
  new GoLiveError(
    'slug_recently_used',
    `a tenant named ${slug} was deleted less than 24 hours ago`,
    {
      hint: `Choose another slug, or try again after ${new Date(deletedAt + SLUG_REST_MS).toISOString()}.`,
    },
  )
