import { Elysia } from 'elysia'
import type { HttpDeps } from '../deps.ts'
import { noQuery } from '../v1/shapes.ts'

export const status = ({ status }: HttpDeps) =>
  new Elysia().get('/admin/status', () => status.serverStatus(), { query: noQuery })
