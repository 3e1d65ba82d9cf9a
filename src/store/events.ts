import { sql } from 'kysely'
import type { Db } from './db.ts'
import type { EventRow } from './tables.ts'

export type { EventRow } from './tables.ts'

const EVENT = ['tenant_id', 'seq', 'id', 'type', 'at', 'identity', 'data', 'reconstructed'] as const

/**
 * Takes the tenant's next numbers; answers the first. It is the tenant's lock on any database until
 * the transaction ends, so that numbers become visible in their order and none is missing.
 */
export const takeSeqs = async (db: Db, tenantId: string, count: number): Promise<number> => {
  const row = await db
    .updateTable('tenant_counters')
    .set((eb) => ({ event_seq: eb('event_seq', '+', count) }))
    .where('tenant_id', '=', tenantId)
    .returning('event_seq')
    .executeTakeFirstOrThrow()
  return row.event_seq - count + 1
}

/** The tenant's last number; 0 before its first event. */
export const lastSeq = async (db: Db, tenantId: string): Promise<number> => {
  const row = await db
    .selectFrom('tenant_counters')
    .select('event_seq')
    .where('tenant_id', '=', tenantId)
    .executeTakeFirst()
  return row?.event_seq ?? 0
}

/** All that ever happened, in all tenants, those included that are gone. */
export const countEvents = async (db: Db): Promise<number> => {
  const row = await db
    .selectFrom('tenant_counters')
    .select((eb) => eb.cast<number | null>(eb.fn.sum('event_seq'), 'bigint').as('events'))
    .executeTakeFirst()
  return row?.events ?? 0
}

/** The first number that is still there, or null. */
export const firstSeq = async (db: Db, tenantId: string): Promise<number | null> => {
  const row = await db
    .selectFrom('events')
    .select((eb) => eb.fn.min('seq').as('seq'))
    .where('tenant_id', '=', tenantId)
    .executeTakeFirst()
  return row?.seq ?? null
}

/** Rows in one statement: a database takes no more parameters than some thousands. */
const MOST_ROWS = 500

export const insertEvents = async (db: Db, rows: readonly EventRow[]): Promise<void> => {
  for (let at = 0; at < rows.length; at += MOST_ROWS)
    await db
      .insertInto('events')
      .values(rows.slice(at, at + MOST_ROWS))
      .execute()
}

interface Listing {
  /** a number; those behind it */
  after: number
  /** the last number to look at */
  until: number
  limit: number
  /** only these, or all */
  types: readonly string[] | null
}

/** In their order. */
export const listEvents = (
  db: Db,
  tenantId: string,
  { after, until, limit, types }: Listing,
): Promise<EventRow[]> => {
  let query = db
    .selectFrom('events')
    .select(EVENT)
    .where('tenant_id', '=', tenantId)
    .where('seq', '>', after)
    .where('seq', '<=', until)
  if (types) query = query.where('type', 'in', types)
  return query.orderBy('seq').limit(limit).execute()
}

interface Backwards {
  /** a number; those ahead of it */
  before: number
  /** the first number to look at */
  from: number
  limit: number
  /** only these, or all */
  types: readonly string[] | null
}

/** Newest first. */
export const listNewestEvents = (
  db: Db,
  tenantId: string,
  { before, from, limit, types }: Backwards,
): Promise<EventRow[]> => {
  let query = db
    .selectFrom('events')
    .select(EVENT)
    .where('tenant_id', '=', tenantId)
    .where('seq', '<', before)
    .where('seq', '>=', from)
  if (types) query = query.where('type', 'in', types)
  return query.orderBy('seq', 'desc').limit(limit).execute()
}

interface Period {
  /** milliseconds, both included */
  from: number
  to: number
  after: { createdAt: number; id: string } | null
  limit: number
}

/** Joins that were refused in any room, in the order of time. */
export const listRefusedJoins = (
  db: Db,
  tenantId: string,
  { from, to, after, limit }: Period,
): Promise<EventRow[]> => {
  let query = db
    .selectFrom('events')
    .select(EVENT)
    .where('tenant_id', '=', tenantId)
    // Written out, and not a parameter: only then the index of these events is used.
    .where('type', '=', sql.lit('participant.refused'))
    .where('at', '>=', from)
    .where('at', '<=', to)
  if (after) {
    query = query.where((eb) =>
      eb(eb.refTuple('at', 'id'), '>', eb.tuple(after.createdAt, after.id)),
    )
  }
  return query.orderBy('at').orderBy('id').limit(limit).execute()
}
