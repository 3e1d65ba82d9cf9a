import { readdirSync } from 'node:fs'
import { Counter, Gauge, Histogram, Registry } from 'prom-client'

/** Read when somebody scrapes, so that the numbers cost nothing in between. */
export interface MetricSources {
  participants(): number
  roomsActive(): number
  livekitUp(): boolean
  livekitRestarts(): number
}

const MINT_BUCKETS = [
  0.00002, 0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.25, 1,
]
const JOIN_BUCKETS = [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** What is counted and timed. Every label has a closed set of values. */
export class Metrics {
  readonly registry = new Registry()
  readonly #mint: Histogram
  readonly #join: Histogram
  readonly #upstream: Histogram
  readonly #requests: Counter
  readonly #requestSeries = new Map<string, Counter.Internal>()

  constructor() {
    const registers = [this.registry]
    this.#process()
    this.#mint = new Histogram({
      name: 'golive_mint_seconds',
      help: 'Time to answer a token request, from the request line to the answer.',
      buckets: MINT_BUCKETS,
      registers,
    })
    this.#join = new Histogram({
      name: 'golive_join_seconds',
      help: 'Time from the upgrade request to the open socket or the refusal, by outcome.',
      labelNames: ['outcome'],
      buckets: JOIN_BUCKETS,
      registers,
    })
    this.#upstream = new Histogram({
      name: 'golive_upstream_seconds',
      help: 'Time livekit-server took to accept a signal connection.',
      buckets: JOIN_BUCKETS,
      registers,
    })
    this.#requests = new Counter({
      name: 'golive_http_requests_total',
      help: 'API requests answered, by route and class of status.',
      labelNames: ['route', 'status'],
      registers,
    })
  }

  minted(seconds: number): void {
    this.#mint.observe(seconds)
  }

  /** @param outcome `joined`, `resumed` or a refusal's code: a closed set, never a caller's text */
  join(outcome: string, seconds: number): void {
    this.#join.observe({ outcome }, seconds)
  }

  upstream(seconds: number): void {
    this.#upstream.observe(seconds)
  }

  /** @param route the pattern (`/api/v1/rooms/:room`), never the path that was asked for */
  request(route: string, status: number): void {
    const name = `${route} ${(status / 100) | 0}`
    let series = this.#requestSeries.get(name)
    if (!series) {
      series = this.#requests.labels(route, `${(status / 100) | 0}xx`)
      this.#requestSeries.set(name, series)
    }
    series.inc()
  }

  /** Adds the gauges that are read from elsewhere. Called once, when those parts exist. */
  watch(sources: MetricSources): void {
    this.#gauge('golive_participants', 'People in calls now.', () => sources.participants())
    this.#gauge('golive_rooms_active', 'Rooms with people in them now.', () =>
      sources.roomsActive(),
    )
    this.#gauge('golive_livekit_up', '1 while livekit-server answers.', () =>
      sources.livekitUp() ? 1 : 0,
    )
    this.#counter('golive_livekit_restarts_total', 'Times livekit-server was started again.', () =>
      sources.livekitRestarts(),
    )
  }

  /**
   * The process_* metrics that dashboards expect. prom-client's own set would also run a timer for
   * event loop lag and watch garbage collection, whose numbers are wrong under Bun.
   */
  #process(): void {
    this.#counter(
      'process_cpu_seconds_total',
      'User and system CPU time spent, in seconds.',
      () => {
        const { user, system } = process.cpuUsage()
        return (user + system) / 1e6
      },
    )
    this.#gauge('process_resident_memory_bytes', 'Resident memory size in bytes.', () =>
      process.memoryUsage.rss(),
    )
    this.#gauge(
      'process_open_fds',
      'Open file descriptors.',
      () => readdirSync('/proc/self/fd').length,
    )
    const started = Date.now() / 1000 - process.uptime()
    this.#gauge(
      'process_start_time_seconds',
      'Start time of the process, seconds since the Unix epoch.',
      () => started,
    )
  }

  #gauge(name: string, help: string, read: () => number): void {
    const registers = [this.registry]
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read())
      },
    })
  }

  #counter(name: string, help: string, read: () => number): void {
    const registers = [this.registry]
    new Counter({
      name,
      help,
      registers,
      collect() {
        this.reset()
        this.inc(read())
      },
    })
  }

  /** Prometheus text format 0.0.4. */
  text(): Promise<string> {
    return this.registry.metrics()
  }
}
