import { Elysia } from 'elysia'
import type { Place, Presence } from '../../domain/presence.ts'
import { splitLivekitRoomName } from '../../domain/room-names.ts'
import { rfc3339 } from '../../lib/clock.ts'
import type { HttpDeps } from '../deps.ts'
import { noQuery } from '../v1/shapes.ts'
import { ADMIN_REFUSALS, adminModels } from './models.ts'

/** The calls of all tenants that run now, with the people in them. */
export const calls = ({ presence }: HttpDeps) =>
  new Elysia().use(adminModels()).get(
    '/admin/calls',
    () => ({
      data: presence
        .places()
        .toSorted((a, b) => (a.livekitName < b.livekitName ? -1 : 1))
        .flatMap((place) => callWire(presence, place)),
      next_cursor: null,
    }),
    {
      query: noQuery,
      response: { 200: 'CallList', ...ADMIN_REFUSALS },
      detail: {
        operationId: 'listCalls',
        tags: ['Server'],
        summary: 'Calls that run now',
        description: 'Those of all tenants, with the people in them.',
      },
    },
  )

const callWire = (presence: Presence, { livekitName }: Place) => {
  const names = splitLivekitRoomName(livekitName)
  if (!names) return []
  const participants = presence
    .seatsOf(livekitName)
    .map(({ identity, sid, since }) => ({ identity, sid, since: rfc3339(since) }))
  return [{ tenant: names.slug, room: names.room, livekit_name: livekitName, participants }]
}
