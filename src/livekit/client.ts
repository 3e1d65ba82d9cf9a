import { ParticipantInfo_State } from '@livekit/protocol'
import { RoomServiceClient, ServerError } from 'livekit-server-sdk'

const TIMEOUT_SECONDS = 5

export type LivekitErrorCode = 'not_found' | 'unavailable' | 'failed'

/**
 * A call to livekit-server that did not work. `unavailable`: it did not answer, trying again may help.
 * Its own words stay out: in this version they can hold tokens.
 */
export class LivekitError extends Error {
  override name = 'LivekitError'
  readonly code: LivekitErrorCode

  constructor(method: string, code: LivekitErrorCode) {
    super(`livekit-server: ${method}: ${code}`)
    this.code = code
  }
}

export interface LivekitRoom {
  name: string
  sid: string
  createdAtMs: number
  /** runs up to five seconds behind */
  numParticipants: number
}

export interface LivekitParticipant {
  identity: string
  sid: string
  state: 'JOINED' | 'ACTIVE' | 'DISCONNECTED'
  joinedAtMs: number
}

type Room = Awaited<ReturnType<RoomServiceClient['createRoom']>>

interface ClientOptions {
  /** asked before each call: an adopted child may listen elsewhere than the next one */
  url: () => string
  apiKey: string
  apiSecret: string
}

/** livekit-server's RoomService. Every call takes at most five seconds and throws {@link LivekitError}. */
export class LivekitClient {
  readonly #o: ClientOptions
  #client: RoomServiceClient
  #url: string

  constructor(options: ClientOptions) {
    this.#o = options
    this.#url = options.url()
    this.#client = this.#connect()
  }

  /** Makes a room, or answers the live one of that name, unchanged. Timeouts in seconds; 0 is a default. */
  createRoom(room: {
    name: string
    emptyTimeout: number
    departureTimeout: number
    metadata: string
  }): Promise<LivekitRoom> {
    return this.#call('CreateRoom', async (client) => roomOf(await client.createRoom(room)))
  }

  /** Sends everyone out and ends the room. `not_found` when there is none. */
  deleteRoom(name: string): Promise<void> {
    return this.#call('DeleteRoom', (client) => client.deleteRoom(name))
  }

  listRooms(names?: string[]): Promise<LivekitRoom[]> {
    return this.#call('ListRooms', async (client) => (await client.listRooms(names)).map(roomOf))
  }

  /**
   * Who is in a room, those included whose media is not up yet. Empty when there is no such room.
   * Left out is who never got an answer to the join: livekit-server lists one that broke off before
   * it as JOINING for as long as the room lives, and everybody else is JOINED before the answer.
   */
  listParticipants(name: string): Promise<LivekitParticipant[]> {
    return this.#call('ListParticipants', async (client) =>
      (await client.listParticipants(name))
        .filter((one) => one.state !== ParticipantInfo_State.JOINING)
        .map((one) => ({
          identity: one.identity,
          sid: one.sid,
          state: ParticipantInfo_State[one.state] as LivekitParticipant['state'],
          joinedAtMs: Number(one.joinedAtMs),
        })),
    )
  }

  removeParticipant(name: string, identity: string): Promise<void> {
    return this.#call('RemoveParticipant', (client) => client.removeParticipant(name, identity))
  }

  async updateRoomMetadata(name: string, metadata: string): Promise<void> {
    await this.#call('UpdateRoomMetadata', (client) => client.updateRoomMetadata(name, metadata))
  }

  async #call<T>(method: string, work: (client: RoomServiceClient) => Promise<T>): Promise<T> {
    const url = this.#o.url()
    if (url !== this.#url) {
      this.#url = url
      this.#client = this.#connect()
    }
    try {
      return await work(this.#client)
    } catch (error) {
      throw new LivekitError(method, codeOf(error))
    }
  }

  #connect(): RoomServiceClient {
    const { apiKey, apiSecret } = this.#o
    const options = { requestTimeout: TIMEOUT_SECONDS, failover: false }
    return new RoomServiceClient(this.#url, apiKey, apiSecret, options)
  }
}

const roomOf = (room: Room): LivekitRoom => ({
  name: room.name,
  sid: room.sid,
  createdAtMs: Number(room.creationTimeMs),
  numParticipants: room.numParticipants,
})

const codeOf = (error: unknown): LivekitErrorCode => {
  // What is no answer of the server's is a connection that failed or a time that ran out.
  if (!(error instanceof ServerError)) return 'unavailable'
  if (error.status === 404) return 'not_found'
  return error.status === 503 ? 'unavailable' : 'failed'
}
