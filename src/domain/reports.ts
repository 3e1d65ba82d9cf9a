import type { Clock } from '../lib/clock.ts'
import type { WebhookEvent } from '../livekit/webhook.ts'
import type { Db } from '../store/db.ts'
import { findSessionBySid, type SessionRow } from '../store/sessions.ts'
import { accuracyOf } from './accuracy.ts'
import type { End, RoomLife, Stay } from './call-facts.ts'
import type { SessionBook } from './session-book.ts'

interface Deps {
  clock: Clock
  /** of the end of who is still there, as far as is known, when their room is gone */
  goneAccuracyOf: (at: number) => number
  /** why a room that is gone has ended */
  endReasonOf: (session: SessionRow) => string
  /** when a client last gave a sign of life; milliseconds */
  heardAt: (room: RoomLife, stay: Stay) => number | null
}

type Work = (book: SessionBook, tx: Db) => Promise<unknown>
/** False when the stay is not known, or not yet. */
type TrackWork = (book: SessionBook) => Promise<boolean>

const MOST_EARLY = 1000

/** What livekit-server's reports mean for what is written down. */
export class Reports {
  readonly #deps: Deps
  /** reports of tracks that came before the one of their participant, by its sid */
  readonly #early = new Map<string, TrackWork[]>()

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /** Null for what does not matter. */
  workFor({ event, createdAt, room, participant, track }: WebhookEvent): Work | null {
    if (!room) return null
    const life: RoomLife = { livekitName: room.name, sid: room.sid }
    const at = this.#momentOf(createdAt)
    if (event === 'room_finished') return (book, tx) => this.#finished(book, tx, life, at)
    if (!participant) return null
    const { sid, identity, name, joinedAtMs, disconnectReason } = participant
    const stay: Stay = { sid, identity, name, joinedAt: joinedAtMs || at }
    if (event === 'participant_joined') return (book) => this.#joined(book, life, stay)
    if (event === 'participant_left' || event === 'participant_connection_aborted') {
      const end = this.#endOf(life, stay, at, disconnectReason.toLowerCase())
      return (book) => book.left(life, stay, end, event === 'participant_left')
    }
    return track ? this.#trackWork(event, life, sid, track, at) : null
  }

  #trackWork(
    event: string,
    life: RoomLife,
    staySid: string,
    { sid, type, source }: NonNullable<WebhookEvent['track']>,
    at: number,
  ): Work | null {
    const track = { sid, kind: type.toLowerCase(), source: source.toLowerCase() }
    const apply: TrackWork = (book) =>
      event === 'track_published'
        ? book.published(life, staySid, track, at, false)
        : book.unpublished(life, staySid, sid, at, false)
    if (event !== 'track_published' && event !== 'track_unpublished') return null
    return async (book) => {
      if (!(await apply(book))) this.#keep(staySid, apply)
    }
  }

  /** livekit-server reports a track as soon as it comes, and its participant when all their media is up. */
  #keep(staySid: string, work: TrackWork): void {
    if (this.#early.size >= MOST_EARLY) this.#early.clear()
    this.#early.set(staySid, [...(this.#early.get(staySid) ?? []), work])
  }

  async #joined(book: SessionBook, life: RoomLife, stay: Stay): Promise<void> {
    await book.joined(life, stay, false)
    for (const work of this.#early.get(stay.sid) ?? []) await work(book)
    this.#early.delete(stay.sid)
  }

  async #finished(book: SessionBook, tx: Db, { sid }: RoomLife, at: number): Promise<void> {
    const session = await findSessionBySid(tx, sid)
    if (!session || session.ended_at !== null) return
    const reason = this.#deps.endReasonOf(session)
    const accuracyMs = this.#deps.goneAccuracyOf(at)
    await book.ended(session, { at, accuracyMs, reason, reconstructed: false })
  }

  #endOf(life: RoomLife, stay: Stay, at: number, reason: string): End {
    const heardAt = this.#deps.heardAt(life, stay)
    return {
      at,
      accuracyMs: accuracyOf(reason, at, heardAt),
      reason,
      reconstructed: false,
    }
  }

  /** livekit-server tells whole seconds; a report that comes within the second tells more by coming. */
  #momentOf(createdAtSeconds: number): number {
    const now = this.#deps.clock()
    const since = now - createdAtSeconds * 1000
    return since >= 0 && since < 1000 ? now : createdAtSeconds * 1000 + 500
  }
}
