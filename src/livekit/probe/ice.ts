import { randomBytes } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { connect, isIPv6 } from 'node:net'
import { within } from '../../lib/deadline.ts'
import { ATTRIBUTE, encode, isSigned, newTransaction, parse, STUN } from '../../lib/stun.ts'
import type { Candidate } from './sdp.ts'
import type { Offered } from './self-call.ts'

type Session = Pick<Offered, 'local' | 'remote'>

/** How long an address took to answer, from the first packet on. */
export interface Answered {
  ms: number
}

/** Packets get lost, and the other side answers only when it has read our answer. */
const RESEND_MS = 200
/** Of a host candidate, RFC 8445 5.1.2; nobody compares it here. */
const PRIORITY = 2_130_706_431

/** A connectivity check (RFC 8445 7.2.2) and what tells its answer from anything else. */
export class ConnectivityCheck {
  readonly packet: Buffer
  readonly #transaction = newTransaction()
  readonly #remotePassword: string

  constructor({ local, remote }: Session) {
    const priority = Buffer.alloc(4)
    priority.writeUInt32BE(PRIORITY)
    this.#remotePassword = remote.pwd
    this.packet = encode(
      {
        type: STUN.bindingRequest,
        transaction: this.#transaction,
        attributes: [
          [ATTRIBUTE.username, Buffer.from(`${remote.ufrag}:${local.ufrag}`)],
          [ATTRIBUTE.priority, priority],
          [ATTRIBUTE.controlled, randomBytes(8)],
        ],
      },
      { key: remote.pwd, fingerprint: true },
    )
  }

  /** Signed by the other side: only livekit-server itself can have answered. */
  isAnswer(bytes: Buffer): boolean {
    const message = parse(bytes)
    return (
      message?.type === STUN.bindingSuccess &&
      message.transaction.equals(this.#transaction) &&
      isSigned(bytes, this.#remotePassword)
    )
  }
}

/** @throws when nothing answers in time, in words */
export const askOverUdp = async (
  session: Session,
  { address, port }: Candidate,
  ms: number,
): Promise<Answered> => {
  const check = new ConnectivityCheck(session)
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4')
  const from = performance.now()
  const send = () => socket.send(check.packet, port, address)
  const resend = setInterval(send, RESEND_MS)
  try {
    const answered = new Promise<void>((done, fail) => {
      socket.on('message', (bytes) => check.isAnswer(bytes) && done())
      socket.on('error', fail)
    })
    send()
    await within(ms, answered)
    return { ms: performance.now() - from }
  } catch (error) {
    throw inWords(error)
  } finally {
    clearInterval(resend)
    socket.close()
  }
}

/** The same in a TCP connection, each packet after its length (RFC 4571). @throws as over UDP */
export const askOverTcp = async (
  session: Session,
  { address, port }: Candidate,
  ms: number,
): Promise<Answered> => {
  const check = new ConnectivityCheck(session)
  const from = performance.now()
  const socket = connect({ host: address, port, noDelay: true })
  const resend = setInterval(() => socket.write(framed(check.packet)), RESEND_MS)
  try {
    const answered = new Promise<void>((done, fail) => {
      const read = new Frames((bytes) => check.isAnswer(bytes) && done())
      socket.on('data', (bytes: Buffer) => read.take(bytes))
      socket.on('error', fail)
      socket.on('close', () => fail(new Error('the connection was closed')))
    })
    socket.write(framed(check.packet))
    await within(ms, answered)
    return { ms: performance.now() - from }
  } catch (error) {
    throw inWords(error)
  } finally {
    clearInterval(resend)
    socket.destroy()
  }
}

const framed = (packet: Buffer): Buffer => {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(packet.length)
  return Buffer.concat([length, packet])
}

/** Cuts a stream into what was framed. */
class Frames {
  readonly #hear: (frame: Buffer) => void
  #rest = Buffer.alloc(0)

  constructor(hear: (frame: Buffer) => void) {
    this.#hear = hear
  }

  take(bytes: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, bytes])
    while (this.#rest.length >= 2) {
      const end = 2 + this.#rest.readUInt16BE(0)
      if (this.#rest.length < end) return
      this.#hear(this.#rest.subarray(2, end))
      this.#rest = this.#rest.subarray(end)
    }
  }
}

const WORDS: Record<string, string> = {
  ECONNREFUSED: 'the connection was refused',
  ENETUNREACH: 'there is no way to the network',
  EHOSTUNREACH: 'there is no way to the host',
  EPERM: 'a firewall on this machine forbids it',
  EACCES: 'a firewall on this machine forbids it',
}

const inWords = (error: unknown): Error => {
  const { code = '', message } = error as NodeJS.ErrnoException
  return new Error(WORDS[code] ?? message, { cause: error })
}
