import { Elysia } from 'elysia'
import { jsonBody } from '../body.ts'
import type { HttpDeps } from '../deps.ts'
import type { Exchanges } from '../exchange.ts'
import { BODY_REFUSALS, models } from './models.ts'
import { toInspectionWire } from './participant-shapes.ts'
import { noQuery } from './shapes.ts'

/** What a join token would do, in words. */
export const inspection = ({ inspector }: HttpDeps, exchanges: Exchanges) =>
  new Elysia().use(models()).post(
    '/api/v1/tokens/inspect',
    async ({ request, body }) => {
      const { tenant } = exchanges.principal(request)
      return toInspectionWire(await inspector.inspect(body.token, tenant.id))
    },
    {
      query: noQuery,
      parse: jsonBody,
      body: 'TokenInspect',
      response: { 200: 'Inspection', ...BODY_REFUSALS },
      detail: {
        operationId: 'inspectToken',
        tags: ['Tokens'],
        summary: 'Ask what a join token would do',
        description:
          'Whether it would let somebody in now, and why not. Takes no seat. A token of another tenant is as unknown as a forged one.',
      },
    },
  )
