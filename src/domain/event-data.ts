import { rfc3339, rfc3339OrNull } from '../lib/clock.ts'
import type { SessionParticipantRow } from '../store/session-participants.ts'
import type { SessionRow } from '../store/sessions.ts'
import type { TrackRow } from '../store/tracks.ts'
import type { Room } from './room.ts'

/** Exact: what was counted in milliseconds loses nothing. */
export const secondsOf = (ms: number): number => ms / 1000

/** What a room is set to, as JSON shows it. */
export const roomSettings = (room: Room) => ({
  livekit_name: room.livekitName,
  max_participants: room.maxParticipants,
  empty_timeout_seconds: room.emptyTimeoutSeconds,
  departure_timeout_seconds: room.departureTimeoutSeconds,
  metadata: room.metadata,
  locked: room.locked,
  opens_at: rfc3339OrNull(room.opensAt),
  closes_at: rfc3339OrNull(room.closesAt),
  max_duration_seconds: room.maxDurationSeconds,
})

/** Each as it stands in an event's `data`, for readers outside. */
export const roomData = (room: Room): object => ({ room: room.name, ...roomSettings(room) })

export const sessionData = (session: SessionRow): object => ({
  session_id: session.id,
  room: session.room,
  livekit_sid: session.livekit_sid,
  started_at: rfc3339(session.started_at),
})

export const endedSessionData = (session: SessionRow): object => ({
  ...sessionData(session),
  ended_at: rfc3339OrNull(session.ended_at),
  end_reason: session.end_reason,
  end_accuracy_seconds: secondsOf(session.end_accuracy_ms),
  peak_participants: session.peak_participants,
  participant_seconds: secondsOf(session.participant_ms),
})

export const participantData = (session: SessionRow, one: SessionParticipantRow): object => ({
  session_id: session.id,
  room: session.room,
  identity: one.identity,
  name: one.name,
  sid: one.sid,
  joined_at: rfc3339(one.joined_at),
})

export const leftData = (session: SessionRow, one: SessionParticipantRow): object => ({
  ...participantData(session, one),
  left_at: rfc3339OrNull(one.left_at),
  leave_reason: one.leave_reason,
  end_accuracy_seconds: secondsOf(one.end_accuracy_ms),
  seconds: secondsOf((one.left_at ?? one.joined_at) - one.joined_at),
})

export const trackData = (
  session: SessionRow,
  one: SessionParticipantRow,
  track: TrackRow,
): object => ({
  session_id: session.id,
  room: session.room,
  identity: one.identity,
  participant_sid: one.sid,
  sid: track.sid,
  kind: track.kind,
  source: track.source,
  published_at: rfc3339(track.published_at),
  ...(track.unpublished_at === null ? {} : { unpublished_at: rfc3339(track.unpublished_at) }),
})
