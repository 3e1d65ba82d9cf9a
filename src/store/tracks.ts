import type { Db } from './db.ts'
import type { TrackRow } from './tables.ts'

export type { TrackRow } from './tables.ts'

const TRACK = [
  'participant_sid',
  'sid',
  'kind',
  'source',
  'published_at',
  'unpublished_at',
  'mutes',
] as const

export const insertTrack = async (db: Db, row: TrackRow): Promise<void> => {
  await db.insertInto('tracks').values(row).execute()
}

export const updateTrack = async (
  db: Db,
  { participant_sid, sid }: Pick<TrackRow, 'participant_sid' | 'sid'>,
  changes: Partial<Pick<TrackRow, 'unpublished_at' | 'mutes'>>,
): Promise<void> => {
  await db
    .updateTable('tracks')
    .set(changes)
    .where('participant_sid', '=', participant_sid)
    .where('sid', '=', sid)
    .execute()
}

/** In the order in which they were published. */
export const listTracks = (db: Db, participantSids: readonly string[]): Promise<TrackRow[]> =>
  participantSids.length === 0
    ? Promise.resolve([])
    : db
        .selectFrom('tracks')
        .select(TRACK)
        .where('participant_sid', 'in', participantSids)
        .orderBy('published_at')
        .orderBy('sid')
        .execute()
