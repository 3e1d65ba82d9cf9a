import type { Db } from './db.ts'
import type { UsageDayRow, UsageRoomMonthRow, UsageRoomRow } from './tables.ts'

export type { UsageDayRow, UsageRoomRow } from './tables.ts'

/** Rows in one statement: a database takes no more parameters than some thousands. */
const MOST_ROWS = 500

/** Adds to days of tenants and of their rooms. No two rows of the same tenant, day and room. */
export const addUsage = async (db: Db, rows: readonly UsageRoomRow[]): Promise<void> => {
  const days = rows.map(({ room: _, ...row }): UsageDayRow => row)
  const months = rows.map(
    ({ day, ...row }): UsageRoomMonthRow => ({ ...row, month: day.slice(0, 7) }),
  )
  for (const some of chunks(summed(days, ({ tenant_id, day }) => `${tenant_id} ${day}`)))
    await addToDays(db, some)
  for (const some of chunks(rows)) await addToRooms(db, some)
  const ofMonth = ({ tenant_id, month, room }: UsageRoomMonthRow) => `${tenant_id} ${month} ${room}`
  for (const some of chunks(summed(months, ofMonth))) await addToMonths(db, some)
}

type Amounts = Pick<UsageRoomRow, 'participant_ms' | 'participants' | 'sessions'>

/** Rows of the same key as one: PostgreSQL does not change a row twice in a statement. */
const summed = <T extends Amounts>(rows: readonly T[], keyOf: (row: T) => string): T[] => {
  const sums = new Map<string, T>()
  for (const row of rows) {
    const sum = sums.get(keyOf(row))
    if (!sum) sums.set(keyOf(row), { ...row })
    else {
      sum.participant_ms += row.participant_ms
      sum.participants += row.participants
      sum.sessions += row.sessions
    }
  }
  return [...sums.values()]
}

const chunks = <T>(rows: readonly T[]): T[][] =>
  Array.from({ length: Math.ceil(rows.length / MOST_ROWS) }, (_, n) =>
    rows.slice(n * MOST_ROWS, (n + 1) * MOST_ROWS),
  )

const addToDays = async (db: Db, rows: UsageDayRow[]): Promise<void> => {
  await db
    .insertInto('usage_days')
    .values(rows)
    .onConflict((oc) =>
      oc.columns(['tenant_id', 'day']).doUpdateSet((eb) => ({
        participant_ms: eb('usage_days.participant_ms', '+', eb.ref('excluded.participant_ms')),
        participants: eb('usage_days.participants', '+', eb.ref('excluded.participants')),
        sessions: eb('usage_days.sessions', '+', eb.ref('excluded.sessions')),
      })),
    )
    .execute()
}

const addToRooms = async (db: Db, rows: UsageRoomRow[]): Promise<void> => {
  await db
    .insertInto('usage_rooms')
    .values(rows)
    .onConflict((oc) =>
      oc.columns(['tenant_id', 'day', 'room']).doUpdateSet((eb) => ({
        participant_ms: eb('usage_rooms.participant_ms', '+', eb.ref('excluded.participant_ms')),
        participants: eb('usage_rooms.participants', '+', eb.ref('excluded.participants')),
        sessions: eb('usage_rooms.sessions', '+', eb.ref('excluded.sessions')),
      })),
    )
    .execute()
}

const addToMonths = async (db: Db, rows: UsageRoomMonthRow[]): Promise<void> => {
  await db
    .insertInto('usage_room_months')
    .values(rows)
    .onConflict((oc) =>
      oc.columns(['tenant_id', 'month', 'room']).doUpdateSet((eb) => ({
        participant_ms: eb(
          'usage_room_months.participant_ms',
          '+',
          eb.ref('excluded.participant_ms'),
        ),
        participants: eb('usage_room_months.participants', '+', eb.ref('excluded.participants')),
        sessions: eb('usage_room_months.sessions', '+', eb.ref('excluded.sessions')),
      })),
    )
    .execute()
}

/** First and last day, both included, such as 2026-11-25. */
export interface Days {
  from: string
  to: string
}

export const listUsageDays = (
  db: Db,
  tenantId: string,
  { from, to }: Days,
): Promise<UsageDayRow[]> =>
  db
    .selectFrom('usage_days')
    .select(['tenant_id', 'day', 'participant_ms', 'participants', 'sessions'])
    .where('tenant_id', '=', tenantId)
    .where('day', '>=', from)
    .where('day', '<=', to)
    .orderBy('day')
    .execute()

/** Each room's months, in their order, behind a place. */
export const listUsageRoomMonths = (
  db: Db,
  tenantId: string,
  { after, limit }: { after: { month: string; room: string } | null; limit: number },
): Promise<Omit<UsageRoomMonthRow, 'tenant_id'>[]> => {
  let query = db
    .selectFrom('usage_room_months')
    .select([...ROOM_AMOUNT, 'month'])
    .where('tenant_id', '=', tenantId)
  if (after)
    query = query.where((eb) =>
      eb(eb.refTuple('month', 'room'), '>', eb.tuple(after.month, after.room)),
    )
  return query.orderBy('month').orderBy('room').limit(limit).execute()
}

/** Whole months, and the days before and after them; a part that is empty ends before it begins. */
export interface MonthsAndDays {
  /** such as 2026-11, both included */
  months: Days
  before: Days
  after: Days
}

/** Each room's sum, of the first `limit` by name. The parts must not overlap. */
export const sumUsageByRoom = (
  db: Db,
  tenantId: string,
  { months, before, after }: MonthsAndDays,
  limit: number,
): Promise<Omit<UsageRoomRow, 'tenant_id' | 'day'>[]> => {
  const used = db
    .selectFrom('usage_room_months')
    .select(ROOM_AMOUNT)
    .where('tenant_id', '=', tenantId)
    .where('month', '>=', months.from)
    .where('month', '<=', months.to)
    .unionAll(usageOfRooms(db, tenantId, before))
    .unionAll(usageOfRooms(db, tenantId, after))
  return db
    .selectFrom(used.as('used'))
    .select((eb) => [
      'room',
      eb.cast<number>(eb.fn.sum('participant_ms'), 'bigint').as('participant_ms'),
      eb.cast<number>(eb.fn.sum('participants'), 'bigint').as('participants'),
      eb.cast<number>(eb.fn.sum('sessions'), 'bigint').as('sessions'),
    ])
    .groupBy('room')
    .orderBy('room')
    .limit(limit)
    .execute()
}

const ROOM_AMOUNT = ['room', 'participant_ms', 'participants', 'sessions'] as const

const usageOfRooms = (db: Db, tenantId: string, { from, to }: Days) =>
  db
    .selectFrom('usage_rooms')
    .select(ROOM_AMOUNT)
    .where('tenant_id', '=', tenantId)
    .where('day', '>=', from)
    .where('day', '<=', to)

/** Each tenant's sum, deleted ones included. */
export const sumUsageByTenant = (db: Db, { from, to }: Days): Promise<Omit<UsageDayRow, 'day'>[]> =>
  db
    .selectFrom('usage_days')
    .select((eb) => [
      'tenant_id',
      eb.cast<number>(eb.fn.sum('participant_ms'), 'bigint').as('participant_ms'),
      eb.cast<number>(eb.fn.sum('participants'), 'bigint').as('participants'),
      eb.cast<number>(eb.fn.sum('sessions'), 'bigint').as('sessions'),
    ])
    .where('day', '>=', from)
    .where('day', '<=', to)
    .groupBy('tenant_id')
    .orderBy('tenant_id')
    .execute()
