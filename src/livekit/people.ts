import type { Grants } from './grants.ts'

export interface LivekitParticipant {
  identity: string
  name: string
  sid: string
  state: 'JOINED' | 'ACTIVE' | 'DISCONNECTED'
  joinedAtMs: number
  tracks: LivekitTrack[]
}

export interface LivekitTrack {
  sid: string
  kind: 'audio' | 'video' | 'data'
  /** lower case; `unknown` where the client did not say */
  source: string
  muted: boolean
  simulcast: boolean
  /** pixels; 0 for what has none */
  width: number
  height: number
}

/** All that livekit-server tells of somebody. */
export interface LivekitPerson {
  identity: string
  name: string
  sid: string
  state: 'joining' | 'joined' | 'active'
  joinedAtMs: number
  metadata: string
  attributes: Record<string, string>
  grants: Grants
  tracks: LivekitTrack[]
}

/** As Twirp writes them: snake_case, 64-bit numbers as text, defaults possibly left out. */
export interface ParticipantJson {
  identity?: string
  name?: string
  sid?: string
  state?: LivekitParticipant['state'] | 'JOINING'
  joined_at_ms?: string
  metadata?: string
  attributes?: Record<string, string>
  permission?: PermissionJson
  tracks?: TrackJson[]
}

interface PermissionJson {
  can_publish?: boolean
  can_subscribe?: boolean
  can_publish_data?: boolean
  can_publish_sources?: string[]
  can_update_metadata?: boolean
  hidden?: boolean
}

interface TrackJson {
  sid?: string
  type?: 'AUDIO' | 'VIDEO' | 'DATA'
  source?: string
  muted?: boolean
  simulcast?: boolean
  width?: number
  height?: number
}

export const participantOf = (one: ParticipantJson): LivekitParticipant[] => {
  const { state = 'JOINING' } = one
  if (state === 'JOINING') return []
  const { identity, name, sid, joinedAtMs, tracks } = personOf(one)
  return [{ identity, name, sid, state, joinedAtMs, tracks }]
}

export const personOf = (one: ParticipantJson): LivekitPerson => ({
  identity: one.identity ?? '',
  name: one.name ?? '',
  sid: one.sid ?? '',
  state: one.state === 'ACTIVE' ? 'active' : one.state === 'JOINED' ? 'joined' : 'joining',
  joinedAtMs: Number(one.joined_at_ms ?? 0),
  metadata: one.metadata ?? '',
  attributes: one.attributes ?? {},
  grants: grantsIn(one.permission ?? {}),
  tracks: (one.tracks ?? []).map(trackOf),
})

const grantsIn = (permission: PermissionJson): Grants => ({
  canPublish: permission.can_publish === true,
  canSubscribe: permission.can_subscribe === true,
  canPublishData: permission.can_publish_data === true,
  ...(permission.can_publish_sources?.length
    ? { canPublishSources: permission.can_publish_sources.map((source) => source.toLowerCase()) }
    : {}),
  canUpdateOwnMetadata: permission.can_update_metadata === true,
  hidden: permission.hidden === true,
})

export const permissionOf = (grants: Grants): PermissionJson => ({
  can_publish: grants.canPublish,
  can_subscribe: grants.canSubscribe,
  can_publish_data: grants.canPublishData,
  can_publish_sources: (grants.canPublishSources ?? []).map((source) => source.toUpperCase()),
  can_update_metadata: grants.canUpdateOwnMetadata,
  hidden: grants.hidden,
})

const trackOf = (track: TrackJson): LivekitTrack => ({
  sid: track.sid ?? '',
  kind: track.type === 'VIDEO' ? 'video' : track.type === 'DATA' ? 'data' : 'audio',
  source: (track.source ?? 'UNKNOWN').toLowerCase(),
  muted: track.muted === true,
  simulcast: track.simulcast === true,
  width: track.width ?? 0,
  height: track.height ?? 0,
})
