import { Elysia } from 'elysia'
import { z } from 'zod'
import type { AdminSession } from '../../domain/admin-sessions.ts'
import { rfc3339 } from '../../lib/clock.ts'
import type { HttpDeps } from '../deps.ts'
import type { Exchanges } from '../exchange.ts'
import { noQuery, nothing } from '../v1/shapes.ts'
import { ADMIN_REFUSALS, adminModels, CHANGE_REFUSALS } from './models.ts'

const sessionPath = z.strictObject({ id: z.string() })

const toSessionWire = (session: AdminSession, current: AdminSession | null) => ({
  id: session.id,
  admin: { email: session.admin.email },
  created_at: rfc3339(session.createdAt),
  last_seen_at: rfc3339(session.lastSeenAt),
  address: session.address,
  user_agent: session.userAgent,
  current: session.id === current?.id,
})

/** Where operators are signed in, to look through and to end. */
export const sessions = ({ sessions }: HttpDeps, exchanges: Exchanges) =>
  new Elysia()
    .use(adminModels())
    .get(
      '/admin/sessions',
      async ({ request }) => {
        const { session: current } = exchanges.caller(request)
        const found = await sessions.list()
        return { data: found.map((one) => toSessionWire(one, current)), next_cursor: null }
      },
      {
        query: noQuery,
        response: { 200: 'SessionList', ...ADMIN_REFUSALS },
        detail: {
          operationId: 'listSessions',
          tags: ['Sign-in'],
          summary: 'List sessions',
          description: 'Where operators are signed in.',
        },
      },
    )
    .delete(
      '/admin/sessions/:id',
      async ({ request, params, set }) => {
        await sessions.delete(params.id, exchanges.actor(request))
        set.status = 204
      },
      {
        params: sessionPath,
        query: noQuery,
        response: { 204: nothing, ...CHANGE_REFUSALS },
        detail: { operationId: 'endSession', tags: ['Sign-in'], summary: 'End a session' },
      },
    )
