import type { Db } from './db.ts'
import type { KeyRow } from './tables.ts'

export type { KeyRow } from './tables.ts'

const KEY = [
  'api_key',
  'tenant_id',
  'label',
  'sealed_secret',
  'previous_sealed_secret',
  'previous_expires_at',
  'previous_last_used_at',
  'previous_last_used_from',
  'tokens_revoked_before',
  'created_at',
  'expires_at',
  'last_used_at',
  'last_used_from',
  'deleted_at',
] as const

export const insertKey = async (db: Db, row: KeyRow): Promise<void> => {
  await db.insertInto('keys').values(row).execute()
}

/** Also a deleted key: what it minted may still be out there. */
export const findKey = (db: Db, apiKey: string): Promise<KeyRow | undefined> =>
  db.selectFrom('keys').select(KEY).where('api_key', '=', apiKey).executeTakeFirst()

/** The tenant's keys that are not deleted, oldest first. */
export const listKeys = (db: Db, tenantId: string): Promise<KeyRow[]> =>
  db
    .selectFrom('keys')
    .select(KEY)
    .where('tenant_id', '=', tenantId)
    .where('deleted_at', 'is', null)
    .orderBy('created_at')
    .orderBy('api_key')
    .execute()

type Changes = Partial<Omit<KeyRow, 'api_key' | 'tenant_id' | 'created_at'>>

export const updateKey = async (db: Db, apiKey: string, changes: Changes): Promise<void> => {
  await db.updateTable('keys').set(changes).where('api_key', '=', apiKey).execute()
}
