import { z } from 'zod'
import {
  attributesSchema,
  displayNameSchema,
  freeText,
  identitySchema,
  metadataSchema,
  roomNameSchema,
} from '../../domain/names.ts'
import type { GrantChanges } from '../../domain/roles.ts'
import { ROOM_DEFAULTS, type RoomInput } from '../../domain/room.ts'
import type { TokenInput } from '../../domain/tokens.ts'
import { queryFlag } from './shapes.ts'

/** The shapes of request bodies. Null is the same as absent, but on PATCH, where it clears. */

export const DAY = 86_400
const MAX_ROOM_METADATA_BYTES = 32 * 1024

/** An instant with any offset, as milliseconds. */
export const instant = z.iso
  .datetime({ offset: true, error: 'must be an RFC 3339 time such as 2026-11-25T10:00:00Z' })
  .transform((text) => Date.parse(text))

const settings = {
  max_participants: z.int().min(1).max(10_000).nullish().meta({
    description: 'People in the room at once; null leaves it to the limit of the tenant.',
  }),
  empty_timeout_seconds: z.int().min(1).max(DAY).nullish().meta({
    default: ROOM_DEFAULTS.emptyTimeoutSeconds,
    description: 'How long the call stays open when nobody joins.',
  }),
  departure_timeout_seconds: z.int().min(1).max(DAY).nullish().meta({
    default: ROOM_DEFAULTS.departureTimeoutSeconds,
    description: 'How long the call stays open after the last person left.',
  }),
  metadata: freeText(MAX_ROOM_METADATA_BYTES).nullish().meta({
    default: ROOM_DEFAULTS.metadata,
    description: 'Free text that everybody in the room sees; at most 32 KiB.',
  }),
  locked: z.boolean().nullish().meta({
    default: ROOM_DEFAULTS.locked,
    description: 'true: nobody new gets in; who is in may reconnect.',
  }),
  opens_at: instant.nullish().meta({ description: 'Nobody is let in before.' }),
  closes_at: instant.nullish().meta({ description: 'The call ends and nobody is let in after.' }),
  max_duration_seconds: z
    .int()
    .min(60)
    .max(30 * DAY)
    .nullish()
    .meta({
      description: 'A call ends so long after it began.',
    }),
}

export const roomSettings = z
  .strictObject(settings)
  .meta({ examples: [{ max_participants: 25, locked: true }] })

export const roomCreate = z
  .strictObject({
    name: roomNameSchema.meta({ examples: ['team-standup'] }),
    ...settings,
  })
  .meta({ examples: [{ name: 'team-standup', max_participants: 25 }] })

export type RoomSettings = z.output<typeof roomSettings>

/** For creating and replacing: null is absent, and absent is the default. */
export const toRoomInput = (body: RoomSettings): RoomInput => ({
  maxParticipants: body.max_participants ?? undefined,
  emptyTimeoutSeconds: body.empty_timeout_seconds ?? undefined,
  departureTimeoutSeconds: body.departure_timeout_seconds ?? undefined,
  metadata: body.metadata ?? undefined,
  locked: body.locked ?? undefined,
  opensAt: body.opens_at ?? undefined,
  closesAt: body.closes_at ?? undefined,
  maxDurationSeconds: body.max_duration_seconds ?? undefined,
})

/** For changing: absent keeps, null goes back to the default. */
export const toRoomChanges = (body: RoomSettings): RoomInput => ({
  maxParticipants: body.max_participants,
  emptyTimeoutSeconds: cleared(body.empty_timeout_seconds, ROOM_DEFAULTS.emptyTimeoutSeconds),
  departureTimeoutSeconds: cleared(
    body.departure_timeout_seconds,
    ROOM_DEFAULTS.departureTimeoutSeconds,
  ),
  metadata: cleared(body.metadata, ROOM_DEFAULTS.metadata),
  locked: cleared(body.locked, ROOM_DEFAULTS.locked),
  opensAt: body.opens_at,
  closesAt: body.closes_at,
  maxDurationSeconds: body.max_duration_seconds,
})

const cleared = <T>(value: T | null | undefined, cleared: T): T | undefined =>
  value === null ? cleared : value

const DEFAULT_TTL_SECONDS = 3600

export const keyCreate = z
  .strictObject({
    label: freeText(128)
      .min(1)
      .nullish()
      .meta({ description: 'What the key is for, at most 128 bytes of UTF-8.' }),
    expires_at: instant
      .nullish()
      .meta({ description: 'When the key stops working; tokens that it minted do not.' }),
  })
  .meta({ examples: [{ label: 'backend 2026', expires_at: null }] })

export const toKeyInput = (body: z.output<typeof keyCreate>) => ({
  label: body.label ?? null,
  expiresAt: body.expires_at ?? null,
})

export const keyRotate = z
  .strictObject({
    overlap_seconds: z
      .int()
      .min(0)
      .max(30 * DAY)
      .nullish()
      .meta({
        default: DAY,
        description: 'How long the old secret works, too; with 0 it stops at once.',
      }),
    keep_tokens: z.boolean().nullish().meta({
      default: false,
      description:
        'Only with an overlap of 0: `true` leaves the tokens valid that the key has minted.',
    }),
  })
  .meta({ examples: [{ overlap_seconds: 3600 }] })

export const toRotation = (body: z.output<typeof keyRotate>) => ({
  overlapSeconds: body.overlap_seconds ?? DAY,
  keepTokens: body.keep_tokens ?? false,
})

export const keyDelete = z.strictObject({
  keep_tokens: queryFlag('`true` leaves the tokens valid that the key has minted.'),
})

export const PUBLISH_SOURCES = [
  'camera',
  'microphone',
  'screen_share',
  'screen_share_audio',
] as const

/** What somebody may do in a room, in LiveKit's words; absent keeps what holds without. */
const permissionMembers = {
  can_publish: z.boolean().nullish(),
  can_subscribe: z.boolean().nullish(),
  can_publish_data: z.boolean().nullish(),
  can_publish_sources: z.array(z.enum(PUBLISH_SOURCES)).max(PUBLISH_SOURCES.length).nullish().meta({
    description: 'Only these may be published; an empty list means nothing.',
  }),
  can_update_own_metadata: z.boolean().nullish(),
  hidden: z.boolean().nullish().meta({ description: 'Not shown to others in the room.' }),
}

export const permissionsInput = z.strictObject(permissionMembers)

export const toGrants = (body: z.output<typeof permissionsInput>): GrantChanges => ({
  canPublish: body.can_publish ?? undefined,
  canSubscribe: body.can_subscribe ?? undefined,
  canPublishData: body.can_publish_data ?? undefined,
  canPublishSources: body.can_publish_sources ?? undefined,
  canUpdateOwnMetadata: body.can_update_own_metadata ?? undefined,
  hidden: body.hidden ?? undefined,
})

export const roleName = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9_-]{0,38}[a-z0-9])?$/, 'must be 1 to 40 of a-z, 0-9, _ and -')

export const roleInput = permissionsInput.meta({
  examples: [{ can_publish_sources: ['microphone'], can_publish_data: false }],
})

export const tokenRequest = z
  .strictObject({
    identity: identitySchema.meta({
      description: 'Who joins: opaque, the same for the same person, at most 128 bytes of UTF-8.',
      examples: ['user-123'],
    }),
    name: displayNameSchema
      .nullish()
      .meta({ description: 'How the person is shown.', examples: ['Jane Doe'] }),
    role: roleName.nullish().meta({
      description:
        'Preset of grants: host, speaker, viewer, broadcaster, or one of your own. What is given beside it wins.',
    }),
    ...permissionMembers,
    can_publish: z.boolean().nullish().meta({ default: true }),
    can_subscribe: z.boolean().nullish().meta({ default: true }),
    can_publish_data: z.boolean().nullish().meta({ default: true }),
    can_update_own_metadata: z.boolean().nullish().meta({
      default: false,
      description:
        'May change their own name, metadata and attributes: these up to 8 KiB each when joining, up to 32 KiB in the call.',
    }),
    metadata: metadataSchema.nullish(),
    attributes: attributesSchema.nullish(),
    eject_at_expiry: z.boolean().nullish().meta({
      default: false,
      description: 'The person leaves the call when the token ends, not only cannot join any more.',
    }),
    on_duplicate: z.enum(['replace', 'reject']).nullish().meta({
      default: 'replace',
      description:
        'When the identity is in the room already: `replace` puts the earlier connection out, `reject` keeps the new one out as long as the earlier one lives.',
    }),
    ttl_seconds: z.int().min(60).max(DAY).nullish().meta({
      default: DEFAULT_TTL_SECONDS,
      description: 'How long the token can be used to join.',
    }),
  })
  .meta({ examples: [{ identity: 'user-123', name: 'Jane Doe', ttl_seconds: 3600 }] })

export type TokenRequest = z.output<typeof tokenRequest>

export const toTokenInput = (body: TokenRequest): TokenInput => ({
  identity: body.identity,
  name: body.name ?? undefined,
  role: body.role ?? undefined,
  grants: toGrants(body),
  metadata: body.metadata ?? undefined,
  attributes: body.attributes ?? undefined,
  ejectAtExpiry: body.eject_at_expiry ?? false,
  onDuplicate: body.on_duplicate ?? 'replace',
  ttlSeconds: body.ttl_seconds ?? DEFAULT_TTL_SECONDS,
})
