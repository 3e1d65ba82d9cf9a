import { Elysia } from 'elysia'
import type { z } from 'zod'
import { wants } from '../accept.ts'
import type { HttpDeps } from '../deps.ts'
import { csvResponse } from '../v1/usage.ts'
import { ledgerCsv, ledgerQuery, type ledgerWire, toLedgerWire } from '../v1/usage-shapes.ts'
import { ADMIN_REFUSALS, adminModels } from './models.ts'

/** What all tenants used in a month. */
export const ledger = (deps: HttpDeps) =>
  new Elysia()
    .use(adminModels())
    .get('/admin/usage', ({ request, query }) => answer(deps, request, query), {
      query: ledgerQuery,
      response: { 200: 'Ledger', ...ADMIN_REFUSALS },
      detail: {
        operationId: 'getLedger',
        tags: ['History'],
        summary: 'What each tenant used in a month',
        description:
          'In UTC, tenants that were deleted included. Calls that run count up to now. With `Accept: text/csv` it is a table with the same columns.',
      },
    })

const answer = async (
  { usage }: HttpDeps,
  request: Request,
  query: z.output<typeof ledgerQuery>,
): Promise<z.input<typeof ledgerWire>> => {
  const month = query.month ?? usage.range({}).to.slice(0, 7)
  const report = await usage.ledger(month)
  if (!wants(request, 'text/csv')) return toLedgerWire(month, report)
  return csvResponse(`golive-usage-${month}.csv`, ledgerCsv(month, report)) as never
}
