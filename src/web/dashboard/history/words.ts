import { capital } from '../text.ts'

/** What the record says in names, told to people. */

/** How a stay ended: a picture shows `lost` otherwise than what was meant. */
type Tone = 'left' | 'lost' | 'superseded' | 'out'

interface Words {
  text: string
  tone: Tone
}

const LEAVES: Record<string, Words> = {
  client_initiated: { text: 'Left', tone: 'left' },
  duplicate_identity: { text: 'Replaced by a newer join', tone: 'superseded' },
  participant_removed: { text: 'Was put out', tone: 'out' },
  room_deleted: { text: 'The call was ended', tone: 'out' },
  room_closed: { text: 'The call was ended', tone: 'out' },
  ended: { text: 'The call was ended', tone: 'out' },
  closed: { text: 'The room closed', tone: 'out' },
  max_duration: { text: 'The longest time was over', tone: 'out' },
  connection_timeout: { text: 'Lost the connection', tone: 'lost' },
  signal_close: { text: 'Lost the connection', tone: 'lost' },
  media_failure: { text: 'Media failed', tone: 'lost' },
  join_failure: { text: 'Never got connected', tone: 'lost' },
  state_mismatch: { text: 'Client and server disagreed', tone: 'lost' },
  server_shutdown: { text: 'The media server stopped', tone: 'lost' },
  livekit_exited: { text: 'The media server failed', tone: 'lost' },
  livekit_restarted: { text: 'The media server was restarted', tone: 'lost' },
  server_stopped: { text: 'The server was stopped', tone: 'lost' },
  unknown_reason: { text: 'Gone, reason unknown', tone: 'lost' },
}

/** @param reason null while somebody is in the call */
export const leaveWords = (reason: string | null): Words =>
  reason === null
    ? { text: 'In the call', tone: 'left' }
    : (LEAVES[reason] ?? { text: spaced(reason), tone: 'lost' })

const ENDS: Record<string, string> = {
  empty: 'Everybody left',
  ended: 'Ended by the API',
  room_deleted: 'The room was deleted',
  closed: 'The room closed',
  max_duration: 'The longest time was over',
  livekit_exited: 'The media server failed',
  livekit_restarted: 'The media server was restarted',
  server_stopped: 'The server was stopped',
}

/** Ends that were nobody's wish. */
const FAILURES = new Set(['livekit_exited', 'livekit_restarted', 'server_stopped'])

/** @param reason null while the call runs */
export const endWords = (reason: string | null): string =>
  reason === null ? 'Still running' : (ENDS[reason] ?? spaced(reason))

export const isFailedEnd = (reason: string | null): boolean => FAILURES.has(reason ?? '')

const SOURCES: Record<string, string> = {
  microphone: 'microphone',
  camera: 'camera',
  screen_share: 'screen share',
  screen_share_audio: 'sound of the screen share',
}

export const sourceWords = (source: unknown): string => SOURCES[String(source)] ?? 'track'

const EVENTS: Record<string, string> = {
  'room.created': 'Room created',
  'room.updated': 'Room changed',
  'room.deleted': 'Room deleted',
  'session.started': 'Call began',
  'session.ended': 'Call ended',
  'participant.joined': 'Joined',
  'participant.left': 'Left',
  'participant.superseded': 'Replaced by a newer join',
  'participant.refused': 'Join refused',
  'participant.banned': 'Banned',
  'track.published': 'Published',
  'track.unpublished': 'Unpublished',
  'usage.limit_reached': 'Limit reached',
  'webhook.skipped': 'Skipped',
}

export const eventWords = (type: string): string => EVENTS[type] ?? spaced(type)

const TRANSPORTS: Record<string, string> = { udp: 'UDP', tcp: 'TCP', turn: 'TURN' }

export const transportWords = (transport: string | null): string =>
  transport === null ? 'not known' : (TRANSPORTS[transport] ?? transport)

const spaced = (name: string): string => capital(name.replaceAll(/[._]/g, ' '))
