/**
 * A participant on @livekit/rtc-node, the Rust core of LiveKit's native SDKs, as a process of its
 * own: tests may kill it, and a crash of native code takes no test runner with it.
 */
import {
  AudioFrame,
  AudioSource,
  AudioStream,
  LocalAudioTrack,
  LocalVideoTrack,
  type RemoteTrack,
  Room,
  RoomEvent,
  TrackKind,
  TrackPublishOptions,
  TrackSource,
  VideoBufferType,
  VideoFrame,
  VideoSource,
  VideoStream,
} from '@livekit/rtc-node'
import type { Received } from './page-api.ts'
import type { NodeRequest } from './rtc-node.ts'

const WIDTH = 320
const HEIGHT = 180
const FRAME_MS = 100
const RATE = 48_000
const SAMPLES = (RATE * FRAME_MS) / 1000

const room = new Room()
const events: string[] = []
const flows = new Map<string, Received>()

const count = async (from: string, track: RemoteTrack): Promise<void> => {
  const video = track.kind === TrackKind.KIND_VIDEO
  const flow: Received = { from, kind: video ? 'video' : 'audio', frames: 0, energy: 0 }
  flows.set(track.sid ?? from, flow)
  if (video) return countPictures(flow, track)
  for await (const { data } of new AudioStream(track, RATE, 1)) {
    flow.frames++
    flow.energy += data.reduce((sum, sample) => sum + (sample / 32_768) ** 2, 0) / data.length
  }
}

const countPictures = async (flow: Received, track: RemoteTrack): Promise<void> => {
  for await (const _ of new VideoStream(track)) flow.frames++
}

room.on(RoomEvent.TrackSubscribed, (track, _, who) => void count(who.identity, track))
room.on(RoomEvent.Reconnecting, () => events.push('Reconnecting'))
room.on(RoomEvent.Reconnected, () => events.push('Reconnected'))
room.on(RoomEvent.Disconnected, (why) => events.push(`Disconnected ${why}`))

const join = async (url: string, token: string): Promise<void> => {
  await room.connect(url, token, { autoSubscribe: true, dynacast: false })
  const video = new VideoSource(WIDTH, HEIGHT)
  const audio = new AudioSource(RATE, 1)
  const person = room.localParticipant
  if (!person) throw new Error('joined without a local participant')
  const as = (source: TrackSource) => new TrackPublishOptions({ source, simulcast: false })
  await person.publishTrack(
    LocalVideoTrack.createVideoTrack('camera', video),
    as(TrackSource.SOURCE_CAMERA),
  )
  await person.publishTrack(
    LocalAudioTrack.createAudioTrack('mic', audio),
    as(TrackSource.SOURCE_MICROPHONE),
  )
  let n = 0
  setInterval(() => {
    video.captureFrame(picture(n++))
    void audio.captureFrame(tone()).catch(() => undefined)
  }, FRAME_MS)
}

/** I420 whose brightness moves, so that the encoder has something to send. */
const picture = (n: number): VideoFrame => {
  const bytes = new Uint8Array((WIDTH * HEIGHT * 3) / 2).fill(128)
  bytes.fill((n * 16) % 256, 0, (WIDTH * HEIGHT) / 2)
  return new VideoFrame(bytes, WIDTH, HEIGHT, VideoBufferType.I420)
}

const tone = (): AudioFrame => {
  const wave = Int16Array.from(
    { length: SAMPLES },
    (_, i) => 8000 * Math.sin((2 * Math.PI * 440 * i) / RATE),
  )
  return new AudioFrame(wave, RATE, 1, SAMPLES)
}

const answer = async (request: NodeRequest): Promise<unknown> => {
  if (request.ask === 'join') return join(request.url, request.token)
  if (request.ask === 'leave') return room.disconnect()
  return {
    received: [...flows.values()],
    events,
    others: [...room.remoteParticipants.values()].map((who) => who.identity),
    roomSid: await room.getSid(),
  }
}

process.on('message', (request: NodeRequest) => {
  answer(request).then(
    (result) => process.send?.({ id: request.id, result }),
    (error: Error) => process.send?.({ id: request.id, error: String(error.message ?? error) }),
  )
})
process.on('disconnect', () => process.exit(0))
