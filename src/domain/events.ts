import { EventEmitter } from 'node:events'
import type { Clock } from '../lib/clock.ts'
import { newId } from '../lib/ids.ts'
import type { Db, Store } from '../store/db.ts'
import * as rows from '../store/events.ts'
import { setSetting, setSettingOnce } from '../store/settings.ts'
import { GoLiveError } from './errors.ts'

/** All that is ever in the log. */
export const EVENT_TYPES = [
  'room.created',
  'room.updated',
  'room.deleted',
  'session.started',
  'session.ended',
  'participant.joined',
  'participant.left',
  'participant.superseded',
  'participant.refused',
  'participant.banned',
  'track.published',
  'track.unpublished',
  'usage.limit_reached',
] as const

export type EventType = (typeof EVENT_TYPES)[number]

/** One thing that happened in a tenant, as its readers get it. */
export interface Event {
  /** counts up by one within a tenant */
  seq: number
  id: string
  type: EventType
  /** milliseconds */
  at: number
  data: object
  /** true for what nobody reported, and was concluded afterwards */
  reconstructed: boolean
}

export interface NewEvent {
  type: EventType
  /** milliseconds; now, where it is left out */
  at?: number
  /** as JSON shows it */
  data: object
  /** whom it is about */
  identity?: string
  reconstructed?: boolean
}

/** Puts an event at the end of a tenant's log. */
export type Append = (tenantId: string, event: NewEvent) => Promise<void>

interface Deps {
  store: Store
  clock: Clock
}

/** Numbers looked at for one page: of a type that is rare, a long log would take too long. */
const MOST_LOOKED_AT = 10_000
const STREAM_ID = 'events.stream_id'
/** No tenant's id has a star. */
const ANY = '*'

export const eventOf = (row: rows.EventRow): Event => ({
  seq: row.seq,
  id: row.id,
  type: row.type as EventType,
  at: row.at,
  data: JSON.parse(row.data) as object,
  reconstructed: row.reconstructed === 1,
})

/** What happened, in one gapless sequence for each tenant. Everything else that tells of it reads here. */
export class EventLog {
  readonly #deps: Deps
  readonly #emitter = new EventEmitter().setMaxListeners(0)
  #streamId: Promise<string> | null = null

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /**
   * Runs `work` in one write transaction. What it appends is in the log when what it wrote is
   * there, or neither; readers are told afterwards. On a full disk what happened is still written
   * down, from the reserve, for which `work` runs again.
   */
  async write<T>(work: (tx: Db, append: Append) => Promise<T>): Promise<T> {
    return this.#commit(this.#deps.store.record, work)
  }

  /** The same for a change that somebody asks for: on a full disk it is refused. */
  async change<T>(work: (tx: Db, append: Append) => Promise<T>): Promise<T> {
    return this.#commit(this.#deps.store.transaction, work)
  }

  async #commit<T>(
    transaction: Store['transaction'],
    work: (tx: Db, append: Append) => Promise<T>,
  ): Promise<T> {
    const { result, news } = await transaction(async (tx) => {
      // Anew each time: on a full disk the work is done a second time.
      const news = new Map<string, NewEvent[]>()
      const result = await work(tx, async (tenantId, event) => {
        const before = news.get(tenantId)
        if (before) before.push(event)
        else news.set(tenantId, [event])
      })
      for (const [tenantId, events] of news) await this.#append(tx, tenantId, events)
      return { result, news }
    })
    for (const tenantId of news.keys()) queueMicrotask(() => this.#tell(tenantId))
    return result
  }

  /** All at once: their numbers cost as much for a hundred as for one. */
  async #append(tx: Db, tenantId: string, events: NewEvent[]): Promise<void> {
    const now = this.#deps.clock()
    const first = await rows.takeSeqs(tx, tenantId, events.length)
    const made = events.map((event, n) => ({
      tenant_id: tenantId,
      seq: first + n,
      id: `evt_${newId(now)}`,
      type: event.type,
      at: event.at ?? now,
      identity: event.identity ?? null,
      data: JSON.stringify(event.data),
      reconstructed: event.reconstructed ? (1 as const) : (0 as const),
    }))
    await rows.insertEvents(tx, made)
  }

  /** Calls `told` whenever the log of this tenant, or of any, grew. @returns what ends that */
  subscribe(tenantId: string | null, told: (tenantId: string) => void): () => void {
    const name = tenantId ?? ANY
    this.#emitter.on(name, told)
    return () => void this.#emitter.off(name, told)
  }

  #tell(tenantId: string): void {
    this.#emitter.emit(tenantId, tenantId)
    this.#emitter.emit(ANY, tenantId)
  }

  /**
   * The events behind `after`, in their order. `nextAfter` is where to go on, also past events of
   * other types: the log is read to its end when that is `lastSeq`, for a page may be empty before. @throws events_expired (with `first_seq`) when some of them are no longer there
   */
  async list(
    tenantId: string,
    query: { after: number; limit: number; types: readonly EventType[] | null },
  ): Promise<{ data: Event[]; nextAfter: number; lastSeq: number }> {
    const { db } = this.#deps.store
    const lastSeq = await rows.lastSeq(db, tenantId)
    const until = query.types ? Math.min(lastSeq, query.after + MOST_LOOKED_AT) : lastSeq
    const found = await rows.listEvents(db, tenantId, { ...query, until })
    await this.#checkKept(tenantId, query.after, lastSeq)
    const end = found.length < query.limit ? until : (found.at(-1)?.seq ?? until)
    return { data: found.map(eventOf), nextAfter: Math.max(end, query.after), lastSeq }
  }

  /**
   * The newest events ahead of `before`, newest first. `nextBefore` is where to go on, also past
   * events of other types; null where nothing is kept before.
   */
  async newest(
    tenantId: string,
    query: { before: number | null; limit: number; types: readonly EventType[] | null },
  ): Promise<{ data: Event[]; nextBefore: number | null; lastSeq: number }> {
    const { db } = this.#deps.store
    const lastSeq = await rows.lastSeq(db, tenantId)
    const firstSeq = (await rows.firstSeq(db, tenantId)) ?? lastSeq + 1
    const before = Math.min(query.before ?? lastSeq + 1, lastSeq + 1)
    const from = query.types ? Math.max(firstSeq, before - MOST_LOOKED_AT) : firstSeq
    const found = await rows.listNewestEvents(db, tenantId, { ...query, before, from })
    const next = found.length < query.limit ? from : (found.at(-1)?.seq ?? from)
    return { data: found.map(eventOf), nextBefore: next > firstSeq ? next : null, lastSeq }
  }

  async #checkKept(tenantId: string, after: number, last: number): Promise<void> {
    if (after >= last) return
    const first = (await rows.firstSeq(this.#deps.store.db, tenantId)) ?? last + 1
    if (after + 1 < first) throw expired(first)
  }

  /** What is numbered from now on belongs to another stream. */
  async beginAnew(): Promise<void> {
    const { store, clock } = this.#deps
    await setSetting(store.db, STREAM_ID, newId(clock()))
    this.#streamId = null
  }

  /** Stays the same as long as the log is: one from a backup is another. */
  streamId(): Promise<string> {
    const { store, clock } = this.#deps
    this.#streamId ??= setSettingOnce(store.db, STREAM_ID, newId(clock()))
    return this.#streamId
  }
}

const expired = (firstSeq: number): GoLiveError =>
  new GoLiveError('events_expired', 'the events asked for are no longer kept', {
    hint: `Go on from after=${firstSeq - 1}; what happened before is in the sessions and the usage.`,
    extra: { first_seq: firstSeq },
  })
