import { Elysia } from 'elysia'
import { z } from 'zod'
import { ACTIONS, type AuditEntry } from '../../domain/audit.ts'
import { freeText, slugSchema } from '../../domain/names.ts'
import { rfc3339 } from '../../lib/clock.ts'
import type { HttpDeps } from '../deps.ts'
import { pageQuery, toListWire } from '../v1/shapes.ts'
import { ADMIN_REFUSALS, adminModels } from './models.ts'

const auditQuery = pageQuery.extend({
  tenant: slugSchema.optional().meta({ description: 'A slug.' }),
  actor: freeText(400)
    .optional()
    .meta({ examples: ['admin:ada@example.com'] }),
  action: z.enum(ACTIONS).optional(),
})

const toAuditWire = (entry: AuditEntry) => ({
  ...entry,
  at: rfc3339(entry.at),
  before: entry.before as Record<string, unknown> | null,
  after: entry.after as Record<string, unknown> | null,
})

/** Who did what, newest first. */
export const audit = ({ audit }: HttpDeps) =>
  new Elysia()
    .use(adminModels())
    .get('/admin/audit', async ({ query }) => toListWire(await audit.list(query), toAuditWire), {
      query: auditQuery,
      response: { 200: 'AuditList', ...ADMIN_REFUSALS },
      detail: {
        operationId: 'listAudit',
        tags: ['Server'],
        summary: 'Who did what',
        description: 'Newest first. Entries are never changed.',
      },
    })
