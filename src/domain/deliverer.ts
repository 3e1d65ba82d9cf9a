import type { Clock } from '../lib/clock.ts'
import { isDiskFull } from '../lib/disk.ts'
import { newId } from '../lib/ids.ts'
import type { Logger } from '../lib/log.ts'
import { Turns } from '../lib/turns.ts'
import type { Store } from '../store/db.ts'
import * as runRows from '../store/webhook-runs.ts'
import { findWebhook, type WebhookRow } from '../store/webhooks.ts'
import type { Attempt, DeliveryRecorder } from './delivery-recorder.ts'
import { GoLiveError } from './errors.ts'
import type { Event, EventLog, EventType } from './events.ts'
import { FairQueue } from './fair-queue.ts'
import { messageOf } from './webhook-message.ts'
import { hangUp, type Line, type WebhookSender } from './webhook-sender.ts'

/** An attempt that was made. */
interface Made {
  run: runRows.OwnedRun
  event: Event
  attempt: Attempt
}

/** One run through the log: at most one message of it is under way. */
interface Lane {
  readonly runId: string
  readonly webhookId: string
  readonly tenantId: string
  state: 'idle' | 'waiting' | 'queued' | 'busy'
  /** while it waits: until when */
  dueAt: number
  /** something happened while it was busy */
  again: boolean
  /** the last attempt failed */
  failing: boolean
  /** up to here nothing in the log is for this webhook; not written down yet */
  passedTo: number
  /** when what it tries to deliver had happened; null when everything is delivered */
  headAt: number | null
  /** the log is long, and this part of it was not for this webhook */
  farBehind: boolean
  /** what could not be written down yet: to send again would tell the endpoint twice */
  unwritten: Made | null
  line: Line | null
}

interface Deps {
  store: Store
  clock: Clock
  log: Logger
  events: EventLog
  sender: WebhookSender
  attempts: DeliveryRecorder
}

const PLACES = { total: 200, perGroup: 10 }
/** After trouble of our own, such as a full disk. */
const OWN_TROUBLE_MS = 5000
/** How long those under way may still take at the end. */
const FINISH_MS = 1000

/**
 * Carries the log of events to the tenants' endpoints: each run in the order of the log, the next
 * message only when the one before has arrived. A run is kept in the database, so that nothing is
 * lost with the process; what arrived and was not written down yet is sent again.
 */
export class Deliverer {
  readonly #deps: Deps
  readonly #lanes = new Map<string, Lane>()
  readonly #ofTenant = new Map<string, Set<Lane>>()
  readonly #queue = new FairQueue<Lane>(PLACES)
  readonly #turns = new Turns()
  #unsubscribe: (() => void) | null = null
  #stopped = false

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /** Goes on where the log was delivered to. */
  async start(): Promise<void> {
    const { store, events } = this.#deps
    this.#unsubscribe = events.subscribe(null, (tenantId) => this.#told(tenantId))
    for (const run of await runRows.listActiveRuns(store.db)) this.#add(run)
    this.#pump()
  }

  /** Takes up how a webhook and its runs are now. */
  async refresh(webhookId: string): Promise<void> {
    for (const lane of this.#lanes.values())
      if (lane.webhookId === webhookId && lane.state === 'waiting') this.#enqueue(lane)
    for (const run of await runRows.listActiveRuns(this.#deps.store.db, webhookId)) this.#add(run)
    this.#pump()
  }

  /** Tries again what is due; called every second. */
  run(): void {
    const now = this.#deps.clock()
    for (const lane of this.#lanes.values())
      if (lane.state === 'waiting' && lane.dueAt <= now) this.#enqueue(lane)
    this.#pump()
  }

  /** Writes down how far those have come who only passed over what is not for them. */
  async settle(): Promise<void> {
    const passed = [...this.#lanes.values()].filter(
      (lane) => lane.state === 'idle' && lane.passedTo > 0,
    )
    if (passed.length === 0) return
    await this.#deps.store.transaction(async (tx) => {
      for (const { runId, passedTo } of passed) await runRows.passTo(tx, runId, passedTo + 1)
    })
  }

  /** Endpoints whose last attempt failed. */
  get failing(): number {
    const failing = [...this.#lanes.values()].filter((lane) => lane.failing)
    return new Set(failing.map(({ webhookId }) => webhookId)).size
  }

  /** Seconds since the oldest event happened that waits for its delivery. */
  get oldestSeconds(): number {
    const heads = [...this.#lanes.values()].flatMap(({ headAt }) => headAt ?? [])
    if (heads.length === 0) return 0
    return Math.max(0, this.#deps.clock() - Math.min(...heads)) / 1000
  }

  /** Begins nothing more; what is under way has a second to end. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#unsubscribe?.()
    const isBusy = () => [...this.#lanes.values()].some(({ state }) => state === 'busy')
    for (let waited = 0; isBusy() && waited < FINISH_MS; waited += 10) await Bun.sleep(10)
    for (const lane of this.#lanes.values()) hangUp(lane)
  }

  #told(tenantId: string): void {
    for (const lane of this.#ofTenant.get(tenantId) ?? []) this.#wake(lane)
    this.#pump()
  }

  /** What waits for its next attempt waits on. */
  #wake(lane: Lane): void {
    if (lane.state === 'idle') this.#enqueue(lane)
    else if (lane.state === 'busy') lane.again = true
  }

  #add({ id, webhook_id, tenant_id, attempt }: runRows.OwnedRun): void {
    const known = this.#lanes.get(id)
    if (known) {
      this.#wake(known)
      return
    }
    const lane: Lane = {
      runId: id,
      webhookId: webhook_id,
      tenantId: tenant_id,
      state: 'idle',
      dueAt: 0,
      again: false,
      failing: attempt > 0,
      passedTo: 0,
      headAt: null,
      farBehind: false,
      unwritten: null,
      line: null,
    }
    this.#lanes.set(id, lane)
    const others = this.#ofTenant.get(tenant_id) ?? new Set()
    this.#ofTenant.set(tenant_id, others.add(lane))
    this.#enqueue(lane)
  }

  #drop(lane: Lane): void {
    hangUp(lane)
    this.#lanes.delete(lane.runId)
    const others = this.#ofTenant.get(lane.tenantId)
    others?.delete(lane)
    if (others?.size === 0) this.#ofTenant.delete(lane.tenantId)
  }

  #enqueue(lane: Lane): void {
    lane.state = 'queued'
    this.#queue.add(lane.tenantId, lane, lane.failing)
  }

  #pump(): void {
    while (!this.#stopped) {
      const taken = this.#queue.next()
      if (!taken) return
      taken.item.state = 'busy'
      taken.item.again = false
      void this.#work(taken.item).finally(() => {
        taken.done()
        this.#pump()
      })
    }
  }

  async #work(lane: Lane): Promise<void> {
    try {
      await this.#step(lane)
    } catch (error) {
      // Of a full disk the status warns, once for all.
      if (!this.#stopped && !isDiskFull(error))
        this.#deps.log.error({ err: error }, 'a delivery could not be written down')
      this.#wait(lane, this.#deps.clock() + OWN_TROUBLE_MS)
    }
  }

  async #step(lane: Lane): Promise<void> {
    const { store, clock } = this.#deps
    if (lane.unwritten) return this.#writeDown(lane, lane.unwritten)
    const run = await runRows.findActiveRun(store.db, lane.runId)
    if (!run) return lane.again ? this.#enqueue(lane) : this.#drop(lane)
    if (run.next_attempt_at !== null && run.next_attempt_at > clock())
      return this.#wait(lane, run.next_attempt_at)
    const look = () => this.#nextEvent(lane, run)
    const event = await (lane.farBehind ? this.#turns.take(look) : look())
    lane.farBehind = event === 'later'
    if (event === null) return this.#atEnd(lane, run)
    // Read last: what was changed before this event happened has to hold for it.
    const webhook = await findWebhook(store.db, run.webhook_id)
    if (event === 'later' || webhook?.status !== 'active') this.#enqueue(lane)
    else await this.#deliver(lane, run, webhook, event)
  }

  /** `later` once the run was moved on: to what is still there, or past what is not for it. */
  async #nextEvent(lane: Lane, run: runRows.OwnedRun): Promise<Event | 'later' | null> {
    const after = Math.max(run.next_seq - 1, lane.passedTo)
    const wanted = run.unfiltered === 1 ? null : wantedTypes(run.types)
    try {
      const query = { after, limit: 1, types: wanted }
      const { data, nextAfter, lastSeq } = await this.#deps.events.list(run.tenant_id, query)
      const [event] = data
      if (event) return run.last_seq === null || event.seq <= run.last_seq ? event : null
      if (nextAfter >= run.next_seq) lane.passedTo = nextAfter
      // A page looks at so much of the log and no more.
      return nextAfter < (run.last_seq ?? lastSeq) ? 'later' : null
    } catch (error) {
      if (!(error instanceof GoLiveError) || error.code !== 'events_expired') throw error
      const first = error.details.extra?.first_seq as number
      await this.#deps.attempts.skipped(run, first)
      return 'later'
    }
  }

  async #deliver(
    lane: Lane,
    run: runRows.OwnedRun,
    webhook: WebhookRow,
    event: Event,
  ): Promise<void> {
    const { sender, clock } = this.#deps
    lane.headAt = event.at
    const startedAt = clock()
    const outcome = await sender.send(webhook, messageOf(event), lane)
    if (this.#stopped && outcome.error !== null) return
    lane.unwritten = { run, event, attempt: { id: newId(startedAt), startedAt, outcome } }
    await this.#writeDown(lane, lane.unwritten)
  }

  async #writeDown(lane: Lane, { run, event, attempt }: Made): Promise<void> {
    const dueAt = await this.#deps.attempts.record(run, event, attempt)
    lane.unwritten = null
    lane.failing = attempt.outcome.error !== null
    if (dueAt === null) this.#enqueue(lane)
    else this.#wait(lane, dueAt)
  }

  async #atEnd(lane: Lane, run: runRows.OwnedRun): Promise<void> {
    lane.headAt = null
    hangUp(lane)
    if (run.last_seq !== null) {
      await this.#deps.store.transaction((tx) => runRows.deleteRun(tx, run.id))
      return this.#drop(lane)
    }
    if (lane.again) this.#enqueue(lane)
    else lane.state = 'idle'
  }

  #wait(lane: Lane, dueAt: number): void {
    hangUp(lane)
    lane.state = 'waiting'
    lane.dueAt = dueAt
  }
}

/** Null is all. */
const wantedTypes = (types: string): EventType[] | null => {
  const list = JSON.parse(types) as EventType[] | ['*']
  return list[0] === '*' ? null : (list as EventType[])
}
