import { ConnectionError, ConnectionErrorReason, Room, RoomEvent } from 'livekit-client'
import { OneWay, type Place, type Way } from './one-way.ts'

/** How long media may take to connect. Behind a firewall that drops, nothing ever says no. */
const CONNECT_MS = 10_000
const SIGNAL_MS = 8000

export interface Session {
  token: string
  wsUrl: string
}

export interface Trial {
  /** the WebSocket was opened and the server answered in it */
  signaled: boolean
  /** null when media did not connect this way */
  roundTripMs: number | null
  connected: boolean
  /** the server let nobody in */
  refused: boolean
  offered: Place[]
  turnUrls: string[]
}

/** Joins the check call with media that can go one way only, and leaves it again. */
export const tryWay = async ({ token, wsUrl }: Session, way: Way): Promise<Trial> => {
  const only = new OneWay(way)
  const room = new Room()
  let signaled = false
  let refused = false
  room.once(RoomEvent.SignalConnected, () => {
    signaled = true
  })
  try {
    await room.connect(wsUrl, token, {
      maxRetries: 0,
      websocketTimeout: SIGNAL_MS,
      peerConnectionTimeout: CONNECT_MS,
      rtcConfig: way === 'turn' ? { iceTransportPolicy: 'relay' } : {},
    })
  } catch (error) {
    refused = isRefusal(error)
  }
  const route = await only.route().catch(() => null)
  const { offered, turnUrls } = only
  await room.disconnect().catch(() => undefined)
  only.close()
  const connected = route?.way === way
  const roundTripMs = connected ? route.roundTripMs : null
  return { signaled, connected, roundTripMs, refused, offered, turnUrls }
}

const isRefusal = (error: unknown): boolean =>
  error instanceof ConnectionError && error.reason === ConnectionErrorReason.NotAllowed
