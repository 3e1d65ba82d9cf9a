import type { Clock } from '../lib/clock.ts'
import type { Store } from '../store/db.ts'
import { type EventRow, listRefusedJoins } from '../store/events.ts'
import * as people from '../store/session-participants.ts'
import * as rows from '../store/sessions.ts'
import { listTracks } from '../store/tracks.ts'
import { GoLiveError } from './errors.ts'
import { cursorAt, decodeCursor, type Page, pageOf } from './page.ts'
import { publishedMs, TIMED_SOURCES, type TimedSource, type Track, trackOf } from './published.ts'

/** One life of a room: from the first who came to the last who left. Times in milliseconds. */
export interface Session {
  id: string
  room: string
  livekitSid: string
  startedAt: number
  endedAt: number | null
  endReason: string | null
  endAccuracyMs: number
  peakParticipants: number
  /** of all its people together; who is in it counts up to now */
  participantMs: number
  reconstructed: boolean
}

/** One stay of somebody in a session. */
export interface SessionParticipant {
  identity: string
  name: string
  sid: string
  joinedAt: number
  leftAt: number | null
  leaveReason: string | null
  endAccuracyMs: number
  /** up to now, while it goes on */
  ms: number
  reconnectedAt: number[]
  transport: string | null
  sdk: string | null
  sdkVersion: string | null
  os: string | null
  browser: string | null
  address: string | null
  reconstructed: boolean
  publishedMs: Record<TimedSource, number>
  tracks: Track[]
}

/** Somebody who was not let into the room of a session. */
export interface RefusedJoin {
  seq: number
  /** milliseconds */
  at: number
  identity: string
  code: string
  /** in words, for people */
  reason: string
}

/** Who could not join tries again before, while and after the others talk. */
const AROUND_MS = 10 * 60_000
/** Refusals of all rooms that are looked at for one page. */
const MOST_LOOKED_AT = 2000

interface Deps {
  store: Store
  clock: Clock
}

type Owner = { id: string }

/** What is known of calls, those that run included. */
export class Sessions {
  readonly #deps: Deps

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /** Newest first. @throws invalid_cursor */
  async list(
    tenant: Owner,
    query: {
      cursor?: string | undefined
      limit: number
      /** a room's name */
      room?: string | undefined
      active: boolean
    },
  ): Promise<Page<Session>> {
    const found = await rows.listSessions(this.#deps.store.db, tenant.id, {
      after: decodeCursor(query.cursor),
      limit: query.limit + 1,
      room: query.room ?? null,
      open: query.active,
    })
    const page = pageOf(
      found.map((row) => ({ id: row.id, createdAt: row.started_at, row })),
      query.limit,
    )
    return { ...page, data: await this.#withPresent(page.data.map(({ row }) => row)) }
  }

  /** Rooms of one tenant, by name → the id of the session that runs in each. */
  async running(
    tenant: Owner,
    rooms: readonly { name: string }[],
  ): Promise<ReadonlyMap<string, string>> {
    const names = rooms.map(({ name }) => name)
    const found = await rows.listOpenOfRooms(this.#deps.store.db, tenant.id, names)
    return new Map(found.map(({ room, id }) => [room, id]))
  }

  /** @throws session_not_found */
  async get(tenant: Owner, id: string): Promise<Session> {
    const [session] = await this.#withPresent([await this.#row(tenant, id)])
    return session as Session
  }

  /** Who was in it, in the order in which they came. @throws session_not_found, invalid_cursor */
  async participants(
    tenant: Owner,
    id: string,
    query: { cursor?: string | undefined; limit: number },
  ): Promise<Page<SessionParticipant>> {
    const { db } = this.#deps.store
    const after = decodeCursor(query.cursor)
    await this.#row(tenant, id)
    const found = await people.listParticipants(db, id, { after, limit: query.limit + 1 })
    const page = pageOf(
      found.map((row) => ({ id: row.sid, createdAt: row.joined_at, row })),
      query.limit,
    )
    const sids = page.data.map((one) => one.id)
    const tracks = Map.groupBy(await listTracks(db, sids), (track) => track.participant_sid)
    const now = this.#deps.clock()
    return {
      ...page,
      data: page.data.map(({ row }) =>
        participantOf(row, (tracks.get(row.sid) ?? []).map(trackOf), now),
      ),
    }
  }

  /**
   * Joins to its room that were refused, from ten minutes before it to ten minutes after it, in their order. A
   * page may be short of others before the last. @throws session_not_found, invalid_cursor
   */
  async refusedJoins(
    tenant: Owner,
    id: string,
    query: { cursor?: string | undefined; limit: number },
  ): Promise<Page<RefusedJoin>> {
    const { store, clock } = this.#deps
    const after = decodeCursor(query.cursor)
    const { room, started_at, ended_at } = await this.#row(tenant, id)
    const found = await listRefusedJoins(store.db, tenant.id, {
      ...{ from: started_at - AROUND_MS, to: (ended_at ?? clock()) + AROUND_MS },
      ...{ after, limit: MOST_LOOKED_AT },
    })
    const all = found.map((row) => ({ id: row.id, createdAt: row.at, ...refusedJoinOf(row) }))
    const page = pageOf(
      all.filter((one) => one.room === room),
      query.limit,
    )
    const isCut = page.nextCursor === null && all.length === MOST_LOOKED_AT
    return isCut ? { ...page, nextCursor: cursorAt(all.at(-1)) } : page
  }

  async #row(tenant: Owner, id: string): Promise<rows.SessionRow> {
    const row = await rows.findSession(this.#deps.store.db, tenant.id, id)
    if (!row) throw new GoLiveError('session_not_found', `there is no session ${id.slice(0, 100)}`)
    return row
  }

  /** Adds the time of those who are still in a call. */
  async #withPresent(found: rows.SessionRow[]): Promise<Session[]> {
    const open = found.filter((row) => row.ended_at === null).map(({ id }) => id)
    const present = await people.sumPresent(this.#deps.store.db, open)
    const now = this.#deps.clock()
    const running = new Map(present.map((one) => [one.session_id, one.stays * now - one.joined_ms]))
    return found.map((row) => sessionOf(row, running.get(row.id) ?? 0))
  }
}

const sessionOf = (row: rows.SessionRow, runningMs: number): Session => ({
  id: row.id,
  room: row.room,
  livekitSid: row.livekit_sid,
  startedAt: row.started_at,
  endedAt: row.ended_at,
  endReason: row.end_reason,
  endAccuracyMs: row.end_accuracy_ms,
  peakParticipants: row.peak_participants,
  participantMs: row.participant_ms + Math.max(0, runningMs),
  reconstructed: row.reconstructed === 1,
})

const participantOf = (
  row: people.SessionParticipantRow,
  tracks: Track[],
  now: number,
): SessionParticipant => {
  const end = row.left_at ?? now
  return {
    identity: row.identity,
    name: row.name,
    sid: row.sid,
    joinedAt: row.joined_at,
    leftAt: row.left_at,
    leaveReason: row.leave_reason,
    endAccuracyMs: row.end_accuracy_ms,
    ms: Math.max(0, end - row.joined_at),
    reconnectedAt: JSON.parse(row.reconnected_at) as number[],
    transport: row.transport,
    sdk: row.sdk,
    sdkVersion: row.sdk_version,
    os: row.os,
    browser: row.browser,
    address: row.address,
    reconstructed: row.reconstructed === 1,
    publishedMs: Object.fromEntries(
      TIMED_SOURCES.map((source) => [source, publishedMs(tracks, source, end)]),
    ) as Record<TimedSource, number>,
    tracks,
  }
}

const refusedJoinOf = ({ seq, at, data }: EventRow): RefusedJoin & { room: string | null } => ({
  seq,
  at,
  ...(JSON.parse(data) as Pick<RefusedJoin, 'identity' | 'code' | 'reason'> & {
    room: string | null
  }),
})
