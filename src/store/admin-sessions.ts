import type { Db } from './db.ts'
import type { AdminSessionRow } from './tables.ts'

export type { AdminSessionRow } from './tables.ts'

const SESSION = [
  'admin_sessions.id',
  'admin_sessions.hash',
  'admin_sessions.admin_id',
  'admin_sessions.by_link',
  'admin_sessions.address',
  'admin_sessions.user_agent',
  'admin_sessions.created_at',
  'admin_sessions.last_seen_at',
  'admin_sessions.expires_at',
  'admins.email',
] as const

/** A session with the e-mail address of whose it is. */
export type SessionWithEmail = AdminSessionRow & { email: string }

export const insertSession = async (db: Db, row: AdminSessionRow): Promise<void> => {
  await db.insertInto('admin_sessions').values(row).execute()
}

const sessions = (db: Db) =>
  db
    .selectFrom('admin_sessions')
    .innerJoin('admins', 'admins.id', 'admin_sessions.admin_id')
    .select(SESSION)

export const findSessionByHash = (db: Db, hash: string): Promise<SessionWithEmail | undefined> =>
  sessions(db).where('hash', '=', hash).executeTakeFirst()

export const findSession = (db: Db, id: string): Promise<SessionWithEmail | undefined> =>
  sessions(db).where('admin_sessions.id', '=', id).executeTakeFirst()

/** Newest first. */
export const listSessions = (db: Db, limit: number): Promise<SessionWithEmail[]> =>
  sessions(db)
    .orderBy('admin_sessions.created_at', 'desc')
    .orderBy('admin_sessions.id', 'desc')
    .limit(limit)
    .execute()

type Changes = Partial<Pick<AdminSessionRow, 'last_seen_at' | 'by_link'>>

export const updateSession = async (db: Db, id: string, changes: Changes): Promise<void> => {
  await db.updateTable('admin_sessions').set(changes).where('id', '=', id).execute()
}

export const deleteSession = async (db: Db, id: string): Promise<void> => {
  await db.deleteFrom('admin_sessions').where('id', '=', id).execute()
}

/** All of an admin's but one. @param except null ends all */
export const deleteSessionsOf = async (
  db: Db,
  adminId: string,
  except: string | null,
): Promise<void> => {
  let query = db.deleteFrom('admin_sessions').where('admin_id', '=', adminId)
  if (except !== null) query = query.where('id', '!=', except)
  await query.execute()
}

/** Those that ended by themselves. @param idleSince last seen before it is too long ago */
export const deleteEndedSessions = async (
  db: Db,
  now: number,
  idleSince: number,
): Promise<void> => {
  await db
    .deleteFrom('admin_sessions')
    .where((eb) => eb.or([eb('expires_at', '<=', now), eb('last_seen_at', '<=', idleSince)]))
    .execute()
}

/** All of an admin's but the newest `keep`. */
export const deleteOldestSessions = async (
  db: Db,
  adminId: string,
  keep: number,
): Promise<void> => {
  await db
    .deleteFrom('admin_sessions')
    .where('admin_id', '=', adminId)
    .where('id', 'not in', (eb) =>
      eb
        .selectFrom('admin_sessions')
        .select('id')
        .where('admin_id', '=', adminId)
        .orderBy('created_at', 'desc')
        .orderBy('id', 'desc')
        .limit(keep),
    )
    .execute()
}
