import type { LivekitParticipant, LivekitTrack } from '../livekit/people.ts'
import type { Db } from '../store/db.ts'
import { knownSids, listPresent } from '../store/session-participants.ts'
import { findSessionBySid, listOpenSessions, type SessionRow } from '../store/sessions.ts'
import { listTracks, type TrackRow, updateTrack } from '../store/tracks.ts'
import type { Patience } from './patience.ts'
import type { End, RoomLife, SessionBook } from './session-book.ts'

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
  /** the end of a stay of which nothing was reported */
  endOf: (sid: string, lastSeen: number, missedAt: number) => End
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
    for (const stay of await listPresent(this.#deps.tx, session.id))
      await this.#missing(session, stay, doubt.lastRight, doubt.since)
    await book.ended(await this.#again(session), {
      at: doubt.lastRight,
      accuracyMs: doubt.since - doubt.lastRight,
      reason: endReasonOf(session),
      reconstructed: true,
    })
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
      if (doubt && session) await this.#missing(session, stay, doubt.lastRight, doubt.since)
    }
    await this.#tracks(room, active, here, now)
  }

  async #missing(
    session: SessionRow,
    stay: StayRow,
    lastSeen: number,
    missedAt: number,
  ): Promise<void> {
    const { sid, identity, name, joined_at: joinedAt } = stay
    const life = { livekitName: '', sid: session.livekit_sid }
    const end = this.#deps.endOf(sid, Math.max(lastSeen, joinedAt), missedAt)
    await this.#deps.book.left(life, { sid, identity, name, joinedAt }, end, true)
  }

  async #tracks(
    room: RoomLife,
    people: LivekitParticipant[],
    here: ReadonlySet<string>,
    now: number,
  ): Promise<void> {
    const known = people.filter((one) => here.has(one.sid))
    const rows = new Map<string, TrackRow>()
    for (const row of await listTracks(this.#deps.tx, sidsOf(known)))
      rows.set(`${row.participant_sid} ${row.sid}`, row)
    for (const { sid, tracks } of known) {
      for (const track of tracks) await this.#track(room, sid, track, rows, now)
      const listed = new Set(tracks.map((one) => one.sid))
      for (const row of rows.values())
        if (row.participant_sid === sid && !listed.has(row.sid)) await this.#ended(room, row, now)
    }
  }

  async #track(
    room: RoomLife,
    sid: string,
    track: LivekitTrack,
    rows: ReadonlyMap<string, TrackRow>,
    now: number,
  ): Promise<void> {
    const { tx, book, patience, lastSweepAt } = this.#deps
    const row = rows.get(`${sid} ${track.sid}`)
    if (row) {
      const mutes = mutesOf(row, track.muted, now)
      if (mutes) await updateTrack(tx, row, { mutes })
      return
    }
    const doubt = patience.overdue(`track ${sid} ${track.sid}`, now, lastSweepAt)
    if (doubt) await book.published(room, sid, track, doubt.since, true)
  }

  async #ended(room: RoomLife, row: TrackRow, now: number): Promise<void> {
    if (row.unpublished_at !== null) return
    const { book, patience, lastSweepAt } = this.#deps
    const doubt = patience.overdue(`track ${row.participant_sid} ${row.sid}`, now, lastSweepAt)
    if (doubt) await book.unpublished(room, row.participant_sid, row.sid, doubt.lastRight, true)
  }

  async #again(session: SessionRow): Promise<SessionRow> {
    return (await findSessionBySid(this.#deps.tx, session.livekit_sid)) ?? session
  }
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
