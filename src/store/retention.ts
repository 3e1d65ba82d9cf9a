import type { Db } from './db.ts'
import { setSetting } from './settings.ts'

/** Rows at once: what waits for the database meanwhile does so for a few milliseconds. */
const CHUNK = 500

/** Each purge takes away one chunk of what is older than `before`, milliseconds, and answers how much that was. */
type Purge = (db: Db, before: number) => Promise<number>

type TenantPurge = (db: Db, tenantId: string, before: number) => Promise<number>

/** Of all tenants, deleted ones included, whose data is still there. */
export const listUnpurgedTenants = async (db: Db): Promise<string[]> => {
  const rows = await db
    .selectFrom('tenants')
    .select('id')
    .where('purged_at', 'is', null)
    .orderBy('id')
    .execute()
  return rows.map(({ id }) => id)
}

/** From the beginning on and never past one that is to be kept: what is left has no gap. */
export const purgeEvents: TenantPurge = async (db, tenantId, before) => {
  const oldest = await db
    .selectFrom('events')
    .select(['seq', 'at'])
    .where('tenant_id', '=', tenantId)
    .orderBy('seq')
    .limit(CHUNK)
    .execute()
  const kept = oldest.findIndex(({ at }) => at >= before)
  const gone = kept < 0 ? oldest : oldest.slice(0, kept)
  const last = gone.at(-1)
  if (!last) return 0
  await db
    .deleteFrom('events')
    .where('tenant_id', '=', tenantId)
    .where('seq', '<=', last.seq)
    .execute()
  return gone.length
}

/** People of an ended session, and then the session itself. */
export const purgeSessions: TenantPurge = async (db, tenantId, before) => {
  const session = await db
    .selectFrom('sessions')
    .select('id')
    .where('tenant_id', '=', tenantId)
    .where('started_at', '<', before)
    .where('ended_at', '<', before)
    .orderBy('started_at')
    .orderBy('id')
    .limit(1)
    .executeTakeFirst()
  return session ? deleteSessionPart(db, session.id) : 0
}

/** Some of its people, and when no more are left itself. @returns how many rows that were */
export const deleteSessionPart = async (db: Db, id: string): Promise<number> => {
  const stays = await db
    .selectFrom('session_participants')
    .select('sid')
    .where('session_id', '=', id)
    .limit(CHUNK)
    .execute()
  const sids = stays.map(({ sid }) => sid)
  if (sids.length > 0) {
    await db.deleteFrom('tracks').where('participant_sid', 'in', sids).execute()
    await db.deleteFrom('session_participants').where('sid', 'in', sids).execute()
  }
  if (sids.length === CHUNK) return CHUNK
  await db.deleteFrom('sessions').where('id', '=', id).execute()
  return sids.length + 1
}

/** Of all tenants. */
export const listWebhookIds = async (db: Db): Promise<string[]> => {
  const rows = await db.selectFrom('webhooks').select('id').orderBy('id').execute()
  return rows.map(({ id }) => id)
}

/** Of one webhook. */
export const purgeDeliveries = async (
  db: Db,
  webhookId: string,
  before: number,
): Promise<number> => {
  const rows = await db
    .deleteFrom('deliveries')
    .where('id', 'in', (eb) =>
      eb
        .selectFrom('deliveries')
        .select('id')
        .where('webhook_id', '=', webhookId)
        .where('at', '<', before)
        .orderBy('at')
        .orderBy('id')
        .limit(CHUNK),
    )
    .returning('id')
    .execute()
  return rows.length
}

/** The database refuses it for rows that are not older than the setting says. */
export const purgeAudit: Purge = async (db, before) => {
  await setSetting(db, 'audit.kept_from', String(before))
  const rows = await db
    .deleteFrom('audit')
    .where('id', 'in', (eb) =>
      eb.selectFrom('audit').select('id').where('at', '<', before).orderBy('at').limit(CHUNK),
    )
    .returning('id')
    .execute()
  return rows.length
}

/** The same holds for the addresses of its rows. */
export const purgeAuditAddresses: Purge = async (db, before) => {
  await setSetting(db, 'audit.addresses_kept_from', String(before))
  const rows = await db
    .updateTable('audit')
    .set({ address: null })
    .where('id', 'in', (eb) =>
      eb
        .selectFrom('audit')
        .select('id')
        .where('at', '<', before)
        .where('address', 'is not', null)
        .orderBy('at')
        .limit(CHUNK),
    )
    .returning('id')
    .execute()
  return rows.length
}

/** Those of people who left calls. */
export const purgePeoplesAddresses: Purge = async (db, before) => {
  const rows = await db
    .updateTable('session_participants')
    .set({ address: null })
    .where('sid', 'in', (eb) =>
      eb
        .selectFrom('session_participants')
        .select('sid')
        .where('left_at', '<', before)
        .where('address', 'is not', null)
        .orderBy('left_at')
        .limit(CHUNK),
    )
    .returning('sid')
    .execute()
  return rows.length
}

/** Those that operators and tenants' backends came from: few enough to be done at once. */
export const purgeCallersAddresses = async (db: Db, before: number): Promise<void> => {
  await db
    .updateTable('admin_sessions')
    .set({ address: null })
    .where('last_seen_at', '<', before)
    .where('address', 'is not', null)
    .execute()
  await db
    .updateTable('admin_tokens')
    .set({ last_used_from: null })
    .where('last_used_at', '<', before)
    .where('last_used_from', 'is not', null)
    .execute()
  await db
    .updateTable('keys')
    .set({ last_used_from: null })
    .where('last_used_at', '<', before)
    .where('last_used_from', 'is not', null)
    .execute()
  await db
    .updateTable('keys')
    .set({ previous_last_used_from: null })
    .where('previous_last_used_at', '<', before)
    .where('previous_last_used_from', 'is not', null)
    .execute()
}
