import { Elysia } from 'elysia'
import { z } from 'zod'
import type { Room } from '../../domain/rooms.ts'
import { rfc3339 } from '../../lib/clock.ts'
import { jsonBody } from '../body.ts'
import type { HttpDeps } from '../deps.ts'
import { roomCreate, tokenRequest, toRoomInput, toTokenInput } from '../v1/inputs.ts'
import { withRoomWire } from '../v1/rooms.ts'
import { noQuery, roomsQuery, toListWire, toMintedWire, toRoomWire } from '../v1/shapes.ts'
import { slugPath } from './tenants.ts'

const roomPath = slugPath.extend({ room: z.string() })

/** The operator sees what the tenant sees, and who is in a room. */
export const rooms = ({ tenants, rooms, tokens }: HttpDeps) => {
  const wire = (room: Room) => toRoomWire(room, rooms.participantsNow(room))
  return new Elysia()
    .get(
      '/admin/tenants/:slug/rooms',
      async ({ params, query }) => {
        const { limit, cursor, active = false } = query
        const tenant = await tenants.get(params.slug)
        return toListWire(await rooms.list(tenant, { limit, cursor, active }), wire)
      },
      { params: slugPath, query: roomsQuery },
    )
    .post(
      '/admin/tenants/:slug/rooms',
      async ({ params, body, set }) => {
        const tenant = await tenants.get(params.slug)
        const made = await rooms
          .create(tenant, body.name, toRoomInput(body))
          .catch(withRoomWire(wire))
        set.status = 201
        return wire(made)
      },
      { params: slugPath, query: noQuery, parse: jsonBody, body: roomCreate },
    )
    .get(
      '/admin/tenants/:slug/rooms/:room',
      async ({ params }) => {
        const room = await rooms.get(await tenants.get(params.slug), params.room)
        const participants = rooms
          .people(room)
          .map((person) => ({ ...person, since: rfc3339(person.since) }))
        return { ...wire(room), participants }
      },
      { params: roomPath, query: noQuery },
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
      { params: roomPath, query: noQuery, parse: jsonBody, body: tokenRequest },
    )
}
