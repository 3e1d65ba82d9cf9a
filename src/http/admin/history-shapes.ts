import { z } from 'zod'
import type { RefusedJoin, SessionParticipant } from '../../domain/sessions.ts'
import { rfc3339, rfc3339OrNull } from '../../lib/clock.ts'
import { eventsQuery, eventWire } from '../v1/event-shapes.ts'
import { sessionParticipantWire, toSessionParticipantWire } from '../v1/session-shapes.ts'
import { time } from '../v1/shapes.ts'

const trackWire = z.strictObject({
  sid: z.string(),
  kind: z.string(),
  source: z.string().meta({ examples: ['microphone'] }),
  published_at: time,
  unpublished_at: time.nullable(),
  mutes: z
    .array(z.strictObject({ from: time, to: time.nullable() }))
    .meta({ description: '`to` is null for one that lasts.' }),
})

/** One stay of somebody in a call, with all that a picture of it needs. */
export const stayWire = sessionParticipantWire.extend({
  address: z.string().nullable().meta({ description: 'An IP address.' }),
  reconnected_at: z.array(time),
  tracks: z.array(trackWire),
})

export const toStayWire = (one: SessionParticipant): z.input<typeof stayWire> => ({
  ...toSessionParticipantWire(one),
  address: one.address,
  reconnected_at: one.reconnectedAt.map(rfc3339),
  tracks: one.tracks.map(({ sid, kind, source, publishedAt, unpublishedAt, mutes }) => ({
    ...{ sid, kind, source },
    published_at: rfc3339(publishedAt),
    unpublished_at: rfc3339OrNull(unpublishedAt),
    mutes: mutes.map(([from, to]) => ({ from: rfc3339(from), to: rfc3339OrNull(to) })),
  })),
})

export const refusedJoinWire = z.strictObject({
  seq: z.int().meta({ description: 'Of its event.' }),
  at: time,
  identity: z.string(),
  code: z.string().meta({ examples: ['room_full'] }),
  reason: z.string().meta({ description: 'For people.' }),
})

export const toRefusedJoinWire = (one: RefusedJoin): z.input<typeof refusedJoinWire> => ({
  seq: one.seq,
  at: rfc3339(one.at),
  identity: one.identity,
  code: one.code,
  reason: one.reason,
})

export const newestEventsWire = z.strictObject({
  stream_id: z.string(),
  data: z.array(eventWire),
  next_before: z.int().nullable().meta({
    description:
      'Pass it as `before` to go on; null where nothing is kept before. A page with `types` may be empty ahead of that.',
  }),
  last_seq: z.int().meta({ description: 'Of the newest event; what comes is behind it.' }),
})

export const newestEventsQuery = eventsQuery.omit({ after: true }).extend({
  before: eventsQuery.shape.after.meta({
    description: 'Events ahead of this `seq`; without it, from the newest.',
  }),
})
