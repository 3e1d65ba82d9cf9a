import { Elysia } from 'elysia'
import { z } from 'zod'
import type { HttpDeps } from '../deps.ts'
import type { Exchanges } from '../exchange.ts'
import { models, REFUSALS } from './models.ts'
import { roomPath } from './rooms.ts'
import {
  roomSessionsQuery,
  sessionsQuery,
  toSessionParticipantWire,
  toSessionWire,
} from './session-shapes.ts'
import { noQuery, pageQuery, toListWire } from './shapes.ts'

const sessionPath = z.strictObject({ id: z.string().meta({ examples: ['01kb1x8w3nq7f2e9'] }) })

const tags = ['Sessions']

/** Calls that were or are, and who was in them. */
export const sessions = (deps: HttpDeps, exchanges: Exchanges) =>
  new Elysia().use(collections(deps, exchanges)).use(single(deps, exchanges))

const collections = ({ callSessions, rooms }: HttpDeps, exchanges: Exchanges) =>
  new Elysia()
    .use(models())
    .get(
      '/api/v1/sessions',
      async ({ request, query }) => {
        const { active = false, ...rest } = query
        const { tenant } = exchanges.principal(request)
        return toListWire(await callSessions.list(tenant, { ...rest, active }), toSessionWire)
      },
      {
        query: sessionsQuery,
        response: { 200: 'SessionList', ...REFUSALS },
        detail: {
          operationId: 'listSessions',
          tags,
          summary: 'List sessions',
          description:
            'A session is one call: from the first who came into a room to the last who left. Newest first.',
        },
      },
    )
    .get(
      '/api/v1/rooms/:room/sessions',
      async ({ request, params, query }) => {
        const { active = false, ...rest } = query
        const { tenant } = exchanges.principal(request)
        const found = await callSessions.list(tenant, { ...rest, active, room: params.room })
        // Calls outlive their room; only a name that has neither is unknown.
        if (found.data.length === 0) await rooms.get(tenant, params.room)
        return toListWire(found, toSessionWire)
      },
      {
        params: roomPath,
        query: roomSessionsQuery,
        response: { 200: 'SessionList', 404: 'Problem', ...REFUSALS },
        detail: {
          operationId: 'listRoomSessions',
          tags,
          summary: 'List the sessions in a room',
          description: 'Newest first, also those in a room that was deleted since.',
        },
      },
    )

const single = ({ callSessions }: HttpDeps, exchanges: Exchanges) =>
  new Elysia()
    .use(models())
    .get(
      '/api/v1/sessions/:id',
      async ({ request, params }) =>
        toSessionWire(await callSessions.get(exchanges.principal(request).tenant, params.id)),
      {
        params: sessionPath,
        query: noQuery,
        response: { 200: 'Session', 404: 'Problem', ...REFUSALS },
        detail: { operationId: 'getSession', tags, summary: 'Get a session' },
      },
    )
    .get(
      '/api/v1/sessions/:id/participants',
      async ({ request, params, query }) => {
        const { tenant } = exchanges.principal(request)
        return toListWire(
          await callSessions.participants(tenant, params.id, query),
          toSessionParticipantWire,
        )
      },
      {
        params: sessionPath,
        query: pageQuery,
        response: { 200: 'SessionParticipantList', 404: 'Problem', ...REFUSALS },
        detail: {
          operationId: 'listSessionParticipants',
          tags,
          summary: 'List who was in a session',
          description: 'In the order in which they came; who came twice is there twice.',
        },
      },
    )
