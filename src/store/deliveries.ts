import type { Db } from './db.ts'
import type { DeliveryRow } from './tables.ts'

export type { DeliveryRow } from './tables.ts'

const DELIVERY = [
  'id',
  'webhook_id',
  'seq',
  'type',
  'attempt',
  'at',
  'status_code',
  'duration_ms',
  'error',
  'response_excerpt',
  'next_attempt_at',
] as const

export const insertDelivery = async (db: Db, row: DeliveryRow): Promise<void> => {
  await db.insertInto('deliveries').values(row).execute()
}

export const findDelivery = (db: Db, id: string): Promise<DeliveryRow | undefined> =>
  db.selectFrom('deliveries').select(DELIVERY).where('id', '=', id).executeTakeFirst()

interface Listing {
  after: { createdAt: number; id: string } | null
  limit: number
  /** only what did not arrive */
  failed: boolean
}

/** Newest first. */
export const listDeliveries = (
  db: Db,
  webhookId: string,
  { after, limit, failed }: Listing,
): Promise<DeliveryRow[]> => {
  let query = db.selectFrom('deliveries').select(DELIVERY).where('webhook_id', '=', webhookId)
  if (failed) query = query.where('error', 'is not', null)
  if (after) {
    query = query.where((eb) =>
      eb(eb.refTuple('at', 'id'), '<', eb.tuple(after.createdAt, after.id)),
    )
  }
  return query.orderBy('at', 'desc').orderBy('id', 'desc').limit(limit).execute()
}

/** Forgets all but the newest `kept`. */
export const trimDeliveries = async (db: Db, webhookId: string, kept: number): Promise<void> => {
  const oldest = await db
    .selectFrom('deliveries')
    .select(['at', 'id'])
    .where('webhook_id', '=', webhookId)
    .orderBy('at', 'desc')
    .orderBy('id', 'desc')
    .limit(1)
    .offset(kept - 1)
    .executeTakeFirst()
  if (!oldest) return
  await db
    .deleteFrom('deliveries')
    .where('webhook_id', '=', webhookId)
    .where((eb) => eb(eb.refTuple('at', 'id'), '<', eb.tuple(oldest.at, oldest.id)))
    .execute()
}
