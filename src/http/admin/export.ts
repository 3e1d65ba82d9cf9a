import { Elysia } from 'elysia'
import { z } from 'zod'
import { Turns } from '../../lib/turns.ts'
import type { HttpDeps } from '../deps.ts'
import { noQuery } from '../v1/shapes.ts'
import { ADMIN_REFUSALS, adminModels } from './models.ts'
import { slugPath } from './tenants.ts'

const LINES = 'application/x-ndjson'

/** All that is kept of a tenant, as one stream of lines. */
export const tenantExport = ({ exports, log }: HttpDeps) =>
  new Elysia().use(adminModels()).get(
    '/admin/tenants/:slug/export',
    async ({ request, params }) => {
      const lines = await exports.lines(params.slug)
      // Nobody would read what HEAD is answered, to its end or at all.
      if (request.method === 'HEAD') return new Response(null, { headers: HEADERS })
      const failed = (err: unknown) => log.error({ err }, 'an export broke off')
      return new Response(streamOf(lines, failed), { headers: HEADERS })
    },
    {
      params: slugPath,
      query: noQuery,
      response: { 200: z.string().meta({ contentMediaType: LINES }), ...ADMIN_REFUSALS },
      detail: {
        operationId: 'exportTenant',
        tags: ['Tenants'],
        summary: 'Export a tenant',
        description:
          'All that is kept of it but for secrets, one JSON object a line: `kind` is `tenant`, `key`, `role`, `room`, `member` (what was decided about a person in the room before it), `revocation`, `webhook`, `delivery`, `session`, `participant` (of the session before it), `event`, `usage_day` or `usage_room` (of a month). The last line is of kind `end`; without it the export broke off. It is read while it is sent: what changes meanwhile may be in it or not.',
      },
    },
  )

const HEADERS = {
  'content-type': LINES,
  'content-disposition': 'attachment; filename="export.ndjson"',
}

const LINES_AT_ONCE = 100
/** Of all exports together: they are read faster than anything else is done. */
const TURNS = new Turns()

/** Made as fast as it is read, so that memory stays the same for a tenant of any size. */
const streamOf = (
  lines: AsyncGenerator<object>,
  failed: (error: unknown) => void,
): ReadableStream<Uint8Array> => {
  const encoder = new TextEncoder()
  return new ReadableStream({
    async pull(controller) {
      try {
        const { text, isLast } = await TURNS.take(() => take(lines))
        if (text !== '') controller.enqueue(encoder.encode(text))
        if (isLast) controller.close()
      } catch (error) {
        // The status was sent long ago: that the end is missing tells the reader.
        failed(error)
        controller.error(error)
      }
    },
    cancel: async () => void (await lines.return(undefined)),
  })
}

const take = async (lines: AsyncGenerator<object>): Promise<{ text: string; isLast: boolean }> => {
  let text = ''
  for (let n = 0; n < LINES_AT_ONCE; n++) {
    const { value, done } = await lines.next()
    if (done) return { text, isLast: true }
    text += `${JSON.stringify(value)}\n`
  }
  return { text, isLast: false }
}
