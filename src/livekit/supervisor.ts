import { chmodSync, mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Backoff } from '../lib/backoff.ts'
import { type Clock, sleep, systemClock } from '../lib/clock.ts'
import type { Logger } from '../lib/log.ts'
import { describeHolder } from '../lib/sockets.ts'
import { ChildLog } from './child-log.ts'
import type { LivekitSettings } from './config-file.ts'
import { watchHealth } from './health.ts'
import { killAndWait, Launcher, portsOf, type Running } from './launcher.ts'
import { type Child, type Exit, isReady, terminate } from './process.ts'
import { type ChildPorts, isSameProcess, readRecord } from './record.ts'
import { LIVEKIT_VERSION } from './version.ts'

const READY_POLL_MS = 20
const READY_DEADLINE_MS = 10_000
const LAST_LINES = 20

export type ChildState = 'starting' | 'running' | 'restarting' | 'degraded' | 'stopped'

export interface ChildStatus {
  state: ChildState
  pid: number | null
  version: string
  restarts: number
  /** milliseconds since the epoch */
  started_at: number | null
  adopted: boolean
  /** a child started now would run with other settings, or as another program */
  restart_needed: boolean
  /** code and signal are null when it was adopted: only a parent learns them */
  last_exit: { at: number; code: number | null; signal: string | null; asked: boolean } | null
  last_lines: string[]
  ports: ChildPorts
}

/** A port that livekit-server needs is somebody else's. The message names the port and who holds it. */
export class PortTakenError extends Error {
  override name = 'PortTakenError'
}

interface SupervisorOptions {
  /** folder for everything of the child's; made 0700 */
  dir: string
  binary: () => Promise<string>
  settings: Omit<LivekitSettings, 'hookPort'>
  log: Logger
  /** our child answers; `generation` counts the children of this process, adopted ones too */
  onUp: (event: { adopted: boolean; generation: number }) => void
  /** our child answers no more, whatever the reason: stop and planned restart are two */
  onDown: () => void
  clock?: Clock
}

/**
 * Keeps one livekit-server running: adopts the one that an earlier control plane left, else starts
 * one; starts it again when it ends or hangs. It outlives this process unless {@link Supervisor.stop}
 * is called. Holds no lock: the caller sees to it that nobody else uses `dir`.
 */
export class Supervisor {
  readonly #o: SupervisorOptions
  readonly #dir: string
  readonly #now: Clock
  readonly #childLog: ChildLog
  readonly #backoff = new Backoff()
  #launcher: Launcher | null = null
  #hookPort = 0
  #running: Running | null = null
  #restarts = 0
  #state: ChildState = 'stopped'
  #up = false
  #adopted = false
  #generation = 0
  #asked = false
  #ending = false
  #lastExit: ChildStatus['last_exit'] = null
  #waiting: PromiseWithResolvers<void> | null = null
  #wake: () => void = () => undefined
  #health: { close(): void } | null = null

  constructor(options: SupervisorOptions) {
    this.#o = options
    this.#dir = resolve(options.dir)
    this.#now = options.clock ?? systemClock
    this.#childLog = new ChildLog(join(this.#dir, 'livekit.log'), [options.settings.apiSecret])
  }

  /** True while our own child answers. */
  get up(): boolean {
    return this.#up
  }

  /** Counts up with each child that came up; an adopted one is a new one for this process. */
  get generation(): number {
    return this.#generation
  }

  /** The signal port of the running child: an adopted one may use another than today's settings. */
  get port(): number {
    return this.#running?.record.ports.signal ?? this.#o.settings.signalPort
  }

  get status(): ChildStatus {
    const record = this.#running?.record
    return {
      state: this.#state,
      pid: record?.pid ?? null,
      version: record?.version ?? LIVEKIT_VERSION,
      restarts: this.#restarts,
      started_at: record?.started_at ?? null,
      adopted: this.#adopted,
      restart_needed: record !== undefined && this.#launcher?.outdated(record) === true,
      last_exit: this.#lastExit,
      last_lines: this.#childLog.lines(LAST_LINES),
      ports: record?.ports ?? portsOf(this.#settings()),
    }
  }

  /** Where a still running child posts its webhooks: to be listened on before {@link start}. */
  recordedHookPort(): number | null {
    const record = readRecord(this.#dir)
    return record && isSameProcess(record) ? record.ports.hook : null
  }

  /**
   * Adopts or starts the child. Resolves when it answers, and also when it keeps dying: the state is
   * `degraded` then, and tries go on. @throws PortTakenError, and what `binary` throws
   */
  async start(hookPort: number): Promise<void> {
    this.#state = 'starting'
    this.#ending = false
    this.#hookPort = hookPort
    mkdirSync(this.#dir, { recursive: true, mode: 0o700 })
    chmodSync(this.#dir, 0o700)
    const binary = await this.#o.binary()
    this.#launcher = new Launcher({
      dir: this.#dir,
      binary,
      settings: this.#settings(),
      log: this.#o.log,
      childLog: this.#childLog,
    })
    if (this.#ending) return
    const settled = this.#settled()
    void this.#supervise(this.#launcher)
    await settled
  }

  /** Ends the child and starts it with today's settings, by SIGKILL: clients then come back by themselves. */
  async restart(): Promise<void> {
    if (this.#state === 'stopped') throw new Error('livekit-server is stopped')
    const settled = this.#settled()
    this.#backoff.clear()
    this.#asked = this.#running !== null
    this.#wentDown()
    this.#state = 'restarting'
    this.#running?.child.kill('SIGKILL')
    this.#wake()
    await settled
    if (!this.#up) throw new Error('livekit-server did not come back')
  }

  /** Stops watching. The child runs on, for the next process to adopt. */
  async detach(): Promise<void> {
    this.#running?.child.release()
    this.#running = null
    this.#up = false
    this.#end()
  }

  /** Ends the child, whatever state it is in, within seconds; no process and no record stays. */
  async stop(): Promise<void> {
    this.#end()
    this.#wentDown()
    const running = this.#running
    if (!running) return
    await terminate(running.child)
    this.#running = null
    this.#launcher?.forget()
  }

  #settings(): LivekitSettings {
    return { ...this.#o.settings, hookPort: this.#hookPort }
  }

  #end(): void {
    this.#ending = true
    this.#state = 'stopped'
    this.#health?.close()
    this.#wake()
    this.#settle()
  }

  /** Settles when the child is up, given up, or no longer wanted. */
  #settled(): Promise<void> {
    this.#waiting ??= Promise.withResolvers<void>()
    return this.#waiting.promise
  }

  #settle(error?: Error): void {
    if (error) this.#waiting?.reject(error)
    else this.#waiting?.resolve()
    this.#waiting = null
  }

  async #supervise(launcher: Launcher): Promise<void> {
    await this.#adopt(launcher)
    while (!this.#ending) {
      const born = this.#now()
      const running = this.#running ?? this.#spawn(launcher)
      const exit = running ? await this.#live(running) : { code: null, signal: null }
      if (this.#ending || this.#refuseTakenPort()) return
      await this.#pause(this.#died(launcher, exit, this.#now() - born))
    }
  }

  async #adopt(launcher: Launcher): Promise<void> {
    const survivor = await launcher.survivor()
    if (survivor && !this.#ending) {
      this.#running = survivor
      this.#restarts = survivor.record.restarts
      this.#adopted = await this.#becomesReady(survivor.child)
      if (this.#adopted || this.#ending) return
      this.#o.log.warn(
        { pid: survivor.child.pid },
        'livekit-server does not answer and is replaced',
      )
      await killAndWait(survivor.child)
      this.#running = null
    }
    if (!this.#ending) await launcher.killStrays()
  }

  #spawn(launcher: Launcher): Running | null {
    this.#adopted = false
    try {
      this.#running = launcher.spawn(this.#restarts, this.#now())
    } catch (error) {
      this.#o.log.error({ err: error }, 'livekit-server cannot be started')
    }
    return this.#running
  }

  /** From a child's first breath to its last. */
  async #live({ child }: Running): Promise<Exit> {
    if (await this.#becomesReady(child)) this.#wentUp(child)
    else if (!this.#ending) child.kill('SIGKILL')
    return child.exited
  }

  async #becomesReady(child: Child): Promise<boolean> {
    const deadline = this.#now() + READY_DEADLINE_MS
    while (!this.#ending && !child.ended && this.#now() < deadline) {
      if (await isReady(child, this.port)) return !this.#ending
      await sleep(READY_POLL_MS)
    }
    return false
  }

  #wentUp(child: Child): void {
    this.#state = 'running'
    this.#up = true
    this.#asked = false
    this.#generation++
    this.#health = watchHealth(
      this.port,
      this.#now,
      () => this.#trimLog(),
      () => this.#hung(child),
    )
    const event = { adopted: this.#adopted, generation: this.#generation }
    this.#o.log.info({ pid: child.pid, ...event }, 'livekit-server is up')
    if (this.status.restart_needed) {
      this.#o.log.warn('livekit-server was started with other settings: restart it to apply them')
    }
    this.#o.onUp(event)
    this.#settle()
  }

  #wentDown(): void {
    this.#health?.close()
    if (!this.#up) return
    this.#up = false
    this.#o.onDown()
  }

  async #trimLog(): Promise<void> {
    try {
      await this.#childLog.trim()
    } catch (error) {
      this.#o.log.warn({ err: error }, 'livekit.log cannot be cut')
    }
  }

  #hung(child: Child): void {
    this.#o.log.error({ pid: child.pid }, 'livekit-server does not answer and is killed')
    child.kill('SIGKILL')
  }

  /** Takes note of an end; answers after how many milliseconds to try again. */
  #died(launcher: Launcher, exit: Exit, ranMs: number): number {
    const asked = this.#asked
    this.#asked = false
    this.#running = null
    this.#restarts++
    this.#state = 'restarting'
    this.#lastExit = { at: this.#now(), ...exit, asked }
    launcher.forget()
    this.#wentDown()
    if (asked) return 0
    const { delayMs, hopeless } = this.#backoff.ended(this.#now(), ranMs)
    this.#o.log.error({ ...exit, ran_ms: ranMs, retry_ms: delayMs }, 'livekit-server ended')
    if (hopeless) this.#giveUp()
    return delayMs
  }

  #giveUp(): void {
    this.#state = 'degraded'
    this.#o.log.error({ last_lines: this.status.last_lines }, 'livekit-server keeps dying')
    this.#settle()
  }

  /** Says who holds a port that the child wanted. Fatal only before the first child came up. */
  #refuseTakenPort(): boolean {
    const taken = this.#childLog.takenPort()
    if (!taken) return false
    const sentence = `${describeHolder(taken.protocol, taken.port)}; livekit-server needs it`
    this.#childLog.note(sentence)
    this.#o.log.error(sentence)
    if (this.#generation > 0) return false
    this.#running = null
    this.#launcher?.forget()
    this.#settle(new PortTakenError(sentence))
    this.#end()
    return true
  }

  async #pause(ms: number): Promise<void> {
    if (ms === 0 || this.#ending) return
    await new Promise<void>((wake) => {
      const timer = setTimeout(wake, ms)
      this.#wake = () => {
        clearTimeout(timer)
        wake()
      }
    })
  }
}
