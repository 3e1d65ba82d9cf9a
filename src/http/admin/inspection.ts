import { Elysia } from 'elysia'
import { jsonBody } from '../body.ts'
import type { HttpDeps } from '../deps.ts'
import type { Exchanges } from '../exchange.ts'
import { noQuery } from '../v1/shapes.ts'
import { ADMIN_BODY_REFUSALS, adminModels } from './models.ts'
import { toOperatorInspectionWire } from './shapes.ts'

/** Needs no right to write: it asks, and takes nothing. */
export const INSPECT_PATTERN = '/admin/join-tokens/inspect'

/** What a join token of any tenant would do, in words. */
export const inspection = ({ inspector, tenants }: HttpDeps, exchanges: Exchanges) =>
  new Elysia().use(adminModels()).post(
    INSPECT_PATTERN,
    async ({ request, body }) => {
      const { tenant } = exchanges.caller(request)
      const tenantId = tenant === null ? null : (await tenants.get(tenant)).id
      return toOperatorInspectionWire(await inspector.inspect(body.token, tenantId))
    },
    {
      query: noQuery,
      parse: jsonBody,
      body: 'TokenInspect',
      response: { 200: 'Inspection', ...ADMIN_BODY_REFUSALS },
      detail: {
        operationId: 'inspectJoinToken',
        tags: ['Rooms'],
        summary: 'Ask what a join token would do',
        description:
          'Whether it would let somebody in now, whose it is, and why not. Takes no seat and needs no `write`. For a caller of one tenant, a token of another is as unknown as a forged one.',
      },
    },
  )
