import { createHash } from 'node:crypto'
import {
  ATTRIBUTE,
  encode,
  errorCode,
  type Message,
  newTransaction,
  parse,
  STUN,
  writeAddress,
} from '../../src/lib/stun.ts'

export interface LaneOptions {
  host: string
  port: number
  /** null: without TLS, as the TURN server itself listens */
  tls: string | null
  localAddress: string
  username: string
  credential: string
}

/** Of RFC 8656: a channel spares both sides the header of a Send indication for each packet. */
const CHANNEL = 0x4000
const CHANNEL_BIND = 0x0009
const CHANNEL_BOUND = 0x0109
const CHANNEL_NUMBER = 0x000c
const CHANNEL_HEADER = 4
const STUN_HEADER = 20
const UDP = 17
const TIMEOUT_MS = 5000

const padded = (length: number): number => (length + 3) & ~3

/** One allocation on one connection, bound to one peer. */
export class TurnLane {
  #socket!: Bun.Socket
  readonly #options: LaneOptions
  readonly #hear: (packet: Buffer) => void
  readonly #waiting = new Map<string, (message: Message) => void>()
  /** what came and is no whole message yet; what the kernel has not taken yet */
  #rest: Buffer = Buffer.alloc(0)
  #unsent: Buffer = Buffer.alloc(0)
  #key: Buffer | undefined
  #signed: [number, Buffer][] = []

  private constructor(options: LaneOptions, hear: (packet: Buffer) => void) {
    this.#options = options
    this.#hear = hear
  }

  /** @param hear gets what the peer sends; its bytes are only good during the call */
  static async open(options: LaneOptions, hear: (packet: Buffer) => void): Promise<TurnLane> {
    const lane = new TurnLane(options, hear)
    await lane.#connect()
    await lane.#allocate()
    return lane
  }

  async bind(address: string, port: number): Promise<void> {
    const number = Buffer.alloc(4)
    number.writeUInt16BE(CHANNEL)
    const answer = await this.#ask(CHANNEL_BIND, (transaction) => [
      [CHANNEL_NUMBER, number],
      [ATTRIBUTE.peer, writeAddress({ address, port }, transaction)],
    ])
    if (answer.type !== CHANNEL_BOUND) throw new Error(`no channel: ${errorCode(answer)}`)
  }

  send(payload: Buffer): void {
    const frame = Buffer.alloc(CHANNEL_HEADER + padded(payload.length))
    frame.writeUInt16BE(CHANNEL, 0)
    frame.writeUInt16BE(payload.length, 2)
    payload.copy(frame, CHANNEL_HEADER)
    this.#write(frame)
  }

  close(): void {
    this.#socket.end()
  }

  async #connect(): Promise<void> {
    const { host, port, tls, localAddress } = this.#options
    const ready = Promise.withResolvers<void>()
    this.#socket = await Bun.connect({
      hostname: host,
      port,
      localAddress,
      ...(tls ? { tls: { serverName: tls, rejectUnauthorized: false } } : {}),
      socket: {
        open: () => void (tls || ready.resolve()),
        handshake: () => ready.resolve(),
        data: (_, bytes) => this.#take(bytes),
        drain: () => this.#write(Buffer.alloc(0)),
        close: () => ready.reject(new Error('the TURN connection was closed')),
        error: (_, error) => ready.reject(error),
      },
      // Bun has it, its types lack it.
    } as Bun.TCPSocketConnectOptions)
    await ready.promise
  }

  /** The first request is refused with what the second one has to be signed with. */
  async #allocate(): Promise<void> {
    const wanted: [number, Buffer][] = [[ATTRIBUTE.transport, Buffer.from([UDP, 0, 0, 0])]]
    const challenge = await this.#ask(STUN.allocateRequest, () => wanted)
    const realm = challenge.attributes.get(ATTRIBUTE.realm)
    const nonce = challenge.attributes.get(ATTRIBUTE.nonce)
    if (!realm || !nonce) throw new Error('what answers there is no TURN server')
    const { username, credential } = this.#options
    this.#key = createHash('md5').update(`${username}:${realm}:${credential}`).digest()
    this.#signed = [
      [ATTRIBUTE.username, Buffer.from(username)],
      [ATTRIBUTE.realm, realm],
      [ATTRIBUTE.nonce, nonce],
    ]
    const answer = await this.#ask(STUN.allocateRequest, () => wanted)
    if (answer.type !== STUN.allocateSuccess) throw new Error(`no allocation: ${errorCode(answer)}`)
  }

  async #ask(type: number, wanted: (transaction: Buffer) => [number, Buffer][]): Promise<Message> {
    const transaction = newTransaction()
    const answered = Promise.withResolvers<Message>()
    this.#waiting.set(transaction.toString('hex'), answered.resolve)
    const attributes = [...wanted(transaction), ...this.#signed]
    this.#write(encode({ type, transaction, attributes }, { key: this.#key }))
    const timer = setTimeout(() => answered.reject(new Error('TURN does not answer')), TIMEOUT_MS)
    return answered.promise.finally(() => clearTimeout(timer))
  }

  #write(bytes: Buffer): void {
    const all = this.#unsent.length > 0 ? Buffer.concat([this.#unsent, bytes]) : bytes
    const written = Math.max(this.#socket.write(all), 0)
    this.#unsent = Buffer.from(all.subarray(written))
  }

  #take(bytes: Buffer): void {
    let data = this.#rest.length > 0 ? Buffer.concat([this.#rest, bytes]) : bytes
    while (data.length >= CHANNEL_HEADER) {
      const inner = data.readUInt16BE(2)
      const isChannel = (data[0] as number) >> 6 === 1
      const length = isChannel ? CHANNEL_HEADER + padded(inner) : STUN_HEADER + inner
      if (data.length < length) break
      if (isChannel) this.#hear(data.subarray(CHANNEL_HEADER, CHANNEL_HEADER + inner))
      else this.#answer(data.subarray(0, length))
      data = data.subarray(length)
    }
    this.#rest = Buffer.from(data)
  }

  #answer(bytes: Buffer): void {
    const message = parse(bytes)
    if (message) this.#waiting.get(message.transaction.toString('hex'))?.(message)
  }
}
