/** What the admin API answers about what happened. Times are RFC 3339. */

export interface CallSession {
  id: string
  room: string
  livekit_sid: string
  started_at: string
  ended_at: string | null
  end_reason: string | null
  peak_participants: number
  participant_seconds: number
  end_accuracy_seconds: number
  reconstructed: boolean
}

export interface Track {
  sid: string
  kind: string
  source: string
  published_at: string
  unpublished_at: string | null
  mutes: { from: string; to: string | null }[]
}

/** One stay of somebody in a call. */
export interface Stay {
  identity: string
  name: string
  sid: string
  joined_at: string
  left_at: string | null
  leave_reason: string | null
  seconds: number
  reconnects: number
  transport: string | null
  sdk: string | null
  sdk_version: string | null
  os: string | null
  browser: string | null
  address: string | null
  published: { microphone_seconds: number; camera_seconds: number; screen_share_seconds: number }
  end_accuracy_seconds: number
  reconstructed: boolean
  reconnected_at: string[]
  tracks: Track[]
}

export interface HappenedEvent {
  seq: number
  id: string
  type: string
  at: string
  data: Record<string, unknown>
  reconstructed: boolean
}

export interface EventPage {
  stream_id: string
  data: HappenedEvent[]
  next_after: number
  last_seq: number
}

export interface NewestEvents {
  stream_id: string
  /** newest first */
  data: HappenedEvent[]
  next_before: number | null
  last_seq: number
}

/** A join that was refused. */
export interface RefusedJoin {
  seq: number
  at: string
  identity: string
  code: string
  reason: string
}
