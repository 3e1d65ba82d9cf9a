import type { Db } from './db.ts'
import type { RoomRow } from './tables.ts'

export type { RoomRow } from './tables.ts'

const ROOM = [
  'id',
  'tenant_id',
  'name',
  'max_participants',
  'empty_timeout_seconds',
  'departure_timeout_seconds',
  'metadata',
  'locked',
  'opens_at',
  'closes_at',
  'max_duration_seconds',
  'version',
  'created_at',
  'updated_at',
] as const

export const insertRoom = async (db: Db, row: RoomRow): Promise<void> => {
  await db.insertInto('rooms').values(row).execute()
}

export const findRoom = (db: Db, tenantId: string, name: string): Promise<RoomRow | undefined> =>
  db
    .selectFrom('rooms')
    .select(ROOM)
    .where('tenant_id', '=', tenantId)
    .where('name', '=', name)
    .executeTakeFirst()

/** Those of the names that there are, for tenants that are not deleted; a query for each tenant. */
export const findRooms = async (
  db: Db,
  namesBySlug: ReadonlyMap<string, readonly string[]>,
): Promise<(RoomRow & { slug: string })[]> => {
  if (namesBySlug.size === 0) return []
  const tenants = await db
    .selectFrom('tenants')
    .select(['id', 'slug'])
    .where('slug', 'in', [...namesBySlug.keys()])
    .where('deleted_at', 'is', null)
    .execute()
  const found: (RoomRow & { slug: string })[] = []
  for (const { id, slug } of tenants) {
    const rows = await db
      .selectFrom('rooms')
      .select(ROOM)
      .where('tenant_id', '=', id)
      .where('name', 'in', namesBySlug.get(slug) ?? [])
      .execute()
    found.push(...rows.map((row) => ({ ...row, slug })))
  }
  return found
}

interface Listing {
  after: { createdAt: number; id: string } | null
  limit: number
  /** only these, or all */
  ids: readonly string[] | null
}

/** Oldest first. */
export const listRooms = async (db: Db, tenantId: string, listing: Listing): Promise<RoomRow[]> => {
  const { after, limit, ids } = listing
  if (ids?.length === 0) return []
  let query = db.selectFrom('rooms').select(ROOM).where('tenant_id', '=', tenantId)
  if (ids) query = query.where('id', 'in', ids)
  if (after) {
    query = query.where((eb) =>
      eb(eb.refTuple('created_at', 'id'), '>', eb.tuple(after.createdAt, after.id)),
    )
  }
  return query.orderBy('created_at').orderBy('id').limit(limit).execute()
}

export const updateRoom = async (db: Db, row: RoomRow): Promise<void> => {
  const { id, ...columns } = row
  await db.updateTable('rooms').set(columns).where('id', '=', id).execute()
}

/** With all that was decided about people in it. False when it was gone already. */
export const deleteRoom = async (db: Db, id: string): Promise<boolean> => {
  await db.deleteFrom('members').where('room_id', '=', id).execute()
  await db.deleteFrom('revocations').where('room_id', '=', id).execute()
  const rows = await db.deleteFrom('rooms').where('id', '=', id).returning('id').execute()
  return rows.length > 0
}
