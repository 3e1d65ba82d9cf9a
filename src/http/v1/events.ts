import { Elysia } from 'elysia'
import type { z } from 'zod'
import { wants } from '../accept.ts'
import type { HttpDeps } from '../deps.ts'
import type { Exchanges } from '../exchange.ts'
import {
  type eventPageWire,
  type eventsQuery,
  eventsQuery as query,
  readFrom,
  toEventWire,
} from './event-shapes.ts'
import { models, REFUSALS } from './models.ts'

export const EVENTS_DESCRIPTION =
  'In their order, from the first; `seq` has no gaps. With `Accept: text/event-stream` the same as server-sent events that go on: `id` is `seq`, `event` the type, `data` the event; the first, `stream`, tells the `stream_id`, and comments, or an `id` without data, keep the connection alive. A reader that comes back sends `Last-Event-ID`. Events that are no longer kept are 410 `events_expired`, with `first_seq`.'

/** What happened, as a page or as a stream. */
export const events = (deps: HttpDeps, exchanges: Exchanges) =>
  new Elysia()
    .use(models())
    .get(
      '/api/v1/events',
      ({ request, query }) =>
        answerEvents(deps, exchanges, request, exchanges.principal(request).tenant, query),
      {
        query,
        response: { 200: 'EventPage', 410: 'Problem', 503: 'Problem', ...REFUSALS },
        detail: {
          operationId: 'listEvents',
          tags: ['Events'],
          summary: 'What happened',
          description: EVENTS_DESCRIPTION,
        },
      },
    )

type Answer = Promise<z.input<typeof eventPageWire>>

/** A stream leaves as a response of its own, which no schema describes. */
export const answerEvents = async (
  { events, streams }: HttpDeps,
  exchanges: Exchanges,
  request: Request,
  tenant: { id: string },
  query: z.output<typeof eventsQuery>,
): Answer => {
  const from = readFrom(request, query)
  if (wants(request, 'text/event-stream')) {
    if (request.method === 'HEAD') return streams.head() as never
    const exchange = exchanges.of(request)
    const reader = {
      isTenant: exchange.principal !== null,
      admitAgain: () => exchange.admitAgain(request, exchange),
    }
    return (await streams.open({ tenant, ...from }, reader)) as never
  }
  const page = { ...from, limit: query.limit }
  const { data, nextAfter, lastSeq } = await events.list(tenant.id, page)
  return {
    stream_id: await events.streamId(),
    data: data.map(toEventWire),
    next_after: nextAfter,
    last_seq: lastSeq,
  }
}
