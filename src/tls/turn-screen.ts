import { Transform } from 'node:stream'
import {
  ATTRIBUTE,
  attributesIn,
  COOKIE,
  HEADER_BYTES,
  paddedLength,
  readPort,
  STUN,
} from '../lib/stun.ts'

const CHANNEL_HEADER = 4
const FIRST_CHANNEL = 0x4000
const AFTER_CHANNELS = 0x8000
/** Enough to tell what a message is and how long. */
const LEAST_BYTES = 8
/** Media comes in packets that fit the wire. What is longer is none, and waiting for it would cost. */
const MOST_BYTES = 4096

/** What came is no TURN. */
class NoTurnError extends Error {
  override name = 'NoTurnError'
}

/**
 * Lets clients relay to the media port alone. livekit-server can deny addresses, but not ports of its own
 * one: there are the relays of all others, so that two strangers could talk through us, and whatever else
 * listens on this machine.
 */
export class TurnScreen {
  readonly #mediaPort: number
  #rest: Buffer = Buffer.alloc(0)

  constructor(mediaPort: number) {
    this.#mediaPort = mediaPort
  }

  /** What of it may go on. A message that is not there to its end waits. @throws NoTurnError */
  take(bytes: Buffer): Buffer {
    const all = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes])
    const kept: Buffer[] = []
    let keptTo = 0
    let at = 0
    for (let end = endOf(all, at); end !== null; end = endOf(all, at)) {
      if (!this.#mayPass(all.subarray(at, end))) {
        kept.push(all.subarray(keptTo, at))
        keptTo = end
      }
      at = end
    }
    this.#rest = all.subarray(at)
    const last = all.subarray(keptTo, at)
    return kept.length === 0 ? last : Buffer.concat([...kept, last])
  }

  /** A permission is for an address with all its ports: only what names a port can send to it. */
  #mayPass(message: Buffer): boolean {
    const type = message.readUInt16BE(0)
    if (type >= FIRST_CHANNEL || type === STUN.permissionRequest) return true
    return portsIn(message)?.every((port) => port === this.#mediaPort) ?? false
  }
}

/**
 * Where the message that begins there ends, or null while that has not come: a STUN message (RFC 8489
 * §5) or ChannelData, padded to four bytes (RFC 8656 §12.5). Strict, because livekit-server's reader
 * takes for STUN whatever has the cookie in its place: it must see the same messages as we do.
 */
const endOf = (bytes: Buffer, at: number): number | null => {
  if (bytes.length - at < LEAST_BYTES) return null
  const type = bytes.readUInt16BE(at)
  const length = bytes.readUInt16BE(at + 2)
  const hasCookie = bytes.readUInt32BE(at + 4) === COOKIE
  const isStun = type < FIRST_CHANNEL && hasCookie && length % 4 === 0
  const isChannel = type >= FIRST_CHANNEL && type < AFTER_CHANNELS && !hasCookie && length > 0
  if (!isStun && !isChannel) throw new NoTurnError('neither STUN nor ChannelData')
  const size = isStun ? HEADER_BYTES + length : CHANNEL_HEADER + paddedLength(length)
  if (size > MOST_BYTES) throw new NoTurnError('too long')
  return at + size <= bytes.length ? at + size : null
}

/** The ports of all peers that a message names; null when it ends amid an attribute. */
const portsIn = (message: Buffer): number[] | null => {
  const ports: number[] = []
  for (const { type, value } of attributesIn(message)) {
    if (value === null) return null
    if (type !== ATTRIBUTE.peer) continue
    if (value.length < 8) return null
    ports.push(readPort(value))
  }
  return ports
}

/** The same as a stream, which ends with an error where something else than TURN comes. */
export const screened = (mediaPort: number): Transform => {
  const screen = new TurnScreen(mediaPort)
  return new Transform({
    transform(bytes: Buffer, _, done) {
      try {
        const passed = screen.take(bytes)
        if (passed.length > 0) this.push(passed)
        done()
      } catch (error) {
        done(error as Error)
      }
    },
  })
}
