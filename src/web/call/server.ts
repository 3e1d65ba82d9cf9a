import { ConnectionState, Room } from 'livekit-client'
import type { Link } from './link.ts'
import { type Notice, refused } from './notices.ts'

const CHECK_TIMEOUT_MS = 4000

/** Only the server this page came from: a link must not be able to send people elsewhere. */
const serverUrl = (scheme: 'http' | 'ws'): string =>
  `${location.protocol === 'https:' ? `${scheme}s` : scheme}://${location.host}`

/**
 * Asks the server whether this link would be let in now, before a camera is asked for.
 * @returns the refusal in words, or null: also when the server gave no clear answer
 */
export const checkLink = async (token: string): Promise<Notice | null> => {
  const url = `${serverUrl('http')}/rtc/validate?access_token=${encodeURIComponent(token)}`
  try {
    const signal = AbortSignal.timeout(CHECK_TIMEOUT_MS)
    const response = await fetch(url, { cache: 'no-store', credentials: 'omit', signal })
    return [401, 403, 404].includes(response.status) ? refused(await response.text()) : null
  } catch {
    return null
  }
}

export interface DeviceIds {
  camera?: string | undefined
  microphone?: string | undefined
}

/** A room with capture set to the chosen devices; nothing is connected yet. */
export const newRoom = (devices: DeviceIds): Room =>
  new Room({
    adaptiveStream: true,
    dynacast: true,
    videoCaptureDefaults: devices.camera ? { deviceId: devices.camera } : {},
    audioCaptureDefaults: devices.microphone ? { deviceId: devices.microphone } : {},
  })

/** @throws ConnectionError */
export const connect = (room: Room, link: Link): Promise<void> =>
  room.connect(serverUrl('ws'), link.token)

export const isOver = (room: Room): boolean => room.state === ConnectionState.Disconnected
