import { randomBytes } from 'node:crypto'
import { isIP } from 'node:net'
import { within } from '../../lib/deadline.ts'
import { answerRequest, type IceServer, leaveRequest, readResponse, type Told } from './messages.ts'
import {
  answerTo,
  type Candidate,
  candidatesIn,
  credentialsIn,
  type IceCredentials,
  readCandidate,
} from './sdp.ts'

/** How long candidates may come in after the offer. */
const TRICKLE_MS = 1500
const PATH = '/rtc?protocol=15&auto_subscribe=1'

export interface Invitation {
  /** as SDKs get it, without a path */
  ws_url: string
  token: string
}

/** An address that is dialed in the place of a name which leads nowhere from here. */
export interface Dial {
  address: string
  port: number
}

const inUrl = (address: string): string => (address.includes(':') ? `[${address}]` : address)

/** What must be known to send media to the other side, as a browser learns it. */
export interface Offered {
  /** milliseconds from the start to the offer */
  ms: number
  iceServers: IceServer[]
  candidates: Candidate[]
  local: IceCredentials
  remote: IceCredentials
}

/**
 * A call joined as a browser joins one, up to where media would flow: the offer is answered and no
 * media is sent. The certificate is not verified, since a wrong one is another check's finding and
 * must not hide what else is wrong; the token is good for an empty room and for two minutes.
 */
export class SelfCall {
  readonly #socket: WebSocket
  readonly #told: ((told: Told) => void)[] = []
  readonly #ended = Promise.withResolvers<never>()

  private constructor(socket: WebSocket) {
    this.#socket = socket
    socket.binaryType = 'arraybuffer'
    socket.onmessage = ({ data }) => this.#hear(data)
    socket.onerror = (event) => this.#ended.reject(refusal((event as ErrorEvent).message))
    socket.onclose = ({ code }) =>
      this.#ended.reject(new Error(`the connection was closed with code ${code}`))
    this.#ended.promise.catch(() => undefined)
  }

  /** Opens the connection; all else comes over it. @param dial null: where the address leads */
  static join({ ws_url, token }: Invitation, dial: Dial | null): SelfCall {
    const { host, hostname } = new URL(ws_url)
    const place = dial ? `wss://${inUrl(dial.address)}:${dial.port}` : ws_url
    return new SelfCall(
      new WebSocket(`${place}${PATH}`, {
        headers: { host, authorization: `Bearer ${token}` },
        tls: {
          rejectUnauthorized: false,
          ...(isIP(hostname) === 0 ? { serverName: hostname } : {}),
        },
        perMessageDeflate: false,
      } as Bun.WebSocketOptions as string[]),
    )
  }

  /** Answers the offer. @throws when none comes in time or the connection is refused or lost */
  async offered(ms: number): Promise<Offered> {
    const from = performance.now()
    let iceServers: IceServer[] = []
    const candidates: Candidate[] = []
    const offer = Promise.withResolvers<string>()
    const last = Promise.withResolvers<void>()
    this.#told.push((told) => {
      if (told === null) return
      if ('iceServers' in told) iceServers = told.iceServers
      if ('offer' in told) offer.resolve(told.offer)
      if ('candidate' in told) {
        const candidate = readCandidate(told.candidate)
        if (candidate) candidates.push(candidate)
        if (told.isLast) last.resolve()
      }
    })
    const sdp = await within(ms, Promise.race([offer.promise, this.#ended.promise]))
    const took = performance.now() - from
    const local = { ufrag: secret(6), pwd: secret(24) }
    this.#socket.send(answerRequest(answerTo(sdp, local)) as Uint8Array<ArrayBuffer>)
    await within(TRICKLE_MS, last.promise).catch(() => undefined)
    candidates.push(...candidatesIn(sdp))
    return { ms: took, iceServers, candidates, local, remote: credentialsIn(sdp) }
  }

  leave(): void {
    if (this.#socket.readyState === WebSocket.OPEN)
      this.#socket.send(leaveRequest() as Uint8Array<ArrayBuffer>)
    this.#socket.close()
  }

  #hear(data: unknown): void {
    if (!(data instanceof ArrayBuffer)) return
    try {
      const told = readResponse(new Uint8Array(data))
      for (const hear of this.#told) hear(told)
    } catch (error) {
      this.#ended.reject(error)
    }
  }
}

/** Never the runtime's own text: it may hold the address with all that is in it. */
const refusal = (message: string | undefined): Error => {
  const status = /status code:? (\d{3})\b/.exec(message ?? '')?.[1]
  return new Error(
    status === undefined
      ? 'the connection could not be opened'
      : `it was refused with status ${status}`,
  )
}

/** Letters and digits alone, as ICE wants them. */
const secret = (bytes: number): string => randomBytes(bytes).toString('hex')
