import { Elysia } from 'elysia'
import { z } from 'zod'
import { GoLiveError } from '../../domain/errors.ts'
import { roomNameSchema } from '../../domain/names.ts'
import type { Page } from '../../domain/page.ts'
import type { Room } from '../../domain/room.ts'
import { jsonBody } from '../body.ts'
import type { HttpDeps } from '../deps.ts'
import type { Exchanges } from '../exchange.ts'
import { toRoomChanges, toRoomInput } from './inputs.ts'
import { BODY_REFUSALS, models, REFUSALS } from './models.ts'
import { noQuery, nothing, roomsQuery, toRoomWire } from './shapes.ts'

export const roomPath = z.strictObject({
  room: z.string().meta({ description: "The room's plain name.", examples: ['team-standup'] }),
})

const tags = ['Rooms']

/** Rooms by the tenant's own names. */
export const rooms = (deps: HttpDeps, exchanges: Exchanges) =>
  new Elysia()
    .use(collection(deps, exchanges))
    .use(reading(deps, exchanges))
    .use(ending(deps, exchanges))
    .use(changing(deps, exchanges))

type Wire = ReturnType<typeof toRoomWire>

/** Rooms as answers show them, with who is in them and the sessions that run there. */
export const roomWires = ({ rooms, callSessions }: HttpDeps) => {
  const all = async (found: Room[]): Promise<Wire[]> => {
    const [first] = found
    if (!first) return []
    const running = await callSessions.running({ id: first.tenantId }, found)
    return found.map((room) =>
      toRoomWire(room, rooms.participantsNow(room), running.get(room.name) ?? null),
    )
  }
  return {
    one: async (room: Room): Promise<Wire> => (await all([room]))[0] as Wire,
    page: async ({ data, nextCursor }: Page<Room>) => ({
      data: await all(data),
      next_cursor: nextCursor,
    }),
  }
}

const collection = (deps: HttpDeps, exchanges: Exchanges) => {
  const { rooms } = deps
  const wires = roomWires(deps)
  return new Elysia()
    .use(models())
    .post(
      '/api/v1/rooms',
      async ({ request, body, set }) => {
        const { tenant } = exchanges.principal(request)
        const room = await rooms
          .create(tenant, body.name, toRoomInput(body))
          .catch(withRoomWire(wires))
        set.status = 201
        set.headers.etag = rooms.etag(room)
        set.headers.location = `/api/v1/rooms/${room.name}`
        return wires.one(room)
      },
      {
        parse: jsonBody,
        body: 'RoomCreate',
        query: noQuery,
        response: { 201: 'Room', 409: 'Problem', ...BODY_REFUSALS },
        detail: {
          operationId: 'createRoom',
          tags,
          summary: 'Create a room',
          description:
            'A name that is taken is answered with 409 `room_exists` and the existing room under `room`.',
        },
      },
    )
    .get(
      '/api/v1/rooms',
      async ({ request, query }) => {
        const { tenant } = exchanges.principal(request)
        const { limit, cursor, active = false } = query
        return wires.page(await rooms.list(tenant, { limit, cursor, active }))
      },
      {
        query: roomsQuery,
        response: { 200: 'RoomList', ...REFUSALS },
        detail: {
          operationId: 'listRooms',
          tags,
          summary: 'List rooms',
          description: 'Oldest first.',
        },
      },
    )
}

const reading = (deps: HttpDeps, exchanges: Exchanges) => {
  const { rooms } = deps
  const wires = roomWires(deps)
  return new Elysia()
    .use(models())
    .get(
      '/api/v1/rooms/:room',
      async ({ request, params, set }) => {
        const room = await rooms.get(exchanges.principal(request).tenant, params.room)
        set.headers.etag = rooms.etag(room)
        return wires.one(room)
      },
      {
        params: roomPath,
        query: noQuery,
        response: { 200: 'Room', 404: 'Problem', ...REFUSALS },
        detail: { operationId: 'getRoom', tags, summary: 'Get a room' },
      },
    )
    .delete(
      '/api/v1/rooms/:room',
      async ({ request, params, set }) => {
        await rooms.delete(exchanges.principal(request).tenant, params.room)
        set.status = 204
      },
      {
        params: roomPath,
        query: noQuery,
        response: { 204: nothing, 404: 'Problem', 503: 'Problem', ...REFUSALS },
        detail: {
          operationId: 'deleteRoom',
          tags,
          summary: 'Delete a room',
          description:
            'Ends the call at once. A room of this name can be created again right away; old tokens do not admit to it.',
        },
      },
    )
}

const ending = (deps: HttpDeps, exchanges: Exchanges) => {
  const { rooms } = deps
  const wires = roomWires(deps)
  return new Elysia().use(models()).post(
    '/api/v1/rooms/:room/end',
    async ({ request, params, set }) => {
      const room = await rooms.end(exchanges.principal(request).tenant, params.room)
      set.headers.etag = rooms.etag(room)
      return wires.one(room)
    },
    {
      params: roomPath,
      query: noQuery,
      response: { 200: 'Room', 404: 'Problem', 503: 'Problem', ...REFUSALS },
      detail: {
        operationId: 'endCall',
        tags,
        summary: 'End the call in a room',
        description:
          'Everybody is put out, the room stays. Their tokens still work: lock the room or take them back to keep people out.',
      },
    },
  )
}

const changing = (deps: HttpDeps, exchanges: Exchanges) => {
  const { rooms } = deps
  const wires = roomWires(deps)
  return new Elysia()
    .use(models())
    .put(
      '/api/v1/rooms/:room',
      async ({ request, params, body, set }) => {
        const { tenant } = exchanges.principal(request)
        const conditions = conditionsOf(request)
        const { room, created } = await rooms.put(
          tenant,
          params.room,
          toRoomInput(body),
          conditions,
        )
        set.status = created ? 201 : 200
        set.headers.etag = rooms.etag(room)
        return wires.one(room)
      },
      {
        params: z.strictObject({ room: roomNameSchema.meta({ examples: ['team-standup'] }) }),
        query: noQuery,
        parse: jsonBody,
        body: 'RoomSettings',
        response: { 200: 'Room', 201: 'Room', 409: 'Problem', 412: 'Problem', ...BODY_REFUSALS },
        detail: {
          operationId: 'putRoom',
          tags,
          summary: 'Create or replace a room',
          description:
            'Settings that are absent go back to their defaults. Honours `If-Match` and `If-None-Match: *`.',
        },
      },
    )
    .patch(
      '/api/v1/rooms/:room',
      async ({ request, params, body, set }) => {
        const { tenant } = exchanges.principal(request)
        const room = await rooms.update(
          tenant,
          params.room,
          toRoomChanges(body),
          conditionsOf(request),
        )
        set.headers.etag = rooms.etag(room)
        return wires.one(room)
      },
      {
        params: roomPath,
        query: noQuery,
        parse: jsonBody,
        body: 'RoomSettings',
        response: { 200: 'Room', 404: 'Problem', 412: 'Problem', ...BODY_REFUSALS },
        detail: {
          operationId: 'updateRoom',
          tags,
          summary: 'Change a room',
          description:
            'Settings that are absent stay; null goes back to the default. Honours `If-Match`, and `If-None-Match: *`, which no room fulfils.',
        },
      },
    )
}

const conditionsOf = ({ headers }: Request) => ({
  ifMatch: headers.get('if-match') ?? undefined,
  ifNoneMatch: headers.get('if-none-match') ?? undefined,
})

/** The domain hands over the existing room as its own object; callers get it in the API's shape. */
export const withRoomWire =
  (wires: ReturnType<typeof roomWires>) =>
  async (error: unknown): Promise<never> => {
    if (!(error instanceof GoLiveError) || error.code !== 'room_exists') throw error
    const { room } = error.details.extra as { room: Room }
    throw new GoLiveError('room_exists', error.message, {
      ...error.details,
      extra: { room: await wires.one(room) },
    })
  }
