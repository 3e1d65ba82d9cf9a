import { type Clock, rfc3339, rfc3339OrNull } from '../lib/clock.ts'
import type { DiskSpace } from '../lib/disk.ts'
import type { ChildStatus } from '../livekit/supervisor.ts'
import type { Store } from '../store/db.ts'
import { getSetting } from '../store/settings.ts'
import type { Calls } from './calls.ts'
import type { Presence } from './presence.ts'

interface Warning {
  code: string
  message: string
  hint: string
}

interface Deps {
  store: Store
  clock: Clock
  presence: Presence
  calls: Calls
  child: () => ChildStatus
  version: string
  dataDir: string
  publicUrl: string
  wsUrl: string
  /** where clients are told to send media */
  mediaIp: string
  maxParticipants: number
  disk: (path: string) => Promise<DiskSpace>
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
      usage: { participant_minutes_this_month: null },
      database: { ok: database === 'ok' },
      disk: disk && {
        path: dataDir,
        free_bytes: disk.freeBytes,
        total_bytes: disk.totalBytes,
      },
      certificate: null,
      addresses: this.#addresses(),
      warnings: [
        ...this.#warnings(),
        ...databaseWarnings(database === 'ok'),
        ...diskWarnings(disk, dataDir),
      ],
    }
  }

  #addresses() {
    const { publicUrl, wsUrl, mediaIp, child } = this.#deps
    const { ports } = child()
    return {
      public_url: publicUrl,
      ws_url: wsUrl,
      media: { ip: mediaIp, udp_port: ports.udp, tcp_port: ports.tcp },
    }
  }

  /** Null where it cannot be known. */
  #disk(): Promise<DiskSpace | null> {
    return this.#deps.disk(this.#deps.dataDir).catch(() => null)
  }

  /** Whether calls can be joined now, and what is missing if not. */
  async readiness(): Promise<{ ready: boolean; checks: { database: string; livekit: string } }> {
    const { calls, child } = this.#deps
    const checks = {
      database: await this.#database(),
      livekit: calls.ready
        ? 'ok'
        : child().state === 'running'
          ? 'counting running calls'
          : child().state,
    }
    return { ready: checks.database === 'ok' && checks.livekit === 'ok', checks }
  }

  #calls() {
    const { presence, maxParticipants } = this.#deps
    return {
      rooms: presence.roomsActive,
      participants: presence.total,
      max_participants: maxParticipants,
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
    if (presence.total >= maxParticipants * NEARLY_FULL) {
      warnings.push({
        code: 'nearly_full',
        message: `${presence.total} of at most ${maxParticipants} people are in calls`,
        hint: 'Newcomers beyond it are told to try again. Raise livekit.max_participants only if the processor has room.',
      })
    }
    return warnings
  }
}

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

const diskWarnings = (disk: DiskSpace | null, path: string): Warning[] => {
  if (!disk || disk.freeBytes >= Math.min(LITTLE_DISK_BYTES, disk.totalBytes * LITTLE_DISK_PART))
    return []
  return [
    {
      code: 'disk_nearly_full',
      message: `${Math.floor(disk.freeBytes / 2 ** 20)} MiB are free on the disk that holds ${path}`,
      hint: 'Free some space or enlarge the disk. When it is full, calls go on but nothing can be changed.',
    },
  ]
}

const livekitOf = ({ ports: _, last_exit, started_at, ...child }: ChildStatus) => ({
  ...child,
  started_at: rfc3339OrNull(started_at),
  last_exit: last_exit && { ...last_exit, at: rfc3339(last_exit.at) },
})
