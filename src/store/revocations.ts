import type { Db } from './db.ts'
import type { RevocationRow } from './tables.ts'

export type { RevocationRow } from './tables.ts'

const REVOCATION = [
  'id',
  'tenant_id',
  'room_id',
  'identity',
  'api_key',
  'revoked_before',
  'created_at',
] as const

export const insertRevocation = async (db: Db, row: RevocationRow): Promise<void> => {
  await db.insertInto('revocations').values(row).execute()
}

/** Those of the whole tenant and those of this room. */
export const listRevocations = (
  db: Db,
  tenantId: string,
  roomId: string,
): Promise<RevocationRow[]> =>
  db
    .selectFrom('revocations')
    .select(REVOCATION)
    .where('tenant_id', '=', tenantId)
    .where((eb) => eb.or([eb('room_id', 'is', null), eb('room_id', '=', roomId)]))
    .execute()

/** All of a tenant, with the names of their rooms. */
export const listAllRevocations = (
  db: Db,
  tenantId: string,
): Promise<(RevocationRow & { room: string | null })[]> =>
  db
    .selectFrom('revocations')
    .leftJoin('rooms', 'rooms.id', 'revocations.room_id')
    .select(REVOCATION.map((column) => `revocations.${column}` as const))
    .select('rooms.name as room')
    .where('revocations.tenant_id', '=', tenantId)
    .orderBy('revocations.created_at')
    .orderBy('revocations.id')
    .execute()

export const countRevocations = async (db: Db, tenantId: string): Promise<number> => {
  const row = await db
    .selectFrom('revocations')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('tenant_id', '=', tenantId)
    .executeTakeFirstOrThrow()
  return Number(row.count)
}

export const purgeRevocations = async (db: Db, before: number): Promise<void> => {
  await db.deleteFrom('revocations').where('created_at', '<', before).execute()
}
