import type { JoinClaims } from './tokens.ts'

/** SDKs try for 45 seconds to get back into a call: until then nobody has left for good who is gone. */
export const COME_BACK_MS = 60_000

/** What the gate holds open for somebody. */
export interface SeatSocket {
  /** milliseconds; when the client last sent anything or answered a ping */
  readonly heardAt: number
  readonly address: string | null
  close(): void
  /** Asks the client for a sign of life and waits a moment for it. */
  probe(): Promise<void>
}

/** A place in a call: (room, identity). A closed socket does not free it, only having left does. */
export interface Seat {
  readonly tenantId: string
  readonly roomId: string
  readonly livekitName: string
  readonly identity: string
  /** what the token says that it was last admitted with; null for who was found after a restart */
  claims: JoinClaims | null
  /** as it was before the upgrade under way, for when nothing comes of it */
  before: { claims: JoinClaims | null; changedAt: number }
  /** LiveKit's id of this stay; null until its JoinResponse */
  sid: string | null
  /** upgrades under way */
  pending: number
  readonly since: number
  changedAt: number
  socket: SeatSocket | null
  /** the last one that it had, open or not */
  latest: SeatSocket | null
}

/** When somebody gave the last sign of life; null while it may be another one's who is about to take the seat. */
export const lastHeard = ({ socket, pending }: Seat): number | null =>
  pending > 0 ? null : (socket?.heardAt ?? null)
