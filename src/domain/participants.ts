import type { Clock } from '../lib/clock.ts'
import { RwLocks } from '../lib/rw-lock.ts'
import type { Arrival, CallLog } from '../livekit/call-log.ts'
import { type LivekitClient, LivekitError } from '../livekit/client.ts'
import { type GrantChanges, type Grants, withChanges } from '../livekit/grants.ts'
import type { LivekitPerson, LivekitTrack } from '../livekit/people.ts'
import { type Calls, mediaUnavailable } from './calls.ts'
import { GoLiveError } from './errors.ts'
import type { Moderation } from './moderation.ts'
import type { Presence } from './presence.ts'
import { afterInstant } from './revocation.ts'
import type { Room } from './room.ts'
import { effective, type MemberChanges } from './room-rules.ts'
import { type RpcCall, Rpcs } from './rpcs.ts'
import type { Seat } from './seat.ts'

/** Somebody in a call now. */
export interface Participant extends LivekitPerson {
  arrival: Arrival | null
  address: string | null
}

/** What is to change of somebody. Null attributes: all of them are removed. */
export interface ParticipantChanges extends Omit<MemberChanges, 'attributes'> {
  attributes?: Record<string, string> | null | undefined
}

export interface DataMessage {
  data: Uint8Array
  reliable: boolean
  topic: string | null
  /** none is everybody */
  identities: string[]
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
  callLog: Pick<CallLog, 'of'>
  /** whether tracks may be switched on from afar */
  remoteUnmute: boolean
}

const attributesIn = (
  { attributes }: ParticipantChanges,
  person: LivekitPerson,
): Record<string, string> | undefined =>
  attributes === null
    ? Object.fromEntries(Object.keys(person.attributes).map((name) => [name, '']))
    : attributes

/**
 * People in a room's call. Whether somebody is there is asked of our own seats first: livekit-server
 * answers only after seconds for who is not.
 */
export class Participants {
  readonly #deps: Deps
  readonly #rpcs: Rpcs
  readonly #updating = new RwLocks()

  constructor(deps: Deps) {
    this.#deps = deps
    this.#rpcs = new Rpcs(deps.livekit)
  }

  /** In the order in which they came. */
  async list(room: Room): Promise<Participant[]> {
    const { presence, calls, livekit } = this.#deps
    if (calls.counting) throw mediaUnavailable(null)
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
  async update(room: Room, identity: string, changes: ParticipantChanges): Promise<Participant> {
    // In order: what is shown is what was written down last.
    return this.#updating.exclusive(`${room.id}/${identity}`, async () => {
      const { presence, moderation, livekit } = this.#deps
      const seat = this.#seat(room, identity)
      const person = await this.#person(room, identity)
      const all = { ...changes, attributes: attributesIn(changes, person) }
      await moderation.change(room, identity, all)
      presence.epoch++
      const { permissions, ...shown } = all
      const grants = permissions && (await this.#grantsNow(room, seat, person, permissions))
      const update = { ...shown, grants }
      return this.#described(
        room,
        await livekit.updatePerson(room.livekitName, identity, update).catch(asLater),
      )
    })
  }

  /** What the gate would give them now. Of who was found after a restart only LiveKit knows. */
  async #grantsNow(
    room: Room,
    { claims }: Seat,
    person: LivekitPerson,
    changes: GrantChanges,
  ): Promise<Grants> {
    if (claims === null) return withChanges(person.grants, changes)
    return effective(await this.#deps.moderation.of(room), claims).grants
  }

  /** Out, with every token that was issued to the identity before now. @throws participant_not_found */
  async remove(room: Room, identity: string): Promise<void> {
    const { clock, moderation } = this.#deps
    this.#seat(room, identity)
    const now = clock()
    await this.#putOut(room, identity, moderation.revokeTokensOf(room, identity, now))
    await afterInstant(clock, now)
  }

  /** Out and kept out, also who is not there now. @param seconds null for good */
  async ban(room: Room, identity: string, seconds: number | null): Promise<void> {
    const { clock, moderation } = this.#deps
    const endsAt = seconds === null ? null : clock() + seconds * 1000
    await this.#putOut(room, identity, moderation.ban(room, identity, endsAt))
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
    this.#seat(room, identity)
    if (!wanted.muted && !this.#deps.remoteUnmute) throw unmuteNotAllowed()
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
    return this.#rpcs.call(room, identity, call).catch(asMissing)
  }

  /** Out now, also when the disk is full and what was decided cannot be written down. */
  async #putOut(room: Room, identity: string, decision: Promise<void>): Promise<void> {
    try {
      await decision
    } finally {
      const { calls } = this.#deps
      await calls.putOut((seat) => seat.roomId === room.id && seat.identity === identity)
    }
  }

  #seat({ livekitName }: Room, identity: string): Seat {
    const { presence, calls } = this.#deps
    const seat = presence.seat(livekitName, identity)
    if (seat) return seat
    throw calls.counting ? mediaUnavailable(null) : notFound(identity)
  }

  #person({ livekitName }: Room, identity: string): Promise<LivekitPerson> {
    return this.#deps.livekit.person(livekitName, identity).catch(asMissing)
  }

  #described({ livekitName }: Room, person: LivekitPerson): Participant {
    const { presence, callLog } = this.#deps
    return {
      ...person,
      arrival: callLog.of(person.sid),
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
