import { z } from 'zod'
import { roomSettings } from '../../domain/event-data.ts'
import type { Key, NewKey, Use } from '../../domain/keys.ts'
import { type Page, type PageQuery, pageIn } from '../../domain/page.ts'
import type { Room } from '../../domain/room.ts'
import type { Tenant } from '../../domain/tenants.ts'
import type { Minted } from '../../domain/tokens.ts'
import { rfc3339, rfc3339OrNull } from '../../lib/clock.ts'

/** The shapes of answers: every field always present, null where unknown. */

export const time = z.iso.datetime().meta({ examples: ['2026-11-25T10:00:00.000Z'] })

export const limitsWire = z.strictObject({
  max_rooms: z.int(),
  max_participants_per_room: z.int(),
  max_concurrent_participants: z.int().nullable(),
  participant_minutes_per_month: z.int().nullable(),
  api_requests_per_second: z.int(),
  token_mints_per_second: z.int(),
  max_webhooks: z.int(),
})

export const tenantWire = z.strictObject({
  slug: z.string().meta({ examples: ['acme'] }),
  name: z.string().nullable(),
  status: z.enum(['active', 'deactivated']),
  created_at: time,
  limits: limitsWire,
})

export const toTenantWire = (tenant: Tenant): z.input<typeof tenantWire> => {
  const { participant_minutes_hard: _, ...limits } = tenant.limits
  return {
    slug: tenant.slug,
    name: tenant.name,
    status: tenant.status,
    created_at: rfc3339(tenant.createdAt),
    limits,
  }
}

export const meWire = tenantWire.extend({
  api_key: z.string().meta({ description: 'The key that this request was made with.' }),
  ws_url: z.string().meta({
    description: 'What the LiveKit client SDKs connect to.',
    examples: ['wss://live.example.com'],
  }),
  usage: z.strictObject({
    participants_now: z.int().meta({ description: 'People in calls of this tenant now.' }),
    participant_minutes_this_month: z.int().meta({
      description: 'Whole minutes, month in UTC: what a limit is compared with.',
    }),
    participant_seconds_this_month: z.number().meta({ description: 'The same, not rounded.' }),
    participants_this_month: z.int().meta({ description: 'How often somebody came into a call.' }),
    sessions_this_month: z.int().meta({ description: 'Calls that began.' }),
  }),
})

const useWire = {
  last_used_at: time.nullable(),
  last_used_from: z.string().nullable().meta({ description: 'An IP address.' }),
}

const KEY_EXAMPLE = {
  api_key: 'lkv_4qk2v9d0x7m1bz3f',
  label: 'backend 2026',
  created_at: '2026-11-25T10:00:00.000Z',
  expires_at: null,
  last_used_at: null,
  last_used_from: null,
  previous_secret: {
    expires_at: '2026-11-26T10:00:00.000Z',
    last_used_at: '2026-11-25T10:00:00.000Z',
    last_used_from: '203.0.113.7',
  },
}

const keyMembers = {
  api_key: z.string(),
  label: z.string().nullable(),
  created_at: time,
  expires_at: time.nullable(),
  ...useWire,
  previous_secret: z
    .strictObject({ expires_at: time, ...useWire })
    .nullable()
    .meta({ description: 'The secret before the last rotation, as long as it works.' }),
}

export const keyWire = z.strictObject(keyMembers).meta({ examples: [KEY_EXAMPLE] })

export const newKeyWire = z
  .strictObject({
    ...keyMembers,
    api_secret: z.string().meta({ description: 'Shown this once; nothing can show it again.' }),
  })
  .meta({ examples: [{ ...KEY_EXAMPLE, api_secret: 'lks_…' }] })

const toKeyWire = (key: Key): z.input<typeof keyWire> => ({
  api_key: key.apiKey,
  label: key.label,
  created_at: rfc3339(key.createdAt),
  expires_at: rfc3339OrNull(key.expiresAt),
  ...toUseWire(key),
  previous_secret: key.previousSecret && {
    expires_at: rfc3339(key.previousSecret.expiresAt),
    ...toUseWire(key.previousSecret),
  },
})

const toUseWire = ({ lastUsedAt, lastUsedFrom }: Use) => ({
  last_used_at: rfc3339OrNull(lastUsedAt),
  last_used_from: lastUsedFrom,
})

/** The one answer that holds a secret. */
export const toNewKeyWire = (key: NewKey): z.input<typeof newKeyWire> => ({
  ...toKeyWire(key),
  api_secret: key.apiSecret,
})

/** Without a limit all keys are on one page: a tenant cannot have many. */
export const toKeyListWire = (keys: Key[], query: PageQuery = {}) =>
  toListWire(
    pageIn(keys, query, ({ createdAt, apiKey }) => ({ createdAt, id: apiKey })),
    toKeyWire,
  )

const ROOM_EXAMPLE = {
  name: 'team-standup',
  livekit_name: 'acme__team-standup',
  max_participants: 25,
  empty_timeout_seconds: 300,
  departure_timeout_seconds: 20,
  metadata: '',
  locked: false,
  opens_at: null,
  closes_at: null,
  max_duration_seconds: null,
  participants_now: 0,
  session_id: null,
  created_at: '2026-11-25T10:00:00.000Z',
  updated_at: '2026-11-25T10:00:00.000Z',
}

export const roomWire = z
  .strictObject({
    name: z.string().meta({ examples: ['team-standup'] }),
    livekit_name: z.string().meta({
      description: 'The name inside the media server; use `name` in this API.',
      examples: ['acme__team-standup'],
    }),
    max_participants: z.int().nullable(),
    empty_timeout_seconds: z.int(),
    departure_timeout_seconds: z.int(),
    metadata: z.string(),
    locked: z.boolean(),
    opens_at: time.nullable(),
    closes_at: time.nullable(),
    max_duration_seconds: z.int().nullable(),
    participants_now: z.int(),
    session_id: z.string().nullable().meta({ description: 'The session that runs in it.' }),
    created_at: time,
    updated_at: time,
  })
  .meta({ examples: [ROOM_EXAMPLE] })

export const toRoomWire = (
  room: Room,
  participantsNow: number,
  sessionId: string | null,
): z.input<typeof roomWire> => ({
  name: room.name,
  ...roomSettings(room),
  participants_now: participantsNow,
  session_id: sessionId,
  created_at: rfc3339(room.createdAt),
  updated_at: rfc3339(room.updatedAt),
})

export const listOf = <T extends z.ZodType>(item: T) =>
  z.strictObject({
    data: z.array(item),
    next_cursor: z
      .string()
      .nullable()
      .meta({ description: 'Pass it as `cursor` to get the next page; null on the last.' }),
  })

export const toListWire = <T, W>(page: Page<T>, toWire: (item: T) => W) => ({
  data: page.data.map(toWire),
  next_cursor: page.nextCursor,
})

export const problemWire = z
  .looseObject({
    type: z.string().meta({ examples: ['urn:golive:problem:room_not_found'] }),
    title: z.string(),
    status: z.int(),
    code: z.string().meta({
      description: 'Stable; one code always has the same status.',
      examples: ['room_not_found'],
    }),
    detail: z.string().meta({ description: 'For people; may change.' }),
    hint: z.string().optional().meta({ description: 'What to do next.' }),
    errors: z.array(z.strictObject({ path: z.string(), message: z.string() })).optional(),
    request_id: z.string().meta({ examples: ['req_4k2mzq0v9x1ab'] }),
  })
  .meta({ description: 'RFC 9457 problem details, sent as application/problem+json.' })

/** Query parameters are text: a number in it is decimal digits and nothing else. */
const digits = (value: unknown): unknown =>
  typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value

export const wholeNumber = (least: number, most: number) => {
  const expected = `must be a whole number from ${least} to ${most}`
  return z.preprocess(digits, z.int(expected).min(least, expected).max(most, expected))
}

const flag = (value: unknown): unknown =>
  value === 'true' ? true : value === 'false' ? false : value

export const queryFlag = (description: string) =>
  z.preprocess(flag, z.boolean('must be true or false')).optional().meta({ description })

export const pageQuery = z.strictObject({
  limit: wholeNumber(1, 100).default(50).meta({ default: 50, description: 'Items on a page.' }),
  cursor: z.string().optional().meta({ description: '`next_cursor` of the page before.' }),
})

/** For lists that are at hand as a whole. */
export const wholeQuery = pageQuery.extend({
  limit: wholeNumber(1, 100)
    .optional()
    .meta({ description: 'Items on a page; absent: all of them.' }),
})

export const roomsQuery = pageQuery.extend({
  active: queryFlag('`true` lists only rooms with people in them.'),
})

/** The body of a 204. */
export const nothing = z.undefined().meta({ description: 'no body' })

export const noQuery = z.strictObject({})

export const mintedWire = z.strictObject({
  token: z.string().meta({ examples: ['eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9…'] }),
  ws_url: z.string().meta({ examples: ['wss://live.example.com'] }),
  room: z
    .string()
    .meta({ description: 'The name inside the media server.', examples: ['acme__team-standup'] }),
  identity: z.string().meta({ examples: ['user-123'] }),
  expires_in: z.int().meta({ description: 'Seconds.', examples: [3600] }),
  expires_at: time,
})

export const toMintedWire = (minted: Minted): z.input<typeof mintedWire> => ({
  token: minted.token,
  ws_url: minted.wsUrl,
  room: minted.room,
  identity: minted.identity,
  expires_in: minted.expiresIn,
  expires_at: rfc3339(minted.expiresAt),
})
