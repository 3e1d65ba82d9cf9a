import { Elysia } from 'elysia'
import type { HttpDeps } from '../deps.ts'
import type { Exchanges } from '../exchange.ts'
import { models, REFUSALS } from './models.ts'
import { noQuery, toTenantWire } from './shapes.ts'

export const me = ({ wsUrl, presence, minutes }: HttpDeps, exchanges: Exchanges) =>
  new Elysia().use(models()).get(
    '/api/v1/me',
    ({ request }) => {
      const { tenant, apiKey } = exchanges.principal(request)
      return {
        ...toTenantWire(tenant),
        api_key: apiKey,
        ws_url: wsUrl,
        usage: {
          participants_now: presence.tenantNow(tenant.id),
          participant_minutes_this_month: minutes.used(tenant.id),
        },
      }
    },
    {
      query: noQuery,
      response: { 200: 'Me', ...REFUSALS },
      detail: {
        operationId: 'getMe',
        tags: ['Tenant'],
        summary: 'Who am I',
        description:
          'The tenant and the key these credentials belong to, the limits, and where SDKs connect.',
      },
    },
  )
