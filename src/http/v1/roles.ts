import { Elysia } from 'elysia'
import { z } from 'zod'
import { type Position, pageIn } from '../../domain/page.ts'
import type { Role } from '../../domain/roles.ts'
import { jsonBody } from '../body.ts'
import type { HttpDeps } from '../deps.ts'
import type { Exchanges } from '../exchange.ts'
import { roleName, toGrants } from './inputs.ts'
import { BODY_REFUSALS, models, REFUSALS } from './models.ts'
import { toRoleWire } from './participant-shapes.ts'
import { noQuery, nothing, toListWire, wholeQuery } from './shapes.ts'

const rolePath = z.strictObject({ role: roleName.meta({ examples: ['interpreter'] }) })

const tags = ['Roles']

/** More than are built in. */
const LATER = 100

/** They have no times: those that are built in as they come, then the others by name. */
const placeIn =
  (all: Role[]) =>
  (role: Role): Position => ({
    createdAt: role.builtIn ? all.indexOf(role) : LATER,
    id: role.name,
  })

/** Presets of what a token allows. */
export const roles = ({ roles }: HttpDeps, exchanges: Exchanges) =>
  new Elysia()
    .use(models())
    .get(
      '/api/v1/roles',
      async ({ request, query }) => {
        const all = await roles.list(exchanges.principal(request).tenant)
        return toListWire(pageIn(all, query, placeIn(all)), toRoleWire)
      },
      {
        query: wholeQuery,
        response: { 200: 'RoleList', ...REFUSALS },
        detail: {
          operationId: 'listRoles',
          tags,
          summary: 'List roles',
          description: 'Those that are built in, then yours.',
        },
      },
    )
    .put(
      '/api/v1/roles/:role',
      async ({ request, params, body }) => {
        const { tenant } = exchanges.principal(request)
        return toRoleWire(await roles.put(tenant, params.role, toGrants(body)))
      },
      {
        params: rolePath,
        query: noQuery,
        parse: jsonBody,
        body: 'RoleSettings',
        response: { 200: 'Role', 409: 'Problem', ...BODY_REFUSALS },
        detail: {
          operationId: 'putRole',
          tags,
          summary: 'Make or replace a role',
          description: 'Tokens that were minted with it before stay as they are.',
        },
      },
    )
    .delete(
      '/api/v1/roles/:role',
      async ({ request, params, set }) => {
        await roles.delete(exchanges.principal(request).tenant, params.role)
        set.status = 204
      },
      {
        params: rolePath,
        query: noQuery,
        response: { 204: nothing, 404: 'Problem', 409: 'Problem', 503: 'Problem', ...REFUSALS },
        detail: { operationId: 'deleteRole', tags, summary: 'Delete a role' },
      },
    )
