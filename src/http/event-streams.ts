import { GoLiveError } from '../domain/errors.ts'
import type { Event, EventLog, EventType } from '../domain/events.ts'
import { Turns } from '../lib/turns.ts'
import { toEventWire } from './v1/event-shapes.ts'

/** Well below the seconds after which a silent connection is closed, here and in proxies. */
const HEARTBEAT_MS = 10_000
const RECONNECT_MS = 2000
const PAGE = 100
const MOST = 1000
/** of one tenant; its operators' have as many */
const MOST_OF_ONE = 20

/** Who reads. */
interface Reader {
  /** the tenant itself, or its operator */
  isTenant: boolean
  /** rejects once it is no longer let in */
  admitAgain(): Promise<void>
}

type Log = Pick<EventLog, 'list' | 'streamId' | 'subscribe'>

interface Wanted {
  tenant: { id: string }
  after: number
  types: readonly EventType[] | null
}

/**
 * Streams of a tenant's events, as server-sent events (WHATWG HTML, 9.2). The log itself is the
 * buffer: the next page is read when the last one was taken, so that a slow reader holds nothing but
 * what the kernel keeps for its socket, and is cut off when it takes nothing for long.
 */
export class EventStreams {
  readonly #events: Log
  readonly #heartbeatMs: number
  readonly #open = new Map<Stream, string>()
  /** Who takes fast enough, and there are enough of them, would leave nobody else a turn. */
  readonly #turns = new Turns()
  #closed = false

  constructor(events: Log, heartbeatMs = HEARTBEAT_MS) {
    this.#events = events
    this.#heartbeatMs = heartbeatMs
  }

  /** how many are open */
  get size(): number {
    return this.#open.size
  }

  /** @throws events_expired, rate_limited, server_stopping */
  async open(wanted: Wanted, reader: Reader): Promise<Response> {
    if (this.#closed) throw new GoLiveError('server_stopping', 'the server is stopping')
    const owner = `${reader.isTenant ? 'tenant' : 'operator'} ${wanted.tenant.id}`
    const own = [...this.#open.values()].filter((one) => one === owner).length
    if (this.#open.size >= MOST || own >= MOST_OF_ONE) throw tooMany()
    const log: Log = {
      list: (tenantId, query) => this.#turns.take(() => this.#events.list(tenantId, query)),
      streamId: () => this.#events.streamId(),
      subscribe: (tenantId, told) => this.#events.subscribe(tenantId, told),
    }
    const stream = new Stream(log, wanted, this.#heartbeatMs, reader, () =>
      this.#open.delete(stream),
    )
    this.#open.set(stream, owner)
    // What cannot be had is said by a status, which is gone once the stream has begun.
    await stream.begin().catch((error) => {
      stream.end()
      throw error
    })
    return new Response(stream.body, { headers: HEADERS })
  }

  /** What HEAD is answered: a stream that nobody reads would stay open. */
  head(): Response {
    return new Response(null, { headers: HEADERS })
  }

  /** Ends all: their readers come back with Last-Event-ID, to the next server. */
  close(): void {
    this.#closed = true
    for (const stream of this.#open.keys()) stream.end()
  }
}

const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  vary: 'accept',
  // nginx would hold events back until its buffer is full
  'x-accel-buffering': 'no',
}

class Stream {
  readonly body: ReadableStream<Uint8Array>
  readonly #events: Log
  readonly #wanted: Wanted
  readonly #heartbeatMs: number
  readonly #reader: Reader
  readonly #ended: () => void
  readonly #unsubscribe: () => void
  #after: number
  /** the number that its reader would come back with */
  #told: number
  #isOver = false
  #isCancelled = false
  #first = ''
  #admittedAt = performance.now()
  /** ends the wait for something to tell */
  #wake: () => void = () => undefined
  /** something may be there that was not read */
  #grew = true

  constructor(events: Log, wanted: Wanted, heartbeatMs: number, reader: Reader, ended: () => void) {
    this.#events = events
    this.#wanted = wanted
    this.#heartbeatMs = heartbeatMs
    this.#reader = reader
    this.#ended = ended
    this.#after = wanted.after
    this.#told = wanted.after
    this.#unsubscribe = events.subscribe(wanted.tenant.id, () => {
      this.#grew = true
      this.#wake()
    })
    const encoder = new TextEncoder()
    this.body = new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          const text = await this.#next().catch(() => this.end())
          if (text) controller.enqueue(encoder.encode(text))
          else if (!this.#isCancelled) controller.close()
        },
        cancel: () => {
          this.#isCancelled = true
          this.end()
        },
      },
      // Nothing is read ahead of who takes it.
      { highWaterMark: 0 },
    )
  }

  /** @throws events_expired */
  async begin(): Promise<void> {
    const stream = { stream_id: await this.#events.streamId() }
    const hello = `retry: ${RECONNECT_MS}\nevent: stream\ndata: ${JSON.stringify(stream)}\n\n`
    this.#first = hello + (await this.#page())
  }

  end(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#unsubscribe()
    this.#ended()
    this.#wake()
  }

  /** What to send next; nothing when the stream is over. */
  async #next(): Promise<string | undefined> {
    const first = this.#first
    this.#first = ''
    if (first !== '') return first
    for (;;) {
      if (performance.now() - this.#admittedAt >= this.#heartbeatMs) await this.#admitAgain()
      if (this.#isOver) return undefined
      const text = await this.#page()
      if (text !== '') return text
      if (!this.#grew && (await this.#isSilent())) return this.#isOver ? undefined : this.#beat()
    }
  }

  /** Keys are rotated, tokens and tenants taken back: whoever reads on must still be let in. */
  async #admitAgain(): Promise<void> {
    await this.#reader.admitAgain()
    this.#admittedAt = performance.now()
  }

  async #page(): Promise<string> {
    this.#grew = false
    const { id } = this.#wanted.tenant
    const query = { after: this.#after, limit: PAGE, types: this.#wanted.types }
    const { data, nextAfter } = await this.#events.list(id, query)
    if (nextAfter > this.#after) this.#grew = true
    this.#after = nextAfter
    this.#told = data.at(-1)?.seq ?? this.#told
    return data.map(toEventText).join('')
  }

  /**
   * A sign of life: a comment, or a number without data, which is no event. A reader of what is rare
   * would else come back with a number that is no longer kept.
   */
  #beat(): string {
    if (this.#after === this.#told) return ': \n\n'
    this.#told = this.#after
    return `id: ${this.#after}\n\n`
  }

  /** True when nothing came until the next heartbeat is due. */
  async #isSilent(): Promise<boolean> {
    let isDue = false
    const told = new Promise<void>((done) => {
      this.#wake = done
    })
    const timer = setTimeout(() => {
      isDue = true
      this.#wake()
    }, this.#heartbeatMs)
    if (!this.#grew && !this.#isOver) await told
    clearTimeout(timer)
    return isDue || this.#isOver
  }
}

const toEventText = (event: Event): string =>
  `id: ${event.seq}\nevent: ${event.type}\ndata: ${JSON.stringify(toEventWire(event))}\n\n`

const tooMany = (): GoLiveError =>
  new GoLiveError('rate_limited', 'too many streams of events are open', {
    hint: `Close some: at most ${MOST_OF_ONE} may be open at once. One reader can hand on to many.`,
    retryAfterSeconds: 10,
  })
