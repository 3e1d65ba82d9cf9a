import type { Db } from './db.ts'
import type { SessionParticipantRow } from './tables.ts'

export type { SessionParticipantRow } from './tables.ts'

const PARTICIPANT = [
  'sid',
  'session_id',
  'tenant_id',
  'identity',
  'name',
  'joined_at',
  'left_at',
  'leave_reason',
  'end_accuracy_ms',
  'reconnected_at',
  'transport',
  'sdk',
  'sdk_version',
  'os',
  'browser',
  'address',
  'reconstructed',
] as const

export const insertParticipant = async (db: Db, row: SessionParticipantRow): Promise<void> => {
  await db.insertInto('session_participants').values(row).execute()
}

type Changes = Partial<Omit<SessionParticipantRow, 'sid' | 'session_id' | 'tenant_id'>>

export const updateParticipant = async (db: Db, sid: string, changes: Changes): Promise<void> => {
  await db.updateTable('session_participants').set(changes).where('sid', '=', sid).execute()
}

/** @param sid LiveKit's id of one stay in a call */
export const findParticipant = (db: Db, sid: string): Promise<SessionParticipantRow | undefined> =>
  db
    .selectFrom('session_participants')
    .select(PARTICIPANT)
    .where('sid', '=', sid)
    .executeTakeFirst()

/** Who has not left. */
export const listPresent = (db: Db, sessionId: string): Promise<SessionParticipantRow[]> =>
  db
    .selectFrom('session_participants')
    .select(PARTICIPANT)
    .where('session_id', '=', sessionId)
    .where('left_at', 'is', null)
    .orderBy('joined_at')
    .orderBy('sid')
    .execute()

/** People of a session, each once, who have not left. */
export const countPresent = async (db: Db, sessionId: string): Promise<number> => {
  const row = await db
    .selectFrom('session_participants')
    .select((eb) => eb.fn.count<number>('identity').distinct().as('people'))
    .where('session_id', '=', sessionId)
    .where('left_at', 'is', null)
    .executeTakeFirstOrThrow()
  return row.people
}

/** Of each of these sessions with people in it: how many stays go on, and the sum of their starts. */
export const sumPresent = async (
  db: Db,
  sessionIds: readonly string[],
): Promise<{ session_id: string; stays: number; joined_ms: number }[]> =>
  sessionIds.length === 0
    ? []
    : db
        .selectFrom('session_participants')
        .select((eb) => [
          'session_id',
          eb.fn.countAll<number>().as('stays'),
          eb.cast<number>(eb.fn.sum('joined_at'), 'bigint').as('joined_ms'),
        ])
        .where('session_id', 'in', sessionIds)
        .where('left_at', 'is', null)
        .groupBy('session_id')
        .execute()

/** Which of these stays are known. */
export const knownSids = async (db: Db, sids: readonly string[]): Promise<Set<string>> => {
  if (sids.length === 0) return new Set()
  const rows = await db
    .selectFrom('session_participants')
    .select('sid')
    .where('sid', 'in', sids)
    .execute()
  return new Set(rows.map((row) => row.sid))
}

interface Listing {
  after: { createdAt: number; id: string } | null
  limit: number
}

/** In the order in which they came. */
export const listParticipants = (
  db: Db,
  sessionId: string,
  { after, limit }: Listing,
): Promise<SessionParticipantRow[]> => {
  let query = db
    .selectFrom('session_participants')
    .select(PARTICIPANT)
    .where('session_id', '=', sessionId)
  if (after) {
    query = query.where((eb) =>
      eb(eb.refTuple('joined_at', 'sid'), '>', eb.tuple(after.createdAt, after.id)),
    )
  }
  return query.orderBy('joined_at').orderBy('sid').limit(limit).execute()
}

/** When those who are in calls now came, by tenant and room. */
export const listOpenStays = (
  db: Db,
  tenantId: string | null,
): Promise<{ tenant_id: string; room: string; joined_at: number }[]> => {
  let query = db
    .selectFrom('session_participants')
    .innerJoin('sessions', 'sessions.id', 'session_participants.session_id')
    .select(['session_participants.tenant_id', 'sessions.room', 'session_participants.joined_at'])
    .where('sessions.ended_at', 'is', null)
    .where('session_participants.left_at', 'is', null)
  if (tenantId !== null) query = query.where('sessions.tenant_id', '=', tenantId)
  return query.execute()
}
