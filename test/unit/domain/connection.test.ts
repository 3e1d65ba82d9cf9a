import { expect, test } from 'bun:test'
import { Connection } from '../../../src/domain/connection.ts'
import { Presence } from '../../../src/domain/presence.ts'
import type { Tokens } from '../../../src/domain/tokens.ts'
import type { Upstream } from '../../../src/livekit/signal.ts'
import { claimsOf } from '../../support/claims.ts'

const room = { tenantId: 'acme', roomId: 'room', livekitName: 'acme__daily' }
const claims = claimsOf('ann')
const joined = (sid: string): string => JSON.stringify({ join: { participant: { sid } } })

/** Ann's next connection, of which livekit-server has said nothing yet. */
const connect = (presence: Presence): Connection => {
  const seat = presence.take(room, claims)
  const upstream = { onmessage: null, close: () => undefined } as unknown as Upstream
  const tokens = {} as Tokens
  const clock = () => 1000
  const connection = new Connection({
    upstream,
    seat,
    claims,
    presence,
    tokens,
    clock,
    address: null,
  })
  presence.opened(seat, connection)
  return connection
}

const leave = (presence: Presence, sid: string): number => {
  presence.left(room.livekitName, 'ann', sid)
  return presence.total
}

test('who took the own place in a call keeps the seat, in whatever order the two are told of it', () => {
  for (const isLate of [false, true]) {
    const presence = new Presence(() => 1000)
    const [former, latter] = [connect(presence), connect(presence)]
    if (!isLate) former.down(joined('PA_1'))
    latter.down(joined('PA_2'))
    if (isLate) former.down(joined('PA_1'))
    expect(leave(presence, 'PA_1')).toBe(1)
    expect(leave(presence, 'PA_2')).toBe(0)
  }
})

test('a connection that was replaced does not come back into its seat when the later one closes', () => {
  const presence = new Presence(() => 1000)
  const [former, latter] = [connect(presence), connect(presence)]
  latter.down(joined('PA_2'))
  latter.clientGone()
  former.down(joined('PA_1'))
  expect(leave(presence, 'PA_1')).toBe(1)
  expect(presence.seat(room.livekitName, 'ann')?.sid).toBe('PA_2')
})
