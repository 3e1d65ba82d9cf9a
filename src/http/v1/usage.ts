import { Elysia } from 'elysia'
import type { z } from 'zod'
import { wants } from '../accept.ts'
import type { HttpDeps } from '../deps.ts'
import type { Exchanges } from '../exchange.ts'
import { models, REFUSALS } from './models.ts'
import { toUsageWire, usageCsv, usageQuery, type usageWire } from './usage-shapes.ts'

export const USAGE_DESCRIPTION =
  'By day or by room, for at most 400 days in UTC; this month so far unless told otherwise. Calls that run count up to now. With `Accept: text/csv` it is a table with the same columns; text that a spreadsheet would run as a formula has an apostrophe in front.'

/** What calls used. */
export const usage = (deps: HttpDeps, exchanges: Exchanges) =>
  new Elysia()
    .use(models())
    .get(
      '/api/v1/usage',
      ({ request, query }) =>
        answerUsage(deps, request, exchanges.principal(request).tenant, query),
      {
        query: usageQuery,
        response: { 200: 'Usage', ...REFUSALS },
        detail: {
          operationId: 'getUsage',
          tags: ['Usage'],
          summary: 'What calls used',
          description: USAGE_DESCRIPTION,
        },
      },
    )

interface Owner {
  id: string
  slug: string
}

/** A table leaves as a response of its own, which no schema describes. */
export const answerUsage = async (
  { usage }: HttpDeps,
  request: Request,
  tenant: Owner,
  query: z.output<typeof usageQuery>,
): Promise<z.input<typeof usageWire>> => {
  const range = usage.range(query)
  const found =
    query.group_by === 'day'
      ? { by: 'day' as const, report: await usage.byDay(tenant, range) }
      : { by: 'room' as const, report: await usage.byRoom(tenant, range) }
  if (!wants(request, 'text/csv')) return toUsageWire(found)
  const name = `usage-${tenant.slug}-${range.from}-${range.to}.csv`
  return csvResponse(name, usageCsv(found)) as never
}

/** @param name of plain ASCII, as the file is to be called */
export const csvResponse = (name: string, text: string): Response =>
  new Response(text, {
    headers: {
      'content-type': 'text/csv; charset=utf-8; header=present',
      'content-disposition': `attachment; filename="${name}"`,
      vary: 'accept',
    },
  })
