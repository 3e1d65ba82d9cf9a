import { z } from 'zod'
import type { Inspection } from '../../domain/inspection.ts'
import type { Ban } from '../../domain/moderation.ts'
import type { Participant } from '../../domain/participants.ts'
import type { Revocation } from '../../domain/revocations.ts'
import type { Role } from '../../domain/roles.ts'
import { rfc3339, rfc3339OrNull } from '../../lib/clock.ts'
import { time } from './shapes.ts'

/** The shapes of answers about people in calls and what they may do. */

const permissionMembers = {
  can_publish: z.boolean(),
  can_subscribe: z.boolean(),
  can_publish_data: z.boolean(),
  can_publish_sources: z
    .array(z.string())
    .meta({ description: 'Empty: no source is left out, if `can_publish`.' }),
  can_update_own_metadata: z.boolean(),
  hidden: z.boolean(),
}

const permissionsWire = z.strictObject(permissionMembers)

const toPermissionsWire = (grants: Role['grants']): z.input<typeof permissionsWire> => ({
  can_publish: grants.canPublish,
  can_subscribe: grants.canSubscribe,
  can_publish_data: grants.canPublishData,
  can_publish_sources: grants.canPublishSources ?? [],
  can_update_own_metadata: grants.canUpdateOwnMetadata,
  hidden: grants.hidden,
})

const trackWire = z.strictObject({
  sid: z.string().meta({ examples: ['TR_AMbN3vXgrBtqzd'] }),
  kind: z.enum(['audio', 'video', 'data']),
  source: z.string().meta({ examples: ['microphone'] }),
  muted: z.boolean(),
  simulcast: z.boolean(),
  width: z.int().meta({ description: 'Pixels; 0 for what has none.' }),
  height: z.int(),
})

const connectionWire = z.strictObject({
  transport: z
    .enum(['udp', 'tcp', 'turn'])
    .nullable()
    .meta({ description: 'How media travels; null until it does.' }),
  sdk: z
    .string()
    .nullable()
    .meta({ examples: ['js'] }),
  sdk_version: z.string().nullable(),
  os: z.string().nullable(),
  browser: z.string().nullable(),
  address: z.string().nullable().meta({ description: 'An IP address.' }),
})

export const participantWire = z.strictObject({
  identity: z.string().meta({ examples: ['user-123'] }),
  name: z.string(),
  sid: z.string().meta({ examples: ['PA_6zQ9rTkNqWmB'] }),
  state: z.enum(['joining', 'joined', 'active']),
  joined_at: time,
  permissions: permissionsWire,
  metadata: z.string(),
  attributes: z.record(z.string(), z.string()),
  tracks: z.array(trackWire),
  connection: connectionWire,
})

export const toParticipantWire = (one: Participant): z.input<typeof participantWire> => ({
  identity: one.identity,
  name: one.name,
  sid: one.sid,
  state: one.state,
  joined_at: rfc3339(one.joinedAtMs),
  permissions: toPermissionsWire(one.grants),
  metadata: one.metadata,
  attributes: one.attributes,
  tracks: one.tracks,
  connection: {
    transport: one.arrival?.transport ?? null,
    sdk: one.arrival?.sdk ?? null,
    sdk_version: one.arrival?.sdkVersion ?? null,
    os: one.arrival?.os ?? null,
    browser: one.arrival?.browser ?? null,
    address: one.address,
  },
})

export const erasureWire = z.strictObject({ requested_at: time })

export const banWire = z.strictObject({
  identity: z.string(),
  banned_at: time,
  ends_at: time.nullable().meta({ description: 'null: for good.' }),
})

export const toBanWire = ({ identity, bannedAt, banEndsAt }: Ban): z.input<typeof banWire> => ({
  identity,
  banned_at: rfc3339(bannedAt),
  ends_at: rfc3339OrNull(banEndsAt),
})

export const revocationWire = z.strictObject({
  id: z.string(),
  room: z.string().nullable().meta({ description: 'null: all rooms.' }),
  identity: z.string().nullable(),
  api_key: z.string().nullable(),
  issued_before: time,
  put_out: z.int().meta({ description: 'People who were in a call with such a token.' }),
})

export const toRevocationWire = (one: Revocation): z.input<typeof revocationWire> => ({
  id: one.id,
  room: one.room,
  identity: one.identity,
  api_key: one.apiKey,
  issued_before: rfc3339(one.issuedBefore),
  put_out: one.putOut,
})

export const roleWire = z.strictObject({
  name: z.string().meta({ examples: ['viewer'] }),
  built_in: z.boolean(),
  ...permissionMembers,
})

export const toRoleWire = ({ name, builtIn, grants }: Role): z.input<typeof roleWire> => ({
  name,
  built_in: builtIn,
  ...toPermissionsWire(grants),
})

export const sentWire = z.strictObject({
  recipients: z.int().meta({ description: 'People in the room whom it was meant for.' }),
})

export const rpcWire = z.strictObject({
  response: z.string().meta({ description: "What the participant's app answered." }),
})

export const claimsWire = z.strictObject({
  tenant_id: z.string(),
  room: z.string(),
  identity: z.string(),
  name: z.string().nullable(),
  api_key: z.string(),
  first_issued_at: time,
  expires_at: time,
  on_duplicate: z.enum(['replace', 'reject']),
  eject_at: time.nullable(),
  permissions: permissionsWire.meta({ description: 'Those that hold now, if it is admitted.' }),
})

export const inspectionWire = z.strictObject({
  valid: z.boolean().meta({ description: 'Issued here and in time.' }),
  claims: claimsWire.nullable(),
  admitted: z.boolean().meta({ description: 'Whether it would let somebody in now.' }),
  code: z.string().nullable().meta({ description: 'Why not: the code that the gate would give.' }),
  reason: z.string().meta({ description: 'The same for people.' }),
})

export const toInspectionWire = (one: Inspection): z.input<typeof inspectionWire> => ({
  valid: one.valid,
  claims: one.claims && toClaimsWire(one.claims),
  admitted: one.admitted,
  code: one.code,
  reason: one.reason,
})

const toClaimsWire = (claims: NonNullable<Inspection['claims']>): z.input<typeof claimsWire> => ({
  tenant_id: claims.tenantId,
  room: claims.plainRoom,
  identity: claims.identity,
  name: claims.name ?? null,
  api_key: claims.apiKey,
  first_issued_at: rfc3339(claims.issuedAt),
  expires_at: rfc3339(claims.expiresAt * 1000),
  on_duplicate: claims.onDuplicate,
  eject_at: claims.ejectAt === null ? null : rfc3339(claims.ejectAt * 1000),
  permissions: toPermissionsWire(claims.grants),
})
