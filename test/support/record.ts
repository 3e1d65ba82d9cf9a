import { Database } from 'bun:sqlite'
import { join } from 'node:path'
import type {
  EventRow,
  SessionParticipantRow,
  SessionRow,
  TrackRow,
  UsageDayRow,
  UsageRoomRow,
} from '../../src/store/tables.ts'

/** All that is written down about calls. */
export interface Written {
  events: EventRow[]
  sessions: SessionRow[]
  stays: SessionParticipantRow[]
  tracks: TrackRow[]
  days: UsageDayRow[]
  rooms: UsageRoomRow[]
}

/** Reads it out of the database, whether a server uses it or not. */
export const readWritten = (dataDir: string): Written => {
  const db = new Database(join(dataDir, 'golive.db'), { readonly: true })
  const all = <T>(sql: string): T[] => db.query(sql).all() as T[]
  try {
    return db.transaction(() => ({
      events: all<EventRow>('SELECT * FROM events ORDER BY tenant_id, seq'),
      sessions: all<SessionRow>('SELECT * FROM sessions ORDER BY id'),
      stays: all<SessionParticipantRow>('SELECT * FROM session_participants ORDER BY sid'),
      tracks: all<TrackRow>('SELECT * FROM tracks ORDER BY participant_sid, sid'),
      days: all<UsageDayRow>('SELECT * FROM usage_days ORDER BY tenant_id, day'),
      rooms: all<UsageRoomRow>('SELECT * FROM usage_rooms ORDER BY tenant_id, day, room'),
    }))()
  } finally {
    db.close()
  }
}
