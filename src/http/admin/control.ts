import { Elysia } from 'elysia'
import { optionalJsonBody } from '../body.ts'
import type { HttpDeps } from '../deps.ts'
import type { Exchanges } from '../exchange.ts'
import { noQuery } from '../v1/shapes.ts'
import { ADMIN_BODY_REFUSALS, adminModels, CHANGE_REFUSALS, ON_THE_MACHINE } from './models.ts'

const tags = ['Server']

/** What the operator can have the running server do. */
export const control = ({ control }: HttpDeps, exchanges: Exchanges) =>
  new Elysia()
    .use(adminModels())
    .post(
      '/admin/livekit/restart',
      async ({ request, body, set }) => {
        await control.restartLivekit(body.force ?? false, exchanges.actor(request))
        set.status = 202
        return {}
      },
      {
        query: noQuery,
        parse: optionalJsonBody,
        body: 'RestartRequest',
        response: { 202: 'Accepted', 409: 'Problem', ...ADMIN_BODY_REFUSALS },
        detail: {
          operationId: 'restartLivekit',
          tags,
          summary: 'Restart livekit-server',
          description: 'Answers when it is back.',
        },
      },
    )
    .post(
      '/admin/restart',
      ({ set }) => {
        afterAnswer(() => control.restart())
        set.status = 202
        return {}
      },
      {
        query: noQuery,
        response: { 202: 'Accepted', ...CHANGE_REFUSALS },
        detail: {
          operationId: 'restartServer',
          tags,
          summary: 'Restart this server',
          description: `${ON_THE_MACHINE} Calls go on.`,
        },
      },
    )
    .post(
      '/admin/stop',
      ({ set }) => {
        afterAnswer(() => control.stop())
        set.status = 202
        return {}
      },
      {
        query: noQuery,
        response: { 202: 'Accepted', ...CHANGE_REFUSALS },
        detail: {
          operationId: 'stopServer',
          tags,
          summary: 'Stop this server',
          description: `${ON_THE_MACHINE} All calls end.`,
        },
      },
    )

/** The caller learns that it was understood before the connection goes away. */
const afterAnswer = (work: () => void): void => {
  setImmediate(work)
}
