import { Elysia } from 'elysia'
import { z } from 'zod'
import { displayNameSchema, slugSchema } from '../../domain/names.ts'
import { DEFAULT_LIMITS, type Limits, type TenantChanges } from '../../domain/tenants.ts'
import { jsonBody } from '../body.ts'
import type { HttpDeps } from '../deps.ts'
import { invalid } from '../problem.ts'
import { noQuery, pageQuery, toListWire, toTenantWire } from '../v1/shapes.ts'

export const slugPath = z.strictObject({ slug: z.string() })

const MOST = 1_000_000
const count = (least: number) => z.int().min(least).max(MOST).nullish()

const limitsInput = z.strictObject({
  max_rooms: count(0),
  max_participants_per_room: count(1),
  max_concurrent_participants: count(0),
  participant_minutes_per_month: z.int().min(0).max(Number.MAX_SAFE_INTEGER).nullish(),
  api_requests_per_second: count(1),
  token_mints_per_second: count(1),
  max_webhooks: count(0),
})

type LimitsInput = z.output<typeof limitsInput>

const tenantCreate = z.strictObject({
  slug: slugSchema,
  name: displayNameSchema.nullish(),
  limits: limitsInput.nullish(),
})

const tenantPatch = z.strictObject({
  name: displayNameSchema.nullish(),
  limits: limitsInput.nullish(),
  status: z.enum(['active', 'deactivated']).optional(),
})

/** Those that are given; null goes back to the default. */
const toLimits = (input: LimitsInput): Partial<Limits> =>
  Object.fromEntries(
    Object.entries(input)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, value ?? DEFAULT_LIMITS[name as keyof Limits]]),
  )

const toChanges = ({ name, limits, status }: z.output<typeof tenantPatch>): TenantChanges => ({
  ...(name === undefined ? {} : { name }),
  ...(limits === undefined ? {} : { limits: limits === null ? DEFAULT_LIMITS : toLimits(limits) }),
  ...(status === undefined ? {} : { status }),
})

export const tenants = ({ tenants }: HttpDeps) =>
  new Elysia()
    .get(
      '/admin/tenants',
      async ({ query }) => toListWire(await tenants.list(query), toTenantWire),
      { query: pageQuery },
    )
    .post(
      '/admin/tenants',
      async ({ body, set }) => {
        const { tenant, key } = await tenants.create({
          slug: body.slug,
          name: body.name ?? null,
          limits: toLimits(body.limits ?? {}),
        })
        set.status = 201
        set.headers['cache-control'] = 'no-store'
        return { ...toTenantWire(tenant), api_key: key.apiKey, api_secret: key.apiSecret }
      },
      { query: noQuery, parse: jsonBody, body: tenantCreate },
    )
    .get(
      '/admin/tenants/:slug',
      async ({ params }) => toTenantWire(await tenants.get(params.slug)),
      {
        params: slugPath,
        query: noQuery,
      },
    )
    .patch(
      '/admin/tenants/:slug',
      async ({ params, body }) => toTenantWire(await tenants.update(params.slug, toChanges(body))),
      { params: slugPath, query: noQuery, parse: jsonBody, body: tenantPatch },
    )
    .delete(
      '/admin/tenants/:slug',
      async ({ params, query, set }) => {
        if (query.confirm !== params.slug) throw notConfirmed(params.slug)
        await tenants.delete(params.slug)
        set.status = 204
      },
      { params: slugPath, query: z.strictObject({ confirm: z.string().optional() }) },
    )

const notConfirmed = (slug: string) =>
  invalid([
    {
      path: 'confirm',
      message: `must repeat the slug ${slug.slice(0, 40)}: its rooms and keys go with it`,
    },
  ])
