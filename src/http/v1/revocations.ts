import { Elysia } from 'elysia'
import { jsonBody, optionalJsonBody } from '../body.ts'
import type { HttpDeps } from '../deps.ts'
import type { Exchanges } from '../exchange.ts'
import { BODY_REFUSALS, models } from './models.ts'
import { toWhose } from './moderation-inputs.ts'
import { toRevocationWire } from './participant-shapes.ts'
import { roomPath } from './rooms.ts'
import { noQuery } from './shapes.ts'

const description =
  'Tokens first issued before are refused from now on, renewed ones, too, and who is in a call with one is put out. Tokens issued later work.'

/** Taking tokens back. */
export const revocations = ({ revocations, rooms }: HttpDeps, exchanges: Exchanges) =>
  new Elysia()
    .use(models())
    .post(
      '/api/v1/rooms/:room/revocations',
      async ({ request, params, body, set }) => {
        const { tenant } = exchanges.principal(request)
        const room = await rooms.get(tenant, params.room)
        set.status = 201
        return toRevocationWire(await revocations.create(tenant, room, toWhose(body)))
      },
      {
        params: roomPath,
        query: noQuery,
        parse: optionalJsonBody,
        body: 'RevocationCreate',
        response: { 201: 'Revocation', 404: 'Problem', 409: 'Problem', ...BODY_REFUSALS },
        detail: {
          operationId: 'revokeRoomTokens',
          tags: ['Tokens'],
          summary: 'Take back tokens of a room',
          description,
        },
      },
    )
    .post(
      '/api/v1/revocations',
      async ({ request, body, set }) => {
        const { tenant } = exchanges.principal(request)
        set.status = 201
        return toRevocationWire(await revocations.create(tenant, null, toWhose(body)))
      },
      {
        query: noQuery,
        parse: jsonBody,
        body: 'RevocationCreate',
        response: { 201: 'Revocation', 404: 'Problem', 409: 'Problem', ...BODY_REFUSALS },
        detail: {
          operationId: 'revokeTokens',
          tags: ['Tokens'],
          summary: 'Take back tokens of all rooms',
          description,
        },
      },
    )
