import { Elysia } from 'elysia'
import { z } from 'zod'
import type { HttpDeps } from '../deps.ts'
import type { Exchanges } from '../exchange.ts'
import { eventsQuery, toEventWire } from '../v1/event-shapes.ts'
import { answerEvents, EVENTS_DESCRIPTION } from '../v1/events.ts'
import { sessionsQuery, toSessionWire } from '../v1/session-shapes.ts'
import { noQuery, pageQuery, toListWire } from '../v1/shapes.ts'
import { answerUsage, USAGE_DESCRIPTION } from '../v1/usage.ts'
import { usageQuery } from '../v1/usage-shapes.ts'
import { newestEventsQuery, toRefusedJoinWire, toStayWire } from './history-shapes.ts'
import { ADMIN_REFUSALS, adminModels } from './models.ts'
import { slugPath } from './tenants.ts'

const sessionPath = slugPath.extend({ id: z.string().meta({ examples: ['01kb1x8w3nq7f2e9'] }) })

const tags = ['History']

/** What happened in a tenant's calls: the operator sees what the tenant sees, and more of people. */
export const history = (deps: HttpDeps, exchanges: Exchanges) =>
  new Elysia().use(sessions(deps)).use(log(deps, exchanges))

const sessions = ({ tenants, callSessions }: HttpDeps) =>
  new Elysia()
    .use(adminModels())
    .get(
      '/admin/tenants/:slug/sessions',
      async ({ params, query: { active = false, ...rest } }) => {
        const tenant = await tenants.get(params.slug)
        return toListWire(await callSessions.list(tenant, { ...rest, active }), toSessionWire)
      },
      {
        params: slugPath,
        query: sessionsQuery,
        response: { 200: 'CallSessionList', ...ADMIN_REFUSALS },
        detail: {
          operationId: 'listTenantSessions',
          tags,
          summary: "List a tenant's calls",
          description: 'Those that run and those that were, newest first.',
        },
      },
    )
    .get(
      '/admin/tenants/:slug/sessions/:id',
      async ({ params }) =>
        toSessionWire(await callSessions.get(await tenants.get(params.slug), params.id)),
      {
        params: sessionPath,
        query: noQuery,
        response: { 200: 'CallSession', ...ADMIN_REFUSALS },
        detail: { operationId: 'getTenantSession', tags, summary: 'Get a call' },
      },
    )
    .get(
      '/admin/tenants/:slug/sessions/:id/participants',
      async ({ params, query }) => {
        const tenant = await tenants.get(params.slug)
        return toListWire(await callSessions.participants(tenant, params.id, query), toStayWire)
      },
      {
        params: sessionPath,
        query: pageQuery,
        response: { 200: 'StayList', ...ADMIN_REFUSALS },
        detail: {
          operationId: 'listTenantSessionParticipants',
          tags,
          summary: 'List who was in a call, with their tracks',
          description: 'In the order in which they came; who came twice is there twice.',
        },
      },
    )
    .get(
      '/admin/tenants/:slug/sessions/:id/refusals',
      async ({ params, query }) => {
        const tenant = await tenants.get(params.slug)
        return toListWire(
          await callSessions.refusedJoins(tenant, params.id, query),
          toRefusedJoinWire,
        )
      },
      {
        params: sessionPath,
        query: pageQuery,
        response: { 200: 'RefusedJoinList', ...ADMIN_REFUSALS },
        detail: {
          operationId: 'listTenantSessionRefusals',
          tags,
          summary: 'List who was not let into the room of a call',
          description:
            'From ten minutes before it to ten minutes after it, in their order. A page may be short, or empty, ahead of the last.',
        },
      },
    )

const log = (deps: HttpDeps, exchanges: Exchanges) =>
  new Elysia()
    .use(adminModels())
    .get(
      '/admin/tenants/:slug/usage',
      async ({ request, params, query }) =>
        answerUsage(deps, request, await deps.tenants.get(params.slug), query),
      {
        params: slugPath,
        query: usageQuery,
        response: { 200: 'Usage', ...ADMIN_REFUSALS },
        detail: {
          operationId: 'getTenantUsage',
          tags,
          summary: 'What the calls of a tenant used',
          description: USAGE_DESCRIPTION,
        },
      },
    )
    .get(
      '/admin/tenants/:slug/events/newest',
      async ({ params, query: { before = null, types = null, limit } }) => {
        const { id } = await deps.tenants.get(params.slug)
        const found = await deps.events.newest(id, { before, types, limit })
        return {
          stream_id: await deps.events.streamId(),
          data: found.data.map(toEventWire),
          next_before: found.nextBefore,
          last_seq: found.lastSeq,
        }
      },
      {
        params: slugPath,
        query: newestEventsQuery,
        response: { 200: 'NewestEvents', ...ADMIN_REFUSALS },
        detail: {
          operationId: 'listNewestTenantEvents',
          tags,
          summary: 'What happened in a tenant last',
          description: 'Newest first, as far back as events are kept.',
        },
      },
    )
    .get(
      '/admin/tenants/:slug/events',
      async ({ request, params, query }) =>
        answerEvents(deps, exchanges, request, await deps.tenants.get(params.slug), query),
      {
        params: slugPath,
        query: eventsQuery,
        response: { 200: 'EventPage', 410: 'Problem', 503: 'Problem', ...ADMIN_REFUSALS },
        detail: {
          operationId: 'listTenantEvents',
          tags,
          summary: 'What happened in a tenant',
          description: EVENTS_DESCRIPTION,
        },
      },
    )
