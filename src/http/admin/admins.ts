import { Elysia } from 'elysia'
import { z } from 'zod'
import type { Admin, Invitation } from '../../domain/admins.ts'
import { rfc3339, rfc3339OrNull } from '../../lib/clock.ts'
import { jsonBody } from '../body.ts'
import type { HttpDeps } from '../deps.ts'
import type { Exchanges } from '../exchange.ts'
import { noQuery } from '../v1/shapes.ts'
import {
  ADMIN_BODY_REFUSALS,
  ADMIN_REFUSALS,
  adminModels,
  CHANGE_REFUSALS,
  ON_THE_MACHINE,
} from './models.ts'

const adminPath = z.strictObject({ email: z.string().meta({ examples: ['ada@example.com'] }) })

const tags = ['Access']

const toAdminWire = (admin: Admin) => ({
  id: admin.id,
  email: admin.email,
  created_at: rfc3339(admin.createdAt),
  last_sign_in_at: rfc3339OrNull(admin.lastSignInAt),
  has_password: admin.hasPassword,
})

const toInvitationWire = ({ id, email, signInUrl, expiresAt }: Invitation) => ({
  id,
  email,
  sign_in_url: signInUrl,
  expires_at: rfc3339(expiresAt),
})

/** Operators' accounts. The guard lets only who is on the machine make or reset one. */
export const admins = ({ admins }: HttpDeps, exchanges: Exchanges) =>
  new Elysia()
    .use(adminModels())
    .get(
      '/admin/admins',
      async () => ({ data: (await admins.list()).map(toAdminWire), next_cursor: null }),
      {
        query: noQuery,
        response: { 200: 'AdminList', ...ADMIN_REFUSALS },
        detail: { operationId: 'listAdmins', tags, summary: "List operators' accounts" },
      },
    )
    .post(
      '/admin/admins',
      async ({ request, body, set }) => {
        set.status = 201
        return toInvitationWire(await admins.create(body.email, exchanges.actor(request)))
      },
      {
        query: noQuery,
        parse: jsonBody,
        body: 'AdminCreate',
        response: { 201: 'Invitation', 409: 'Problem', ...ADMIN_BODY_REFUSALS },
        detail: {
          operationId: 'createAdmin',
          tags,
          summary: 'Create an account',
          description: `${ON_THE_MACHINE} What \`golive admin create\` calls. The sign-in link works once within 30 minutes.`,
        },
      },
    )
    .post(
      '/admin/admins/:email/reset',
      async ({ request, params }) =>
        toInvitationWire(await admins.reset(params.email, exchanges.actor(request))),
      {
        params: adminPath,
        query: noQuery,
        response: { 200: 'Invitation', ...CHANGE_REFUSALS },
        detail: {
          operationId: 'resetAdmin',
          tags,
          summary: 'Reset an account',
          description: `${ON_THE_MACHINE} What \`golive admin reset\` calls. The password and all sessions of the account end.`,
        },
      },
    )
