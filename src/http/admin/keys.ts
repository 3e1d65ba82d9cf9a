import { Elysia } from 'elysia'
import { z } from 'zod'
import { optionalJsonBody } from '../body.ts'
import type { HttpDeps } from '../deps.ts'
import type { Exchanges } from '../exchange.ts'
import { keyDelete, toKeyInput, toRotation } from '../v1/inputs.ts'
import { noQuery, nothing, toKeyListWire, toNewKeyWire } from '../v1/shapes.ts'
import { ADMIN_BODY_REFUSALS, ADMIN_REFUSALS, adminModels, CHANGE_REFUSALS } from './models.ts'
import { slugPath } from './tenants.ts'

const keyPath = slugPath.extend({
  api_key: z.string().meta({ examples: ['lkv_4qk2v9d0x7m1bz3f'] }),
})

const tags = ['Keys']

/** A tenant's keys, by the operator. */
export const keys = (deps: HttpDeps, exchanges: Exchanges) =>
  new Elysia().use(collection(deps, exchanges)).use(single(deps, exchanges))

const collection = ({ tenants, keys }: HttpDeps, exchanges: Exchanges) =>
  new Elysia()
    .use(adminModels())
    .get(
      '/admin/tenants/:slug/keys',
      async ({ params }) => toKeyListWire(await keys.list(await tenants.get(params.slug))),
      {
        params: slugPath,
        query: noQuery,
        response: { 200: 'KeyList', ...ADMIN_REFUSALS },
        detail: {
          operationId: 'listTenantKeys',
          tags,
          summary: "List a tenant's keys",
          description: 'All of them, oldest first. Never their secrets.',
        },
      },
    )
    .post(
      '/admin/tenants/:slug/keys',
      async ({ request, params, body, set }) => {
        const tenant = await tenants.get(params.slug)
        const key = await keys.create(tenant, toKeyInput(body), exchanges.actor(request))
        set.status = 201
        set.headers['cache-control'] = 'no-store'
        return toNewKeyWire(key)
      },
      {
        params: slugPath,
        query: noQuery,
        parse: optionalJsonBody,
        body: 'KeyCreate',
        response: { 201: 'NewKey', 409: 'Problem', ...ADMIN_BODY_REFUSALS },
        detail: {
          operationId: 'createTenantKey',
          tags,
          summary: 'Create a key',
          description: 'Its secret is in this answer and in no other.',
        },
      },
    )

const single = ({ tenants, keys }: HttpDeps, exchanges: Exchanges) =>
  new Elysia()
    .use(adminModels())
    .post(
      '/admin/tenants/:slug/keys/:api_key/rotate',
      async ({ request, params, body, set }) => {
        const tenant = await tenants.get(params.slug)
        const actor = exchanges.actor(request)
        const key = await keys.rotate(tenant, params.api_key, toRotation(body), actor)
        set.headers['cache-control'] = 'no-store'
        return toNewKeyWire(key)
      },
      {
        params: keyPath,
        query: noQuery,
        parse: optionalJsonBody,
        body: 'KeyRotate',
        response: { 200: 'NewKey', ...ADMIN_BODY_REFUSALS },
        detail: {
          operationId: 'rotateTenantKey',
          tags,
          summary: 'Give a key a new secret',
          description:
            'The old secret works for `overlap_seconds` more, and `previous_secret` shows when and from where it was last used. With an overlap of 0 it stops at once, and so do the tokens that the key minted, unless `keep_tokens`.',
        },
      },
    )
    .delete(
      '/admin/tenants/:slug/keys/:api_key',
      async ({ request, params, query, set }) => {
        const tenant = await tenants.get(params.slug)
        const options = { keepTokens: query.keep_tokens ?? false, keepLast: false }
        await keys.delete(tenant, params.api_key, options, exchanges.actor(request))
        set.status = 204
      },
      {
        params: keyPath,
        query: keyDelete,
        response: { 204: nothing, ...CHANGE_REFUSALS },
        detail: {
          operationId: 'deleteTenantKey',
          tags,
          summary: 'Delete a key',
          description:
            'It is refused from now on, even if it is the last. Tokens that it minted are then `token_revoked` and their holders put out, unless `keep_tokens`.',
        },
      },
    )
