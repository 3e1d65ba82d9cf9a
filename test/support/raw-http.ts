import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'

/** One answer as it came over the wire: headers in order and with repeats, which fetch hides. */
export interface RawAnswer {
  /** null when the connection ended without a status line */
  status: number | null
  headers: [string, string][]
  body: string
  /** the server closed the connection */
  closed: boolean
  /** nothing came to an end within the time given */
  timedOut: boolean
  milliseconds: number
}

type Headers = [string, string][]

/** All values of a header, so that "exactly once" can be asked. */
export const valuesOf = (answer: Pick<RawAnswer, 'headers'>, name: string): string[] =>
  answer.headers.filter(([key]) => key === name.toLowerCase()).map(([, value]) => value)

/** Request text; nothing is added, so a missing or doubled Host is the caller's choice. */
export const requestText = (method: string, target: string, headers: Headers, body = ''): string =>
  `${method} ${target} HTTP/1.1\r\n${headers.map(([k, v]) => `${k}: ${v}\r\n`).join('')}\r\n${body}`

/** The headers of a proper WebSocket upgrade (RFC 6455 §4.1). */
export const upgradeHeaders = (host: string): Headers => [
  ['Host', host],
  ['Connection', 'Upgrade'],
  ['Upgrade', 'websocket'],
  ['Sec-WebSocket-Version', '13'],
  ['Sec-WebSocket-Key', randomBytes(16).toString('base64')],
]

interface Options {
  /** wait between the parts, in milliseconds */
  pauseMs?: number
  timeoutMs?: number
}

/** Sends the parts as they are and waits for one whole answer, the end of the connection, or the timeout. */
export const exchange = async (
  port: number,
  parts: string | Uint8Array | (string | Uint8Array)[],
  { pauseMs = 0, timeoutMs = 5000 }: Options = {},
): Promise<RawAnswer> => {
  const started = performance.now()
  const socket = connect(port, '127.0.0.1')
  const answer = whole(socket, timeoutMs)
  void write(socket, Array.isArray(parts) ? parts : [parts], pauseMs)
  const result = await answer
  socket.destroy()
  return { ...result, milliseconds: performance.now() - started }
}

const write = async (
  socket: Socket,
  parts: (string | Uint8Array)[],
  pauseMs: number,
): Promise<void> => {
  for (const part of parts) {
    if (socket.destroyed) return
    socket.write(typeof part === 'string' ? Buffer.from(part, 'latin1') : part)
    if (pauseMs > 0) await Bun.sleep(pauseMs)
  }
}

const whole = (socket: Socket, timeoutMs: number): Promise<Omit<RawAnswer, 'milliseconds'>> =>
  new Promise((done) => {
    let bytes: Buffer = Buffer.alloc(0)
    const end = (state: { closed: boolean; timedOut: boolean }) => {
      clearTimeout(timer)
      done({
        ...(parse(bytes) ?? { status: null, headers: [], body: bytes.toString('latin1') }),
        ...state,
      })
    }
    const timer = setTimeout(() => end({ closed: false, timedOut: true }), timeoutMs)
    socket.on('data', (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk])
      if (parse(bytes)?.complete) end({ closed: false, timedOut: false })
    })
    socket.on('error', () => undefined)
    socket.on('close', () => end({ closed: true, timedOut: false }))
  })

interface Parsed {
  status: number
  headers: Headers
  body: string
  complete: boolean
}

const parse = (bytes: Buffer): Parsed | null => {
  const split = bytes.indexOf('\r\n\r\n')
  if (split < 0) return null
  const [first = '', ...lines] = bytes.subarray(0, split).toString('latin1').split('\r\n')
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(first)?.[1])
  const headers = lines.map((line): [string, string] => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
  })
  const rest = bytes.subarray(split + 4)
  return { status, headers, ...bodyOf(status, headers, rest) }
}

const bodyOf = (
  status: number,
  headers: Headers,
  rest: Buffer,
): { body: string; complete: boolean } => {
  if (status === 101 || status === 204 || status === 304) return { body: '', complete: true }
  if (valuesOf({ headers }, 'transfer-encoding').includes('chunked')) return unchunk(rest)
  const length = Number(valuesOf({ headers }, 'content-length')[0] ?? Number.NaN)
  return {
    body: rest.subarray(0, length || rest.length).toString('utf8'),
    complete: rest.length >= length,
  }
}

const unchunk = (rest: Buffer): { body: string; complete: boolean } => {
  const parts: Buffer[] = []
  for (let at = 0; ; ) {
    const lineEnd = rest.indexOf('\r\n', at)
    if (lineEnd < 0) return { body: Buffer.concat(parts).toString('utf8'), complete: false }
    const size = Number.parseInt(rest.subarray(at, lineEnd).toString('latin1'), 16)
    if (size === 0) return { body: Buffer.concat(parts).toString('utf8'), complete: true }
    parts.push(rest.subarray(lineEnd + 2, lineEnd + 2 + size))
    at = lineEnd + 2 + size + 2
  }
}

const TEXT = 1
const BINARY = 2
const CLOSE = 8

/** One masked, final client frame (RFC 6455 §5.2). */
export const clientFrame = (payload: Uint8Array, opcode: number = BINARY): Buffer => {
  const length = payload.length
  const head =
    length < 126
      ? Buffer.of(0x80 | opcode, 0x80 | length)
      : length < 65_536
        ? Buffer.of(0x80 | opcode, 0x80 | 126, length >> 8, length & 255)
        : Buffer.concat([Buffer.of(0x80 | opcode, 0x80 | 127), longLength(length)])
  // A zero mask is a legal mask and leaves the payload as it is.
  return Buffer.concat([head, Buffer.alloc(4), payload])
}

const longLength = (length: number): Buffer => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(length))
  return bytes
}

export const OPCODE = { text: TEXT, binary: BINARY, close: CLOSE }

/** A WebSocket whose every byte the test decides: it may stop reading, or never speak. */
export class RawWebSocket {
  readonly answer: RawAnswer
  readonly #socket: Socket
  readonly #localPort: number
  #closed: Promise<void>

  constructor(answer: RawAnswer, socket: Socket) {
    this.answer = answer
    this.#socket = socket
    this.#localPort = socket.localPort ?? 0
    this.#closed = new Promise((done) => socket.once('close', () => done()))
  }

  send(bytes: Uint8Array): void {
    if (!this.#socket.destroyed) this.#socket.write(bytes)
  }

  /** From here on nothing is read: the kernel's buffers fill, then the server's. */
  stopReading(): void {
    this.#socket.pause()
  }

  /** The port that it comes from. */
  get localPort(): number {
    return this.#localPort
  }

  /** True when the server ended the connection within the time; reads on to see it. */
  async closedWithin(milliseconds: number): Promise<boolean> {
    this.#socket.resume()
    if (this.#socket.destroyed) return true
    return Promise.race([this.#closed.then(() => true), Bun.sleep(milliseconds).then(() => false)])
  }

  destroy(): void {
    this.#socket.destroy()
  }
}

/** Asks for an upgrade; the socket is usable when `answer.status` is 101. */
export const openRaw = async (
  port: number,
  target: string,
  headers: Headers = [],
): Promise<RawWebSocket> => {
  const started = performance.now()
  const socket = connect(port, '127.0.0.1')
  const answer = whole(socket, 10_000)
  socket.write(requestText('GET', target, [...upgradeHeaders(`127.0.0.1:${port}`), ...headers]))
  const result = { ...(await answer), milliseconds: performance.now() - started }
  socket.removeAllListeners('data')
  socket.on('data', () => undefined)
  return new RawWebSocket(result, socket)
}
