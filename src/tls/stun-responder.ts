import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import { ATTRIBUTE, encode, parse, STUN, writeAddress } from '../lib/stun.ts'

/** What a browser asks is a header, now and then with a few attributes. */
const MOST_BYTES = 548
/** An office shares an address, and everybody in it asks a few times for each call. */
const ANSWERS_PER_ADDRESS = 100
const ANSWERS = 5000
const WINDOW_MS = 1000

/**
 * Tells clients their own address (STUN Binding, RFC 8489), so that they need to ask nobody else.
 * Source addresses of UDP can be forged: an answer is hardly larger than its question, and nobody is
 * sent many of them.
 */
export class StunResponder {
  readonly #sockets: Socket[] = []
  readonly #sent = new Map<string, number>()
  #total = 0
  #timer: Timer | null = null

  /** @throws EADDRINUSE and the like; none of the addresses is bound then */
  async start(addresses: readonly string[], port: number): Promise<void> {
    try {
      for (const address of addresses) this.#sockets.push(await this.#bind(address, port))
    } catch (error) {
      await this.stop()
      throw error
    }
    this.#timer = setInterval(() => this.#forget(), WINDOW_MS)
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets.splice(0)) socket.close()
    if (this.#timer) clearInterval(this.#timer)
  }

  #bind(address: string, port: number): Promise<Socket> {
    return new Promise((done, fail) => {
      const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4')
      socket.once('error', fail)
      socket.bind({ address, port, exclusive: true }, () => {
        // What cannot be delivered is reported here later, and concerns nobody but who asked.
        socket.on('error', () => undefined)
        socket.on('message', (bytes, from) => this.#hear(socket, bytes, from))
        done(socket)
      })
    })
  }

  #hear(socket: Socket, bytes: Buffer, from: RemoteInfo): void {
    const answer = bindingAnswer(bytes, from)
    if (answer && from.port !== 0 && this.#mayAnswer(from.address))
      socket.send(answer, from.port, from.address, () => undefined)
  }

  #mayAnswer(address: string): boolean {
    const sent = this.#sent.get(address) ?? 0
    if (sent >= ANSWERS_PER_ADDRESS || this.#total >= ANSWERS) return false
    this.#sent.set(address, sent + 1)
    this.#total++
    return true
  }

  #forget(): void {
    this.#sent.clear()
    this.#total = 0
  }
}

/** Null for all that is no Binding request: nothing that it must not be answered with, either. */
export const bindingAnswer = (
  bytes: Buffer,
  { address, port }: Pick<RemoteInfo, 'address' | 'port'>,
): Buffer | null => {
  if (bytes.length > MOST_BYTES) return null
  const request = parse(bytes)
  if (request?.type !== STUN.bindingRequest) return null
  const { transaction } = request
  return encode({
    type: STUN.bindingSuccess,
    transaction,
    attributes: [[ATTRIBUTE.mapped, writeAddress({ address, port }, transaction)]],
  })
}
