import { field, numberField, varint } from '../frames.ts'

/** Field numbers: livekit_rtc.proto. */
const RESPONSE = { join: 1, offer: 3, trickle: 4, leave: 8 } as const
const REQUEST = { answer: 2, trickle: 3, leave: 8 } as const
const ICE_SERVERS = 5 // JoinResponse.ice_servers
const FINAL = 3 // TrickleRequest.final

/** Where LiveKit tells clients to find STUN and TURN. */
export interface IceServer {
  urls: string[]
  username: string
  credential: string
}

/** The little of a SignalResponse that a client without media needs; null for all else. */
export type Told =
  | { iceServers: IceServer[] }
  | { offer: string }
  | { candidate: string; isLast: boolean }
  | { left: true }
  | null

/** @throws when the frame is cut short */
export const readResponse = (frame: Uint8Array): Told => {
  const join = field(frame, RESPONSE.join)
  if (join) return { iceServers: [...each(join, ICE_SERVERS)].map(iceServer) }
  const offer = field(frame, RESPONSE.offer)
  if (offer) return { offer: text(field(offer, 2)) }
  const trickle = field(frame, RESPONSE.trickle)
  if (trickle) return candidateIn(text(field(trickle, 1)), numberField(trickle, FINAL) === 1)
  return field(frame, RESPONSE.leave) ? { left: true } : null
}

const iceServer = (message: Uint8Array): IceServer => ({
  urls: [...each(message, 1)].map(text),
  username: text(field(message, 2)),
  credential: text(field(message, 3)),
})

/** An RTCIceCandidateInit as JSON. */
const candidateIn = (json: string, isLast: boolean): Told => {
  const { candidate } = JSON.parse(json) as { candidate?: unknown }
  return typeof candidate === 'string' ? { candidate, isLast } : null
}

/** SignalRequest.answer → SessionDescription: type = 1, sdp = 2. */
export const answerRequest = (sdp: string): Uint8Array =>
  member(
    REQUEST.answer,
    Buffer.concat([member(1, Buffer.from('answer')), member(2, Buffer.from(sdp))]),
  )

/** SignalRequest.leave, which frees the seat at once. */
export const leaveRequest = (): Uint8Array => member(REQUEST.leave, Buffer.alloc(0))

const LENGTH_DELIMITED = 2

const member = (number: number, bytes: Uint8Array): Buffer =>
  Buffer.concat([Buffer.from([(number << 3) | LENGTH_DELIMITED, ...varint(bytes.length)]), bytes])

/** Every field of this number: a repeated one occurs more than once. */
function* each(message: Uint8Array, number: number): Generator<Uint8Array> {
  let rest = message
  for (let found = field(rest, number); found; found = field(rest, number)) {
    yield found
    rest = rest.subarray(found.byteOffset + found.length - rest.byteOffset)
  }
}

const text = (bytes: Uint8Array | null): string => Buffer.from(bytes ?? []).toString('utf8')
