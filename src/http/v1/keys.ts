import { Elysia } from 'elysia'
import { z } from 'zod'
import { optionalJsonBody } from '../body.ts'
import type { HttpDeps } from '../deps.ts'
import type { Exchanges } from '../exchange.ts'
import { keyDelete, toKeyInput, toRotation } from './inputs.ts'
import { BODY_REFUSALS, models, REFUSALS } from './models.ts'
import { noQuery, nothing, toKeyListWire, toNewKeyWire, wholeQuery } from './shapes.ts'

const keyPath = z.strictObject({
  api_key: z
    .string()
    .meta({ description: 'Also that of the key in use.', examples: ['lkv_4qk2v9d0x7m1bz3f'] }),
})

const tags = ['Keys']

/** A tenant's keys, by the tenant itself. */
export const keys = (deps: HttpDeps, exchanges: Exchanges) =>
  new Elysia().use(collection(deps, exchanges)).use(single(deps, exchanges))

const collection = ({ keys }: HttpDeps, exchanges: Exchanges) =>
  new Elysia()
    .use(models())
    .get(
      '/api/v1/keys',
      async ({ request, query }) =>
        toKeyListWire(await keys.list(exchanges.principal(request).tenant), query),
      {
        query: wholeQuery,
        response: { 200: 'KeyList', ...REFUSALS },
        detail: {
          operationId: 'listKeys',
          tags,
          summary: 'List keys',
          description:
            'All of them, oldest first, each with when and from where it was last used. Never their secrets.',
        },
      },
    )
    .post(
      '/api/v1/keys',
      async ({ request, body, set }) => {
        const { tenant } = exchanges.principal(request)
        const key = await keys.create(tenant, toKeyInput(body), exchanges.actor(request))
        set.status = 201
        set.headers['cache-control'] = 'no-store'
        return toNewKeyWire(key)
      },
      {
        parse: optionalJsonBody,
        body: 'KeyCreate',
        query: noQuery,
        response: { 201: 'NewKey', 409: 'Problem', ...BODY_REFUSALS },
        detail: {
          operationId: 'createKey',
          tags,
          summary: 'Create a key',
          description: 'Its secret is in this answer and in no other.',
        },
      },
    )

const single = ({ keys }: HttpDeps, exchanges: Exchanges) =>
  new Elysia()
    .use(models())
    .post(
      '/api/v1/keys/:api_key/rotate',
      async ({ request, params, body, set }) => {
        const { tenant } = exchanges.principal(request)
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
        response: { 200: 'NewKey', 404: 'Problem', ...BODY_REFUSALS },
        detail: {
          operationId: 'rotateKey',
          tags,
          summary: 'Give a key a new secret',
          description:
            'The old secret works for `overlap_seconds` more, and `previous_secret` shows when and from where it was last used. With an overlap of 0 it stops at once; tokens that the key minted are then `token_revoked` and their holders put out, unless `keep_tokens`. A secret that still overlaps from an earlier rotation stops at once.',
        },
      },
    )
    .delete(
      '/api/v1/keys/:api_key',
      async ({ request, params, query, set }) => {
        const { tenant } = exchanges.principal(request)
        const options = { keepTokens: query.keep_tokens ?? false, keepLast: true }
        await keys.delete(tenant, params.api_key, options, exchanges.actor(request))
        set.status = 204
      },
      {
        params: keyPath,
        query: keyDelete,
        response: { 204: nothing, 404: 'Problem', 409: 'Problem', 503: 'Problem', ...REFUSALS },
        detail: {
          operationId: 'deleteKey',
          tags,
          summary: 'Delete a key',
          description:
            'It is refused from now on. Tokens that it minted are then `token_revoked` and their holders put out, unless `keep_tokens`. The last key that works can only be deleted by the operator.',
        },
      },
    )
