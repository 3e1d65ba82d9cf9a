/**
 * Somebody in a call on @livekit/rtc-node who keeps a diary of their own, in a process of its own:
 * what it saw is on the disk even when it is killed.
 */
import { appendFileSync } from 'node:fs'
import {
  AudioFrame,
  AudioSource,
  LocalAudioTrack,
  Room,
  RoomEvent,
  TrackPublishOptions,
  TrackSource,
} from '@livekit/rtc-node'
import type { DiaryLine, Order } from './crowd.ts'

const RATE = 48_000
const FRAME_MS = 100
const LOOK_MS = 20

const diary = process.argv[2] as string
const room = new Room()
let sid: string | undefined
let isOut = false

const write = (line: Omit<DiaryLine, 'at'>): void =>
  appendFileSync(diary, `${JSON.stringify({ at: Date.now(), ...line })}\n`)

room.on(RoomEvent.Reconnecting, () => write({ what: 'reconnecting' }))
room.on(RoomEvent.Reconnected, () => write({ what: 'reconnected' }))
room.on(RoomEvent.Disconnected, (reason) => {
  lookAtSid()
  isOut = true
  write({ what: 'out', reason: String(reason) })
})

/**
 * The SDK has no event for it: after a full reconnect it is somebody else to LiveKit. It can learn who
 * when it is out again already.
 */
const lookAtSid = (): void => {
  const now = room.localParticipant?.sid
  if (now === sid || !now || isOut) return
  sid = now
  write({ what: 'in', sid })
}

const join = async (url: string, token: string, speaks: boolean): Promise<void> => {
  write({ what: 'joining' })
  await room.connect(url, token, { autoSubscribe: false, dynacast: false })
  lookAtSid()
  setInterval(lookAtSid, LOOK_MS)
  if (speaks) await speak()
}

const speak = async (): Promise<void> => {
  const audio = new AudioSource(RATE, 1)
  const options = new TrackPublishOptions({ source: TrackSource.SOURCE_MICROPHONE })
  await room.localParticipant?.publishTrack(LocalAudioTrack.createAudioTrack('mic', audio), options)
  const samples = (RATE * FRAME_MS) / 1000
  const frame = new AudioFrame(new Int16Array(samples), RATE, 1, samples)
  setInterval(() => void audio.captureFrame(frame).catch(() => undefined), FRAME_MS)
}

const leave = async (): Promise<void> => {
  lookAtSid()
  write({ what: 'leaving' })
  await room.disconnect()
}

process.on('message', (order: Order) => {
  const doing = order.do === 'join' ? join(order.url, order.token, order.speaks) : leave()
  doing.then(
    () => process.send?.({ done: order.do }),
    (error: Error) => {
      write({ what: 'failed', reason: String(error.message ?? error) })
      process.send?.({ failed: String(error.message ?? error) })
    },
  )
})
process.on('disconnect', () => process.exit(0))
