import type { Clock } from '../lib/clock.ts'
import type { Arrival, Arrivals } from '../livekit/arrivals.ts'
import {
  type LivekitClient,
  LivekitError,
  type LivekitPerson,
  type LivekitTrack,
  RpcError,
} from '../livekit/client.ts'
import { withChanges } from '../livekit/grants.ts'
import { type Calls, mediaUnavailable } from './calls.ts'
import { GoLiveError } from './errors.ts'
import type { Moderation } from './moderation.ts'
import type { Presence, Seat } from './presence.ts'
import { afterInstant } from './revocation.ts'
import type { MemberChanges } from './room-rules.ts'
import type { Room } from './rooms.ts'

/** Somebody in a call now. */
export interface Participant extends LivekitPerson {
  arrival: Arrival | null
  address: string | null
}

export interface DataMessage {
  data: Uint8Array
  reliable: boolean
  topic: string | null
  /** none is everybody */
  identities: string[]
}

export interface RpcCall {
  method: string
  payload: string
  timeoutMs: number
}

interface Deps {
  clock: Clock
  presence: Presence
  calls: Calls
  moderation: Moderation
  livekit: Pick<
    LivekitClient,
    'people' | 'person' | 'updatePerson' | 'muteTrack' | 'sendData' | 'performRpc'
  >
  arrivals: Pick<Arrivals, 'of'>
  /** whether tracks may be switched on from afar */
  remoteUnmute: boolean
}

/** RpcError codes of LiveKit's SDKs that mean that nothing was answered in time. */
const RPC_TIMEOUTS = new Set([1501, 1502])

/**
 * People in a room's call. Whether somebody is there is asked of our own seats first: livekit-server
 * answers only after seconds for who is not.
 */
export class Participants {
  readonly #deps: Deps

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /** In the order in which they came. */
  async list(room: Room): Promise<Participant[]> {
    const { presence, livekit } = this.#deps
    if (presence.roomNow(room) === 0) return []
    const people = await livekit.people(room.livekitName).catch(asUnavailable)
    return people
      .filter(({ identity }) => presence.seat(room.livekitName, identity))
      .map((person) => this.#described(room, person))
      .sort((one, other) => one.joinedAtMs - other.joinedAtMs)
  }

  /** @throws participant_not_found */
  async get(room: Room, identity: string): Promise<Participant> {
    this.#seat(room, identity)
    return this.#described(room, await this.#person(room, identity))
  }

  /**
   * Changes what others see of somebody and what they may do: at once, and on every later join with
   * a token first issued before. A permission that is not named stays. @throws participant_not_found
   */
  async update(room: Room, identity: string, changes: MemberChanges): Promise<Participant> {
    const { presence, moderation, livekit } = this.#deps
    this.#seat(room, identity)
    const { grants } = await this.#person(room, identity)
    await moderation.change(room, identity, changes)
    presence.epoch++
    const { permissions, ...shown } = changes
    const update = { ...shown, grants: permissions && withChanges(grants, permissions) }
    const person = await livekit.updatePerson(room.livekitName, identity, update).catch(asLater)
    return this.#described(room, person)
  }

  /** Out, with every token that was issued to the identity before now. @throws participant_not_found */
  async remove(room: Room, identity: string): Promise<void> {
    const { clock, moderation } = this.#deps
    this.#seat(room, identity)
    const now = clock()
    await moderation.revokeTokensOf(room, identity, now)
    await this.#putOut(room, identity)
    await afterInstant(clock, now)
  }

  /** Out and kept out, also who is not there now. @param seconds null for good */
  async ban(room: Room, identity: string, seconds: number | null): Promise<void> {
    const { clock, moderation } = this.#deps
    await moderation.ban(room, identity, seconds === null ? null : clock() + seconds * 1000)
    await this.#putOut(room, identity)
  }

  /**
   * Mutes tracks, by sid or by what they show. Naming a source that is not published is no error.
   * @throws participant_not_found, track_not_found, unmute_not_allowed
   */
  async mute(
    room: Room,
    identity: string,
    wanted: { sources: string[]; trackSids: string[]; muted: boolean },
  ): Promise<Participant> {
    if (!wanted.muted && !this.#deps.remoteUnmute) throw unmuteNotAllowed()
    this.#seat(room, identity)
    const { tracks } = await this.#person(room, identity)
    for (const { sid } of chosen(tracks, wanted)) {
      await this.#deps.livekit
        .muteTrack(room.livekitName, identity, sid, wanted.muted)
        .catch(asMissing)
    }
    return this.get(room, identity)
  }

  /** Sends data to people in the room; the number of those it was meant for. @throws participant_not_found */
  async sendData(room: Room, message: DataMessage): Promise<number> {
    for (const identity of message.identities) this.#seat(room, identity)
    const people = this.#deps.presence.roomNow(room)
    if (people === 0) return 0
    await this.#deps.livekit.sendData(room.livekitName, message).catch(asUnavailable)
    return message.identities.length || people
  }

  /** What a method of the participant's app answers. @throws participant_not_found, rpc_failed, rpc_timeout */
  async rpc(room: Room, identity: string, call: RpcCall): Promise<string> {
    this.#seat(room, identity)
    try {
      return await this.#deps.livekit.performRpc(room.livekitName, identity, call)
    } catch (error) {
      if (error instanceof RpcError) throw rpcRefusal(error)
      return asMissing(error)
    }
  }

  async #putOut(room: Room, identity: string): Promise<void> {
    const { calls } = this.#deps
    await calls.putOut((seat) => seat.roomId === room.id && seat.identity === identity)
  }

  #seat({ livekitName }: Room, identity: string): Seat {
    const seat = this.#deps.presence.seat(livekitName, identity)
    if (!seat) throw notFound(identity)
    return seat
  }

  #person({ livekitName }: Room, identity: string): Promise<LivekitPerson> {
    return this.#deps.livekit.person(livekitName, identity).catch(asMissing)
  }

  #described({ livekitName }: Room, person: LivekitPerson): Participant {
    const { presence, arrivals } = this.#deps
    return {
      ...person,
      arrival: arrivals.of(person.sid),
      address: presence.seat(livekitName, person.identity)?.socket?.address ?? null,
    }
  }
}

const chosen = (
  tracks: LivekitTrack[],
  { sources, trackSids }: { sources: string[]; trackSids: string[] },
): LivekitTrack[] => {
  const missing = trackSids.find((sid) => !tracks.some((track) => track.sid === sid))
  if (missing !== undefined)
    throw new GoLiveError('track_not_found', `this participant has no track ${missing}`)
  return tracks.filter(({ sid, source }) => trackSids.includes(sid) || sources.includes(source))
}

const notFound = (identity: string): GoLiveError =>
  new GoLiveError('participant_not_found', `nobody named ${identity} is in this room now`)

const unmuteNotAllowed = (): GoLiveError =>
  new GoLiveError('unmute_not_allowed', 'this server does not let anybody be unmuted from afar', {
    hint: 'Ask the person to unmute, or the operator to set livekit.remote_unmute.',
  })

/** Who was there a moment ago has left meanwhile. */
const asMissing = (error: unknown): never => {
  if (error instanceof LivekitError && error.code === 'not_found')
    throw new GoLiveError('participant_not_found', 'this participant has just left')
  return asUnavailable(error)
}

/** The change is written down by then, and holds from the next join on. */
const asLater = (error: unknown): never => {
  if (!(error instanceof LivekitError) || error.code === 'not_found') return asMissing(error)
  throw new GoLiveError('media_unavailable', 'livekit-server does not answer', {
    hint: 'The change holds from their next join on. Send it again to have it at once.',
    retryAfterSeconds: 2,
    cause: error,
  })
}

const asUnavailable = (error: unknown): never => {
  if (error instanceof LivekitError) throw mediaUnavailable(error)
  throw error
}

const rpcRefusal = ({ code, message }: RpcError): GoLiveError =>
  RPC_TIMEOUTS.has(code)
    ? new GoLiveError('rpc_timeout', 'the participant did not answer in time', {
        extra: { rpc_code: code },
      })
    : new GoLiveError('rpc_failed', `the participant answered with error ${code}: ${message}`, {
        extra: { rpc_code: code },
        hint: 'Its app has to register the method, and the method must not throw.',
      })
