import { SignalRequest } from '@livekit/protocol'
import { signJwt } from '../../src/lib/jwt.ts'
import { LIVEKIT_KEY, LIVEKIT_SECRET } from './processes.ts'

/** A signaling connection whose JoinResponse has come. */
export interface Joined {
  /** from the first byte of the upgrade to the JoinResponse, in milliseconds */
  milliseconds: number
  socket: WebSocket
}

/** SignalResponse fields, by the first bytes of their frames: decoding would cost both sides the same and hide the difference. */
const JOIN = [0x0a]
const PONG = [0xa2, 0x01]

const TIMEOUT_MS = 5000

const starts = (frame: ArrayBuffer, bytes: number[]): boolean => {
  const head = new Uint8Array(frame, 0, Math.min(bytes.length, frame.byteLength))
  return bytes.every((byte, at) => head[at] === byte)
}

/** Resolves with the time of the first frame that begins so. */
const frame = (socket: WebSocket, bytes: number[]): Promise<number> =>
  new Promise((done, fail) => {
    const end = (error?: Error) => {
      clearTimeout(timer)
      socket.onmessage = null
      socket.onclose = null
      if (error) fail(error)
      else done(performance.now())
    }
    const timer = setTimeout(
      () => end(new Error('no answer on the signaling connection')),
      TIMEOUT_MS,
    )
    socket.onclose = ({ code }) =>
      end(new Error(`the signaling connection was closed with ${code}`))
    socket.onmessage = ({ data }) => {
      if (starts(data as ArrayBuffer, bytes)) end()
    }
  })

/** Joins as the browsers' SDK does on `/rtc`, the token in the query. */
export const joinRoom = async (port: number, token: string): Promise<Joined> => {
  const query = `protocol=16&sdk=js&version=2.23.0&auto_subscribe=1&access_token=${token}`
  const started = performance.now()
  // livekit-server would compress and the gate does not: the comparison is of the way, not of that.
  const options = { perMessageDeflate: false } as Bun.WebSocketOptions
  const socket = new WebSocket(`ws://127.0.0.1:${port}/rtc?${query}`, options as string[])
  socket.binaryType = 'arraybuffer'
  return { milliseconds: (await frame(socket, JOIN)) - started, socket }
}

export const leave = (socket: WebSocket): Promise<void> =>
  new Promise((done) => {
    socket.onclose = () => done()
    socket.close()
  })

/** Signal ping to pong, in milliseconds. */
export const ping = async (socket: WebSocket): Promise<number> => {
  const timestamp = BigInt(Date.now())
  const request = new SignalRequest({ message: { case: 'pingReq', value: { timestamp, rtt: 0n } } })
  const bytes = request.toBinary() as Uint8Array<ArrayBuffer>
  const answered = frame(socket, PONG)
  const started = performance.now()
  socket.send(bytes)
  return (await answered) - started
}

/** A join token of livekit-server's own, for the side without GoLive. */
export const livekitToken = (room: string, identity: string): string => {
  const now = Math.floor(Date.now() / 1000)
  const video = { room, roomJoin: true, canPublish: true, canSubscribe: true, canPublishData: true }
  const claims = {
    iss: LIVEKIT_KEY,
    sub: identity,
    name: 'Jane Doe',
    nbf: now,
    exp: now + 3600,
    video,
  }
  return signJwt(claims, Buffer.from(LIVEKIT_SECRET))
}
