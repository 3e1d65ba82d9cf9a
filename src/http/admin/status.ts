import { Elysia } from 'elysia'
import type { HttpDeps } from '../deps.ts'
import { noQuery } from '../v1/shapes.ts'
import { ADMIN_REFUSALS, adminModels } from './models.ts'

export const status = ({ status }: HttpDeps) =>
  new Elysia().use(adminModels()).get('/admin/status', () => status.serverStatus(), {
    query: noQuery,
    response: { 200: 'Status', ...ADMIN_REFUSALS },
    detail: { operationId: 'getStatus', tags: ['Server'], summary: 'How the server is' },
  })
