import type { Clock } from '../lib/clock.ts'
import { giveWay } from '../lib/give-way.ts'
import type { Logger } from '../lib/log.ts'
import type { CallLog, LoggedStay } from '../livekit/call-log.ts'
import type { WebhookEvent } from '../livekit/webhook.ts'
import type { Db, Store } from '../store/db.ts'
import {
  findParticipant,
  knownSids,
  listPresent,
  type SessionParticipantRow,
  updateParticipant,
} from '../store/session-participants.ts'
import { findSessionBySid, listOpenSessions, type SessionRow } from '../store/sessions.ts'
import { getSetting, setSetting } from '../store/settings.ts'
import { Comparison, type Sweep } from './comparison.ts'
import type { EventLog } from './events.ts'
import { Patience } from './patience.ts'
import type { Presence } from './presence.ts'
import { Reports } from './reports.ts'
import {
  type End,
  type RoomLife,
  SessionBook,
  type Stay,
  type StayDetails,
} from './session-book.ts'
import { UsageSums } from './usage-days.ts'

interface Deps {
  store: Store
  events: EventLog
  clock: Clock
  log: Logger
  presence: Presence
  callLog: CallLog
}

/** Something to be written down, in a transaction that it may share with others. */
interface Work {
  run: (book: SessionBook, tx: Db) => Promise<unknown>
  done: () => void
  failed: (error: unknown) => void
}

const MOST_AT_ONCE = 256
const SEEN_AT = 'calls.seen_at'
/** livekit-server notices that somebody vanished after up to twenty seconds (ICE, then a grace). */
const VANISHED_MS = 25_000
/** So long a sweep may have missed somebody without concluding anything. */
const DOUBT_MS = 15_000
/** What livekit-server does is reported within this. */
const PROMPT_MS = 1000
/** In its log is looked back this far behind the last sweep. */
const LOOK_BACK_MS = 120_000
/** Farther back nobody is brought back from it: what is kept for days only may be gone by intent. */
const MOST_LOOK_BACK_MS = 24 * 3600_000
/** Who asks for a token does not wait; a report does, in livekit-server. */
const OTHERS_SHARE = 8
const MOST_RECONNECTS = 100
const MOST_ENDING = 10_000
/** From the wish to end a call to its end. */
const ENDING_MS = 60_000

/** Writes down what happens in calls: from reports, sweeps, ends of livekit-server and its log. */
export class Recorder {
  readonly #deps: Deps
  readonly #patience = new Patience()
  readonly #reports: Reports
  /** why rooms are being ended, by tenant and name */
  readonly #ending = new Map<string, { reason: string; at: number; of: string | null }>()
  #queue: Work[] = []
  #writing: Promise<void> | null = null
  /** when all calls were last looked at; milliseconds */
  #lastSweepAt = 0
  /** by when the livekit-server of an earlier run was certainly alive */
  #lastSign = 0

  constructor(deps: Deps) {
    this.#deps = deps
    this.#reports = new Reports({
      clock: deps.clock,
      accuracyOf: (reason, at, heardAt) => accuracyOf(reason, at, heardAt),
      // A sweep may have missed them, and waited for a report.
      goneAccuracyOf: (at) => Math.max(at - this.#lastSweepAt, 0) + DOUBT_MS + VANISHED_MS,
      endReasonOf: (session) => this.#endReasonOf(session),
      heardAt: (room, stay) => this.#heardAt(room, stay),
    })
  }

  /** Takes up where an earlier run stopped. To be called before livekit-server is started. */
  async load(): Promise<void> {
    const { store, clock, callLog } = this.#deps
    const seenAt = Number((await getSetting(store.db, SEEN_AT)) ?? clock())
    this.#lastSweepAt = seenAt
    this.#lastSign = Math.min(Math.max(seenAt, callLog.writtenAt() ?? 0), clock())
    callLog.touchedSince(seenAt)
  }

  /** What livekit-server reports. Resolves when it is written down; rejects when it could not be. */
  report(event: WebhookEvent): Promise<void> {
    const work = this.#reports.workFor(event)
    return work ? this.#write(work) : Promise.resolve()
  }

  /** What livekit-server lists. Finds what was not reported. */
  swept(sweep: Sweep): Promise<void> {
    return this.#write(async (book, tx) => {
      await this.#readLog(book, tx, sweep.askedAt)
      const comparison = new Comparison({
        ...{ tx, book, patience: this.#patience, lastSweepAt: this.#lastSweepAt },
        endOf: (sid, lastSeen, missedAt) => this.#unreportedEnd(sid, lastSeen, missedAt),
        endReasonOf: (session) => this.#endReasonOf(session),
      })
      const seenAt = await comparison.run(sweep)
      if (seenAt !== null) await setSetting(tx, SEEN_AT, String(seenAt))
      this.#lastSweepAt = sweep.askedAt
    })
  }

  /** Somebody's signaling came back, within the same stay. */
  resumed(sid: string): void {
    const at = this.#deps.clock()
    void this.#write(async (_, tx) => {
      const stay = await findParticipant(tx, sid)
      const times = JSON.parse(stay?.reconnected_at ?? '[]') as number[]
      if (!stay || times.length >= MOST_RECONNECTS) return
      await updateParticipant(tx, sid, { reconnected_at: JSON.stringify([...times, at]) })
    }).catch((error: unknown) => this.#deps.log.warn({ err: error }, 'a reconnect was not noted'))
  }

  /** Why the call that runs in a room is about to end. */
  expectEnd({ tenantId, name }: { tenantId: string; name: string }, reason: string): void {
    if (this.#ending.size >= MOST_ENDING) this.#ending.clear()
    this.#ending.set(`${tenantId}/${name}`, { reason, at: this.#deps.clock(), of: null })
  }

  /** livekit-server is gone, and all calls with it. */
  childGone(reason: string): Promise<void> {
    const at = this.#deps.clock()
    const heard = new Map(
      this.#deps.presence.matching(() => true).map((seat) => [seat.sid, seat.socket?.heardAt]),
    )
    return this.#endAll(reason, (sid) => ({
      at,
      accuracyMs: accuracyOf(reason, at, heard.get(sid) ?? null),
    }))
  }

  /**
   * The first livekit-server that this run knows of: what is older belongs to one that is gone.
   * @param startedAt milliseconds @param adopted by an earlier run, which may have died before it wrote
   * down how the one before ended; the log is that of the new one then, and no sign of the old one's life
   */
  childFound(startedAt: number, adopted: boolean): Promise<void> {
    const at = Math.min(adopted ? this.#lastSweepAt : this.#lastSign, startedAt)
    const accuracyMs = Math.max(startedAt - at, VANISHED_MS)
    return this.#endAll('livekit_exited', () => ({ at, accuracyMs }), startedAt)
  }

  /** Resolves when all that was told so far is written down, or could not be. */
  async drained(): Promise<void> {
    while (this.#writing) await this.#writing
  }

  #endAll(
    reason: string,
    endOf: (sid: string | null) => Pick<End, 'at' | 'accuracyMs'>,
    before = Number.POSITIVE_INFINITY,
  ): Promise<void> {
    // Now, not when it is written down: the next livekit-server writes into the same log.
    const logged = this.#lately()
    return this.#write(async (book, tx) => {
      for (const stay of logged)
        if (stay.activeAt !== null && stay.activeAt < before)
          await book.joined(lifeOf(stay), stayOf(stay), true)
      for (const session of await listOpenSessions(tx)) {
        if (session.started_at >= before) continue
        for (const stay of await listPresent(tx, session.id)) {
          const end = this.#loggedEnd(stay.sid) ?? { ...endOf(stay.sid), ...concluded(reason) }
          await book.left(...sessionStay(session, stay), end, true)
        }
        const now = (await findSessionBySid(tx, session.livekit_sid)) ?? session
        await book.ended(now, { ...endOf(null), ...concluded(reason) })
      }
    })
  }

  /** Who came and left, both without a report that arrived. */
  async #readLog(book: SessionBook, tx: Db, now: number): Promise<void> {
    const settled = this.#lately()
      .filter(({ activeAt, closedAt }) => activeAt !== null && closedAt !== null)
      .filter(({ closedAt }) => (closedAt ?? now) < now - VANISHED_MS)
    const known = await knownSids(
      tx,
      settled.map((stay) => stay.sid),
    )
    for (const stay of settled) {
      const end = this.#loggedEnd(stay.sid)
      if (end && !known.has(stay.sid)) await book.left(lifeOf(stay), stayOf(stay), end, true)
    }
  }

  /** Who came or left since a while before the last sweep, as the log tells. */
  #lately(): LoggedStay[] {
    const { callLog, clock } = this.#deps
    const since = Math.max(this.#lastSweepAt - LOOK_BACK_MS, clock() - MOST_LOOK_BACK_MS)
    return callLog.touchedSince(since)
  }

  #loggedEnd(sid: string): End | null {
    const stay = this.#deps.callLog.stay(sid)
    if (!stay || stay.closedAt === null) return null
    const reason = stay.reason ?? 'unknown_reason'
    const at = stay.closedAt
    return { at, accuracyMs: accuracyOf(reason, at, null), reason, reconstructed: true }
  }

  #unreportedEnd(sid: string, lastSeen: number, missedAt: number): End {
    const accuracyMs = Math.max(missedAt - lastSeen, VANISHED_MS)
    const unknown = { at: lastSeen, accuracyMs, reason: 'unknown_reason', reconstructed: true }
    return this.#loggedEnd(sid) ?? unknown
  }

  /** Of the first session that asks, which may ask again: what was written may be taken back. */
  #endReasonOf({ tenant_id, room, livekit_sid }: SessionRow): string {
    const expected = this.#ending.get(`${tenant_id}/${room}`)
    if (!expected || this.#deps.clock() - expected.at >= ENDING_MS) return 'empty'
    expected.of ??= livekit_sid
    return expected.of === livekit_sid ? expected.reason : 'empty'
  }

  #details({ livekitName }: RoomLife, { sid, identity }: Stay): StayDetails {
    const { presence, callLog } = this.#deps
    const seat = presence.seat(livekitName, identity)
    return { arrival: callLog.of(sid), address: seat?.socket?.address ?? null }
  }

  /** When somebody's client last gave a sign of life, if it is the one of this stay. */
  #heardAt({ livekitName }: RoomLife, { sid, identity }: Stay): number | null {
    const seat = this.#deps.presence.seat(livekitName, identity)
    return seat?.sid === sid ? (seat.socket?.heardAt ?? null) : null
  }

  #write(run: Work['run']): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#queue.push({ run, done: resolve, failed: reject })
    this.#writing ??= this.#writeAll()
    return promise
  }

  async #writeAll(): Promise<void> {
    while (this.#queue.length > 0) {
      const batch = this.#queue.splice(0, MOST_AT_ONCE)
      const began = performance.now()
      try {
        await this.#commit(batch)
        for (const { done } of batch) done()
      } catch {
        await this.#oneByOne(batch)
      }
      await giveWay(OTHERS_SHARE * (performance.now() - began))
    }
    // In the same step as the look at the queue: what comes later begins anew.
    this.#writing = null
  }

  /** One that cannot be written must not take the others along. */
  async #oneByOne(batch: Work[]): Promise<void> {
    for (const work of batch) {
      await this.#commit([work]).then(work.done, (error: unknown) => {
        this.#deps.log.error(
          { err: error },
          'something that happened in a call was not written down',
        )
        work.failed(error)
      })
    }
  }

  #commit(batch: Work[]): Promise<void> {
    return this.#deps.events.write(async (tx, append) => {
      const details = (room: RoomLife, stay: Stay) => this.#details(room, stay)
      const usage = new UsageSums()
      const loggedEnd = (sid: string) => this.#loggedEnd(sid)
      const book = new SessionBook({ tx, append, usage, details, loggedEnd })
      for (const { run } of batch) await run(book, tx)
      await usage.write(tx)
    })
  }
}

/** Milliseconds: how far from `at` the end of a stay may truly have been. */
const accuracyOf = (reason: string, at: number, heardAt: number | null): number => {
  if (reason === 'client_initiated') return PROMPT_MS
  return heardAt === null ? VANISHED_MS : Math.min(at - heardAt + PROMPT_MS, VANISHED_MS)
}

const lifeOf = ({ room, roomSid }: LoggedStay): RoomLife => ({ livekitName: room, sid: roomSid })

const stayOf = ({ sid, identity, activeAt, closedAt }: LoggedStay): Stay => ({
  sid,
  identity,
  name: '',
  joinedAt: activeAt ?? closedAt ?? 0,
})

const sessionStay = (
  { livekit_sid }: SessionRow,
  { sid, identity, name, joined_at: joinedAt }: SessionParticipantRow,
): [RoomLife, Stay] => [
  { livekitName: '', sid: livekit_sid },
  { sid, identity, name, joinedAt },
]

const concluded = (reason: string) => ({ reason, reconstructed: true })
