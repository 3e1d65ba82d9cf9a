import type { Config } from '../config/schema.ts'
import { type Clock, rfc3339, rfc3339OrNull } from '../lib/clock.ts'
import type { DiskSpace } from '../lib/disk.ts'
import type { Addresses } from '../livekit/addresses.ts'
import type { ChildStatus } from '../livekit/supervisor.ts'
import type { Store } from '../store/db.ts'
import { RESERVE_BYTES, type Reserve } from '../store/reserve.ts'
import { getSetting } from '../store/settings.ts'
import { addressWarnings } from './address-warnings.ts'
import type { Calls } from './calls.ts'
import type { Minutes } from './minutes.ts'
import type { Presence } from './presence.ts'

/** Whether calls can be joined, and what each part says of itself. */
export interface Readiness {
  ready: boolean
  checks: { database: string; livekit: string; certificate?: string }
}

interface Warning {
  code: string
  message: string
  hint: string
}

/** What the status tells of the certificate. */
export interface CertificateView {
  readonly status: {
    names: string[]
    /** milliseconds */
    notAfter: number
    issuer: string
    source: 'acme' | 'files' | 'internal'
    /** true until there is one that browsers believe */
    temporary: boolean
    lastError: string | null
    nextAttempt: number | null
  } | null
  warnings(): Warning[]
}

interface Deps {
  config: Config
  store: Store
  reserve: Pick<Reserve, 'bytes' | 'isLow'>
  clock: Clock
  presence: Presence
  calls: Calls
  minutes: Pick<Minutes, 'total'>
  child: () => ChildStatus
  version: string
  dataDir: string
  publicUrl: string
  wsUrl: string
  addresses: Addresses
  maxParticipants: () => number
  disk: (path: string) => Promise<DiskSpace>
  /** null where TLS does not end here */
  certificates: CertificateView | null
  /** keys that were changed in the configuration since this server was started */
  restartNeeded: () => string[]
}

/** Part of the seats taken at which the operator is told, before quality falls. */
const NEARLY_FULL = 0.8
/** The same for the disk, when so little is free: of a large one a tenth is still plenty. */
const LITTLE_DISK_BYTES = 2 ** 30
const LITTLE_DISK_PART = 0.1

/** How the server is, for people and for machines. */
export class Status {
  readonly #deps: Deps
  readonly #startedAt: number

  constructor(deps: Deps) {
    this.#deps = deps
    this.#startedAt = deps.clock()
  }

  /** The whole picture, with what to do about each thing that is not right. */
  async serverStatus() {
    const { version, dataDir, publicUrl, clock } = this.#deps
    const [database, disk] = await Promise.all([this.#database(), this.#disk()])
    return {
      version,
      uptime_seconds: Math.floor((clock() - this.#startedAt) / 1000),
      data_dir: dataDir,
      public_url: publicUrl,
      livekit: livekitOf(this.#deps.child()),
      calls: this.#calls(),
      usage: { participant_minutes_this_month: this.#deps.minutes.total },
      database: { ok: database === 'ok' },
      disk: disk && {
        path: dataDir,
        free_bytes: disk.freeBytes,
        total_bytes: disk.totalBytes,
      },
      certificate: certificateOf(this.#deps.certificates),
      addresses: this.#addresses(),
      warnings: [
        ...this.#warnings(),
        ...databaseWarnings(database === 'ok'),
        ...reserveWarnings(this.#deps.reserve, dataDir),
        ...diskWarnings(disk, dataDir),
        ...(this.#deps.certificates?.warnings() ?? []),
        ...configWarnings(this.#deps.restartNeeded()),
        ...addressWarnings(this.#deps.config, this.#deps.addresses),
      ],
    }
  }

  #addresses() {
    const { publicUrl, wsUrl, addresses, child } = this.#deps
    const { ports } = child()
    return {
      public_url: publicUrl,
      ws_url: wsUrl,
      media: { ip: addresses.public, udp_port: ports.udp, tcp_port: ports.tcp },
      host: addresses.host,
      ipv6: addresses.ipv6,
      source: addresses.source,
      hairpin: addresses.hairpin,
      relay: addresses.relay,
    }
  }

  /** Null where it cannot be known. */
  #disk(): Promise<DiskSpace | null> {
    return this.#deps.disk(this.#deps.dataDir).catch(() => null)
  }

  /** Whether calls can be joined now, and what is missing if not. */
  async readiness(): Promise<Readiness> {
    const { calls, child } = this.#deps
    const checks = {
      database: await this.#database(),
      livekit: calls.ready
        ? 'ok'
        : child().state === 'running'
          ? 'counting running calls'
          : child().state,
      ...certificateCheck(this.#deps.certificates?.status ?? null, this.#deps.clock()),
    }
    return { ready: Object.values(checks).every((check) => check === 'ok'), checks }
  }

  #calls() {
    const { presence, calls, maxParticipants } = this.#deps
    return {
      rooms: presence.roomsActive,
      participants: presence.total,
      max_participants: maxParticipants(),
      counted: calls.ready,
    }
  }

  async #database(): Promise<string> {
    try {
      await getSetting(this.#deps.store.db, 'key_check')
      return 'ok'
    } catch {
      return 'cannot be read'
    }
  }

  #warnings(): Warning[] {
    const { child, presence, maxParticipants } = this.#deps
    const { state, restart_needed } = child()
    const warnings: Warning[] = []
    if (state === 'degraded') {
      warnings.push({
        code: 'livekit_degraded',
        message: 'livekit-server keeps dying; nobody can join calls',
        hint: 'Its last lines are below. When the cause is mended, it comes back by itself within 30 seconds.',
      })
    }
    if (restart_needed) {
      warnings.push({
        code: 'livekit_restart_needed',
        message: 'livekit-server still runs with earlier settings',
        hint: 'Stop and start the server when no call is running.',
      })
    }
    if (presence.total >= maxParticipants() * NEARLY_FULL) {
      warnings.push({
        code: 'nearly_full',
        message: `${presence.total} of at most ${maxParticipants()} people are in calls`,
        hint: 'Newcomers beyond it are told to try again. Raise livekit.max_participants only if the processor has room.',
      })
    }
    return warnings
  }
}

/** Nothing where there is none to be ready. */
const certificateCheck = (
  status: CertificateView['status'],
  now: number,
): { certificate?: string } => {
  if (!status) return {}
  if (status.temporary) return { certificate: 'none yet' }
  return { certificate: status.notAfter <= now ? 'expired' : 'ok' }
}

const certificateOf = (certificates: CertificateView | null) => {
  const status = certificates?.status
  return status
    ? {
        names: status.names,
        not_after: rfc3339(status.notAfter),
        issuer: status.issuer,
        source: status.source,
        temporary: status.temporary,
        last_error: status.lastError,
        next_attempt: rfc3339OrNull(status.nextAttempt),
      }
    : null
}

const configWarnings = (keys: string[]): Warning[] =>
  keys.length === 0
    ? []
    : [
        {
          code: 'config_restart_needed',
          message: `changed in the configuration and not in effect yet: ${keys.join(', ')}`,
          hint: 'golive restart; calls go on.',
        },
      ]

const databaseWarnings = (ok: boolean): Warning[] =>
  ok
    ? []
    : [
        {
          code: 'database_unreadable',
          message: 'the database cannot be read',
          hint: 'Look into the log of this server and check the disk below its data folder.',
        },
      ]

const mebibytes = (bytes: number): string => `${Math.floor(bytes / 2 ** 20)} MiB`

const reserveWarnings = ({ isLow, bytes }: Deps['reserve'], path: string): Warning[] =>
  isLow
    ? [
        {
          code: 'storage_full',
          message: `the disk that holds ${path} is full: changes are refused; calls and joins go on, and so does the log of events, from a reserve of which ${mebibytes(bytes)} are left`,
          hint: `Free ${mebibytes(2 * RESERVE_BYTES)} on it, or enlarge it. Within seconds all goes on by itself.`,
        },
      ]
    : []

const diskWarnings = (disk: DiskSpace | null, path: string): Warning[] => {
  if (!disk || disk.freeBytes >= Math.min(LITTLE_DISK_BYTES, disk.totalBytes * LITTLE_DISK_PART))
    return []
  return [
    {
      code: 'disk_nearly_full',
      message: `${mebibytes(disk.freeBytes)} are free on the disk that holds ${path}`,
      hint: 'Free some space or enlarge the disk. When it is full, calls go on but nothing can be changed.',
    },
  ]
}

const livekitOf = ({ ports: _, last_exit, started_at, ...child }: ChildStatus) => ({
  ...child,
  started_at: rfc3339OrNull(started_at),
  last_exit: last_exit && { ...last_exit, at: rfc3339(last_exit.at) },
})
