import { Elysia } from 'elysia'
import { z } from 'zod'
import { identitySchema } from '../../domain/names.ts'
import { rfc3339 } from '../../lib/clock.ts'
import type { HttpDeps } from '../deps.ts'
import type { Exchanges } from '../exchange.ts'
import { models, REFUSALS } from './models.ts'
import { noQuery } from './shapes.ts'

const identityPath = z.strictObject({
  identity: identitySchema.meta({ examples: ['user-123'] }),
})

/** People in what is written down, whatever room they were in. */
export const identities = ({ erasures }: HttpDeps, exchanges: Exchanges) =>
  new Elysia().use(models()).delete(
    '/api/v1/identities/:identity',
    async ({ request, params, set }) => {
      const { tenant } = exchanges.principal(request)
      const actor = exchanges.actor(request)
      const { requestedAt } = await erasures.request(tenant.id, params.identity, actor)
      set.status = 202
      return { requested_at: rfc3339(requestedAt) }
    },
    {
      params: identityPath,
      query: noQuery,
      response: { 202: 'Erasure', 503: 'Problem', ...REFUSALS },
      detail: {
        operationId: 'eraseIdentity',
        tags: ['Participants'],
        summary: 'Erase a person from history',
        description:
          'Identity, name, metadata and addresses go from events, sessions and what was changed of the person; a pseudonym `erased-…`, the same in all of it, stands for them. Times, numbers and totals stay. It takes seconds; who is in a call is erased once they have left all calls. Bans stay in force under the identity until you lift them. Asking again while it waits changes nothing; who joins afterwards is written down anew.',
      },
    },
  )
