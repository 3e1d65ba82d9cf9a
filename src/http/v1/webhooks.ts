import { Elysia } from 'elysia'
import { z } from 'zod'
import { jsonBody, optionalJsonBody } from '../body.ts'
import type { HttpDeps } from '../deps.ts'
import type { Exchanges } from '../exchange.ts'
import { BODY_REFUSALS, models, REFUSALS } from './models.ts'
import { noQuery, nothing, toListWire, wholeQuery } from './shapes.ts'
import {
  deliveriesQuery,
  toDeliveryWire,
  toNewWebhookWire,
  toOverlap,
  toRange,
  toRangeWire,
  toTestWire,
  toTypes,
  toWebhookListWire,
  toWebhookWire,
} from './webhook-shapes.ts'

const webhookPath = z.strictObject({
  id: z.string().meta({ examples: ['wh_mi3v9k2p0x7m1bz3f4qk'] }),
})
const deliveryPath = webhookPath.extend({ delivery: z.string() })

const tags = ['Webhooks']

/** Endpoints of the tenant's that are told of events. */
export const webhooks = (deps: HttpDeps, exchanges: Exchanges) =>
  new Elysia()
    .use(collection(deps, exchanges))
    .use(single(deps, exchanges))
    .use(secrets(deps, exchanges))
    .use(sent(deps, exchanges))

const collection = ({ webhooks }: HttpDeps, exchanges: Exchanges) =>
  new Elysia()
    .use(models())
    .get(
      '/api/v1/webhooks',
      async ({ request, query }) =>
        toWebhookListWire(await webhooks.list(exchanges.principal(request).tenant), query),
      {
        query: wholeQuery,
        response: { 200: 'WebhookList', ...REFUSALS },
        detail: {
          operationId: 'listWebhooks',
          tags,
          summary: 'List webhooks',
          description: 'All of them, oldest first. Never their secrets.',
        },
      },
    )
    .post(
      '/api/v1/webhooks',
      async ({ request, body, set }) => {
        const { tenant } = exchanges.principal(request)
        const input = { url: body.url, types: toTypes(body.types) }
        const made = await webhooks.create(tenant, input, exchanges.actor(request))
        set.status = 201
        set.headers['cache-control'] = 'no-store'
        return toNewWebhookWire(made)
      },
      {
        query: noQuery,
        parse: jsonBody,
        body: 'WebhookCreate',
        response: { 201: 'NewWebhook', 409: 'Problem', ...BODY_REFUSALS },
        detail: {
          operationId: 'createWebhook',
          tags,
          summary: 'Create a webhook',
          description:
            'It is told of what happens from now on. Messages follow the Standard Webhooks specification: `webhook-id`, `webhook-timestamp` and `webhook-signature`, and a body `{"type", "timestamp", "seq", "data"}`. They arrive at least once and in the order of `seq`; a repeated one has the same `webhook-id`. Any status from 200 to 299 within 15 seconds takes a message; otherwise it is tried again for three days, and those behind it wait. Then, or at once after a 410, the webhook is disabled. The secret is in this answer and in no other.',
        },
      },
    )

const single = ({ webhooks }: HttpDeps, exchanges: Exchanges) =>
  new Elysia()
    .use(models())
    .get(
      '/api/v1/webhooks/:id',
      async ({ request, params }) =>
        toWebhookWire(await webhooks.get(exchanges.principal(request).tenant, params.id)),
      {
        params: webhookPath,
        query: noQuery,
        response: { 200: 'Webhook', 404: 'Problem', ...REFUSALS },
        detail: { operationId: 'getWebhook', tags, summary: 'Get a webhook' },
      },
    )
    .patch(
      '/api/v1/webhooks/:id',
      async ({ request, params, body }) => {
        const { tenant } = exchanges.principal(request)
        const types = body.types === undefined ? {} : { types: toTypes(body.types) }
        const { url, status } = body
        const input = { ...(url === undefined ? {} : { url }), status, ...types }
        const actor = exchanges.actor(request)
        return toWebhookWire(await webhooks.update(tenant, params.id, input, actor))
      },
      {
        params: webhookPath,
        query: noQuery,
        parse: jsonBody,
        body: 'WebhookPatch',
        response: { 200: 'Webhook', 404: 'Problem', ...BODY_REFUSALS },
        detail: {
          operationId: 'updateWebhook',
          tags,
          summary: 'Change a webhook',
          description:
            'One that becomes active, or gets another URL or other types, goes on where it was and at once. Events that are no longer kept by then are named in its deliveries (`webhook.skipped`).',
        },
      },
    )
    .delete(
      '/api/v1/webhooks/:id',
      async ({ request, params, set }) => {
        const { tenant } = exchanges.principal(request)
        await webhooks.delete(tenant, params.id, exchanges.actor(request))
        set.status = 204
      },
      {
        params: webhookPath,
        query: noQuery,
        response: { 204: nothing, 404: 'Problem', 503: 'Problem', ...REFUSALS },
        detail: {
          operationId: 'deleteWebhook',
          tags,
          summary: 'Delete a webhook',
          description: 'With the record of what was sent to it.',
        },
      },
    )

const secrets = ({ webhooks }: HttpDeps, exchanges: Exchanges) =>
  new Elysia()
    .use(models())
    .post(
      '/api/v1/webhooks/:id/rotate-secret',
      async ({ request, params, body, set }) => {
        const { tenant } = exchanges.principal(request)
        const actor = exchanges.actor(request)
        const made = await webhooks.rotateSecret(tenant, params.id, toOverlap(body), actor)
        set.headers['cache-control'] = 'no-store'
        return toNewWebhookWire(made)
      },
      {
        params: webhookPath,
        query: noQuery,
        parse: optionalJsonBody,
        body: 'SecretRotate',
        response: { 200: 'NewWebhook', 404: 'Problem', ...BODY_REFUSALS },
        detail: {
          operationId: 'rotateWebhookSecret',
          tags,
          summary: 'Give a webhook a new secret',
          description:
            'For `overlap_seconds` messages carry two signatures, of the old and of the new secret. One that still overlaps from an earlier rotation stops at once.',
        },
      },
    )
    .post(
      '/api/v1/webhooks/:id/test',
      async ({ request, params }) =>
        toTestWire(await webhooks.test(exchanges.principal(request).tenant, params.id)),
      {
        params: webhookPath,
        query: noQuery,
        response: { 200: 'WebhookTest', 404: 'Problem', ...REFUSALS },
        detail: {
          operationId: 'testWebhook',
          tags,
          summary: 'Send a test message',
          description:
            'One signed message of type `webhook.test`, without a `seq`, at once and only once; the answer tells what came back. Also to a webhook that is disabled.',
        },
      },
    )

const sent = ({ deliveries }: HttpDeps, exchanges: Exchanges) =>
  new Elysia()
    .use(models())
    .get(
      '/api/v1/webhooks/:id/deliveries',
      async ({ request, params, query }) => {
        const { tenant } = exchanges.principal(request)
        const { limit, cursor, failed = false } = query
        const page = await deliveries.list(tenant, params.id, { limit, cursor, failed })
        return toListWire(page, toDeliveryWire)
      },
      {
        params: webhookPath,
        query: deliveriesQuery,
        response: { 200: 'DeliveryList', 404: 'Problem', ...REFUSALS },
        detail: {
          operationId: 'listDeliveries',
          tags,
          summary: 'List deliveries of a webhook',
          description: 'Every attempt, newest first; the newest thousand are kept.',
        },
      },
    )
    .post(
      '/api/v1/webhooks/:id/deliveries/:delivery/redeliver',
      async ({ request, params, set }) => {
        const { tenant } = exchanges.principal(request)
        const actor = exchanges.actor(request)
        set.status = 202
        return toRangeWire(await deliveries.redeliver(tenant, params.id, params.delivery, actor))
      },
      {
        params: deliveryPath,
        query: noQuery,
        response: { 202: 'Replay', ...REPLAY_REFUSALS, ...REFUSALS },
        detail: {
          operationId: 'redeliver',
          tags,
          summary: 'Send an event again',
          description: 'With the `webhook-id` it had, beside what else is delivered.',
        },
      },
    )
    .post(
      '/api/v1/webhooks/:id/replay',
      async ({ request, params, body, set }) => {
        const { tenant } = exchanges.principal(request)
        const actor = exchanges.actor(request)
        set.status = 202
        return toRangeWire(await deliveries.replay(tenant, params.id, toRange(body), actor))
      },
      {
        params: webhookPath,
        query: noQuery,
        parse: jsonBody,
        body: 'Replay',
        response: { 202: 'Replay', ...REPLAY_REFUSALS, ...BODY_REFUSALS },
        detail: {
          operationId: 'replayEvents',
          tags,
          summary: 'Send a range of events again',
          description:
            'In their order, beside what else is delivered, as far as the webhook asks for their types.',
        },
      },
    )

const REPLAY_REFUSALS = { 404: 'Problem', 409: 'Problem', 410: 'Problem', 503: 'Problem' } as const
