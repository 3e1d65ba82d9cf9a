import { Elysia } from 'elysia'
import type { HttpDeps } from '../deps.ts'
import type { Exchanges } from '../exchange.ts'
import { models, REFUSALS } from './models.ts'
import { noQuery, toTenantWire } from './shapes.ts'
import { toAmountWire } from './usage-shapes.ts'

export const me = ({ wsUrl, presence, usage }: HttpDeps, exchanges: Exchanges) =>
  new Elysia().use(models()).get(
    '/api/v1/me',
    async ({ request }) => {
      const { tenant, apiKey } = exchanges.principal(request)
      const { total } = await usage.byDay(tenant, usage.range({}))
      const month = toAmountWire(total)
      return {
        ...toTenantWire(tenant),
        api_key: apiKey,
        ws_url: wsUrl,
        usage: {
          participants_now: presence.tenantNow(tenant.id),
          participant_minutes_this_month: Math.floor(month.participant_seconds / 60),
          participant_seconds_this_month: month.participant_seconds,
          participants_this_month: month.participants,
          sessions_this_month: month.sessions,
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
