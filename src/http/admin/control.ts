import { Elysia } from 'elysia'
import { z } from 'zod'
import { optionalJsonBody } from '../body.ts'
import type { HttpDeps } from '../deps.ts'
import { noQuery } from '../v1/shapes.ts'

const restartRequest = z.strictObject({ force: z.boolean().nullish() })

/** What the operator can have the running server do. */
export const control = ({ control }: HttpDeps) =>
  new Elysia()
    .post(
      '/admin/livekit/restart',
      async ({ body, set }) => {
        await control.restartLivekit(body.force ?? false)
        set.status = 202
        return {}
      },
      { query: noQuery, parse: optionalJsonBody, body: restartRequest },
    )
    .post(
      '/admin/restart',
      ({ set }) => {
        afterAnswer(() => control.restart())
        set.status = 202
        return {}
      },
      { query: noQuery },
    )
    .post(
      '/admin/stop',
      ({ set }) => {
        afterAnswer(() => control.stop())
        set.status = 202
        return {}
      },
      { query: noQuery },
    )

/** The caller learns that it was understood before the connection goes away. */
const afterAnswer = (work: () => void): void => {
  setImmediate(work)
}
