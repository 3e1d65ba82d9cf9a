import { Elysia } from 'elysia'
import { z } from 'zod'
import type { NewKey } from '../../domain/keys.ts'
import { freeText } from '../../domain/names.ts'
import { optionalJsonBody } from '../body.ts'
import type { HttpDeps } from '../deps.ts'
import { instant } from '../v1/inputs.ts'
import { noQuery, queryFlag, toKeyWire } from '../v1/shapes.ts'
import { slugPath } from './tenants.ts'

const DAY = 86_400

const keyPath = slugPath.extend({ api_key: z.string() })

const keyCreate = z.strictObject({
  label: freeText(128).min(1).nullish(),
  expires_at: instant.nullish(),
})

const keyRotate = z.strictObject({
  overlap_seconds: z
    .int()
    .min(0)
    .max(30 * DAY)
    .nullish(),
  keep_tokens: z.boolean().nullish(),
})

const keyDelete = z.strictObject({
  keep_tokens: queryFlag('`true` leaves the tokens that this key minted valid.'),
})

/** The one answer that holds a secret. */
const toNewKeyWire = (key: NewKey) => ({ ...toKeyWire(key), api_secret: key.apiSecret })

export const keys = ({ tenants, keys }: HttpDeps) =>
  new Elysia()
    .get(
      '/admin/tenants/:slug/keys',
      async ({ params }) => {
        const found = await keys.list(await tenants.get(params.slug))
        return { data: found.map(toKeyWire), next_cursor: null }
      },
      { params: slugPath, query: noQuery },
    )
    .post(
      '/admin/tenants/:slug/keys',
      async ({ params, body, set }) => {
        const tenant = await tenants.get(params.slug)
        const key = await keys.create(tenant, {
          label: body.label ?? null,
          expiresAt: body.expires_at ?? null,
        })
        set.status = 201
        set.headers['cache-control'] = 'no-store'
        return toNewKeyWire(key)
      },
      { params: slugPath, query: noQuery, parse: optionalJsonBody, body: keyCreate },
    )
    .post(
      '/admin/tenants/:slug/keys/:api_key/rotate',
      async ({ params, body, set }) => {
        const tenant = await tenants.get(params.slug)
        const key = await keys.rotate(tenant, params.api_key, {
          overlapSeconds: body.overlap_seconds ?? DAY,
          keepTokens: body.keep_tokens ?? false,
        })
        set.headers['cache-control'] = 'no-store'
        return toNewKeyWire(key)
      },
      { params: keyPath, query: noQuery, parse: optionalJsonBody, body: keyRotate },
    )
    .delete(
      '/admin/tenants/:slug/keys/:api_key',
      async ({ params, query, set }) => {
        const tenant = await tenants.get(params.slug)
        await keys.delete(tenant, params.api_key, { keepTokens: query.keep_tokens ?? false })
        set.status = 204
      },
      { params: keyPath, query: keyDelete },
    )
