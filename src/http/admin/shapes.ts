import { z } from 'zod'
import type { Inspection } from '../../domain/inspection.ts'
import type { Tenant } from '../../domain/tenants.ts'
import { claimsWire, inspectionWire, toInspectionWire } from '../v1/participant-shapes.ts'
import { keyWire, limitsWire, roomWire, tenantWire, time, toTenantWire } from '../v1/shapes.ts'

/** The shapes of the operator's answers: every field always present, null where unknown. */

const NOW = '2026-11-25T10:00:00.000Z'

/** All of them are on one page: nothing here can be many. */
export const wholeListOf = <T extends z.ZodType>(item: T) =>
  z.strictObject({ data: z.array(item), next_cursor: z.null() })

const address = z.string().nullable().meta({ description: 'An IP address.' })

const scope = z.enum(['read', 'write']).meta({ description: '`read` changes nothing.' })

const tiedTo = z
  .string()
  .nullable()
  .meta({ description: 'Slug of the one tenant that may be touched; null is all.' })

export const callerWire = z
  .strictObject({
    actor: z.string().meta({ description: 'As the audit log names who asks.' }),
    admin: z.strictObject({ id: z.string(), email: z.string() }).nullable(),
    scope,
    tenant: tiedTo,
    expires_at: time.nullable(),
    must_set_password: z
      .boolean()
      .meta({ description: 'true after a sign-in link: only `PUT /admin/password` is next.' }),
  })
  .meta({
    examples: [
      {
        actor: 'admin:ada@example.com',
        admin: { id: '01kb1x8w3nq7f2e9', email: 'ada@example.com' },
        scope: 'write',
        tenant: null,
        expires_at: '2026-11-25T22:00:00.000Z',
        must_set_password: false,
      },
    ],
  })

export const sessionWire = z.strictObject({
  id: z.string(),
  admin: z.strictObject({ email: z.string() }),
  created_at: time,
  last_seen_at: time,
  address,
  user_agent: z.string().nullable(),
  current: z.boolean().meta({ description: 'The session that this request was made in.' }),
})

export const adminWire = z.strictObject({
  id: z.string(),
  email: z.string(),
  created_at: time,
  last_sign_in_at: time.nullable(),
  has_password: z.boolean(),
})

export const invitationWire = z
  .strictObject({
    id: z.string(),
    email: z.string(),
    sign_in_url: z.string().meta({ description: 'Works once. Shown this once.' }),
    expires_at: time,
  })
  .meta({
    examples: [
      {
        id: '01kb1x8w3nq7f2e9',
        email: 'ada@example.com',
        sign_in_url: 'https://live.example.com/ui/#link=…',
        expires_at: '2026-11-25T10:30:00.000Z',
      },
    ],
  })

const tokenMembers = {
  id: z.string(),
  label: z.string(),
  scope,
  tenant: tiedTo,
  created_at: time,
  created_by: z.string().meta({ description: 'As the audit log names them.' }),
  expires_at: time.nullable(),
  last_used_at: time.nullable(),
  last_used_from: address,
}

const TOKEN_EXAMPLE = {
  id: '01kb1x8w3nq7f2e9',
  label: 'monitoring',
  scope: 'read',
  tenant: null,
  created_at: NOW,
  created_by: 'admin:ada@example.com',
  expires_at: null,
  last_used_at: null,
  last_used_from: null,
}

export const adminTokenWire = z.strictObject(tokenMembers).meta({ examples: [TOKEN_EXAMPLE] })

export const newAdminTokenWire = z
  .strictObject({
    ...tokenMembers,
    token: z.string().meta({ description: 'Shown this once; nothing can show it again.' }),
  })
  .meta({ examples: [{ ...TOKEN_EXAMPLE, token: 'lka_…' }] })

const changed = z.record(z.string(), z.unknown()).nullable()

export const auditWire = z
  .strictObject({
    id: z.string(),
    at: time,
    actor: z.string().meta({
      description:
        '`admin:<email>`, `token:<id>`, `tenant:<slug>/<api_key>`, `local:<user>` (whoever could open the unix socket, by the name they gave) or `system`.',
    }),
    address,
    action: z.string().meta({ description: 'See the query parameter `action`.' }),
    target: z.string(),
    tenant: z.string().nullable().meta({ description: 'Slug of the tenant that it concerns.' }),
    before: changed,
    after: changed.meta({ description: 'What changed, without secrets.' }),
  })
  .meta({
    examples: [
      {
        id: '01kb1x8w30000nq7f2e9',
        at: NOW,
        actor: 'admin:ada@example.com',
        address: '203.0.113.7',
        action: 'tenant.updated',
        target: 'acme',
        tenant: 'acme',
        before: { name: 'Acme' },
        after: { name: 'Acme Inc.' },
      },
    ],
  })

const TENANT_EXAMPLE = {
  slug: 'acme',
  name: 'Acme Inc.',
  status: 'active',
  created_at: NOW,
  limits: {
    max_rooms: 1000,
    max_participants_per_room: 100,
    max_concurrent_participants: null,
    participant_minutes_per_month: null,
    participant_minutes_hard: false,
    api_requests_per_second: 50,
    token_mints_per_second: 50,
    max_webhooks: 10,
  },
}

const tenantMembers = tenantWire.extend({
  limits: limitsWire.extend({
    participant_minutes_hard: z
      .boolean()
      .meta({ description: 'Whether running calls end, too, when the minutes are used up.' }),
  }),
})

export const operatorTenantWire = tenantMembers.meta({ examples: [TENANT_EXAMPLE] })

/** A tenant as its operator sees it. */
export const toOperatorTenantWire = (tenant: Tenant): z.input<typeof tenantMembers> => ({
  ...toTenantWire(tenant),
  limits: tenant.limits,
})

export const newTenantWire = tenantMembers
  .extend({
    api_key: keyWire.shape.api_key.meta({ description: 'Its first key.' }),
    api_secret: z.string().meta({ description: 'Shown this once; nothing can show it again.' }),
  })
  .meta({ examples: [{ ...TENANT_EXAMPLE, api_key: 'lkv_4qk2v9d0x7m1bz3f', api_secret: 'lks_…' }] })

const person = z.strictObject({
  identity: z.string(),
  sid: z.string().nullable().meta({ description: 'null while the person is joining.' }),
  since: time,
})

export const roomWithPeopleWire = roomWire.extend({ participants: z.array(person) })

export const operatorInspectionWire = inspectionWire.extend({
  claims: claimsWire
    .extend({ tenant: z.string().nullable().meta({ description: 'Slug; null for a check call.' }) })
    .nullable(),
})

/** A join token as the operator sees it, who has to be told whose it is. */
export const toOperatorInspectionWire = (
  one: Inspection,
): z.input<typeof operatorInspectionWire> => {
  const { claims, ...rest } = toInspectionWire(one)
  return { ...rest, claims: claims && { ...claims, tenant: one.claims?.tenantSlug ?? null } }
}

export const callWire = z.strictObject({
  tenant: z.string().meta({ description: 'A slug.' }),
  room: z.string(),
  livekit_name: z.string(),
  participants: z.array(person),
})

export const tenantProblemWire = z
  .strictObject({
    at: time.meta({ description: 'When it happened last.' }),
    times: z.int().meta({ description: 'How often it did.' }),
    kind: z.enum(['join_refused', 'api_refused']),
    code: z.string(),
    room: z.string().nullable(),
    identity: z.string().nullable(),
    detail: z.string(),
  })
  .meta({
    examples: [
      {
        at: NOW,
        times: 3,
        kind: 'join_refused',
        code: 'token_expired',
        room: 'team-standup',
        identity: 'user-123',
        detail: 'the token expired at 2026-11-25T09:59:00.000Z',
      },
    ],
  })

export const acceptedWire = z.strictObject({}).meta({ examples: [{}] })

const findingWire = z.strictObject({
  id: z.string().meta({ description: 'Stable, such as `media_udp`.' }),
  title: z.string(),
  state: z.enum(['ok', 'warn', 'fail', 'skipped']),
  detail: z.string(),
  fix: z.string().nullable().meta({ description: 'What to type or to do about it.' }),
})

export const checkCallWire = z.strictObject({
  token: z.string().meta({ examples: ['eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9…'] }),
  ws_url: z.string().meta({ examples: ['wss://live.example.com'] }),
  expires_at: time.meta({ description: 'When the call ends, whoever is in it.' }),
})

export const doctorReportWire = z
  .strictObject({
    data: z.array(findingWire),
    verdict: z.string().meta({ description: 'All of it in one sentence.' }),
  })
  .meta({
    examples: [
      {
        data: [
          {
            id: 'media_udp',
            title: 'Media over UDP',
            state: 'fail',
            detail: 'nothing answered at 203.0.113.7:7882 within 3 seconds',
            fix: 'Let 7882/udp in: ufw allow 7882/udp',
          },
        ],
        verdict: '1 thing must be mended.',
      },
    ],
  })
