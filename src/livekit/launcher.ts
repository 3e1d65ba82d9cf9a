import type { Logger } from '../lib/log.ts'
import type { ChildLog } from './child-log.ts'
import {
  configHash,
  configPath,
  keyHash,
  type LivekitSettings,
  writeLivekitConfig,
} from './config-file.ts'
import { type Child, findByArguments, spawnChild, watchProcess } from './process.ts'
import {
  type ChildPorts,
  type ChildRecord,
  identify,
  isSameProcess,
  readRecord,
  removeRecord,
  writeRecord,
} from './record.ts'
import { LIVEKIT_VERSION } from './version.ts'

export interface Running {
  child: Child
  record: ChildRecord
}

interface LauncherOptions {
  dir: string
  binary: string
  settings: LivekitSettings
  log: Logger
  childLog: ChildLog
}

/** Brings children into the world, or finds those that are there: files, records, processes. */
export class Launcher {
  readonly #o: LauncherOptions
  readonly #hash: string

  constructor(options: LauncherOptions) {
    this.#o = options
    this.#hash = configHash(options.dir, options.settings, options.binary)
  }

  /** Starts a child with today's settings. @param restarts how many came before it */
  spawn(restarts: number, now: number): Running {
    const { dir, binary, settings, childLog } = this.#o
    writeLivekitConfig(dir, settings)
    const child = spawnChild([binary, '--config', configPath(dir)], dir, childLog.open())
    const record = {
      ...(identify(child.pid) ?? UNKNOWN),
      pid: child.pid,
      version: LIVEKIT_VERSION,
      ports: portsOf(settings),
      config_hash: this.#hash,
      key_hash: keyHash(settings),
      started_at: now,
      restarts,
    }
    this.#keep(record)
    return { child, record }
  }

  /** The running child that an earlier control plane left; null, and killed, when it knows another key. */
  async survivor(): Promise<Running | null> {
    const record = readRecord(this.#o.dir)
    if (!record || !isSameProcess(record)) return null
    const child = watchProcess(record)
    if (record.key_hash === keyHash(this.#o.settings)) return { child, record }
    this.#o.log.warn({ pid: record.pid }, 'livekit-server knows another key and is replaced')
    await killAndWait(child)
    return null
  }

  /** A child that was started just before we crashed is in no record, but holds our ports. */
  async killStrays(): Promise<void> {
    for (const identity of findByArguments(['--config', configPath(this.#o.dir)])) {
      this.#o.log.warn({ pid: identity.pid }, 'livekit-server without a record is killed')
      await killAndWait(watchProcess(identity))
    }
  }

  /** True when a child started now would run with other settings, or as another program. */
  outdated(record: ChildRecord): boolean {
    return record.config_hash !== this.#hash
  }

  forget(): void {
    removeRecord(this.#o.dir)
  }

  /** Without a record the next start cannot adopt it and kills it: bad, yet no reason to have none. */
  #keep(record: ChildRecord): void {
    try {
      writeRecord(this.#o.dir, record)
    } catch (error) {
      this.#o.log.error({ err: error }, 'child.json cannot be written')
    }
  }
}

const UNKNOWN = { start_time: '', boot_id: '', exe: { dev: 0, ino: 0 } }

export const portsOf = (settings: LivekitSettings): ChildPorts => ({
  signal: settings.signalPort,
  tcp: settings.tcpPort,
  udp: settings.udpPort,
  hook: settings.hookPort,
})

export const killAndWait = async (child: Child): Promise<void> => {
  child.kill('SIGKILL')
  await child.exited
}
