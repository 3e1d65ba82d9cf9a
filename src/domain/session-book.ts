import { newId } from '../lib/ids.ts'
import type { Arrival } from '../livekit/call-log.ts'
import type { Db } from '../store/db.ts'
import * as people from '../store/session-participants.ts'
import * as sessions from '../store/sessions.ts'
import { newestTenantOf } from '../store/tenants.ts'
import * as tracks from '../store/tracks.ts'
import type { End, RoomLife, Stay, StayDetails, Track } from './call-facts.ts'
import {
  endedSessionData,
  leftData,
  participantData,
  sessionData,
  trackData,
} from './event-data.ts'
import type { Append } from './events.ts'
import { splitLivekitRoomName } from './room-names.ts'
import type { UsageSums } from './usage-days.ts'

interface Deps {
  tx: Db
  append: Append
  /** to be written in the same transaction */
  usage: UsageSums
  details: (room: RoomLife, stay: Stay) => StayDetails
  /** the end of a stay that was not reported, where livekit-server's log tells it */
  loggedEnd: (sid: string) => End | null
}

type SessionRow = sessions.SessionRow
type StayRow = people.SessionParticipantRow

/**
 * What a fact about a call changes in what is written down of it. A stay is known by LiveKit's id of
 * it: it begins once and ends once, whatever is told twice, late or in another order.
 */
export class SessionBook {
  readonly #deps: Deps

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /** Somebody is in a call. */
  async joined(room: RoomLife, stay: Stay, reconstructed: boolean): Promise<void> {
    await this.#enter(room, stay, reconstructed, null)
  }

  /** @param wasIn false where it may be that they never got in */
  async left(room: RoomLife, stay: Stay, end: End, wasIn: boolean): Promise<void> {
    let row = await people.findParticipant(this.#deps.tx, stay.sid)
    if (!row && wasIn) row = await this.#enter(room, stay, true, end)
    const session = await sessions.findSessionBySid(this.#deps.tx, room.sid)
    if (row && session && row.left_at === null) await this.#leave(session, row, end)
  }

  /** False when the stay is not known, or not yet. */
  async published(
    { sid: livekitSid }: RoomLife,
    staySid: string,
    track: Track,
    at: number,
    reconstructed: boolean,
  ): Promise<boolean> {
    const { tx, append } = this.#deps
    const stay = await people.findParticipant(tx, staySid)
    const session = stay && (await sessions.findSessionBySid(tx, livekitSid))
    if (!session) return false
    const known = await tracks.listTracks(tx, [staySid])
    if (stay.left_at !== null || known.some((one) => one.sid === track.sid)) return true
    const row: tracks.TrackRow = {
      ...{ participant_sid: staySid, sid: track.sid, kind: track.kind, source: track.source },
      ...{ published_at: Math.max(at, stay.joined_at), unpublished_at: null, mutes: '[]' },
    }
    await tracks.insertTrack(tx, row)
    const { identity } = stay
    const data = trackData(session, stay, row)
    await append(stay.tenant_id, {
      ...{ type: 'track.published', at: row.published_at },
      ...{ identity, data, reconstructed },
    })
    return true
  }

  /** False when the track is not known, or not yet. */
  async unpublished(
    { sid: livekitSid }: RoomLife,
    staySid: string,
    trackSid: string,
    at: number,
    reconstructed: boolean,
  ): Promise<boolean> {
    const { tx } = this.#deps
    const stay = await people.findParticipant(tx, staySid)
    const session = stay && (await sessions.findSessionBySid(tx, livekitSid))
    const row = (await tracks.listTracks(tx, [staySid])).find((one) => one.sid === trackSid)
    if (!stay || !session || !row) return false
    if (row.unpublished_at === null) await this.#unpublish(session, stay, row, at, reconstructed)
    return true
  }

  /** Somebody who is written down as present is gone. @param end as far as the log does not tell */
  missed(session: SessionRow, stay: StayRow, end: End): Promise<void> {
    return this.#leave(session, stay, this.#deps.loggedEnd(stay.sid) ?? end)
  }

  /**
   * LiveKit's room is gone, with everybody who is still in it: or out of it, and it was not reported.
   * @param endOf of each of them
   */
  async ended(
    session: SessionRow,
    end: End,
    endOf: (stay: StayRow) => End = () => end,
  ): Promise<void> {
    const { tx, append } = this.#deps
    for (const stay of await people.listPresent(tx, session.id))
      await this.missed(session, stay, endOf(stay))
    const { at, certainlyBy } = await sessions.lastLeave(tx, session.id)
    const endedAt = at ?? session.started_at
    const changes = {
      ended_at: endedAt,
      end_reason: end.reason,
      end_accuracy_ms: Math.max((certainlyBy ?? endedAt) - endedAt, 0),
      ...(end.reconstructed ? { reconstructed: 1 as const } : {}),
    }
    await sessions.updateSession(tx, session.id, changes)
    await append(session.tenant_id, {
      type: 'session.ended',
      at: Math.max(end.at, endedAt),
      data: endedSessionData(await this.#again(session)),
      reconstructed: end.reconstructed,
    })
  }

  async #enter(
    room: RoomLife,
    stay: Stay,
    reconstructed: boolean,
    end: End | null,
  ): Promise<StayRow | undefined> {
    const { tx, append, usage } = this.#deps
    if (await people.findParticipant(tx, stay.sid)) return undefined
    const session = await this.#sessionOf(room, stay.joinedAt, reconstructed)
    if (!session) return undefined
    const row = this.#rowOf(room, session, stay, reconstructed)
    await people.insertParticipant(tx, row)
    const place = { tenantId: session.tenant_id, room: session.room }
    usage.participant(place, row.joined_at)
    await this.#noteStart(session, row.joined_at)
    await append(session.tenant_id, {
      ...{ type: 'participant.joined', at: row.joined_at, identity: row.identity },
      ...{ data: participantData(session, row), reconstructed },
    })
    await this.#notePeak(session)
    if (session.ended_at === null) return row
    const known = end ?? this.#deps.loggedEnd(row.sid)
    await this.#leave(session, row, known ?? endWith(session, row))
    return people.findParticipant(tx, stay.sid)
  }

  #rowOf(room: RoomLife, session: SessionRow, stay: Stay, reconstructed: boolean): StayRow {
    const { arrival, address } = this.#deps.details(room, stay)
    return {
      ...{ sid: stay.sid, session_id: session.id, tenant_id: session.tenant_id },
      ...{ identity: stay.identity, name: stay.name, joined_at: stay.joinedAt },
      ...{ left_at: null, leave_reason: null, end_accuracy_ms: 0, reconnected_at: '[]' },
      ...arrivalColumns(arrival),
      address,
      reconstructed: reconstructed ? 1 : 0,
    }
  }

  /** The session of this life of the room; it begins with the first who is in it. */
  async #sessionOf(
    { livekitName, sid }: RoomLife,
    at: number,
    reconstructed: boolean,
  ): Promise<SessionRow | null> {
    const { tx, append, usage } = this.#deps
    const known = await sessions.findSessionBySid(tx, sid)
    if (known) return known
    const names = splitLivekitRoomName(livekitName)
    const tenantId = names && (await newestTenantOf(tx, names.slug))
    if (!names || !tenantId) return null
    const session: SessionRow = {
      ...{ id: newId(at), tenant_id: tenantId, room: names.room, livekit_sid: sid },
      ...{ started_at: at, ended_at: null, end_reason: null, end_accuracy_ms: 0 },
      ...{ peak_participants: 0, participant_ms: 0, reconstructed: reconstructed ? 1 : 0 },
    }
    await sessions.insertSession(tx, session)
    usage.session({ tenantId, room: names.room }, at)
    const data = sessionData(session)
    await append(tenantId, { type: 'session.started', at, data, reconstructed })
    return session
  }

  /** Who is told of later may have come earlier: their media took longer, or nobody reported them. */
  async #noteStart({ id, tenant_id, room, started_at }: SessionRow, at: number): Promise<void> {
    if (at >= started_at) return
    await sessions.updateSession(this.#deps.tx, id, { started_at: at })
    this.#deps.usage.earlier({ tenantId: tenant_id, room }, started_at, at)
  }

  async #notePeak({ id, peak_participants }: SessionRow): Promise<void> {
    const now = await people.countPresent(this.#deps.tx, id)
    if (now > peak_participants)
      await sessions.updateSession(this.#deps.tx, id, { peak_participants: now })
  }

  async #leave(session: SessionRow, stay: StayRow, end: End): Promise<void> {
    const { tx, append, usage } = this.#deps
    const leftAt = Math.max(end.at, stay.joined_at)
    for (const track of await tracks.listTracks(tx, [stay.sid]))
      if (track.unpublished_at === null)
        await this.#unpublish(session, stay, track, leftAt, end.reconstructed)
    const changes = {
      left_at: leftAt,
      leave_reason: end.reason,
      end_accuracy_ms: end.accuracyMs,
      ...(stay.sdk === null ? this.#lateArrival(session, stay) : {}),
    }
    await people.updateParticipant(tx, stay.sid, changes)
    await sessions.addParticipantTime(tx, session.id, leftAt - stay.joined_at)
    if (session.ended_at !== null && session.ended_at < leftAt)
      await sessions.updateSession(tx, session.id, { ended_at: leftAt })
    const place = { tenantId: session.tenant_id, room: session.room }
    usage.time(place, stay.joined_at, leftAt)
    await append(session.tenant_id, {
      type: end.reason === 'duplicate_identity' ? 'participant.superseded' : 'participant.left',
      ...{ at: leftAt, identity: stay.identity, reconstructed: end.reconstructed },
      data: leftData(session, { ...stay, ...changes }),
    })
  }

  /** By now livekit-server's log may tell how they came. */
  #lateArrival(session: SessionRow, stay: StayRow): Partial<StayRow> {
    const { sid, identity, name, joined_at: joinedAt } = stay
    const room = { livekitName: '', sid: session.livekit_sid }
    return arrivalColumns(this.#deps.details(room, { sid, identity, name, joinedAt }).arrival)
  }

  async #unpublish(
    session: SessionRow,
    stay: StayRow,
    track: tracks.TrackRow,
    at: number,
    reconstructed: boolean,
  ): Promise<void> {
    const { tx, append } = this.#deps
    const unpublished_at = Math.max(at, track.published_at)
    await tracks.updateTrack(tx, track, { unpublished_at })
    await append(session.tenant_id, {
      ...{ type: 'track.unpublished', at: unpublished_at, identity: stay.identity },
      ...{ data: trackData(session, stay, { ...track, unpublished_at }), reconstructed },
    })
  }

  async #again({ tenant_id, id }: SessionRow): Promise<SessionRow> {
    const row = await sessions.findSession(this.#deps.tx, tenant_id, id)
    if (!row) throw new Error('a session is gone while it is being written')
    return row
  }
}

/** Of somebody who is told of after the room's end, by when everybody was out. */
const endWith = (session: SessionRow, { joined_at }: StayRow): End => {
  const at = session.ended_at ?? joined_at
  return {
    at,
    accuracyMs: session.end_accuracy_ms + Math.max(at - joined_at, 0),
    reason: session.end_reason ?? 'unknown_reason',
    reconstructed: true,
  }
}

const arrivalColumns = (arrival: Arrival | null) => ({
  transport: arrival?.transport ?? null,
  sdk: arrival?.sdk ?? null,
  sdk_version: arrival?.sdkVersion ?? null,
  os: arrival?.os ?? null,
  browser: arrival?.browser ?? null,
})
