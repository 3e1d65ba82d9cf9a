import { Elysia } from 'elysia'
import { z } from 'zod'
import { freeText } from '../../domain/names.ts'
import { DEFAULT_LIMITS, type Limits, type TenantChanges } from '../../domain/tenants.ts'
import { jsonBody } from '../body.ts'
import type { HttpDeps } from '../deps.ts'
import type { Exchanges } from '../exchange.ts'
import { invalid } from '../problem.ts'
import { noQuery, nothing, pageQuery, toListWire } from '../v1/shapes.ts'
import type { LimitsInput, tenantPatch } from './inputs.ts'
import { ADMIN_BODY_REFUSALS, ADMIN_REFUSALS, adminModels, CHANGE_REFUSALS } from './models.ts'
import { toOperatorTenantWire } from './shapes.ts'

export const slugPath = z.strictObject({ slug: z.string().meta({ examples: ['acme'] }) })

const tags = ['Tenants']

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

const tenantsQuery = pageQuery.extend({
  q: freeText(128).optional().meta({ description: 'Only tenants whose slug or name begins so.' }),
})

const deleteQuery = z.strictObject({
  confirm: z.string().optional().meta({ description: 'The slug once more.' }),
})

/** Tenants, by their slugs. */
export const tenants = (deps: HttpDeps, exchanges: Exchanges) =>
  new Elysia().use(collection(deps, exchanges)).use(single(deps, exchanges))

const collection = ({ tenants }: HttpDeps, exchanges: Exchanges) =>
  new Elysia()
    .use(adminModels())
    .get(
      '/admin/tenants',
      async ({ query: { q, ...page } }) =>
        toListWire(await tenants.list({ ...page, beginning: q }), toOperatorTenantWire),
      {
        query: tenantsQuery,
        response: { 200: 'TenantList', ...ADMIN_REFUSALS },
        detail: {
          operationId: 'listTenants',
          tags,
          summary: 'List tenants',
          description: 'Oldest first.',
        },
      },
    )
    .post(
      '/admin/tenants',
      async ({ request, body, set }) => {
        const input = {
          slug: body.slug,
          name: body.name ?? null,
          limits: toLimits(body.limits ?? {}),
        }
        const { tenant, key } = await tenants.create(input, exchanges.actor(request))
        set.status = 201
        set.headers['cache-control'] = 'no-store'
        return { ...toOperatorTenantWire(tenant), api_key: key.apiKey, api_secret: key.apiSecret }
      },
      {
        query: noQuery,
        parse: jsonBody,
        body: 'TenantCreate',
        response: { 201: 'NewTenant', 409: 'Problem', ...ADMIN_BODY_REFUSALS },
        detail: {
          operationId: 'createTenant',
          tags,
          summary: 'Create a tenant',
          description: 'With its first key, whose secret is in this answer and in no other.',
        },
      },
    )

const single = ({ tenants }: HttpDeps, exchanges: Exchanges) =>
  new Elysia()
    .use(adminModels())
    .get(
      '/admin/tenants/:slug',
      async ({ params }) => toOperatorTenantWire(await tenants.get(params.slug)),
      {
        params: slugPath,
        query: noQuery,
        response: { 200: 'Tenant', ...ADMIN_REFUSALS },
        detail: { operationId: 'getTenant', tags, summary: 'Get a tenant' },
      },
    )
    .patch(
      '/admin/tenants/:slug',
      async ({ request, params, body }) => {
        const actor = exchanges.actor(request)
        return toOperatorTenantWire(await tenants.update(params.slug, toChanges(body), actor))
      },
      {
        params: slugPath,
        query: noQuery,
        parse: jsonBody,
        body: 'TenantPatch',
        response: { 200: 'Tenant', ...ADMIN_BODY_REFUSALS },
        detail: {
          operationId: 'updateTenant',
          tags,
          summary: 'Change a tenant',
          description: 'What is absent stays.',
        },
      },
    )
    .delete(
      '/admin/tenants/:slug',
      async ({ request, params, query, set }) => {
        if (query.confirm !== params.slug) throw notConfirmed(params.slug)
        await tenants.delete(params.slug, exchanges.actor(request))
        set.status = 204
      },
      {
        params: slugPath,
        query: deleteQuery,
        response: { 204: nothing, ...CHANGE_REFUSALS },
        detail: {
          operationId: 'deleteTenant',
          tags,
          summary: 'Delete a tenant',
          description:
            'With its rooms and keys; running calls end. The slug can be used again after 24 hours; all that is kept is purged after 30 days, but for the totals of its days.',
        },
      },
    )

const notConfirmed = (slug: string) =>
  invalid([
    {
      path: 'confirm',
      message: `must repeat the slug ${slug.slice(0, 40)}: its rooms and keys go with it`,
    },
  ])
