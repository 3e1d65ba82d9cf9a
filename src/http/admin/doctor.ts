import { Elysia } from 'elysia'
import type { HttpDeps } from '../deps.ts'
import { noQuery } from '../v1/shapes.ts'
import { adminModels, CHANGE_REFUSALS } from './models.ts'

/** The examination of the machine, the server and its way to the internet. */
export const doctor = ({ examination }: HttpDeps) =>
  new Elysia().use(adminModels()).post('/admin/doctor', () => examination.run(), {
    query: noQuery,
    response: { 200: 'DoctorReport', ...CHANGE_REFUSALS },
    detail: {
      operationId: 'runDoctor',
      tags: ['Server'],
      summary: 'Examine the server and its way to the internet',
      description:
        'What `golive doctor` finds: DNS, clock, ports, certificate, disk, limits, database, and a call of its own over UDP, TCP and TURN. Takes up to a minute; who asks while one runs gets the report of that one.',
    },
  })
