import type { Db } from './db.ts'
import { deleteSessionPart, purgeDeliveries, purgeEvents } from './retention.ts'
import { deleteRoom } from './rooms.ts'

/** Tenants that were deleted before then, milliseconds, and still have data. */
export const listTenantsToPurge = async (db: Db, before: number): Promise<string[]> => {
  const rows = await db
    .selectFrom('tenants')
    .select('id')
    .where('purged_at', 'is', null)
    .where('deleted_at', '<', before)
    .orderBy('id')
    .execute()
  return rows.map(({ id }) => id)
}

/** Takes away a part of a tenant's data. @returns how many rows; 0 when all is gone but its totals */
export const purgeTenantPart = async (db: Db, tenantId: string): Promise<number> =>
  (await purgeEvents(db, tenantId, Number.MAX_SAFE_INTEGER)) ||
  (await deleteASession(db, tenantId)) ||
  (await deleteWebhookPart(db, tenantId)) ||
  (await deleteARoom(db, tenantId))

const deleteASession = async (db: Db, tenantId: string): Promise<number> => {
  const session = await db
    .selectFrom('sessions')
    .select('id')
    .where('tenant_id', '=', tenantId)
    .limit(1)
    .executeTakeFirst()
  return session ? deleteSessionPart(db, session.id) : 0
}

/** Its deliveries first, at last itself. */
const deleteWebhookPart = async (db: Db, tenantId: string): Promise<number> => {
  const webhook = await db
    .selectFrom('webhooks')
    .select('id')
    .where('tenant_id', '=', tenantId)
    .limit(1)
    .executeTakeFirst()
  if (!webhook) return 0
  const gone = await purgeDeliveries(db, webhook.id, Number.MAX_SAFE_INTEGER)
  if (gone > 0) return gone
  await db.deleteFrom('webhook_runs').where('webhook_id', '=', webhook.id).execute()
  await db.deleteFrom('webhooks').where('id', '=', webhook.id).execute()
  return 1
}

const deleteARoom = async (db: Db, tenantId: string): Promise<number> => {
  const room = await db
    .selectFrom('rooms')
    .select('id')
    .where('tenant_id', '=', tenantId)
    .limit(1)
    .executeTakeFirst()
  if (!room) return 0
  await deleteRoom(db, room.id)
  return 1
}

const SMALL = [
  'revocations',
  'roles',
  'keys',
  'admin_tokens',
  'usage_rooms',
  'usage_room_months',
  'erasures',
] as const

/** What there is little of, at last; from then on the tenant is its row and the totals of its days. */
export const finishTenantPurge = async (db: Db, tenantId: string, now: number): Promise<void> => {
  for (const table of SMALL) await db.deleteFrom(table).where('tenant_id', '=', tenantId).execute()
  await db
    .updateTable('tenant_counters')
    .set({ rooms: 0 })
    .where('tenant_id', '=', tenantId)
    .execute()
  await db.updateTable('tenants').set({ purged_at: now }).where('id', '=', tenantId).execute()
}
