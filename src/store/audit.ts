import type { Db } from './db.ts'
import type { AuditRow } from './tables.ts'

export type { AuditRow } from './tables.ts'

const AUDIT = [
  'id',
  'at',
  'actor',
  'address',
  'action',
  'target',
  'tenant_id',
  'tenant_slug',
  'before',
  'after',
] as const

/** The only write there is: the database refuses to change or delete a row. */
export const insertAudit = async (db: Db, row: Omit<AuditRow, 'tenant_slug'>): Promise<void> => {
  await db
    .insertInto('audit')
    .values((eb) => ({
      ...row,
      // Kept with the row: a slug may pass to another tenant later.
      tenant_slug: eb.selectFrom('tenants').select('slug').where('id', '=', row.tenant_id),
    }))
    .execute()
}

interface Listing {
  after: { createdAt: number; id: string } | null
  limit: number
  tenant: string | undefined
  actor: string | undefined
  action: string | undefined
}

/** Newest first. */
export const listAudit = (db: Db, listing: Listing): Promise<AuditRow[]> => {
  const { after, limit, tenant, actor, action } = listing
  let query = db.selectFrom('audit').select(AUDIT)
  if (tenant !== undefined) query = query.where('tenant_slug', '=', tenant)
  if (actor !== undefined) query = query.where('actor', '=', actor)
  if (action !== undefined) query = query.where('action', '=', action)
  if (after) {
    query = query.where((eb) =>
      eb(eb.refTuple('at', 'id'), '<', eb.tuple(after.createdAt, after.id)),
    )
  }
  return query.orderBy('at', 'desc').orderBy('id', 'desc').limit(limit).execute()
}
