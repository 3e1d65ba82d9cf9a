import type { LivekitParticipant, LivekitTrack } from '../livekit/people.ts'
import type { Db } from '../store/db.ts'
import { knownSids, listPresent } from '../store/session-participants.ts'
import { findSessionBySid, listOpenSessions, type SessionRow } from '../store/sessions.ts'
import { listTracks, type TrackRow, updateTrack } from '../store/tracks.ts'
import { VANISHED_MS } from './accuracy.ts'
import type { End, RoomLife } from './call-facts.ts'
import type { Doubt, Patience } from './patience.ts'
import type { SessionBook } from './session-book.ts'

/** All calls, as livekit-server lists them. */
export interface Sweep {
  /** milliseconds */
  askedAt: number
  rooms: (RoomLife & { people: LivekitParticipant[] })[]
}

interface Deps {
  tx: Db
  book: SessionBook
  patience: Patience
  /** when everything was last looked at; milliseconds */
  lastSweepAt: number
  /** why a room that is gone has ended */
  endReasonOf: (session: SessionRow) => string
}

type StayRow = Awaited<ReturnType<typeof listPresent>>[number]

const MOST_MUTES = 200
/** Doubts about whether somebody is still there. */
const MISSING = ['stay ', 'session ']

/** Finds what reports did not tell: the difference between what is written down and what is listed. */
export class Comparison {
  readonly #deps: Deps

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /**
   * Answers up to when everybody who is written down as present was certainly there, in milliseconds;
   * null when nobody is.
   */
  async run({ askedAt, rooms }: Sweep): Promise<number | null> {
    const { tx, patience } = this.#deps
    for (const room of rooms) await this.#room(room, askedAt)
    const listed = new Set(rooms.map((room) => room.sid))
    const open = await listOpenSessions(tx)
    for (const session of open)
      if (!listed.has(session.livekit_sid)) await this.#gone(session, askedAt)
    patience.turn()
    return open.length > 0 ? Math.min(askedAt, patience.oldest(MISSING) ?? askedAt) : null
  }

  async #gone(session: SessionRow, now: number): Promise<void> {
    const { book, patience, lastSweepAt, endReasonOf } = this.#deps
    const doubt = patience.overdue(`session ${session.id}`, now, lastSweepAt)
    if (!doubt) return
    const end = {
      at: doubt.lastRight,
      accuracyMs: doubt.since - doubt.lastRight,
      reason: endReasonOf(session),
      reconstructed: true,
    }
    await book.ended(session, end, (stay) => unreportedEnd(stay, doubt))
  }

  async #room(room: Sweep['rooms'][number], now: number): Promise<void> {
    const { tx, book, patience, lastSweepAt } = this.#deps
    const session = await findSessionBySid(tx, room.sid)
    const present = session ? await listPresent(tx, session.id) : []
    const here = new Set(present.map((stay) => stay.sid))
    const active = room.people.filter((one) => one.state === 'ACTIVE')
    const strangers = active.filter((one) => !here.has(one.sid))
    const known = await knownSids(tx, sidsOf(strangers))
    for (const one of strangers)
      if (!known.has(one.sid) && patience.overdue(`stranger ${one.sid}`, now, lastSweepAt))
        await book.joined(room, { ...one, joinedAt: one.joinedAtMs }, true)
    const listed = new Set(sidsOf(room.people))
    for (const stay of present) {
      if (listed.has(stay.sid)) continue
      const doubt = patience.overdue(`stay ${stay.sid}`, now, lastSweepAt)
      if (doubt && session) await book.missed(session, stay, unreportedEnd(stay, doubt))
    }
    await this.#tracks(
      room,
      active.filter((one) => here.has(one.sid)),
      now,
    )
  }

  async #tracks(room: RoomLife, people: LivekitParticipant[], now: number): Promise<void> {
    const rows = new Map<string, TrackRow>()
    for (const row of await listTracks(this.#deps.tx, sidsOf(people)))
      rows.set(nameOf(row.participant_sid, row.sid), row)
    for (const { sid, tracks } of people)
      for (const track of tracks) {
        const name = nameOf(sid, track.sid)
        await this.#track(room, sid, track, rows.get(name), now)
        rows.delete(name)
      }
    for (const row of rows.values()) await this.#ended(room, row, now)
  }

  async #track(
    room: RoomLife,
    sid: string,
    track: LivekitTrack,
    row: TrackRow | undefined,
    now: number,
  ): Promise<void> {
    const { tx, book, patience, lastSweepAt } = this.#deps
    if (row) {
      const mutes = mutesOf(row, track.muted, now)
      if (mutes) await updateTrack(tx, row, { mutes })
      return
    }
    const doubt = patience.overdue(`track ${nameOf(sid, track.sid)}`, now, lastSweepAt)
    if (doubt) await book.published(room, sid, track, doubt.since, true)
  }

  async #ended(room: RoomLife, row: TrackRow, now: number): Promise<void> {
    if (row.unpublished_at !== null) return
    const { book, patience, lastSweepAt } = this.#deps
    const name = nameOf(row.participant_sid, row.sid)
    const doubt = patience.overdue(`track ${name}`, now, lastSweepAt)
    if (doubt) await book.unpublished(room, row.participant_sid, row.sid, doubt.lastRight, true)
  }
}

const nameOf = (staySid: string, trackSid: string): string => `${staySid} ${trackSid}`

/** Of a stay of whose end nothing was reported: between the last look that saw it and the first that did not. */
const unreportedEnd = ({ joined_at }: StayRow, { lastRight, since }: Doubt): End => {
  const at = Math.max(lastRight, joined_at)
  const accuracyMs = Math.max(since - at, VANISHED_MS)
  return { at, accuracyMs, reason: 'unknown_reason', reconstructed: true }
}

const sidsOf = (people: LivekitParticipant[]): string[] => people.map((one) => one.sid)

/** The spans in which a track was muted, as of now, if that changed. Seen by looking: to the sweep. */
const mutesOf = (row: TrackRow, muted: boolean, now: number): string | null => {
  const mutes = JSON.parse(row.mutes) as [number, number | null][]
  const last = mutes.at(-1)
  const isMuted = last !== undefined && last[1] === null
  if (isMuted === muted || mutes.length >= MOST_MUTES) return null
  if (isMuted) last[1] = now
  else mutes.push([now, null])
  return JSON.stringify(mutes)
}
