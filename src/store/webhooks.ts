import type { Db } from './db.ts'
import type { WebhookRow } from './tables.ts'

export type { WebhookRow } from './tables.ts'

const WEBHOOK = [
  'id',
  'tenant_id',
  'url',
  'types',
  'status',
  'disabled_reason',
  'sealed_secret',
  'previous_sealed_secret',
  'previous_expires_at',
  'created_at',
  'last_success_at',
  'last_failure_at',
] as const

export const insertWebhook = async (db: Db, row: WebhookRow): Promise<void> => {
  await db.insertInto('webhooks').values(row).execute()
}

export const findWebhook = (db: Db, id: string): Promise<WebhookRow | undefined> =>
  db.selectFrom('webhooks').select(WEBHOOK).where('id', '=', id).executeTakeFirst()

/** The tenant's, oldest first. */
export const listWebhooks = (db: Db, tenantId: string): Promise<WebhookRow[]> =>
  db
    .selectFrom('webhooks')
    .select(WEBHOOK)
    .where('tenant_id', '=', tenantId)
    .orderBy('created_at')
    .orderBy('id')
    .execute()

type Changes = Partial<Omit<WebhookRow, 'id' | 'tenant_id' | 'created_at'>>

export const updateWebhook = async (db: Db, id: string, changes: Changes): Promise<void> => {
  await db.updateTable('webhooks').set(changes).where('id', '=', id).execute()
}

/** With all that was sent to it. */
export const deleteWebhook = async (db: Db, id: string): Promise<void> => {
  await db.deleteFrom('deliveries').where('webhook_id', '=', id).execute()
  await db.deleteFrom('webhook_runs').where('webhook_id', '=', id).execute()
  await db.deleteFrom('webhooks').where('id', '=', id).execute()
}
