import type { Db } from './db.ts'
import type { SessionRow } from './tables.ts'

export type { SessionRow } from './tables.ts'

const SESSION = [
  'id',
  'tenant_id',
  'room',
  'livekit_sid',
  'started_at',
  'ended_at',
  'end_reason',
  'end_accuracy_ms',
  'peak_participants',
  'participant_ms',
  'reconstructed',
] as const

export const insertSession = async (db: Db, row: SessionRow): Promise<void> => {
  await db.insertInto('sessions').values(row).execute()
}

type Changes = Partial<Omit<SessionRow, 'id' | 'tenant_id'>>

export const updateSession = async (db: Db, id: string, changes: Changes): Promise<void> => {
  await db.updateTable('sessions').set(changes).where('id', '=', id).execute()
}

/** Adds the time of somebody who left. */
export const addParticipantTime = async (db: Db, id: string, ms: number): Promise<void> => {
  await db
    .updateTable('sessions')
    .set((eb) => ({ participant_ms: eb('participant_ms', '+', ms) }))
    .where('id', '=', id)
    .execute()
}

export const findSession = (
  db: Db,
  tenantId: string,
  id: string,
): Promise<SessionRow | undefined> =>
  db
    .selectFrom('sessions')
    .select(SESSION)
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .executeTakeFirst()

/** @param livekitSid LiveKit's id of one life of a room */
export const findSessionBySid = (db: Db, livekitSid: string): Promise<SessionRow | undefined> =>
  db.selectFrom('sessions').select(SESSION).where('livekit_sid', '=', livekitSid).executeTakeFirst()

/** All that have not ended, of all tenants. */
export const listOpenSessions = (db: Db): Promise<SessionRow[]> =>
  db.selectFrom('sessions').select(SESSION).where('ended_at', 'is', null).execute()

/** Those of these rooms that have not ended, oldest first. */
export const listOpenOfRooms = (
  db: Db,
  tenantId: string,
  rooms: readonly string[],
): Promise<Pick<SessionRow, 'id' | 'room'>[]> =>
  rooms.length === 0
    ? Promise.resolve([])
    : db
        .selectFrom('sessions')
        .select(['id', 'room'])
        .where('tenant_id', '=', tenantId)
        .where('ended_at', 'is', null)
        .where('room', 'in', rooms)
        .orderBy('started_at')
        .orderBy('id')
        .execute()

interface Listing {
  after: { createdAt: number; id: string } | null
  limit: number
  /** a room's name, or all */
  room: string | null
  /** only those that have not ended */
  open: boolean
}

/** Newest first. */
export const listSessions = (
  db: Db,
  tenantId: string,
  { after, limit, room, open }: Listing,
): Promise<SessionRow[]> => {
  let query = db.selectFrom('sessions').select(SESSION).where('tenant_id', '=', tenantId)
  if (room !== null) query = query.where('room', '=', room)
  if (open) query = query.where('ended_at', 'is', null)
  if (after) {
    query = query.where((eb) =>
      eb(eb.refTuple('started_at', 'id'), '<', eb.tuple(after.createdAt, after.id)),
    )
  }
  return query.orderBy('started_at', 'desc').orderBy('id', 'desc').limit(limit).execute()
}

/** Where the stays of a session end, and by when the last of them has certainly ended; milliseconds. */
export const lastLeave = async (
  db: Db,
  id: string,
): Promise<{ at: number | null; certainlyBy: number | null }> => {
  const row = await db
    .selectFrom('session_participants')
    .select((eb) => [
      eb.fn.max('left_at').as('at'),
      eb.fn.max(eb('left_at', '+', eb.ref('end_accuracy_ms'))).as('certainly_by'),
    ])
    .where('session_id', '=', id)
    .executeTakeFirst()
  return { at: row?.at ?? null, certainlyBy: (row?.certainly_by as number | null) ?? null }
}
