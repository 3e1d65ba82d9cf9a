import { insertParticipant } from '../../src/store/session-participants.ts'
import { insertSession } from '../../src/store/sessions.ts'
import { findTenantBySlug } from '../../src/store/tenants.ts'
import { insertTrack, type TrackRow } from '../../src/store/tracks.ts'
import type { TestApi } from './api.ts'
import { use } from './use.ts'

/** Half an hour after it is the time that an API under test begins with. */
export const STARTED = Date.parse('2026-11-25T09:30:00.000Z')

export const tenantId = async (api: TestApi, slug: string): Promise<string> =>
  (await findTenantBySlug(api.store.db, slug))?.id as string

interface Call {
  id: string
  room?: string
  startedAt?: number
  endedAt?: number | null
  peak?: number
  ms?: number
}

/** Writes down a session as if it had been. */
export const addSession = async (
  api: TestApi,
  slug: string,
  { id, room = 'daily', startedAt = STARTED, endedAt = null, peak = 1, ms = 0 }: Call,
): Promise<void> => {
  const tenant_id = await tenantId(api, slug)
  await api.store.transaction(async (tx) => {
    await insertSession(tx, {
      ...{ id, tenant_id, room, livekit_sid: `RM_${id}`, started_at: startedAt, ended_at: endedAt },
      ...{ end_reason: endedAt === null ? null : 'empty', end_accuracy_ms: 0 },
      ...{ peak_participants: peak, participant_ms: ms, reconstructed: 0 },
    })
    await use(tx, (sums) => sums.session({ tenantId: tenant_id, room }, startedAt))
  })
}

interface Stay {
  session: string
  sid: string
  room?: string
  identity?: string
  joinedAt?: number
  leftAt?: number | null
  tracks?: Omit<TrackRow, 'participant_sid'>[]
}

/** Writes down that somebody was, or is, in a session, and what that used. */
export const addStay = async (
  api: TestApi,
  slug: string,
  {
    session,
    sid,
    room = 'daily',
    identity = sid,
    joinedAt = STARTED,
    leftAt = null,
    tracks = [],
  }: Stay,
): Promise<void> => {
  const tenant_id = await tenantId(api, slug)
  const place = { tenantId: tenant_id, room }
  await api.store.transaction(async (tx) => {
    await insertParticipant(tx, {
      ...{ sid, session_id: session, tenant_id, identity, name: `Name of ${identity}` },
      ...{ joined_at: joinedAt, left_at: leftAt, leave_reason: leftAt === null ? null : 'left' },
      ...{ end_accuracy_ms: 0, reconnected_at: JSON.stringify([joinedAt + 1000]) },
      ...{ transport: 'udp', sdk: 'js', sdk_version: '2.0', os: 'linux', browser: 'firefox' },
      ...{ address: '203.0.113.7', reconstructed: 0 },
    })
    for (const track of tracks) await insertTrack(tx, { participant_sid: sid, ...track })
    await use(tx, (sums) => sums.participant(place, joinedAt))
    if (leftAt !== null) await use(tx, (sums) => sums.time(place, joinedAt, leftAt))
  })
}
