import { Elysia } from 'elysia'
import { z } from 'zod'
import type { AdminToken } from '../../domain/admin-tokens.ts'
import { rfc3339, rfc3339OrNull } from '../../lib/clock.ts'
import { jsonBody } from '../body.ts'
import type { HttpDeps } from '../deps.ts'
import type { Caller, Exchanges } from '../exchange.ts'
import { invalid } from '../problem.ts'
import { noQuery, nothing, pageQuery, toListWire } from '../v1/shapes.ts'
import { ADMIN_BODY_REFUSALS, ADMIN_REFUSALS, adminModels, CHANGE_REFUSALS } from './models.ts'

const tokenPath = z.strictObject({ id: z.string() })

const tags = ['Access']

const toTokenWire = (token: AdminToken) => ({
  id: token.id,
  label: token.label,
  scope: token.scope,
  tenant: token.tenant,
  created_at: rfc3339(token.createdAt),
  created_by: token.createdBy,
  expires_at: rfc3339OrNull(token.expiresAt),
  last_used_at: rfc3339OrNull(token.lastUsedAt),
  last_used_from: token.lastUsedFrom,
})

/** What scripts call the operator's API with. */
export const adminTokens = ({ adminTokens }: HttpDeps, exchanges: Exchanges) =>
  new Elysia()
    .use(adminModels())
    .get(
      '/admin/tokens',
      async ({ query }) => toListWire(await adminTokens.list(query), toTokenWire),
      {
        query: pageQuery,
        response: { 200: 'AdminTokenList', ...ADMIN_REFUSALS },
        detail: { operationId: 'listTokens', tags, summary: 'List tokens of scripts' },
      },
    )
    .post(
      '/admin/tokens',
      async ({ request, body, set }) => {
        const caller = exchanges.caller(request)
        const expiresAt = body.expires_at ?? null
        checkExpiry(caller, expiresAt)
        const made = await adminTokens.create(
          { label: body.label, scope: body.scope, tenant: body.tenant ?? null, expiresAt },
          caller.actor,
        )
        set.status = 201
        return { ...toTokenWire(made), token: made.token }
      },
      {
        query: noQuery,
        parse: jsonBody,
        body: 'AdminTokenCreate',
        response: { 201: 'NewAdminToken', ...ADMIN_BODY_REFUSALS },
        detail: {
          operationId: 'createToken',
          tags,
          summary: 'Create a token for a script',
          description: 'It is in this answer and in no other.',
        },
      },
    )
    .delete(
      '/admin/tokens/:id',
      async ({ request, params, set }) => {
        await adminTokens.delete(params.id, exchanges.actor(request))
        set.status = 204
      },
      {
        params: tokenPath,
        query: noQuery,
        response: { 204: nothing, ...CHANGE_REFUSALS },
        detail: { operationId: 'deleteToken', tags, summary: 'Delete a token' },
      },
    )

/** A token that leaked must not give itself a longer life. @throws validation_failed */
const checkExpiry = ({ token }: Caller, expiresAt: number | null): void => {
  const latest = token?.expiresAt ?? null
  if (latest === null || (expiresAt !== null && expiresAt <= latest)) return
  const message = `must be at most ${rfc3339(latest)}, when the token that asks expires`
  throw invalid([{ path: 'expires_at', message }])
}
