/**
 * The little of LiveKit's signaling protocol that the gate reads. A SignalResponse or SignalRequest
 * is one protobuf oneof, so its first tag tells what it is; everything else is passed on untouched.
 * Field numbers: livekit_rtc.proto.
 */
const JOIN_TAG = 0x0a // SignalResponse.join = 1
const REFRESH_TAG = [0x82, 0x01] // SignalResponse.refresh_token = 16
const RECONNECT_TAG = [0x9a, 0x01] // SignalResponse.reconnect = 19
const ROOM_MOVED_TAG = [0xc2, 0x01] // SignalResponse.room_moved = 24
const SIMULATE = 13 // SignalRequest.simulate

/** A frame that cannot be read as it must be; the connection must be closed, not guessed at. */
export class FrameError extends Error {
  override name = 'FrameError'
}

/**
 * The frame as the client may see it: LiveKit's refresh token swapped for ours, every other frame
 * the same object. @throws FrameError for a frame that holds a token where none can be swapped
 */
export const swapRefreshToken = <T extends string | Uint8Array>(
  frame: T,
  swap: (token: string) => string,
): T | string | Uint8Array => {
  if (typeof frame === 'string') return swapInJson(frame, swap)
  if (starts(frame, REFRESH_TAG)) return swapInBinary(frame, swap)
  if (starts(frame, ROOM_MOVED_TAG)) throw new FrameError('room_moved holds a token')
  return frame
}

const starts = (frame: Uint8Array, [first, second]: number[]): boolean =>
  frame[0] === first && frame[1] === second

/** LiveKit answers in JSON once the client has sent a text frame. */
const swapInJson = (frame: string, swap: (token: string) => string): string => {
  if (frame.includes('"roomMoved"') || frame.includes('"room_moved"')) return refuseMoved(frame)
  if (!frame.includes('"refreshToken"') && !frame.includes('"refresh_token"')) return frame
  const message = JSON.parse(frame) as Record<string, unknown>
  for (const name of ['refreshToken', 'refresh_token']) {
    if (typeof message[name] === 'string') message[name] = swap(message[name])
  }
  return JSON.stringify(message)
}

const refuseMoved = (frame: string): string => {
  const message = JSON.parse(frame) as Record<string, unknown>
  if ('roomMoved' in message || 'room_moved' in message)
    throw new FrameError('room_moved holds a token')
  return frame
}

const swapInBinary = (frame: Uint8Array, swap: (token: string) => string): Uint8Array => {
  const [length, start] = readVarint(frame, REFRESH_TAG.length)
  if (start + length !== frame.length)
    throw new FrameError('refresh_token has another length than its frame')
  const token = Buffer.from(swap(Buffer.from(frame.subarray(start)).toString('utf8')))
  return Buffer.concat([Buffer.from([...REFRESH_TAG, ...varint(token.length)]), token])
}

/**
 * True for a request by which any participant could fake events for the whole room, in every
 * spelling that livekit-server reads: of a oneof the last field counts, unknown ones are skipped.
 */
export const isSimulation = (frame: string | Uint8Array): boolean => {
  try {
    return typeof frame === 'string' ? simulatesInJson(frame) : field(frame, SIMULATE) !== null
  } catch {
    // What we cannot read LiveKit must not try to.
    return true
  }
}

const simulatesInJson = (frame: string): boolean => {
  // A backslash may hide the name; without either there is nothing to find.
  if (!frame.includes('simulate') && !frame.includes('\\')) return false
  const message: unknown = JSON.parse(frame)
  return typeof message === 'object' && message !== null && 'simulate' in message
}

/** The participant's sid in a JoinResponse, the first frame of a connection; null for other frames. */
export const joinedSid = (frame: string | Uint8Array): string | null => {
  try {
    return typeof frame === 'string'
      ? sidInJson(frame)
      : frame[0] === JOIN_TAG
        ? sidInBinary(frame)
        : null
  } catch {
    return null
  }
}

const sidInJson = (frame: string): string | null => {
  if (!frame.includes('"join"')) return null
  const message = JSON.parse(frame) as { join?: { participant?: { sid?: unknown } } }
  const sid = message.join?.participant?.sid
  return typeof sid === 'string' ? sid : null
}

/** SignalResponse.join = 1 → JoinResponse.participant = 2 → ParticipantInfo.sid = 1. */
const sidInBinary = (frame: Uint8Array): string | null => {
  const join = field(frame, 1)
  const participant = join && field(join, 2)
  const sid = participant && field(participant, 1)
  return sid ? Buffer.from(sid).toString('utf8') : null
}

/** True for a ReconnectResponse, the first frame of a connection that resumes a stay. */
export const isReconnect = (frame: string | Uint8Array): boolean =>
  typeof frame === 'string' ? frame.startsWith('{"reconnect":') : starts(frame, RECONNECT_TAG)

/** The first length-delimited field of this number in a protobuf message, or null. @throws FrameError */
export const field = (message: Uint8Array, wanted: number): Uint8Array | null =>
  fields(message, wanted).next().value ?? null

/** All of them. @throws FrameError */
export function* fields(message: Uint8Array, wanted: number): Generator<Uint8Array, undefined> {
  let at = 0
  while (at < message.length) {
    const [tag, start] = readVarint(message, at)
    const end = endOf(message, tag & 7, start)
    if ((tag & 7) === 2 && tag >>> 3 === wanted)
      yield message.subarray(readVarint(message, start)[1], end)
    at = end
  }
}

/** The first varint field of this number, or null. @throws FrameError */
export const numberField = (message: Uint8Array, wanted: number): number | null => {
  let at = 0
  while (at < message.length) {
    const [tag, start] = readVarint(message, at)
    if ((tag & 7) === 0 && tag >>> 3 === wanted) return readVarint(message, start)[0]
    at = endOf(message, tag & 7, start)
  }
  return null
}

/** Where the content of a field ends that begins there. */
const endOf = (message: Uint8Array, wire: number, start: number): number => {
  if (wire === 0) return readVarint(message, start)[1]
  if (wire === 1) return start + 8
  if (wire === 5) return start + 4
  if (wire !== 2) throw new FrameError('unknown wire type')
  const [length, at] = readVarint(message, start)
  return at + length
}

/** A varint up to 32 bits, which is all that tags and lengths need: its value and where it ends. */
const readVarint = (message: Uint8Array, start: number): [number, number] => {
  let value = 0
  for (let at = start, shift = 1; at < start + 10; at++, shift *= 128) {
    const byte = message[at]
    if (byte === undefined) break
    value += (byte & 127) * shift
    if (byte < 128) return [value, at + 1]
  }
  throw new FrameError('cut short')
}

/** A number below 2^32 as a varint. */
export const varint = (value: number): number[] =>
  value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)]
