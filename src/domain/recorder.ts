import { Batches } from '../lib/batches.ts'
import type { Clock } from '../lib/clock.ts'
import { giveWay } from '../lib/give-way.ts'
import type { Logger } from '../lib/log.ts'
import type { CallLog, LoggedStay } from '../livekit/call-log.ts'
import type { WebhookEvent } from '../livekit/webhook.ts'
import type { Db, Store } from '../store/db.ts'
import { findParticipant, knownSids, updateParticipant } from '../store/session-participants.ts'
import { listOpenSessions, type SessionRow } from '../store/sessions.ts'
import { getSetting, setSetting } from '../store/settings.ts'
import { accuracyOf, VANISHED_MS } from './accuracy.ts'
import type { End, RoomLife, Stay, StayDetails } from './call-facts.ts'
import { Comparison, type Sweep } from './comparison.ts'
import type { EventLog } from './events.ts'
import { Patience } from './patience.ts'
import type { Presence } from './presence.ts'
import { Reports } from './reports.ts'
import { lastHeard } from './seat.ts'
import { SessionBook } from './session-book.ts'
import { UsageSums } from './usage-days.ts'

interface Deps {
  store: Store
  events: EventLog
  clock: Clock
  log: Logger
  presence: Presence
  callLog: CallLog
}

/** What is written in one transaction, which many may share. */
interface Page {
  book: SessionBook
  tx: Db
}

const MOST_AT_ONCE = 256
const SEEN_AT = 'calls.seen_at'
/** So long a sweep may have missed somebody without concluding anything. */
const DOUBT_MS = 15_000
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
  readonly #batches: Batches<Page>
  /** when all calls were last looked at; milliseconds */
  #lastSweepAt = 0
  /** by when the livekit-server of an earlier run was certainly alive */
  #lastSign = 0

  constructor(deps: Deps) {
    this.#deps = deps
    this.#batches = new Batches({
      most: MOST_AT_ONCE,
      together: (run) => this.#commit(run),
      between: (tookMs) => giveWay(OTHERS_SHARE * tookMs),
    })
    this.#reports = new Reports({
      clock: deps.clock,
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
    return work ? this.#write(({ book, tx }) => work(book, tx)) : Promise.resolve()
  }

  /** What livekit-server lists. Finds what was not reported. */
  swept(sweep: Sweep): Promise<void> {
    return this.#write(async ({ book, tx }) => {
      await this.#readLog(book, tx, sweep.askedAt)
      const comparison = new Comparison({
        ...{ tx, book, patience: this.#patience, lastSweepAt: this.#lastSweepAt },
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
    void this.#note(async ({ tx }) => {
      const stay = await findParticipant(tx, sid)
      const times = JSON.parse(stay?.reconnected_at ?? '[]') as number[]
      if (!stay || times.length >= MOST_RECONNECTS) return
      await updateParticipant(tx, sid, { reconnected_at: JSON.stringify([...times, at]) })
    })
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
      this.#deps.presence.matching(() => true).map((seat) => [seat.sid, lastHeard(seat)]),
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
  drained(): Promise<void> {
    return this.#batches.drained()
  }

  #endAll(
    reason: string,
    endOf: (sid: string | null) => Pick<End, 'at' | 'accuracyMs'>,
    before = Number.POSITIVE_INFINITY,
  ): Promise<void> {
    // Now, not when it is written down: the next livekit-server writes into the same log.
    const logged = this.#lately()
    return this.#note(async ({ book, tx }) => {
      for (const stay of logged)
        if (stay.activeAt !== null && stay.activeAt < before)
          await book.joined(lifeOf(stay), stayOf(stay), true)
      const ends = (sid: string | null): End => ({ ...endOf(sid), reason, reconstructed: true })
      for (const session of await listOpenSessions(tx))
        if (session.started_at < before)
          await book.ended(session, ends(null), (stay) => ends(stay.sid))
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
    return seat?.sid === sid ? lastHeard(seat) : null
  }

  /** As {@link Recorder.#write}, for what nobody can do anything about. */
  async #note(work: (page: Page) => Promise<unknown>): Promise<void> {
    await this.#write(work).catch(() => undefined)
  }

  async #write(work: (page: Page) => Promise<unknown>): Promise<void> {
    try {
      await this.#batches.write(work)
    } catch (error) {
      const { log } = this.#deps
      log.error({ err: error }, 'something that happened in a call was not written down')
      throw error
    }
  }

  #commit(run: (page: Page) => Promise<void>): Promise<void> {
    return this.#deps.events.write(async (tx, append) => {
      const details = (room: RoomLife, stay: Stay) => this.#details(room, stay)
      const usage = new UsageSums()
      const loggedEnd = (sid: string) => this.#loggedEnd(sid)
      await run({ book: new SessionBook({ tx, append, usage, details, loggedEnd }), tx })
      await usage.write(tx)
    })
  }
}

const lifeOf = ({ room, roomSid }: LoggedStay): RoomLife => ({ livekitName: room, sid: roomSid })

const stayOf = ({ sid, identity, activeAt, closedAt }: LoggedStay): Stay => ({
  sid,
  identity,
  name: '',
  joinedAt: activeAt ?? closedAt ?? 0,
})
