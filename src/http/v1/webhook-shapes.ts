import { z } from 'zod'
import type { Delivery, Range } from '../../domain/deliveries.ts'
import { EVENT_TYPES } from '../../domain/events.ts'
import { type PageQuery, pageIn } from '../../domain/page.ts'
import type { Outcome } from '../../domain/webhook-sender.ts'
import type { NewWebhook, WantedTypes, Webhook } from '../../domain/webhooks.ts'
import { rfc3339, rfc3339OrNull } from '../../lib/clock.ts'
import { DAY } from './inputs.ts'
import { pageQuery, queryFlag, time, toListWire } from './shapes.ts'

/** What webhooks look like from outside, and what is sent to change them. */

const ALL = '*'
const typeName = z.enum([...EVENT_TYPES, ALL])

const EXAMPLE = {
  id: 'wh_mi3v9k2p0x7m1bz3f4qk',
  url: 'https://backend.example/webhooks/golive',
  types: ['participant.joined', 'participant.left'],
  status: 'active',
  disabled_reason: null,
  created_at: '2026-11-25T10:00:00.000Z',
  last_success_at: '2026-11-25T10:00:01.000Z',
  last_failure_at: null,
}

const webhookMembers = {
  id: z.string(),
  url: z.string(),
  types: z.array(typeName).meta({ description: 'What it is told of; `*` is everything.' }),
  status: z.enum(['active', 'disabled']),
  disabled_reason: z.string().nullable().meta({ description: 'For people; may change.' }),
  created_at: time,
  last_success_at: time.nullable(),
  last_failure_at: time.nullable(),
}

export const webhookWire = z.strictObject(webhookMembers).meta({ examples: [EXAMPLE] })

export const newWebhookWire = z
  .strictObject({
    ...webhookMembers,
    secret: z.string().meta({
      description: 'What messages are verified with; shown this once, nothing can show it again.',
    }),
  })
  .meta({ examples: [{ ...EXAMPLE, secret: 'whsec_…' }] })

export const toWebhookWire = (webhook: Webhook): z.input<typeof webhookWire> => ({
  id: webhook.id,
  url: webhook.url,
  types: webhook.types,
  status: webhook.status,
  disabled_reason: webhook.disabledReason,
  created_at: rfc3339(webhook.createdAt),
  last_success_at: rfc3339OrNull(webhook.lastSuccessAt),
  last_failure_at: rfc3339OrNull(webhook.lastFailureAt),
})

/** The one answer that holds a secret. */
export const toNewWebhookWire = (webhook: NewWebhook): z.input<typeof newWebhookWire> => ({
  ...toWebhookWire(webhook),
  secret: webhook.secret,
})

/** All are on one page: a tenant cannot have many. */
export const toWebhookListWire = (webhooks: Webhook[], query: PageQuery = {}) =>
  toListWire(
    pageIn(webhooks, query, ({ createdAt, id }) => ({ createdAt, id })),
    toWebhookWire,
  )

const outcomeMembers = {
  status_code: z
    .int()
    .nullable()
    .meta({ description: 'What the endpoint answered; null where it did not.' }),
  duration_ms: z.int().nullable(),
  error: z.string().nullable().meta({
    description: 'Why it did not arrive, for people; null when it did.',
  }),
  response_excerpt: z
    .string()
    .nullable()
    .meta({ description: 'How the body of the answer begins, at most 1 KiB.' }),
}

export const deliveryWire = z
  .strictObject({
    id: z.string(),
    seq: z.int().meta({ description: 'Of the event.' }),
    type: z.string().meta({
      description: 'Of the event; `webhook.skipped` for events that were not delivered.',
    }),
    attempt: z.int(),
    at: time,
    ...outcomeMembers,
    next_attempt_at: time.nullable(),
  })
  .meta({
    examples: [
      {
        id: 'mi3v9k2p0x7m1bz3f4qk',
        seq: 42,
        type: 'participant.joined',
        attempt: 1,
        at: '2026-11-25T10:00:00.000Z',
        status_code: 500,
        duration_ms: 31,
        error: 'answered with status 500',
        response_excerpt: 'Internal Server Error',
        next_attempt_at: '2026-11-25T10:00:05.300Z',
      },
    ],
  })

export const toDeliveryWire = (delivery: Delivery): z.input<typeof deliveryWire> => ({
  id: delivery.id,
  seq: delivery.seq,
  type: delivery.type,
  attempt: delivery.attempt,
  at: rfc3339(delivery.createdAt),
  ...toOutcomeMembers(delivery),
  next_attempt_at: rfc3339OrNull(delivery.nextAttemptAt),
})

export const testWire = z.strictObject(outcomeMembers)

const toOutcomeMembers = (
  outcome: Pick<Delivery, 'statusCode' | 'durationMs' | 'error' | 'responseExcerpt'>,
) => ({
  status_code: outcome.statusCode,
  duration_ms: outcome.durationMs,
  error: outcome.error,
  response_excerpt: outcome.responseExcerpt,
})

export const toTestWire = (outcome: Outcome): z.input<typeof testWire> => toOutcomeMembers(outcome)

const seq = z.int().min(1)

export const rangeWire = z
  .strictObject({ from_seq: seq, to_seq: seq })
  .meta({ examples: [{ from_seq: 40, to_seq: 99 }] })

export const toRange = ({ from_seq, to_seq }: z.output<typeof rangeWire>): Range => ({
  fromSeq: from_seq,
  toSeq: to_seq,
})

export const toRangeWire = ({ fromSeq, toSeq }: Range): z.input<typeof rangeWire> => ({
  from_seq: fromSeq,
  to_seq: toSeq,
})

const url = z.string().min(1).max(2048).meta({
  description: 'Begins with `https://`, and leads to a public address. Redirects are not followed.',
})

const types = z.array(typeName).max(EVENT_TYPES.length).meta({
  description: 'What it is told of; an empty list and `["*"]` are everything.',
})

export const webhookCreate = z
  .strictObject({ url, types: types.nullish() })
  .meta({ examples: [{ url: EXAMPLE.url, types: EXAMPLE.types }] })

export const webhookPatch = z
  .strictObject({
    url: url.optional(),
    types: types.nullish(),
    status: z.enum(['active', 'disabled']).optional().meta({
      description: '`active` goes on where it was, and at once; `disabled` stops it.',
    }),
  })
  .meta({ examples: [{ status: 'active' }] })

/** Null, an empty list and one with a star are all alike. */
export const toTypes = (given: z.output<typeof types> | null | undefined): WantedTypes => {
  const named = EVENT_TYPES.filter((type) => given?.includes(type))
  return named.length === 0 || given?.includes(ALL) ? [ALL] : named
}

export const secretRotate = z
  .strictObject({
    overlap_seconds: z
      .int()
      .min(0)
      .max(30 * DAY)
      .nullish()
      .meta({
        default: DAY,
        description: 'How long the old secret signs, too; with 0 it stops at once.',
      }),
  })
  .meta({ examples: [{ overlap_seconds: 3600 }] })

export const toOverlap = (body: z.output<typeof secretRotate>): number =>
  body.overlap_seconds ?? DAY

export const deliveriesQuery = pageQuery.extend({
  failed: queryFlag('`true` lists only what did not arrive.'),
})
