import type { Arrival } from '../livekit/call-log.ts'

/** One life of a room, as LiveKit names it. */
export interface RoomLife {
  livekitName: string
  sid: string
}

/** One stay of somebody in a call, as LiveKit names it. */
export interface Stay {
  sid: string
  identity: string
  name: string
  /** milliseconds */
  joinedAt: number
}

export interface Track {
  sid: string
  kind: string
  source: string
}

/** How something came to its end. */
export interface End {
  /** milliseconds */
  at: number
  /** the true moment is not farther away than this, in milliseconds */
  accuracyMs: number
  reason: string
  /** concluded, not reported */
  reconstructed: boolean
}

/** What else is known of a stay: how they came, and from where. */
export interface StayDetails {
  arrival: Arrival | null
  address: string | null
}
