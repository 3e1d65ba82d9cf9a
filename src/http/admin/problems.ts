import { Elysia } from 'elysia'
import type { Problem } from '../../domain/problems.ts'
import { rfc3339 } from '../../lib/clock.ts'
import type { HttpDeps } from '../deps.ts'
import { noQuery } from '../v1/shapes.ts'
import { ADMIN_REFUSALS, adminModels } from './models.ts'
import { slugPath } from './tenants.ts'

const toProblemWire = (problem: Problem) => ({ ...problem, at: rfc3339(problem.at) })

/** What was refused to a tenant's backend and people lately. */
export const problems = ({ tenants, problems }: HttpDeps) =>
  new Elysia().use(adminModels()).get(
    '/admin/tenants/:slug/problems',
    async ({ params }) => {
      const tenant = await tenants.get(params.slug)
      return { data: problems.list(tenant.id).map(toProblemWire), next_cursor: null }
    },
    {
      params: slugPath,
      query: noQuery,
      response: { 200: 'TenantProblemList', ...ADMIN_REFUSALS },
      detail: {
        operationId: 'listTenantProblems',
        tags: ['Tenants'],
        summary: 'What was refused to a tenant lately',
        description:
          'Newest first, at most 100 since the server started: refused joins, and refused calls of its backend.',
      },
    },
  )
