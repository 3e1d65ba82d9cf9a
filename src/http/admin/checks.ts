import { Elysia } from 'elysia'
import { toCheckCallWire } from '../check.ts'
import type { HttpDeps } from '../deps.ts'
import { noQuery } from '../v1/shapes.ts'
import { adminModels, CHANGE_REFUSALS } from './models.ts'

/** Calls in which the way to this server is tried. */
export const checks = ({ checks }: HttpDeps) =>
  new Elysia().use(adminModels()).post(
    '/admin/checks',
    ({ set }) => {
      set.status = 201
      return toCheckCallWire(checks.begin('operator'))
    },
    {
      query: noQuery,
      response: { 201: 'CheckCall', ...CHANGE_REFUSALS },
      detail: {
        operationId: 'beginCheck',
        tags: ['Server'],
        summary: 'Begin a check call',
        description:
          'A join token for a room that belongs to no tenant, for one person alone and for two minutes, to try how this server is reached. 429 while too many run, 503 while the server is full or its media server restarts.',
      },
    },
  )
