import { createHash } from 'node:crypto'
import { isIP } from 'node:net'
import { connect, type TLSSocket } from 'node:tls'
import { within } from '../../lib/deadline.ts'
import {
  ATTRIBUTE,
  encode,
  errorCode,
  lengthOf,
  type Message,
  newTransaction,
  parse,
  STUN,
  writeAddress,
} from '../../lib/stun.ts'
import { ConnectivityCheck } from './ice.ts'
import type { IceServer } from './messages.ts'
import type { Candidate } from './sdp.ts'
import type { Dial, Offered } from './self-call.ts'

/** What a relayed connectivity check found. */
export interface Relayed {
  url: string
  /** the media address that answered through the relay */
  peer: string
  /** from the opening of the connection to that answer */
  ms: number
  /** what the relay must not lead to, and whether it refused */
  refused: string[]
  admitted: string[]
}

/** How far it came: to the TURN server, past its credentials, or on to the media address. */
type Stage = 'door' | 'credentials' | 'media'

/** Why nobody can be in a call through the relay. */
export class RelayError extends Error {
  override name = 'RelayError'
  readonly stage: Stage

  constructor(stage: Stage, message: string, options?: ErrorOptions) {
    super(message, options)
    this.stage = stage
  }
}

/** RFC 5737: belongs to nobody, so nothing reaches anybody even where it is allowed. */
const FOREIGN = '192.0.2.1'
const FORBIDDEN = ['127.0.0.1', FOREIGN]
const FORBIDDEN_CODE = 403
const UDP = 17

/**
 * Goes the way of somebody behind a firewall: TLS to the TURN server, an allocation with the
 * credentials of the call, and a connectivity check to the media address through it. Then asks it for
 * what it has to refuse. @throws RelayError
 */
export const relayTo = async (
  server: IceServer,
  offered: Offered,
  peer: Candidate,
  dial: Dial | null,
  ms: number,
): Promise<Relayed> => {
  const url = server.urls.find((one) => one.startsWith('turns:')) ?? ''
  const from = performance.now()
  const turn = await TurnConnection.open(url, dial, ms)
  try {
    await turn.allocate(server)
    const denied = await turn.permit(peer.address, peer.port)
    if (denied !== null)
      throw new RelayError('credentials', `TURN refuses the media address with ${denied}`)
    const check = new ConnectivityCheck(offered)
    await turn.relay(check, peer, ms)
    const took = performance.now() - from
    const answers = await askAll(turn)
    return {
      url,
      peer: `${peer.address}:${peer.port}`,
      ms: took,
      refused: FORBIDDEN.filter((address) => answers.get(address) === FORBIDDEN_CODE),
      admitted: FORBIDDEN.filter((address) => answers.get(address) === null),
    }
  } finally {
    turn.close()
  }
}

const askAll = async (turn: TurnConnection): Promise<Map<string, number | null>> => {
  const answers = new Map<string, number | null>()
  for (const address of FORBIDDEN) answers.set(address, await turn.permit(address, 9))
  return answers
}

const RESEND_MS = 200

/** One TLS connection to a TURN server (RFC 8656), with at most one allocation. */
class TurnConnection {
  readonly #socket: TLSSocket
  readonly #ms: number
  readonly #waiting = new Map<string, (message: Message) => void>()
  readonly #lost = Promise.withResolvers<never>()
  #rest = Buffer.alloc(0)
  #hearData: (bytes: Buffer) => void = () => undefined
  #key: Buffer | undefined
  #signed: [number, Buffer][] = []

  private constructor(socket: TLSSocket, ms: number) {
    this.#socket = socket
    this.#ms = ms
    this.#lost.promise.catch(() => undefined)
    socket.on('data', (bytes: Buffer) => this.#take(bytes))
    socket.on('error', (error) => this.#lost.reject(error))
    socket.on('close', () => this.#lost.reject(new Error('the TURN connection was closed')))
  }

  /** As with the call itself, a wrong certificate is another check's finding. */
  static async open(url: string, dial: Dial | null, ms: number): Promise<TurnConnection> {
    const [, host = '', port = '443'] = /^turns:(\[[^\]]+\]|[^:?]+)(?::(\d+))?/.exec(url) ?? []
    const name = host.replace(/^\[|\]$/g, '')
    const socket = connect({
      host: dial?.address ?? name,
      port: dial?.port ?? Number(port),
      ...(isIP(name) === 0 ? { servername: name } : {}),
      rejectUnauthorized: false,
    })
    const opened = new Promise<void>((done, fail) => {
      socket.once('secureConnect', done)
      socket.once('error', fail)
    })
    await within(ms, opened).catch((error: Error) => {
      socket.destroy()
      throw new RelayError('door', `no TLS connection to ${name}:${port}: ${error.message}`)
    })
    return new TurnConnection(socket, ms)
  }

  /** The first request is refused with what the second one has to be signed with. */
  async allocate({ username, credential }: IceServer): Promise<void> {
    const wanted: [number, Buffer][] = [[ATTRIBUTE.transport, Buffer.from([UDP, 0, 0, 0])]]
    const challenge = await this.#ask(STUN.allocateRequest, wanted)
    const realm = challenge.attributes.get(ATTRIBUTE.realm)
    const nonce = challenge.attributes.get(ATTRIBUTE.nonce)
    if (!realm || !nonce) throw new RelayError('door', 'what answers there is no TURN server')
    this.#key = createHash('md5').update(`${username}:${realm}:${credential}`).digest()
    this.#signed = [
      [ATTRIBUTE.username, Buffer.from(username)],
      [ATTRIBUTE.realm, realm],
      [ATTRIBUTE.nonce, nonce],
    ]
    const answer = await this.#ask(STUN.allocateRequest, wanted)
    if (answer.type !== STUN.allocateSuccess)
      throw new RelayError('credentials', `TURN refuses the credentials with ${errorCode(answer)}`)
  }

  /** Null when datagrams to that address are allowed now, else the code of the refusal. */
  async permit(address: string, port: number): Promise<number | null> {
    const answer = await this.#ask(STUN.permissionRequest, (transaction) => [
      [ATTRIBUTE.peer, writeAddress({ address, port }, transaction)],
    ])
    return answer.type === STUN.permissionSuccess ? null : (errorCode(answer) ?? 0)
  }

  /** Sends a check through the relay until its answer has come back. */
  async relay(check: ConnectivityCheck, { address, port }: Candidate, ms: number): Promise<void> {
    const answered = new Promise<void>((done) => {
      this.#hearData = (bytes) => check.isAnswer(bytes) && done()
    })
    const send = () => {
      const transaction = newTransaction()
      const attributes: [number, Buffer][] = [
        [ATTRIBUTE.peer, writeAddress({ address, port }, transaction)],
        [ATTRIBUTE.data, check.packet],
      ]
      this.#socket.write(encode({ type: STUN.sendIndication, transaction, attributes }))
    }
    const resend = setInterval(send, RESEND_MS)
    try {
      send()
      await within(ms, Promise.race([answered, this.#lost.promise]))
    } catch (error) {
      const why = `${(error as Error).message} from ${address}:${port} through TURN`
      throw new RelayError('media', why, { cause: error })
    } finally {
      clearInterval(resend)
    }
  }

  /** The allocation ends with the connection. */
  close(): void {
    this.#socket.destroy()
  }

  async #ask(
    type: number,
    wanted: [number, Buffer][] | ((transaction: Buffer) => [number, Buffer][]),
  ): Promise<Message> {
    const transaction = newTransaction()
    const own = typeof wanted === 'function' ? wanted(transaction) : wanted
    const id = transaction.toString('hex')
    const answered = new Promise<Message>((done) => this.#waiting.set(id, done))
    this.#socket.write(
      encode({ type, transaction, attributes: [...own, ...this.#signed] }, { key: this.#key }),
    )
    try {
      return await within(this.#ms, Promise.race([answered, this.#lost.promise]))
    } catch (error) {
      throw new RelayError('door', `TURN: ${(error as Error).message}`, { cause: error })
    } finally {
      this.#waiting.delete(id)
    }
  }

  #take(bytes: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, bytes])
    for (let message = parse(this.#rest); message; message = parse(this.#rest)) {
      this.#rest = this.#rest.subarray(lengthOf(this.#rest) ?? this.#rest.length)
      const data = message.attributes.get(ATTRIBUTE.data)
      if (message.type === STUN.dataIndication && data) this.#hearData(data)
      else this.#waiting.get(message.transaction.toString('hex'))?.(message)
    }
  }
}
