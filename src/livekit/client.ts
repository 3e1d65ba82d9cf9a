import { signJwt } from '../lib/jwt.ts'
import type { Grants } from './grants.ts'
import {
  type LivekitParticipant,
  type LivekitPerson,
  type ParticipantJson,
  participantOf,
  permissionOf,
  personOf,
} from './people.ts'

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

/** What is to change of somebody; what is left out stays. */
export interface PersonUpdate {
  name?: string | undefined
  metadata?: string | undefined
  /** an empty one is removed */
  attributes?: Record<string, string> | undefined
  /** all of them: livekit-server takes what is left out as false */
  grants?: Grants | undefined
}

/** The participant answered an RPC with an error, or did not answer: its code (RpcError in the SDKs). */
export class RpcError extends Error {
  override name = 'RpcError'
  readonly code: number

  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}

/** As Twirp writes them: snake_case, 64-bit numbers as text, defaults possibly left out. */
interface RoomJson {
  name?: string
  sid?: string
  creation_time_ms?: string
  num_participants?: number
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

  /** Everybody in a room with all that is known of them; empty when there is no such room. */
  async people(name: string): Promise<LivekitPerson[]> {
    const answer = await this.#call('ListParticipants', inRoom(name), { room: name })
    const { participants = [] } = answer as { participants?: ParticipantJson[] }
    return participants.map(personOf)
  }

  /** `not_found` when nobody of this identity is there. */
  async person(name: string, identity: string): Promise<LivekitPerson> {
    const answer = await this.#call('GetParticipant', inRoom(name), { room: name, identity })
    return personOf(answer as ParticipantJson)
  }

  async updatePerson(name: string, identity: string, update: PersonUpdate): Promise<LivekitPerson> {
    const { grants, ...rest } = update
    const body = {
      room: name,
      identity,
      ...rest,
      ...(grants && { permission: permissionOf(grants) }),
    }
    return personOf((await this.#call('UpdateParticipant', inRoom(name), body)) as ParticipantJson)
  }

  async muteTrack(name: string, identity: string, trackSid: string, muted: boolean): Promise<void> {
    const body = { room: name, identity, track_sid: trackSid, muted }
    await this.#call('MutePublishedTrack', inRoom(name), body)
  }

  /** @param identities whom it is for; none is everybody */
  async sendData(
    name: string,
    message: { data: Uint8Array; reliable: boolean; topic: string | null; identities: string[] },
  ): Promise<void> {
    await this.#call('SendData', inRoom(name), {
      room: name,
      data: Buffer.from(message.data).toString('base64'),
      kind: message.reliable ? 'RELIABLE' : 'LOSSY',
      destination_identities: message.identities,
      ...(message.topic === null ? {} : { topic: message.topic }),
    })
  }

  /**
   * Calls a method that the participant's app registered. livekit-server waits longer than it is told
   * for who does not even acknowledge, so the time is kept here. @throws RpcError what was answered instead
   */
  async performRpc(
    name: string,
    identity: string,
    call: { method: string; payload: string; timeoutMs: number },
  ): Promise<string> {
    const response = await this.#post(
      'PerformRpc',
      inRoom(name),
      {
        room: name,
        destination_identity: identity,
        method: call.method,
        payload: call.payload,
        response_timeout_ms: call.timeoutMs,
      },
      call.timeoutMs,
    ).catch((error: unknown) => rpcSilence(error))
    const answer = (await response.json().catch(() => null)) as RpcJson | null
    if (response.ok && answer) return answer.payload ?? ''
    throw rpcErrorOf(answer) ?? new LivekitError('PerformRpc', codeOf(response.status))
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

  #post(method: string, grant: Grant, body: object, timeoutMs = TIMEOUT_MS): Promise<Response> {
    const now = Math.floor(Date.now() / 1000)
    const claims = { iss: this.#apiKey, nbf: now - 5, exp: now + TOKEN_LIFE, video: grant }
    return fetch(`${this.#url()}/twirp/livekit.RoomService/${method}`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${signJwt(claims, this.#secret)}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(timeoutMs),
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

interface RpcJson {
  payload?: string
  msg?: string
}

const RESPONSE_TIMEOUT = 1502

const rpcSilence = (error: unknown): never => {
  if (error instanceof Error && error.name === 'TimeoutError')
    throw new RpcError(RESPONSE_TIMEOUT, 'Response timeout')
  throw new LivekitError('PerformRpc', 'unavailable')
}

/** livekit-server passes the participant's error on in its text only: "RpcError 1400: message: data". */
const rpcErrorOf = (answer: RpcJson | null): RpcError | null => {
  const [, code, message = ''] = /RpcError (\d{1,9}): ([\s\S]*)/.exec(answer?.msg ?? '') ?? []
  return code === undefined ? null : new RpcError(Number(code), message)
}

const codeOf = (status: number): LivekitErrorCode => {
  if (status === 404) return 'not_found'
  return status === 503 ? 'unavailable' : 'failed'
}
