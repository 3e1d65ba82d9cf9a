import { Elysia } from 'elysia'
import { z } from 'zod'
import type { Ban } from '../../domain/moderation.ts'
import { identitySchema } from '../../domain/names.ts'
import { type Position, pageIn } from '../../domain/page.ts'
import type { Participant } from '../../domain/participants.ts'
import type { Room } from '../../domain/room.ts'
import { sha256Hex } from '../../lib/crypto.ts'
import { dataBody, jsonBody } from '../body.ts'
import type { HttpDeps } from '../deps.ts'
import type { Exchanges } from '../exchange.ts'
import { BODY_REFUSALS, models, REFUSALS } from './models.ts'
import {
  removal,
  toDataMessage,
  toMute,
  toParticipantChanges,
  toRpcCall,
} from './moderation-inputs.ts'
import { toBanWire, toParticipantWire } from './participant-shapes.ts'
import { roomPath } from './rooms.ts'
import { noQuery, nothing, toListWire, wholeQuery } from './shapes.ts'

const personPath = roomPath.extend({
  identity: z.string().meta({ examples: ['user-123'] }),
})

const tags = ['Participants']

/** People in a room's call, and who is kept out of it. */
export const participants = (deps: HttpDeps, exchanges: Exchanges) =>
  new Elysia()
    .use(reading(deps, exchanges))
    .use(changing(deps, exchanges))
    .use(muting(deps, exchanges))
    .use(telling(deps, exchanges))
    .use(bans(deps, exchanges))

/** The room of the request. @throws room_not_found */
const roomBy =
  ({ rooms }: HttpDeps, exchanges: Exchanges) =>
  (request: Request, name: string): Promise<Room> =>
    rooms.get(exchanges.principal(request).tenant, name)

const arrival = ({ joinedAtMs, sid }: Participant): Position => ({ createdAt: joinedAtMs, id: sid })

/** Cursors are plain text, identities are not. */
const banning = ({ bannedAt, identity }: Ban): Position => ({
  createdAt: bannedAt,
  id: sha256Hex(identity),
})

const reading = (deps: HttpDeps, exchanges: Exchanges) => {
  const room = roomBy(deps, exchanges)
  return new Elysia()
    .use(models())
    .get(
      '/api/v1/rooms/:room/participants',
      async ({ request, params, query }) => {
        const people = await deps.participants.list(await room(request, params.room))
        return toListWire(pageIn(people, query, arrival), toParticipantWire)
      },
      {
        params: roomPath,
        query: wholeQuery,
        response: { 200: 'ParticipantList', 404: 'Problem', 503: 'Problem', ...REFUSALS },
        detail: {
          operationId: 'listParticipants',
          tags,
          summary: 'List who is in a call',
          description: 'In the order in which they came; without `limit` all of them.',
        },
      },
    )
    .get(
      '/api/v1/rooms/:room/participants/:identity',
      async ({ request, params }) =>
        toParticipantWire(
          await deps.participants.get(await room(request, params.room), params.identity),
        ),
      {
        params: personPath,
        query: noQuery,
        response: { 200: 'Participant', 404: 'Problem', 503: 'Problem', ...REFUSALS },
        detail: { operationId: 'getParticipant', tags, summary: 'Get somebody in a call' },
      },
    )
}

const changing = (deps: HttpDeps, exchanges: Exchanges) => {
  const room = roomBy(deps, exchanges)
  return new Elysia()
    .use(models())
    .patch(
      '/api/v1/rooms/:room/participants/:identity',
      async ({ request, params, body }) =>
        toParticipantWire(
          await deps.participants.update(
            await room(request, params.room),
            params.identity,
            toParticipantChanges(body),
          ),
        ),
      {
        params: personPath,
        query: noQuery,
        parse: jsonBody,
        body: 'ParticipantChanges',
        response: {
          200: 'Participant',
          404: 'Problem',
          409: 'Problem',
          ...BODY_REFUSALS,
        },
        detail: {
          operationId: 'updateParticipant',
          tags,
          summary: 'Change somebody in a call',
          description:
            'At once, and on every later join with a token that was first issued before: a token minted afterwards says anew what holds. Permissions that are not named stay.',
        },
      },
    )
    .delete(
      '/api/v1/rooms/:room/participants/:identity',
      async ({ request, params, query, set }) => {
        const place = await room(request, params.room)
        const { ban, ban_seconds } = query
        if (ban || ban_seconds !== undefined) {
          await deps.participants.ban(place, params.identity, ban_seconds ?? null)
        } else await deps.participants.remove(place, params.identity)
        set.status = 204
      },
      {
        params: roomPath.extend({ identity: identitySchema }),
        query: removal,
        response: { 204: nothing, 404: 'Problem', 409: 'Problem', 503: 'Problem', ...REFUSALS },
        detail: {
          operationId: 'removeParticipant',
          tags,
          summary: 'Put somebody out of a call',
          description:
            'Tokens issued to the identity before now no longer admit it. With a ban nothing admits it, and it need not be in the call now.',
        },
      },
    )
}

const muting = (deps: HttpDeps, exchanges: Exchanges) => {
  const room = roomBy(deps, exchanges)
  return new Elysia()
    .use(models())
    .post(
      '/api/v1/rooms/:room/participants/:identity/mute',
      async ({ request, params, body }) =>
        toParticipantWire(
          await deps.participants.mute(
            await room(request, params.room),
            params.identity,
            toMute(body),
          ),
        ),
      {
        params: personPath,
        query: noQuery,
        parse: jsonBody,
        body: 'Mute',
        response: { 200: 'Participant', 403: 'Problem', 404: 'Problem', ...BODY_REFUSALS },
        detail: {
          operationId: 'muteParticipant',
          tags,
          summary: 'Mute tracks of somebody',
          description: 'By `sources`, by `track_sids`, or both.',
        },
      },
    )
}

const telling = (deps: HttpDeps, exchanges: Exchanges) => {
  const room = roomBy(deps, exchanges)
  return new Elysia()
    .use(models())
    .post(
      '/api/v1/rooms/:room/data',
      async ({ request, params, body, set }) => {
        const place = await room(request, params.room)
        set.status = 202
        return { recipients: await deps.participants.sendData(place, toDataMessage(body)) }
      },
      {
        params: roomPath,
        query: noQuery,
        parse: dataBody,
        body: 'DataMessage',
        response: { 202: 'Sent', 404: 'Problem', ...BODY_REFUSALS },
        detail: {
          operationId: 'sendData',
          tags,
          summary: 'Send data to people in a call',
          description: 'They get it as `DataReceived`. With nobody in the call nothing is sent.',
        },
      },
    )
    .post(
      '/api/v1/rooms/:room/participants/:identity/rpc',
      async ({ request, params, body }) => ({
        response: await deps.participants.rpc(
          await room(request, params.room),
          params.identity,
          toRpcCall(body),
        ),
      }),
      {
        params: personPath,
        query: noQuery,
        parse: jsonBody,
        body: 'RpcCall',
        response: {
          200: 'RpcAnswer',
          404: 'Problem',
          502: 'Problem',
          504: 'Problem',
          ...BODY_REFUSALS,
        },
        detail: {
          operationId: 'callParticipant',
          tags,
          summary: "Call a method of somebody's app",
          description: 'The app registers it with `registerRpcMethod` of its SDK.',
        },
      },
    )
}

const bans = (deps: HttpDeps, exchanges: Exchanges) => {
  const room = roomBy(deps, exchanges)
  return new Elysia()
    .use(models())
    .get(
      '/api/v1/rooms/:room/bans',
      async ({ request, params, query }) => {
        const found = await deps.moderation.bans(await room(request, params.room))
        return toListWire(pageIn(found, query, banning), toBanWire)
      },
      {
        params: roomPath,
        query: wholeQuery,
        response: { 200: 'BanList', 404: 'Problem', ...REFUSALS },
        detail: {
          operationId: 'listBans',
          tags,
          summary: 'List who is kept out of a room',
          description: 'Oldest bans first; without `limit` all of them.',
        },
      },
    )
    .delete(
      '/api/v1/rooms/:room/bans/:identity',
      async ({ request, params, set }) => {
        await deps.moderation.unban(await room(request, params.room), params.identity)
        set.status = 204
      },
      {
        params: personPath,
        query: noQuery,
        response: { 204: nothing, 404: 'Problem', 503: 'Problem', ...REFUSALS },
        detail: {
          operationId: 'deleteBan',
          tags,
          summary: 'Lift a ban',
          description: 'Tokens issued before the ban stay refused.',
        },
      },
    )
}
