import { signJwt } from '../lib/jwt.ts'

const TIMEOUT_MS = 5000
/** Seconds; each call has a token of its own. */
const TOKEN_LIFE = 60

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

/** As Twirp writes them: snake_case, 64-bit numbers as text, defaults possibly left out. */
interface RoomJson {
  name?: string
  sid?: string
  creation_time_ms?: string
  num_participants?: number
}

interface ParticipantJson {
  identity?: string
  sid?: string
  state?: LivekitParticipant['state'] | 'JOINING'
  joined_at_ms?: string
}

type Grant = { roomCreate: true } | { roomList: true } | { roomAdmin: true; room: string }

interface ClientOptions {
  /** asked before each call: an adopted child may listen elsewhere than the next one */
  url: () => string
  apiKey: string
  apiSecret: string
}

/**
 * livekit-server's RoomService. Every call takes at most five seconds and throws {@link LivekitError}.
 * Twirp by hand, since the SDK signs by WebCrypto and reads JSON by reflection: four times the
 * processor time, for each join and each room of each sweep (measured).
 */
export class LivekitClient {
  readonly #url: () => string
  readonly #apiKey: string
  readonly #secret: Uint8Array

  constructor({ url, apiKey, apiSecret }: ClientOptions) {
    this.#url = url
    this.#apiKey = apiKey
    this.#secret = Buffer.from(apiSecret)
  }

  /** Makes a room, or answers the live one of that name, unchanged. Timeouts in seconds; 0 is a default. */
  async createRoom(room: {
    name: string
    emptyTimeout: number
    departureTimeout: number
    metadata: string
  }): Promise<LivekitRoom> {
    const { name, emptyTimeout, departureTimeout, metadata } = room
    const body = {
      name,
      empty_timeout: emptyTimeout,
      departure_timeout: departureTimeout,
      metadata,
    }
    return roomOf((await this.#call('CreateRoom', { roomCreate: true }, body)) as RoomJson)
  }

  /** Sends everyone out and ends the room. `not_found` when there is none. */
  async deleteRoom(name: string): Promise<void> {
    await this.#call('DeleteRoom', { roomCreate: true }, { room: name })
  }

  async listRooms(names: string[] = []): Promise<LivekitRoom[]> {
    const { rooms = [] } = (await this.#call('ListRooms', { roomList: true }, { names })) as {
      rooms?: RoomJson[]
    }
    return rooms.map(roomOf)
  }

  /**
   * Who is in a room, those included whose media is not up yet. Empty when there is no such room.
   * Left out is who never got an answer to the join: livekit-server lists one that broke off before
   * it as JOINING for as long as the room lives, and everybody else is JOINED before the answer.
   */
  async listParticipants(name: string): Promise<LivekitParticipant[]> {
    const answer = await this.#call('ListParticipants', inRoom(name), { room: name })
    const { participants = [] } = answer as { participants?: ParticipantJson[] }
    return participants.flatMap(participantOf)
  }

  async removeParticipant(name: string, identity: string): Promise<void> {
    await this.#call('RemoveParticipant', inRoom(name), { room: name, identity })
  }

  async updateRoomMetadata(name: string, metadata: string): Promise<void> {
    await this.#call('UpdateRoomMetadata', inRoom(name), { room: name, metadata })
  }

  async #call(method: string, grant: Grant, body: object): Promise<unknown> {
    const response = await this.#post(method, grant, body).catch(() => null)
    if (!response) throw new LivekitError(method, 'unavailable')
    if (!response.ok) throw new LivekitError(method, codeOf(response.status))
    return response.json().catch(() => {
      throw new LivekitError(method, 'failed')
    })
  }

  #post(method: string, grant: Grant, body: object): Promise<Response> {
    const now = Math.floor(Date.now() / 1000)
    const claims = { iss: this.#apiKey, nbf: now - 5, exp: now + TOKEN_LIFE, video: grant }
    return fetch(`${this.#url()}/twirp/livekit.RoomService/${method}`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${signJwt(claims, this.#secret)}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
  }
}

const inRoom = (room: string): Grant => ({ roomAdmin: true, room })

const roomOf = ({
  name = '',
  sid = '',
  creation_time_ms,
  num_participants,
}: RoomJson): LivekitRoom => ({
  name,
  sid,
  createdAtMs: Number(creation_time_ms ?? 0),
  numParticipants: num_participants ?? 0,
})

const participantOf = (one: ParticipantJson): LivekitParticipant[] => {
  const { identity = '', sid = '', state = 'JOINING', joined_at_ms } = one
  return state === 'JOINING'
    ? []
    : [{ identity, sid, state, joinedAtMs: Number(joined_at_ms ?? 0) }]
}

const codeOf = (status: number): LivekitErrorCode => {
  if (status === 404) return 'not_found'
  return status === 503 ? 'unavailable' : 'failed'
}
