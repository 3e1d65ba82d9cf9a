import { readdirSync } from 'node:fs'
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import { Timings } from './timings.ts'

/** What is measured of the certificate. */
interface CertificateSource {
  /** null before there is any */
  readonly status: { notAfter: number; lastError: string | null } | null
  /** taken up since the start */
  readonly renewals: number
}

/** What is measured of the disk. */
interface ReserveSource {
  readonly bytes: number
  readonly isLow: boolean
}

/** Read when somebody scrapes, so that the numbers cost nothing in between. */
interface MetricSources {
  participants(): number
  roomsActive(): number
  livekitUp(): boolean
  livekitRestarts(): number
}

interface DeliverySource {
  readonly failing: number
  readonly oldestSeconds: number
}

interface DeliveryCounts {
  /** attempts since the start */
  readonly counts: { delivered: number; failed: number }
}

const MINT_BUCKETS = [
  0.00002, 0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.25, 1,
]
const JOIN_BUCKETS = [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

const MINT = 'golive_mint_seconds'

/** What is counted and timed. Every label has a closed set of values. */
export class Metrics {
  readonly registry = new Registry()
  readonly #mint = new Timings(MINT, 'Time from a token request to its answer.', MINT_BUCKETS)
  readonly #join: Histogram
  readonly #upstream: Histogram
  /** answers by route and first digit of the status; put into words when somebody scrapes */
  readonly #answers = new Map<string, number[]>()

  constructor() {
    this.registry.registerMetric(this.#mint as unknown as Histogram)
    this.#join = this.#histogram('golive_join_seconds', 'Time to let somebody in or refuse.', [
      'outcome',
    ])
    this.#upstream = this.#histogram(
      'golive_upstream_seconds',
      'Time livekit-server took to accept a signal connection.',
    )
    this.#countAnswers()
    this.#process()
  }

  /** One token was minted. */
  minted(seconds: number): void {
    this.#mint.observe(seconds)
  }

  /** @param outcome `joined` or a refusal's code: a closed set, never a caller's text */
  join(outcome: string, seconds: number): void {
    this.#join.observe({ outcome }, seconds)
  }

  upstream(seconds: number): void {
    this.#upstream.observe(seconds)
  }

  /** @param route the pattern (`/api/v1/rooms/:room`), never the path that was asked for */
  request(route: string, status: number): void {
    let counts = this.#answers.get(route)
    if (!counts) {
      counts = [0, 0, 0, 0, 0, 0]
      this.#answers.set(route, counts)
    }
    const digit = (status / 100) | 0
    counts[digit] = (counts[digit] ?? 0) + 1
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

  watchWebhooks(deliverer: DeliverySource, recorder: DeliveryCounts): void {
    new Counter({
      name: 'golive_webhook_deliveries_total',
      help: 'Attempts to deliver an event to a webhook, by what came of them.',
      labelNames: ['outcome'],
      registers: [this.registry],
      collect() {
        this.reset()
        for (const [outcome, count] of Object.entries(recorder.counts)) this.inc({ outcome }, count)
      },
    })
    this.#gauge(
      'golive_webhooks_failing',
      'Webhooks whose last delivery failed.',
      () => deliverer.failing,
    )
    this.#gauge(
      'golive_webhook_oldest_event_seconds',
      'How long ago the oldest event happened that waits for its delivery.',
      () => deliverer.oldestSeconds,
    )
  }

  watchReserve(reserve: ReserveSource): void {
    this.#gauge(
      'golive_storage_full',
      '1 while changes are refused because the disk is full.',
      () => (reserve.isLow ? 1 : 0),
    )
    this.#gauge(
      'golive_reserve_bytes',
      'Kept back for the log of events, for when the disk is full.',
      () => reserve.bytes,
    )
  }

  /** Only where TLS ends here. */
  watchCertificate(certificates: CertificateSource): void {
    this.#gauge(
      'golive_certificate_not_after_seconds',
      'When the certificate ends, in seconds since 1970.',
      () => (certificates.status?.notAfter ?? 0) / 1000,
    )
    this.#gauge(
      'golive_certificate_failing',
      '1 while the last attempt to get or read a certificate failed.',
      () => (certificates.status?.lastError ? 1 : 0),
    )
    this.#counter(
      'golive_certificate_renewals_total',
      'Certificates that were taken up since the start.',
      () => certificates.renewals,
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

  #histogram(name: string, help: string, labelNames: string[] = []): Histogram {
    return new Histogram({
      name,
      help,
      labelNames,
      buckets: JOIN_BUCKETS,
      registers: [this.registry],
    })
  }

  #countAnswers(): void {
    const answers = this.#answers
    new Counter({
      name: 'golive_http_requests_total',
      help: 'API requests answered, by route and class of status.',
      labelNames: ['route', 'status'],
      registers: [this.registry],
      collect() {
        this.reset()
        for (const [route, counts] of answers) {
          for (const [digit, count] of counts.entries()) {
            if (count > 0) this.inc({ route, status: `${digit}xx` }, count)
          }
        }
      },
    })
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
