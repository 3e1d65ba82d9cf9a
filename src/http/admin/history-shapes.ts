import { z } from 'zod'
import type { SessionParticipant } from '../../domain/sessions.ts'
import { rfc3339, rfc3339OrNull } from '../../lib/clock.ts'
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
