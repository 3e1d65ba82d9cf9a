import type { Db } from './db.ts'
import type { MemberRow } from './tables.ts'

export type { MemberRow } from './tables.ts'

const MEMBER = [
  'room_id',
  'identity',
  'banned_at',
  'ban_ends_at',
  'tokens_revoked_before',
  'changes',
  'updated_at',
] as const

export const listMembers = (db: Db, roomId: string): Promise<MemberRow[]> =>
  db.selectFrom('members').select(MEMBER).where('room_id', '=', roomId).execute()

export const findMember = (
  db: Db,
  roomId: string,
  identity: string,
): Promise<MemberRow | undefined> =>
  db
    .selectFrom('members')
    .select(MEMBER)
    .where('room_id', '=', roomId)
    .where('identity', '=', identity)
    .executeTakeFirst()

export type MemberColumns = Partial<Omit<MemberRow, 'room_id' | 'identity' | 'updated_at'>>

/** Changes what is named and keeps the rest, of a row that is made when there is none. */
export const putMember = async (
  db: Db,
  key: { roomId: string; identity: string; now: number },
  changes: MemberColumns,
): Promise<void> => {
  const { roomId: room_id, identity, now: updated_at } = key
  await db
    .insertInto('members')
    .values({ ...EMPTY, ...changes, room_id, identity, updated_at })
    .onConflict((oc) => oc.columns(['room_id', 'identity']).doUpdateSet({ ...changes, updated_at }))
    .execute()
}

const EMPTY = {
  banned_at: null,
  ban_ends_at: null,
  tokens_revoked_before: null,
  changes: null,
}

export const countMembers = async (db: Db, roomId: string): Promise<number> => {
  const row = await db
    .selectFrom('members')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('room_id', '=', roomId)
    .executeTakeFirstOrThrow()
  return Number(row.count)
}

/** Forgets what no token can be caught by any more; bans stay as long as they hold. */
export const purgeMembers = async (db: Db, before: number, now: number): Promise<void> => {
  await db
    .deleteFrom('members')
    .where('updated_at', '<', before)
    .where((eb) => eb.or([eb('banned_at', 'is', null), eb('ban_ends_at', '<=', now)]))
    .execute()
}

/** What was decided about somebody in all rooms of a tenant. */
export const listMembersNamed = (
  db: Db,
  tenantId: string,
  identity: string,
): Promise<Pick<MemberRow, 'room_id' | 'changes'>[]> =>
  db
    .selectFrom('members')
    .select(['room_id', 'changes'])
    .where('identity', '=', identity)
    .where('room_id', 'in', (eb) =>
      eb.selectFrom('rooms').select('id').where('tenant_id', '=', tenantId),
    )
    .where('changes', 'is not', null)
    .execute()

export const updateMemberChanges = async (
  db: Db,
  { room_id, identity }: Pick<MemberRow, 'room_id' | 'identity'>,
  changes: string,
): Promise<void> => {
  await db
    .updateTable('members')
    .set({ changes })
    .where('room_id', '=', room_id)
    .where('identity', '=', identity)
    .execute()
}
