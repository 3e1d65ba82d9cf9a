/** What a client says before anything is encrypted. */
export interface Hello {
  /** lower case; null when the client names no server, as for an IP address (RFC 6066 §3) */
  serverName: string | null
  /** application protocols that it offers (RFC 7301) */
  protocols: string[]
}

/** `more`: the hello is not complete yet. A text: why these bytes are no hello. */
export type Peeked = Hello | 'more' | { wrong: string }

/** Real ones have 2 KiB, since they carry post-quantum shares. */
export const MOST_HELLO_BYTES = 16 * 1024

const HANDSHAKE = 22
const CLIENT_HELLO = 1
const MOST_RECORD_BYTES = 16 * 1024
const SERVER_NAME = 0
const PROTOCOLS = 16

/**
 * Reads the ClientHello at the start of a TLS connection (RFC 8446 §4.1.2), however it is cut into
 * segments and records. Never throws; what follows the hello is not looked at.
 */
export const peekHello = (bytes: Uint8Array): Peeked => {
  const message = helloIn(bytes)
  if (message === 'more') return bytes.length > MOST_HELLO_BYTES ? { wrong: 'too long' } : 'more'
  if ('wrong' in message) return message
  try {
    return read(new Reader(message))
  } catch {
    return { wrong: 'cut short' }
  }
}

/**
 * The handshake message out of its records. Only counts until it is whole: a client that sends byte by
 * byte, each in a record of its own, has all of them walked over each time.
 */
const helloIn = (bytes: Uint8Array): Uint8Array | 'more' | { wrong: string } => {
  const head: number[] = []
  let have = 0
  for (let at = 0; ; ) {
    const wrong = wrongRecord(bytes, at)
    if (wrong) return { wrong }
    if (bytes.length < at + 5) return 'more'
    const length = uint16(bytes, at + 3)
    const present = Math.min(length, bytes.length - at - 5)
    for (let i = 0; i < present && head.length < 4; i++) head.push(bytes[at + 5 + i] as number)
    const need = lengthBy(head)
    if (typeof need === 'object') return need
    have += present
    if (have >= need) return assembled(bytes, need).subarray(4)
    if (present < length) return 'more'
    at += 5 + length
  }
}

/** How long the message is with its first four bytes; infinite while they are not all there. */
const lengthBy = ([type, high, middle, low]: number[]): number | { wrong: string } => {
  if (type !== undefined && type !== CLIENT_HELLO) return { wrong: 'no client hello' }
  if (high === undefined || middle === undefined || low === undefined) return Infinity
  const length = 4 + high * 65_536 + middle * 256 + low
  return length > MOST_HELLO_BYTES ? { wrong: 'too long' } : length
}

const assembled = (bytes: Uint8Array, length: number): Uint8Array => {
  const message = new Uint8Array(length)
  for (let at = 0, have = 0; have < length; ) {
    const size = uint16(bytes, at + 3)
    const part = bytes.subarray(at + 5, at + 5 + Math.min(size, length - have))
    message.set(part, have)
    have += part.length
    at += 5 + size
  }
  return message
}

/** Told by as few bytes as there are, so that who speaks something else is not waited for. */
const wrongRecord = (bytes: Uint8Array, at: number): string | null => {
  if (bytes.length > at && bytes[at] !== HANDSHAKE) return 'no TLS'
  if (bytes.length > at + 1 && bytes[at + 1] !== 3) return 'no TLS version'
  if (bytes.length < at + 5) return null
  const length = uint16(bytes, at + 3)
  return length === 0 || length > MOST_RECORD_BYTES ? 'no TLS record' : null
}

const uint16 = (bytes: Uint8Array, at: number): number =>
  ((bytes[at] as number) << 8) | (bytes[at + 1] as number)

/** Walks over length-prefixed fields. @throws when one goes beyond the end */
class Reader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length
  }

  take(count: number): Uint8Array {
    if (this.#at + count > this.#bytes.length) throw new RangeError('cut short')
    this.#at += count
    return this.#bytes.subarray(this.#at - count, this.#at)
  }

  /** A number of so many bytes. */
  number(width: 1 | 2): number {
    return this.take(width).reduce((value, byte) => value * 256 + byte, 0)
  }

  /** A field whose length comes first, in so many bytes. */
  vector(width: 1 | 2): Reader {
    return new Reader(this.take(this.number(width)))
  }

  text(): string {
    return Buffer.from(this.take(this.#bytes.length - this.#at)).toString('latin1')
  }
}

const read = (hello: Reader): Peeked => {
  hello.take(2 + 32) // version and random
  hello.vector(1) // session id
  hello.vector(2) // cipher suites
  hello.vector(1) // compression methods
  const found: Hello = { serverName: null, protocols: [] }
  if (hello.isAtEnd) return found
  const extensions = hello.vector(2)
  if (!hello.isAtEnd) return { wrong: 'more than extensions' }
  while (!extensions.isAtEnd) {
    const type = extensions.number(2)
    const content = extensions.vector(2)
    if (type === SERVER_NAME) found.serverName = nameIn(content.vector(2))
    else if (type === PROTOCOLS) found.protocols = protocolsIn(content.vector(2))
  }
  return found.serverName !== null && !NAME.test(found.serverName)
    ? { wrong: 'no server name' }
    : found
}

const NAME = /^[a-z0-9._-]{1,253}$/

const nameIn = (list: Reader): string | null => {
  while (!list.isAtEnd) {
    const isHostName = list.number(1) === 0
    const name = list.vector(2).text().toLowerCase()
    if (isHostName) return name
  }
  return null
}

const protocolsIn = (list: Reader): string[] => {
  const protocols: string[] = []
  while (!list.isAtEnd) protocols.push(list.vector(1).text())
  return protocols
}
