import { z } from 'zod'
import { secondsOf } from '../../domain/event-data.ts'
import type { Session, SessionParticipant } from '../../domain/sessions.ts'
import { rfc3339, rfc3339OrNull } from '../../lib/clock.ts'
import { pageQuery, queryFlag, time } from './shapes.ts'

/** The shapes of answers about calls that were or are. */

const seconds = (description: string) => z.number().meta({ description })

const reconstructed = z.boolean().meta({
  description: 'true where something was not reported, and was concluded afterwards.',
})

const accuracy = seconds('By how much the end may be off; 0 when it was reported.')

export const callSessionWire = z
  .strictObject({
    id: z.string(),
    room: z.string(),
    livekit_sid: z.string(),
    started_at: time.meta({ description: 'When the first came.' }),
    ended_at: time.nullable().meta({ description: 'When the last left; null while it runs.' }),
    end_reason: z.string().nullable().meta({
      description:
        '`empty`, `ended`, `room_deleted`, `closed` or `max_duration`; `livekit_exited`, `livekit_restarted` or `server_stopped` where the media server went. Null while it runs.',
    }),
    peak_participants: z.int().meta({ description: 'The most people in it at once.' }),
    participant_seconds: seconds(
      'Of all people together; of those who are in it up to now. Not rounded.',
    ),
    end_accuracy_seconds: accuracy,
    reconstructed,
  })
  .meta({
    examples: [
      {
        id: '01kb1x8w3nq7f2e9',
        room: 'team-standup',
        livekit_sid: 'RM_hvPhXbHzTvxc',
        started_at: '2026-11-25T10:00:00.000Z',
        ended_at: '2026-11-25T10:30:00.000Z',
        end_reason: 'empty',
        peak_participants: 2,
        participant_seconds: 3321.5,
        end_accuracy_seconds: 0,
        reconstructed: false,
      },
    ],
  })

export const toSessionWire = (one: Session): z.input<typeof callSessionWire> => ({
  id: one.id,
  room: one.room,
  livekit_sid: one.livekitSid,
  started_at: rfc3339(one.startedAt),
  ended_at: rfc3339OrNull(one.endedAt),
  end_reason: one.endReason,
  peak_participants: one.peakParticipants,
  participant_seconds: secondsOf(one.participantMs),
  end_accuracy_seconds: secondsOf(one.endAccuracyMs),
  reconstructed: one.reconstructed,
})

export const sessionParticipantWire = z.strictObject({
  identity: z.string().meta({ examples: ['user-123'] }),
  name: z.string(),
  sid: z.string().meta({ description: 'Another one each time that somebody comes.' }),
  joined_at: time,
  left_at: time.nullable(),
  leave_reason: z.string().nullable().meta({
    description:
      "LiveKit's word for it in lower case, such as `client_initiated`, `duplicate_identity`, `participant_removed`, `connection_timeout` or `unknown_reason`; or why the media server went.",
  }),
  seconds: seconds('Up to now for who is in the call.'),
  reconnects: z.int(),
  transport: z.string().nullable().meta({ description: '`udp`, `tcp` or `turn`.' }),
  sdk: z.string().nullable(),
  sdk_version: z.string().nullable(),
  os: z.string().nullable(),
  browser: z.string().nullable(),
  published: z
    .strictObject({
      microphone_seconds: z.number(),
      camera_seconds: z.number(),
      screen_share_seconds: z.number(),
    })
    .meta({ description: 'How long a track of each source was published, muted or not.' }),
  end_accuracy_seconds: accuracy,
  reconstructed,
})

export const toSessionParticipantWire = (
  one: SessionParticipant,
): z.input<typeof sessionParticipantWire> => ({
  identity: one.identity,
  name: one.name,
  sid: one.sid,
  joined_at: rfc3339(one.joinedAt),
  left_at: rfc3339OrNull(one.leftAt),
  leave_reason: one.leaveReason,
  seconds: secondsOf(one.ms),
  reconnects: one.reconnectedAt.length,
  transport: one.transport,
  sdk: one.sdk,
  sdk_version: one.sdkVersion,
  os: one.os,
  browser: one.browser,
  published: {
    microphone_seconds: secondsOf(one.publishedMs.microphone),
    camera_seconds: secondsOf(one.publishedMs.camera),
    screen_share_seconds: secondsOf(one.publishedMs.screen_share),
  },
  end_accuracy_seconds: secondsOf(one.endAccuracyMs),
  reconstructed: one.reconstructed,
})

export const roomSessionsQuery = pageQuery.extend({
  active: queryFlag('`true` lists only those that run now.'),
})

export const sessionsQuery = roomSessionsQuery.extend({
  // Of a name that no room can have there are no calls, and that is the answer.
  room: z
    .string()
    .max(128)
    .refine((text) => !text.includes('\0'), 'must not contain the NUL character')
    .optional()
    .meta({ description: 'Only those in this room.' }),
})
