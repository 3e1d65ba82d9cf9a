import { z } from 'zod'
import { displayNameSchema, freeText, slugSchema } from '../../domain/names.ts'
import { MAX_PASSWORD_LENGTH, MIN_PASSWORD_LENGTH } from '../../domain/passwords.ts'
import { instant } from '../v1/inputs.ts'

/** The shapes of the operator's request bodies. Null is the same as absent, but on PATCH, where it clears. */

const password = z.string().max(MAX_PASSWORD_LENGTH)

const email = z.email('must be an e-mail address').max(254)

/** What zod's refinement below says, in JSON Schema. */
const EITHER = [
  {
    required: ['email', 'password'],
    properties: {
      email: { type: 'string' },
      password: { type: 'string' },
      link: { type: 'null' },
    },
  },
  { required: ['link'], properties: { link: { type: 'string' } } },
]

export const signIn = z
  .strictObject({
    email: email.nullish(),
    password: password.nullish(),
    link: z.string().max(200).nullish().meta({
      description: 'What follows `#link=` in a sign-in link; instead of email and password.',
    }),
  })
  .refine(
    (body) => isByLink(body) !== isByPassword(body),
    'needs either email and password or link',
  )
  .meta({
    oneOf: EITHER,
    examples: [{ email: 'ada@example.com', password: 'correct horse battery' }],
  })

export interface SignIn {
  email?: string | null | undefined
  password?: string | null | undefined
  link?: string | null | undefined
}

const isByLink = ({ link }: SignIn): boolean => typeof link === 'string'
const isByPassword = ({ email, password }: SignIn): boolean =>
  typeof email === 'string' && typeof password === 'string'

export const passwordChange = z
  .strictObject({
    password: z
      .string()
      .min(MIN_PASSWORD_LENGTH, `must have at least ${MIN_PASSWORD_LENGTH} characters`)
      .max(MAX_PASSWORD_LENGTH)
      .refine((text) => text.isWellFormed(), 'must not contain a lone surrogate'),
    current_password: password.nullish().meta({
      description: 'Needed, except in a session begun by a sign-in link.',
    }),
  })
  .meta({
    examples: [{ password: 'staple battery horse', current_password: 'correct horse battery' }],
  })

export const adminCreate = z
  .strictObject({ email })
  .meta({ examples: [{ email: 'ada@example.com' }] })

export const tokenCreate = z
  .strictObject({
    label: freeText(128).min(1).meta({ description: 'Where the token is used.' }),
    scope: z.enum(['read', 'write']).meta({ description: '`read` changes nothing.' }),
    tenant: slugSchema.nullish().meta({
      description: 'Slug of the one tenant that may be touched; null is all.',
    }),
    expires_at: instant.nullish().meta({
      description: "When it stops working; not after the token that asks, if it is a token's.",
    }),
  })
  .meta({ examples: [{ label: 'monitoring', scope: 'read' }] })

const MOST = 1_000_000
const count = (least: number) => z.int().min(least).max(MOST).nullish()

const limitsInput = z.strictObject({
  max_rooms: count(0),
  max_participants_per_room: count(1),
  max_concurrent_participants: count(0),
  participant_minutes_per_month: z.int().min(0).max(Number.MAX_SAFE_INTEGER).nullish(),
  participant_minutes_hard: z
    .boolean()
    .nullish()
    .meta({ description: 'true: running calls end, too, when the minutes are used up.' }),
  api_requests_per_second: count(1),
  token_mints_per_second: count(1),
  max_webhooks: count(0),
})

export type LimitsInput = z.output<typeof limitsInput>

const limits = limitsInput.nullish().meta({
  description: 'Those that are given; null goes back to the default.',
})

export const tenantCreate = z
  .strictObject({
    slug: slugSchema.meta({ description: "The tenant's name in addresses; stays for good." }),
    name: displayNameSchema.nullish(),
    limits,
  })
  .meta({
    examples: [{ slug: 'acme', name: 'Acme Inc.', limits: { max_participants_per_room: 50 } }],
  })

export const tenantPatch = z
  .strictObject({
    name: displayNameSchema.nullish(),
    limits,
    status: z.enum(['active', 'deactivated']).optional().meta({
      description:
        '`deactivated` refuses the API and new joins at once, revokes tokens and ends running calls.',
    }),
  })
  .meta({ examples: [{ limits: { max_rooms: 20 } }] })

export const restartRequest = z
  .strictObject({
    force: z
      .boolean()
      .nullish()
      .meta({ description: 'Even while calls are running: everybody reconnects within seconds.' }),
  })
  .meta({ examples: [{ force: true }] })
