import { Elysia } from 'elysia'
import { z } from 'zod'
import type { HttpDeps } from '../deps.ts'
import type { Exchanges } from '../exchange.ts'
import { noQuery, toListWire } from '../v1/shapes.ts'
import {
  deliveriesQuery,
  toDeliveryWire,
  toRangeWire,
  toWebhookListWire,
} from '../v1/webhook-shapes.ts'
import { ADMIN_REFUSALS, adminModels, CHANGE_REFUSALS } from './models.ts'
import { slugPath } from './tenants.ts'

const webhookPath = slugPath.extend({
  id: z.string().meta({ examples: ['wh_mi3v9k2p0x7m1bz3f4qk'] }),
})
const deliveryPath = webhookPath.extend({ delivery: z.string() })

const tags = ['Webhooks']

/** What a tenant is told of, as the tenant sees it; only the tenant itself changes it. */
export const webhooks = ({ tenants, webhooks, deliveries }: HttpDeps, exchanges: Exchanges) =>
  new Elysia()
    .use(adminModels())
    .get(
      '/admin/tenants/:slug/webhooks',
      async ({ params }) => toWebhookListWire(await webhooks.list(await tenants.get(params.slug))),
      {
        params: slugPath,
        query: noQuery,
        response: { 200: 'WebhookList', ...ADMIN_REFUSALS },
        detail: {
          operationId: 'listTenantWebhooks',
          tags,
          summary: "List a tenant's webhooks",
          description: 'All of them, oldest first. Never their secrets.',
        },
      },
    )
    .get(
      '/admin/tenants/:slug/webhooks/:id/deliveries',
      async ({ params, query }) => {
        const { limit, cursor, failed = false } = query
        const tenant = await tenants.get(params.slug)
        const page = await deliveries.list(tenant, params.id, { limit, cursor, failed })
        return toListWire(page, toDeliveryWire)
      },
      {
        params: webhookPath,
        query: deliveriesQuery,
        response: { 200: 'DeliveryList', ...ADMIN_REFUSALS },
        detail: {
          operationId: 'listTenantDeliveries',
          tags,
          summary: "List deliveries of a tenant's webhook",
          description: 'Every attempt, newest first; the newest thousand are kept.',
        },
      },
    )
    .post(
      '/admin/tenants/:slug/webhooks/:id/deliveries/:delivery/redeliver',
      async ({ request, params, set }) => {
        const tenant = await tenants.get(params.slug)
        const actor = exchanges.actor(request)
        set.status = 202
        return toRangeWire(await deliveries.redeliver(tenant, params.id, params.delivery, actor))
      },
      {
        params: deliveryPath,
        query: noQuery,
        response: { 202: 'Replay', 409: 'Problem', 410: 'Problem', ...CHANGE_REFUSALS },
        detail: {
          operationId: 'redeliverForTenant',
          tags,
          summary: 'Send an event to a tenant again',
          description: 'With the `webhook-id` it had, beside what else is delivered.',
        },
      },
    )
