import type { Db } from './db.ts'
import type { ErasureRow, EventRow } from './tables.ts'

export type { ErasureRow } from './tables.ts'

const ERASURE = [
  'tenant_id',
  'identity',
  'pseudonym',
  'requested_at',
  'began_at',
  'erased_seq',
  'until_seq',
] as const

type Whose = Pick<ErasureRow, 'tenant_id' | 'identity'>

export const insertErasure = async (db: Db, row: ErasureRow): Promise<void> => {
  await db.insertInto('erasures').values(row).execute()
}

export const findErasure = (
  db: Db,
  { tenant_id, identity }: Whose,
): Promise<ErasureRow | undefined> =>
  db
    .selectFrom('erasures')
    .select(ERASURE)
    .where('tenant_id', '=', tenant_id)
    .where('identity', '=', identity)
    .executeTakeFirst()

export const countErasures = async (db: Db, tenantId: string): Promise<number> => {
  const row = await db
    .selectFrom('erasures')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('tenant_id', '=', tenantId)
    .executeTakeFirstOrThrow()
  return row.count
}

/** Of all tenants, the oldest first: those whose person is in no call. */
export const listReadyErasures = (db: Db, limit: number): Promise<ErasureRow[]> =>
  db
    .selectFrom('erasures')
    .select(ERASURE)
    .where((eb) =>
      eb.or([
        eb('began_at', 'is not', null),
        eb.not(
          eb.exists(
            eb
              .selectFrom('session_participants')
              .select('sid')
              .whereRef('session_participants.tenant_id', '=', 'erasures.tenant_id')
              .whereRef('session_participants.identity', '=', 'erasures.identity')
              .where('left_at', 'is', null),
          ),
        ),
      ]),
    )
    .orderBy('requested_at')
    .orderBy('identity')
    .limit(limit)
    .execute()

type Changes = Partial<Pick<ErasureRow, 'began_at' | 'erased_seq' | 'until_seq'>>

export const updateErasure = async (db: Db, whose: Whose, changes: Changes): Promise<void> => {
  await db
    .updateTable('erasures')
    .set(changes)
    .where('tenant_id', '=', whose.tenant_id)
    .where('identity', '=', whose.identity)
    .execute()
}

export const deleteErasure = async (db: Db, { tenant_id, identity }: Whose): Promise<void> => {
  await db
    .deleteFrom('erasures')
    .where('tenant_id', '=', tenant_id)
    .where('identity', '=', identity)
    .execute()
}

/** At most `limit` of the stays that began by then; their times stay. @returns how many */
export const eraseStays = async (
  db: Db,
  { tenant_id, identity, pseudonym }: ErasureRow,
  { beganBy, limit }: { beganBy: number; limit: number },
): Promise<number> => {
  const rows = await db
    .updateTable('session_participants')
    .set({ identity: pseudonym, name: '', address: null })
    .where('sid', 'in', (eb) =>
      eb
        .selectFrom('session_participants')
        .select('sid')
        .where('tenant_id', '=', tenant_id)
        .where('identity', '=', identity)
        .where('joined_at', '<=', beganBy)
        .where('left_at', 'is not', null)
        .limit(limit),
    )
    .returning('sid')
    .execute()
  return rows.length
}

/** Events about somebody behind the first number and up to the second. */
export const listEventsAbout = (
  db: Db,
  { tenant_id, identity }: Whose,
  { after, until }: { after: number; until: number },
): Promise<Pick<EventRow, 'seq' | 'data'>[]> =>
  db
    .selectFrom('events')
    .select(['seq', 'data'])
    .where('tenant_id', '=', tenant_id)
    .where('seq', '>', after)
    .where('seq', '<=', until)
    .where('identity', '=', identity)
    .execute()

/** Whom it is about and how that is told; number, type and time stay. */
export const rewriteEvent = async (
  db: Db,
  { tenant_id, seq }: Pick<EventRow, 'tenant_id' | 'seq'>,
  values: { identity: string; data: string },
): Promise<void> => {
  await db
    .updateTable('events')
    .set(values)
    .where('tenant_id', '=', tenant_id)
    .where('seq', '=', seq)
    .execute()
}

/** What endpoints answered to these events: they may repeat what they were told. */
export const eraseExcerpts = async (
  db: Db,
  tenantId: string,
  seqs: readonly number[],
): Promise<void> => {
  if (seqs.length === 0) return
  await db
    .updateTable('deliveries')
    .set({ response_excerpt: null })
    .where('webhook_id', 'in', (eb) =>
      eb.selectFrom('webhooks').select('id').where('tenant_id', '=', tenantId),
    )
    .where('seq', 'in', seqs)
    .where('response_excerpt', 'is not', null)
    .execute()
}
