import type { PartialMessage } from '@bufbuild/protobuf'
import { type JoinResponse, LeaveRequest, SignalRequest, SignalResponse } from '@livekit/protocol'
import type { Minted } from './tenant-client.ts'
import { within } from './wait.ts'

type Response = SignalResponse['message']

/** A participant of signaling alone, by the old path: enough to hold a seat, no media, no browser. */
export class SignalClient {
  readonly join: JoinResponse
  readonly #socket: WebSocket
  readonly #closed: Promise<CloseEvent>
  readonly #received: Response[]

  private constructor(join: JoinResponse, socket: WebSocket, received: Response[]) {
    this.join = join
    this.#socket = socket
    this.#received = received
    this.#closed = new Promise((done) => socket.addEventListener('close', done, { once: true }))
  }

  /**
   * @param tls whose certificates are believed where the address is a wss one
   * @throws when the upgrade is refused or the first frame is no JoinResponse
   */
  static async join(
    { ws_url, token }: Pick<Minted, 'ws_url' | 'token'>,
    extra = '',
    tls: { ca?: string } = {},
  ): Promise<SignalClient> {
    const address = `${ws_url}/rtc?access_token=${token}&protocol=15&auto_subscribe=1${extra}`
    // The types of browsers know nothing of a second argument like this.
    const socket = new WebSocket(address, { tls } as unknown as string[])
    socket.binaryType = 'arraybuffer'
    const received: Response[] = []
    const first = new Promise<JoinResponse>((done, fail) => {
      socket.onmessage = ({ data }) => {
        const { message } = SignalResponse.fromBinary(new Uint8Array(data as ArrayBuffer))
        received.push(message)
        if (message.case === 'join') done(message.value)
      }
      socket.onclose = ({ code }) =>
        fail(new Error(`the signal socket closed with ${code} before the join`))
      socket.onerror = () => undefined
    })
    const client = new SignalClient(await within('a JoinResponse', 10_000, first), socket, received)
    return client
  }

  /** Everything that came, the JoinResponse first. */
  get received(): readonly Response[] {
    return this.#received
  }

  /** The newest refresh token, null until one came. */
  get refreshToken(): string | null {
    const last = this.#received.findLast((message) => message.case === 'refreshToken')
    return last?.case === 'refreshToken' ? last.value : null
  }

  /** Identities of the others, as the JoinResponse told them. */
  get others(): string[] {
    return this.join.otherParticipants.map(({ identity }) => identity)
  }

  send(message: NonNullable<PartialMessage<SignalRequest>['message']>): void {
    this.#socket.send(new SignalRequest({ message }).toBinary() as Uint8Array<ArrayBuffer>)
  }

  /** Code and reason with which the other side ended it. */
  async closed(): Promise<{ code: number; reason: string }> {
    const { code, reason } = await within('the signal socket to close', 10_000, this.#closed)
    return { code, reason }
  }

  /** Says goodbye, which frees the seat. */
  leave(): void {
    this.send({ case: 'leave', value: new LeaveRequest() })
    this.#socket.close()
  }

  close(): void {
    this.#socket.close()
  }
}
