import { type Clock, sleep } from '../lib/clock.ts'
import { newId } from '../lib/ids.ts'
import type { Store } from '../store/db.ts'
import * as rows from '../store/erasures.ts'
import { firstSeq, lastSeq } from '../store/events.ts'
import type { Actor } from './actors.ts'
import type { Audit } from './audit.ts'
import { GoLiveError } from './errors.ts'
import type { Moderation } from './moderation.ts'
import type { Problems } from './problems.ts'

const MOST_WAITING = 1000
const MOST_AT_ONCE = 100
/** Events that are looked at, and stays that are rewritten, in one transaction. */
const CHUNK = 1000
/** Between two of them, for all others who wait for the database. */
const PAUSE_MS = 5

interface Deps {
  store: Store
  clock: Clock
  audit: Audit
  problems: Pick<Problems, 'forget'>
  moderation: Pick<Moderation, 'forgetPerson'>
}

/**
 * Makes people unrecognisable in what is written down of them. A pseudonym takes the place of the
 * identity, so that what belongs together still does; times, counts and numbers stay as they are.
 */
export class Erasures {
  readonly #deps: Deps
  #isRunning = false

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /** Written down at once, done soon, or when the person has left all calls. @throws rate_limited */
  async request(
    tenantId: string,
    identity: string,
    actor: Actor,
  ): Promise<{ requestedAt: number }> {
    const { store, clock, audit, problems } = this.#deps
    const now = clock()
    const whose = { tenant_id: tenantId, identity }
    // Never the identity: what is on record stays there.
    const pseudonym = `erased-${newId(now).slice(-8)}`
    const row = { ...whose, pseudonym, requested_at: now, began_at: null, erased_seq: 0 }
    const requestedAt = await store.transaction(async (tx) => {
      const waiting = await rows.findErasure(tx, whose)
      if (waiting) return waiting.requested_at
      if ((await rows.countErasures(tx, tenantId)) >= MOST_WAITING) throw tooMany()
      await rows.insertErasure(tx, { ...row, until_seq: null })
      await audit.write(tx, { actor, action: 'identity.erased', target: pseudonym, tenantId })
      return now
    })
    problems.forget(tenantId, identity)
    return { requestedAt }
  }

  /** Does what can be done now. Called every few seconds; after a restart it goes on where it was. */
  async run(): Promise<void> {
    if (this.#isRunning) return
    this.#isRunning = true
    try {
      for (const row of await rows.listReadyErasures(this.#deps.store.db, MOST_AT_ONCE))
        await this.#erase(row.began_at === null ? await this.#begin(row) : row)
    } finally {
      this.#isRunning = false
    }
  }

  /** What comes later belongs to somebody who came again. */
  async #begin(row: rows.ErasureRow): Promise<rows.ErasureRow> {
    const { store, clock } = this.#deps
    return store.transaction(async (tx) => {
      const until_seq = await lastSeq(tx, row.tenant_id)
      const first = (await firstSeq(tx, row.tenant_id)) ?? until_seq + 1
      const begun = { began_at: clock(), until_seq, erased_seq: first - 1 }
      await rows.updateErasure(tx, row, begun)
      return { ...row, ...begun }
    })
  }

  async #erase(row: rows.ErasureRow): Promise<void> {
    const { store, moderation, problems } = this.#deps
    const until = row.until_seq ?? 0
    for (let at = row.erased_seq; at < until; at += CHUNK) {
      await this.#eraseEvents(row, at, Math.min(at + CHUNK, until))
      await sleep(PAUSE_MS)
    }
    while ((await this.#eraseStays(row)) === CHUNK) await sleep(PAUSE_MS)
    await moderation.forgetPerson(row.tenant_id, row.identity)
    problems.forget(row.tenant_id, row.identity)
    await store.transaction((tx) => rows.deleteErasure(tx, row))
  }

  #eraseStays(row: rows.ErasureRow): Promise<number> {
    const part = { beganBy: row.began_at ?? 0, limit: CHUNK }
    return this.#deps.store.transaction((tx) => rows.eraseStays(tx, row, part))
  }

  #eraseEvents(row: rows.ErasureRow, after: number, until: number): Promise<void> {
    const { tenant_id, pseudonym } = row
    return this.#deps.store.transaction(async (tx) => {
      const about = await rows.listEventsAbout(tx, row, { after, until })
      for (const { seq, data } of about) {
        const erased = withoutPerson(JSON.parse(data), pseudonym)
        const values = { identity: pseudonym, data: JSON.stringify(erased) }
        await rows.rewriteEvent(tx, { tenant_id, seq }, values)
      }
      await rows.eraseExcerpts(
        tx,
        tenant_id,
        about.map(({ seq }) => seq),
      )
      await rows.updateErasure(tx, row, { erased_seq: until })
    })
  }
}

/** What somebody says of themselves, or what is known of where they are. */
const PERSONAL: Readonly<Record<string, unknown>> = {
  name: '',
  metadata: '',
  attributes: {},
  address: null,
}

/**
 * The data of an event about somebody, with a pseudonym for who it was. All else stays, whatever it
 * says: a room or a kind of track may be called just as the person was.
 */
const withoutPerson = (data: object, pseudonym: string): object =>
  Object.fromEntries(
    Object.entries(data).map(([key, value]) => [
      key,
      key === 'identity' ? pseudonym : Object.hasOwn(PERSONAL, key) ? PERSONAL[key] : value,
    ]),
  )

const tooMany = (): GoLiveError =>
  new GoLiveError('rate_limited', `the erasure of ${MOST_WAITING} people waits already`, {
    hint: 'People in calls are erased when they have left. Try again later.',
    retryAfterSeconds: 60,
  })
