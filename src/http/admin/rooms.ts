import { Elysia } from 'elysia'
import { z } from 'zod'
import { rfc3339 } from '../../lib/clock.ts'
import { jsonBody } from '../body.ts'
import type { HttpDeps } from '../deps.ts'
import { toRoomInput, toTokenInput } from '../v1/inputs.ts'
import { roomWires, withRoomWire } from '../v1/rooms.ts'
import { noQuery, roomsQuery, toMintedWire } from '../v1/shapes.ts'
import { ADMIN_BODY_REFUSALS, ADMIN_REFUSALS, adminModels } from './models.ts'
import { slugPath } from './tenants.ts'

const roomPath = slugPath.extend({ room: z.string().meta({ examples: ['team-standup'] }) })

const tags = ['Rooms']

/** The operator sees what the tenant sees, and who is in a room. */
export const rooms = (deps: HttpDeps) => new Elysia().use(collection(deps)).use(single(deps))

const collection = (deps: HttpDeps) => {
  const { tenants, rooms } = deps
  const wires = roomWires(deps)
  return new Elysia()
    .use(adminModels())
    .get(
      '/admin/tenants/:slug/rooms',
      async ({ params, query }) => {
        const { limit, cursor, active = false } = query
        const tenant = await tenants.get(params.slug)
        return wires.page(await rooms.list(tenant, { limit, cursor, active }))
      },
      {
        params: slugPath,
        query: roomsQuery,
        response: { 200: 'RoomList', ...ADMIN_REFUSALS },
        detail: {
          operationId: 'listTenantRooms',
          tags,
          summary: "List a tenant's rooms",
          description: 'Oldest first.',
        },
      },
    )
    .post(
      '/admin/tenants/:slug/rooms',
      async ({ params, body, set }) => {
        const tenant = await tenants.get(params.slug)
        const made = await rooms
          .create(tenant, body.name, toRoomInput(body))
          .catch(withRoomWire(wires))
        set.status = 201
        return wires.one(made)
      },
      {
        params: slugPath,
        query: noQuery,
        parse: jsonBody,
        body: 'RoomCreate',
        response: { 201: 'Room', 409: 'Problem', ...ADMIN_BODY_REFUSALS },
        detail: { operationId: 'createTenantRoom', tags, summary: 'Create a room for a tenant' },
      },
    )
}

const single = (deps: HttpDeps) => {
  const { tenants, rooms, tokens } = deps
  const wires = roomWires(deps)
  return new Elysia()
    .use(adminModels())
    .get(
      '/admin/tenants/:slug/rooms/:room',
      async ({ params }) => {
        const room = await rooms.get(await tenants.get(params.slug), params.room)
        const participants = rooms
          .people(room)
          .map((person) => ({ ...person, since: rfc3339(person.since) }))
        return { ...(await wires.one(room)), participants }
      },
      {
        params: roomPath,
        query: noQuery,
        response: { 200: 'RoomWithPeople', ...ADMIN_REFUSALS },
        detail: {
          operationId: 'getTenantRoom',
          tags,
          summary: 'Get a room and who is in it',
        },
      },
    )
    .post(
      '/admin/tenants/:slug/rooms/:room/tokens',
      async ({ params, body, set }) => {
        const minted = await tokens.mintAs(
          await tenants.get(params.slug),
          params.room,
          toTokenInput(body),
        )
        set.headers['cache-control'] = 'no-store'
        return toMintedWire(minted)
      },
      {
        params: roomPath,
        query: noQuery,
        parse: jsonBody,
        body: 'TokenRequest',
        response: { 200: 'Token', ...ADMIN_BODY_REFUSALS },
        detail: {
          operationId: 'createTenantRoomToken',
          tags,
          summary: 'Mint a join token for a tenant',
          description: "By the tenant's oldest key that works.",
        },
      },
    )
}
