import { z } from 'zod'
import { EVENT_TYPES, type Event, type EventType } from '../../domain/events.ts'
import { rfc3339 } from '../../lib/clock.ts'
import { invalid } from '../problem.ts'
import { time, wholeNumber } from './shapes.ts'

const ROOM = [
  'room',
  'livekit_name',
  'max_participants',
  'empty_timeout_seconds',
  'departure_timeout_seconds',
  'metadata',
  'locked',
  'opens_at',
  'closes_at',
  'max_duration_seconds',
]
const SESSION = ['session_id', 'room', 'livekit_sid', 'started_at']
const JOINED = ['session_id', 'room', 'identity', 'name', 'sid', 'joined_at']
const LEFT = [...JOINED, 'left_at', 'leave_reason', 'end_accuracy_seconds', 'seconds']
const TRACK = [
  ...['session_id', 'room', 'identity', 'participant_sid'],
  ...['sid', 'kind', 'source', 'published_at'],
]

/** What is in `data`, by type: for the documentation, which a test holds to it. */
export const EVENT_DATA: Readonly<Record<EventType, readonly string[]>> = {
  'room.created': ROOM,
  'room.updated': ROOM,
  'room.deleted': ROOM,
  'session.started': SESSION,
  'session.ended': [
    ...SESSION,
    ...['ended_at', 'end_reason', 'end_accuracy_seconds'],
    ...['peak_participants', 'participant_seconds'],
  ],
  'participant.joined': JOINED,
  'participant.left': LEFT,
  'participant.superseded': LEFT,
  'participant.refused': ['room', 'identity', 'code', 'reason'],
  'participant.banned': ['room', 'identity', 'until'],
  'track.published': TRACK,
  'track.unpublished': [...TRACK, 'unpublished_at'],
  'usage.limit_reached': ['limit', 'value', 'month'],
}

const inWords = Object.entries(EVENT_DATA).map(
  ([type, names]) => `- \`${type}\`: ${names.map((name) => `\`${name}\``).join(', ')}`,
)

export const eventWire = z.strictObject({
  seq: z.int().meta({ description: 'Counts up by one within a tenant; none is missing.' }),
  id: z.string().meta({ examples: ['evt_01kb1x8w3nq7f2e9'] }),
  type: z.enum(EVENT_TYPES),
  at: time,
  data: z.record(z.string(), z.unknown()).meta({
    description: `Depends on the type; more may be added.\n\n${inWords.join('\n')}`,
  }),
  reconstructed: z.boolean().meta({
    description: 'true for what nobody reported and the server concluded afterwards.',
  }),
})

const EVENT_EXAMPLE = {
  seq: 42,
  id: 'evt_01kb1x8w3nq7f2e9',
  type: 'participant.joined',
  at: '2026-11-25T10:00:00.000Z',
  data: {
    session_id: '01kb1x8w3nq7f2e9',
    room: 'team-standup',
    identity: 'user-123',
    name: 'Jane Doe',
    sid: 'PA_6zQ9rTkNqWmB',
    joined_at: '2026-11-25T10:00:00.000Z',
  },
  reconstructed: false,
}

export const eventPageWire = z
  .strictObject({
    stream_id: z.string().meta({
      description:
        'Another one after a backup was restored: numbers may then mean other events than before.',
    }),
    data: z.array(eventWire),
    next_after: z.int().meta({ description: 'Pass it as `after` to go on, now or later.' }),
    last_seq: z.int().meta({
      description:
        'Of the newest event. A page with `types` may be empty although `next_after` is less: go on.',
    }),
  })
  .meta({
    examples: [
      { stream_id: '01kb1x8w3nq7f2e9', data: [EVENT_EXAMPLE], next_after: 42, last_seq: 42 },
    ],
  })

export const toEventWire = (event: Event): z.input<typeof eventWire> => ({
  ...event,
  at: rfc3339(event.at),
  data: event.data as Record<string, unknown>,
})

/** Elysia cuts text with commas by itself, and one name alone stays text. */
const listed = (value: unknown): unknown => (typeof value === 'string' ? value.split(',') : value)

const types = z.preprocess(listed, z.array(z.enum(EVENT_TYPES)).max(EVENT_TYPES.length))

const seq = wholeNumber(0, 999_999_999_999_999)

export const eventsQuery = z.strictObject({
  after: seq
    .optional()
    .meta({ description: 'Events behind this `seq`; without it, from the first.' }),
  types: types.optional().meta({
    description: 'Only these: separated by commas, or the parameter several times.',
    examples: [['participant.joined', 'participant.left']],
  }),
  limit: wholeNumber(1, 100).default(50).meta({ default: 50, description: 'Events on a page.' }),
})

/**
 * What a reader asks for; one that comes back says with Last-Event-ID how far it was.
 * @throws validation_failed: from the first instead it would read everything twice
 */
export const readFrom = (
  { headers }: Request,
  { after = 0, types }: z.output<typeof eventsQuery>,
): { after: number; types: readonly EventType[] | null } => {
  const last = seq.safeParse(headers.get('last-event-id') || after)
  if (last.success) return { after: last.data, types: types ?? null }
  throw invalid(last.error.issues.map(({ message }) => ({ path: 'Last-Event-ID', message })))
}
