import type { Db } from './db.ts'
import type { AdminRow, SignInLinkRow } from './tables.ts'

export type { AdminRow } from './tables.ts'

const ADMIN = ['id', 'email', 'password_hash', 'created_at', 'last_sign_in_at'] as const

export const insertAdmin = async (db: Db, row: AdminRow): Promise<void> => {
  await db.insertInto('admins').values(row).execute()
}

export const findAdmin = (db: Db, id: string): Promise<AdminRow | undefined> =>
  db.selectFrom('admins').select(ADMIN).where('id', '=', id).executeTakeFirst()

export const findAdminByEmail = (db: Db, email: string): Promise<AdminRow | undefined> =>
  db.selectFrom('admins').select(ADMIN).where('email', '=', email).executeTakeFirst()

/** Oldest first. */
export const listAdmins = (db: Db): Promise<AdminRow[]> =>
  db.selectFrom('admins').select(ADMIN).orderBy('created_at').orderBy('id').execute()

export const anyAdmin = async (db: Db): Promise<boolean> =>
  (await db.selectFrom('admins').select('id').limit(1).executeTakeFirst()) !== undefined

type Changes = Partial<Pick<AdminRow, 'password_hash' | 'last_sign_in_at'>>

export const updateAdmin = async (db: Db, id: string, changes: Changes): Promise<void> => {
  await db.updateTable('admins').set(changes).where('id', '=', id).execute()
}

/** The admin's earlier links are gone with it: only the newest signs in. */
export const replaceSignInLink = async (db: Db, row: SignInLinkRow): Promise<void> => {
  await db.deleteFrom('sign_in_links').where('admin_id', '=', row.admin_id).execute()
  await db.insertInto('sign_in_links').values(row).execute()
}

/** Marks the link as used and answers whose it is; undefined when it was used, or is too old. */
export const spendSignInLink = async (
  db: Db,
  hash: string,
  now: number,
): Promise<string | undefined> => {
  const row = await db
    .updateTable('sign_in_links')
    .set({ used_at: now })
    .where('hash', '=', hash)
    .where('used_at', 'is', null)
    .where('expires_at', '>', now)
    .returning('admin_id')
    .executeTakeFirst()
  return row?.admin_id
}
