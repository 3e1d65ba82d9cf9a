import type { Db } from './db.ts'
import type { AdminTokenRow } from './tables.ts'

export type { AdminTokenRow } from './tables.ts'

const TOKEN = [
  'admin_tokens.id',
  'admin_tokens.hash',
  'admin_tokens.label',
  'admin_tokens.scope',
  'admin_tokens.tenant_id',
  'admin_tokens.created_at',
  'admin_tokens.created_by',
  'admin_tokens.expires_at',
  'admin_tokens.last_used_at',
  'admin_tokens.last_used_from',
  'tenants.slug',
] as const

/** A token with the slug of its tenant; null when it is tied to none, or to one that was deleted. */
export type TokenWithSlug = AdminTokenRow & { slug: string | null }

export const insertToken = async (db: Db, row: AdminTokenRow): Promise<void> => {
  await db.insertInto('admin_tokens').values(row).execute()
}

const tokens = (db: Db) =>
  db
    .selectFrom('admin_tokens')
    .leftJoin('tenants', (on) =>
      on.onRef('tenants.id', '=', 'admin_tokens.tenant_id').on('tenants.deleted_at', 'is', null),
    )
    .select(TOKEN)

export const findTokenByHash = (db: Db, hash: string): Promise<TokenWithSlug | undefined> =>
  tokens(db).where('hash', '=', hash).executeTakeFirst()

export const findToken = (db: Db, id: string): Promise<TokenWithSlug | undefined> =>
  tokens(db).where('admin_tokens.id', '=', id).executeTakeFirst()

/** Oldest first, without those whose tenant was deleted. */
export const listTokens = (
  db: Db,
  after: { createdAt: number; id: string } | null,
  limit: number,
): Promise<TokenWithSlug[]> => {
  let query = tokens(db).where((eb) =>
    eb.or([eb('admin_tokens.tenant_id', 'is', null), eb('tenants.slug', 'is not', null)]),
  )
  if (after) {
    query = query.where((eb) =>
      eb(
        eb.refTuple('admin_tokens.created_at', 'admin_tokens.id'),
        '>',
        eb.tuple(after.createdAt, after.id),
      ),
    )
  }
  return query.orderBy('admin_tokens.created_at').orderBy('admin_tokens.id').limit(limit).execute()
}

type Changes = Partial<Pick<AdminTokenRow, 'last_used_at' | 'last_used_from'>>

export const updateToken = async (db: Db, id: string, changes: Changes): Promise<void> => {
  await db.updateTable('admin_tokens').set(changes).where('id', '=', id).execute()
}

export const deleteToken = async (db: Db, id: string): Promise<void> => {
  await db.deleteFrom('admin_tokens').where('id', '=', id).execute()
}
