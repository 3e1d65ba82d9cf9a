import { z } from 'zod'
import {
  attributesSchema,
  displayNameSchema,
  freeText,
  identitySchema,
  metadataSchema,
} from '../../domain/names.ts'
import type { DataMessage, ParticipantChanges } from '../../domain/participants.ts'
import type { Whose } from '../../domain/revocations.ts'
import { DAY, instant, PUBLISH_SOURCES, permissionsInput, toGrants } from './inputs.ts'
import { queryFlag, wholeNumber } from './shapes.ts'

/** What a backend may ask of people in a call. */

export const participantChanges = z
  .strictObject({
    name: displayNameSchema.optional(),
    metadata: metadataSchema
      .refine((text) => text !== '', 'cannot be cleared while somebody is in a call')
      .optional()
      .meta({ description: 'LiveKit cannot clear it, nor the name, while somebody is in a call.' }),
    attributes: attributesSchema.nullish().meta({
      description: 'Laid over those that are there; an empty one is removed, and by null all are.',
    }),
    permissions: permissionsInput
      .nullish()
      .meta({ description: 'Those that are named change, the rest stays.' }),
  })
  .meta({ examples: [{ permissions: { can_publish: false } }] })

export const toParticipantChanges = (
  body: z.output<typeof participantChanges>,
): ParticipantChanges => ({
  name: body.name,
  metadata: body.metadata,
  attributes: body.attributes,
  permissions: body.permissions ? toGrants(body.permissions) : undefined,
})

const SOURCES = [...PUBLISH_SOURCES, 'unknown'] as const
const MOST_TRACKS = 100

export const muteInput = z
  .strictObject({
    sources: z
      .array(z.enum(SOURCES))
      .max(SOURCES.length)
      .nullish()
      .meta({ description: 'All tracks of these.' }),
    track_sids: z.array(z.string().min(1).max(64)).max(MOST_TRACKS).nullish(),
    muted: z.boolean().nullish().meta({
      default: true,
      description: 'false unmutes, where the operator allows it.',
    }),
  })
  .refine(
    ({ sources, track_sids }) => (sources?.length ?? 0) + (track_sids?.length ?? 0) > 0,
    'name sources or track_sids',
  )
  .meta({ examples: [{ sources: ['microphone'] }] })

export const toMute = (body: z.output<typeof muteInput>) => ({
  sources: body.sources ?? [],
  trackSids: body.track_sids ?? [],
  muted: body.muted ?? true,
})

const MOST_RPC_BYTES = 15 * 1024
const MOST_RPC_SECONDS = 15

export const rpcInput = z
  .strictObject({
    method: freeText(64).min(1),
    payload: freeText(MOST_RPC_BYTES).nullish().meta({ default: '' }),
    timeout_seconds: z.int().min(1).max(MOST_RPC_SECONDS).nullish().meta({ default: 10 }),
  })
  .meta({ examples: [{ method: 'raise-hand', payload: '{}' }] })

export const toRpcCall = (body: z.output<typeof rpcInput>) => ({
  method: body.method,
  payload: body.payload ?? '',
  timeoutMs: (body.timeout_seconds ?? 10) * 1000,
})

const MOST_DATA_BYTES = 64 * 1024
const MOST_TARGETS = 1000

export const dataInput = z
  .strictObject({
    payload: freeText(MOST_DATA_BYTES).nullish().meta({ description: 'Text.' }),
    payload_base64: z
      .base64()
      .max(Math.ceil(MOST_DATA_BYTES / 3) * 4)
      .nullish()
      .meta({ description: 'Or bytes.' }),
    topic: freeText(128).nullish(),
    reliable: z.boolean().nullish().meta({
      default: true,
      description: 'false: faster, and lost when the network loses it.',
    }),
    identities: z
      .array(identitySchema)
      .max(MOST_TARGETS)
      .nullish()
      .meta({ description: 'Whom it is for; absent or empty is everybody.' }),
  })
  .refine(
    ({ payload, payload_base64 }) =>
      (payload ?? null) === null || (payload_base64 ?? null) === null,
    'give payload or payload_base64, not both',
  )
  .refine(
    ({ payload, payload_base64 }) =>
      (payload ?? null) !== null || (payload_base64 ?? null) !== null,
    'give payload or payload_base64',
  )
  .meta({ examples: [{ payload: '{"type":"hello"}', topic: 'chat' }] })

export const toDataMessage = (body: z.output<typeof dataInput>): DataMessage => ({
  data: Buffer.from(
    body.payload ?? body.payload_base64 ?? '',
    body.payload == null ? 'base64' : 'utf8',
  ),
  reliable: body.reliable ?? true,
  topic: body.topic ?? null,
  identities: [...new Set(body.identities)],
})

export const revocationInput = z
  .strictObject({
    identity: identitySchema.nullish().meta({ description: 'Absent: everybody.' }),
    api_key: z
      .string()
      .max(64)
      .nullish()
      .meta({ description: 'Only tokens that this key of yours minted; it may be deleted.' }),
    issued_before: instant.nullish().meta({ description: 'Absent: now.' }),
  })
  .meta({ examples: [{ identity: 'user-123' }] })

export const toWhose = (body: z.output<typeof revocationInput>): Whose => ({
  identity: body.identity ?? null,
  apiKey: body.api_key ?? null,
  issuedBefore: body.issued_before ?? null,
})

export const inspectInput = z
  .strictObject({
    token: z.string().min(1),
  })
  .meta({ examples: [{ token: 'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9…' }] })

const MOST_BAN_SECONDS = 10 * 365 * DAY

export const removal = z.strictObject({
  ban: queryFlag('`true` keeps the identity out for good, whatever token it holds.'),
  ban_seconds: wholeNumber(1, MOST_BAN_SECONDS)
    .optional()
    .meta({ description: 'Keeps it out for so long.' }),
})
