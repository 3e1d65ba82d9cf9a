import { sql } from 'kysely'
import type { Db } from './db.ts'
import type { TenantRow } from './tables.ts'

export type { TenantRow } from './tables.ts'

const TENANT = [
  'id',
  'slug',
  'name',
  'status',
  'limits',
  'tokens_revoked_before',
  'created_at',
  'deleted_at',
] as const

export const insertTenant = async (db: Db, row: TenantRow): Promise<void> => {
  await db.insertInto('tenants').values(row).execute()
  await db.insertInto('tenant_counters').values({ tenant_id: row.id, rooms: 0 }).execute()
}

export const findTenant = (db: Db, id: string): Promise<TenantRow | undefined> =>
  db
    .selectFrom('tenants')
    .select(TENANT)
    .where('id', '=', id)
    .where('deleted_at', 'is', null)
    .executeTakeFirst()

export const findTenantBySlug = (db: Db, slug: string): Promise<TenantRow | undefined> =>
  db
    .selectFrom('tenants')
    .select(TENANT)
    .where('slug', '=', slug)
    .where('deleted_at', 'is', null)
    .executeTakeFirst()

/** The newest tenant of this slug, deleted or not: what happened in its calls is still told. */
export const newestTenantOf = async (db: Db, slug: string): Promise<string | null> => {
  const row = await db
    .selectFrom('tenants')
    .select('id')
    .where('slug', '=', slug)
    .orderBy('created_at', 'desc')
    .executeTakeFirst()
  return row?.id ?? null
}

/** When a tenant of this slug was last deleted, or null. */
export const slugDeletedAt = async (db: Db, slug: string): Promise<number | null> => {
  const row = await db
    .selectFrom('tenants')
    .select((eb) => eb.fn.max('deleted_at').as('at'))
    .where('slug', '=', slug)
    .executeTakeFirst()
  return row?.at ?? null
}

interface Listing {
  after: { createdAt: number; id: string } | null
  limit: number
  /** what slug or name begin with; case does not count for a to z */
  beginning: string | null
}

/** Oldest first, from after a position; one query serves every page. */
export const listTenants = (db: Db, { after, limit, beginning }: Listing): Promise<TenantRow[]> => {
  let query = db.selectFrom('tenants').select(TENANT).where('deleted_at', 'is', null)
  if (beginning) {
    const pattern = beginsWith(beginning)
    query = query.where(
      sql<boolean>`(slug like ${pattern} escape '!' or lower(name) like ${pattern} escape '!')`,
    )
  }
  if (after) {
    query = query.where((eb) =>
      eb(eb.refTuple('created_at', 'id'), '>', eb.tuple(after.createdAt, after.id)),
    )
  }
  return query.orderBy('created_at').orderBy('id').limit(limit).execute()
}

/** Lower case only where SQLite's `lower` makes it, too. */
const beginsWith = (text: string): string =>
  `${text.replace(/[A-Z]+/g, (upper) => upper.toLowerCase()).replace(/[!%_]/g, '!$&')}%`

/** All of these ids, deleted ones too, and all that are not deleted; oldest first. */
export const listTenantsAndDeleted = (
  db: Db,
  deleted: readonly string[],
): Promise<Pick<TenantRow, 'id' | 'slug' | 'name' | 'created_at' | 'deleted_at'>[]> => {
  const query = db.selectFrom('tenants').select(['id', 'slug', 'name', 'created_at', 'deleted_at'])
  const isThere = query.where('deleted_at', 'is', null)
  const named =
    deleted.length === 0
      ? isThere
      : query.where((eb) => eb.or([eb('deleted_at', 'is', null), eb('id', 'in', deleted)]))
  return named.orderBy('created_at').orderBy('id').execute()
}

type Changes = Partial<Omit<TenantRow, 'id' | 'slug' | 'created_at'>>

export const updateTenant = async (db: Db, id: string, changes: Changes): Promise<void> => {
  await db.updateTable('tenants').set(changes).where('id', '=', id).execute()
}

/**
 * Adds `by` to the tenant's number of rooms and answers the sum. The first statement of every
 * write that must be exact: the row is the tenant's lock on any database.
 */
export const countRooms = async (db: Db, tenantId: string, by: number): Promise<number> => {
  const row = await db
    .updateTable('tenant_counters')
    .set((eb) => ({ rooms: eb('rooms', '+', by) }))
    .where('tenant_id', '=', tenantId)
    .returning('rooms')
    .executeTakeFirstOrThrow()
  return row.rooms
}

/** False when it is what was told last. @param limit with all that makes it another one */
export const noteLimitTold = async (db: Db, tenantId: string, limit: string): Promise<boolean> => {
  const rows = await db
    .updateTable('tenant_counters')
    .set({ limit_told: limit })
    .where('tenant_id', '=', tenantId)
    .where((eb) => eb.or([eb('limit_told', 'is', null), eb('limit_told', '<>', limit)]))
    .returning('tenant_id')
    .execute()
  return rows.length > 0
}

/** Holds the tenant's lock until the transaction ends, for writes that depend on what others wrote. */
export const lockTenant = async (db: Db, tenantId: string): Promise<void> => {
  await countRooms(db, tenantId, 0)
}
