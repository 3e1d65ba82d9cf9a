import type { Db } from './db.ts'
import type { WebhookRunRow } from './tables.ts'

export type { WebhookRunRow } from './tables.ts'

const RUN = [
  'webhook_runs.id',
  'webhook_id',
  'next_seq',
  'last_seq',
  'unfiltered',
  'attempt',
  'first_attempt_at',
  'next_attempt_at',
  'webhook_runs.created_at',
] as const

/** With whose it is and what its webhook asks for. */
export type OwnedRun = WebhookRunRow & { tenant_id: string; types: string }

export const insertRun = async (db: Db, row: WebhookRunRow): Promise<void> => {
  await db.insertInto('webhook_runs').values(row).execute()
}

const owned = (db: Db) =>
  db
    .selectFrom('webhook_runs')
    .innerJoin('webhooks', 'webhooks.id', 'webhook_runs.webhook_id')
    .innerJoin('tenants', 'tenants.id', 'webhooks.tenant_id')
    .select([...RUN, 'webhooks.tenant_id', 'webhooks.types'])
    .where('webhooks.status', '=', 'active')
    .where('tenants.deleted_at', 'is', null)

/** Those of webhooks that are active, of tenants that are not deleted; of one webhook, or of all. */
export const listActiveRuns = (db: Db, webhookId?: string): Promise<OwnedRun[]> => {
  let query = owned(db)
  if (webhookId !== undefined) query = query.where('webhook_id', '=', webhookId)
  return query.orderBy('webhook_runs.created_at').orderBy('webhook_runs.id').execute()
}

/** Undefined, too, once its webhook is disabled or its tenant deleted. */
export const findActiveRun = (db: Db, id: string): Promise<OwnedRun | undefined> =>
  owned(db).where('webhook_runs.id', '=', id).executeTakeFirst()

/** Oldest first; the one without an end is the first. */
export const listRuns = (db: Db, webhookId: string): Promise<WebhookRunRow[]> =>
  db
    .selectFrom('webhook_runs')
    .select(RUN)
    .where('webhook_id', '=', webhookId)
    .orderBy('created_at')
    .orderBy('id')
    .execute()

export const findRun = (db: Db, id: string): Promise<WebhookRunRow | undefined> =>
  db.selectFrom('webhook_runs').select(RUN).where('id', '=', id).executeTakeFirst()

type Changes = Partial<Omit<WebhookRunRow, 'id' | 'webhook_id' | 'created_at'>>

export const updateRun = async (db: Db, id: string, changes: Changes): Promise<void> => {
  await db.updateTable('webhook_runs').set(changes).where('id', '=', id).execute()
}

/** Moves a run on, never back, past what is not for it. */
export const passTo = async (db: Db, id: string, nextSeq: number): Promise<void> => {
  await db
    .updateTable('webhook_runs')
    .set({ next_seq: nextSeq })
    .where('id', '=', id)
    .where('next_seq', '<', nextSeq)
    .where('attempt', '=', 0)
    .execute()
}

/** All of a webhook. */
export const updateRuns = async (db: Db, webhookId: string, changes: Changes): Promise<void> => {
  await db.updateTable('webhook_runs').set(changes).where('webhook_id', '=', webhookId).execute()
}

export const deleteRun = async (db: Db, id: string): Promise<void> => {
  await db.deleteFrom('webhook_runs').where('id', '=', id).execute()
}
