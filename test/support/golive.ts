import { chownSync, cpSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { stringify } from 'yaml'
import { LineLog } from './line-log.ts'
import { freePorts } from './ports.ts'
import { kill, pidsFrom } from './processes.ts'
import { type Credentials, TenantClient } from './tenant-client.ts'
import { GiveUp, until, within } from './wait.ts'

type Section = Record<string, unknown>

export interface GoLiveOptions {
  /** Laid over the generated config, section by section. */
  config?: Record<string, Section | string>
  env?: Record<string, string>
  /** Keys and database of an earlier server; default a fresh folder. */
  dataDir?: string
  /** Uid and gid to run as; needs root. */
  user?: number
  /** A machine of a lab to run in; `url` is what people there reach it by. */
  inside?: Inside
}

interface Inside {
  /** What the command line begins with. */
  prefix: string[]
  url: string
  fetch: (url: string, init?: RequestInit) => Promise<Response>
  /** Asked, in the place of `/readyz`, until it is true. */
  isReady: () => Promise<boolean>
}

export interface CliResult {
  code: number
  stdout: string
  stderr: string
  // biome-ignore lint/suspicious/noExplicitAny: what a command prints is what the test checks
  json: any
}

/** The parts of `golive status --json` that tests read. */
export interface StatusAnswer {
  livekit: {
    pid: number | null
    state: string
    restarts: number
    adopted: boolean
    last_exit: { signal: string | null; code: number | null; asked: boolean } | null
    last_lines: string[]
  }
  calls: { rooms: number; participants: number }
  warnings: { code: string }[]
}

const START_MS = 30_000
const STOP_MS = 20_000
const CLI_MS = 30_000

/** The executable under test: `GOLIVE_BIN`, or what `scripts/build` made. */
export const executable = (): string => {
  const path = resolve(process.env.GOLIVE_BIN ?? join(import.meta.dir, '../../dist/golive'))
  if (!existsSync(path)) throw new Error(`no executable at ${path}: run scripts/build first`)
  return path
}

/** Starts the compiled executable in a folder and on ports of its own; answers when it is ready. */
export const startGolive = async (options: GoLiveOptions = {}): Promise<GoLive> => {
  const server = new GoLive(options, await freePorts(7))
  try {
    await server.restartProcess()
    return server
  } catch (error) {
    await server.cleanUp()
    throw error
  }
}

type Ports = [number, number, number, number, number, number, number]

/** One server under test, from its own folder and ports to the last process it started. */
export class GoLive implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'golive-e2e-'))
  readonly dataDir: string
  readonly url: string
  readonly port: number
  readonly metricsPort: number
  readonly signalPort: number
  readonly log = new LineLog()
  readonly #options: GoLiveOptions
  readonly #configFile = join(this.folder, 'golive.config.yaml')
  /** A test that times out never reaches its `await using`; nothing may be left even then. */
  readonly #guard: Bun.Subprocess<'pipe', 'ignore', 'ignore'>
  #process: Bun.Subprocess | null = null

  constructor(options: GoLiveOptions, ports: number[]) {
    const [port, signal, tcp, udp, metrics, stun, turn] = ports as Ports
    this.#options = options
    this.dataDir = options.dataDir ?? join(this.folder, 'data')
    this.url = options.inside?.url ?? `http://127.0.0.1:${port}`
    this.port = port
    this.metricsPort = metrics
    this.signalPort = signal
    const config: Record<string, Section | string> = {
      data_dir: this.dataDir,
      server: { port },
      livekit: {
        signal_port: signal,
        tcp_port: tcp,
        udp_port: udp,
        stun_port: stun,
        turn_port: turn,
      },
      metrics: { port: metrics },
    }
    for (const [name, given] of Object.entries(options.config ?? {})) {
      config[name] = typeof given === 'string' ? given : { ...(config[name] as Section), ...given }
    }
    writeFileSync(this.#configFile, stringify(config))
    if (options.user !== undefined) chownSync(this.folder, options.user, options.user)
    this.#guard = Bun.spawn(
      ['bash', join(import.meta.dir, 'guard.sh'), this.folder, this.dataDir],
      {
        stdio: ['pipe', 'ignore', 'ignore'],
      },
    )
    this.#guard.unref()
  }

  get pid(): number {
    if (!this.#process) throw new Error('the server was never started')
    return this.#process.pid
  }

  /** False once its process ended, whatever the reason. */
  get running(): boolean {
    const child = this.#process
    return child !== null && child.exitCode === null && child.signalCode === null
  }

  /** Starts the process, again on the same folder and ports after a kill; answers when it is ready. */
  async restartProcess(): Promise<void> {
    await this.spawn()
    await this.ready()
  }

  /** Starts the process and does not wait for it. */
  async spawn(args: string[] = []): Promise<Bun.Subprocess> {
    if (this.running) throw new Error('the server runs already')
    const child = Bun.spawn(this.#argv(['serve', ...args]), {
      cwd: this.folder,
      env: this.#env(),
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#process = child
    void this.log.follow(child.stdout)
    void this.log.follow(child.stderr)
    return child
  }

  /** Waits for `/readyz` to answer 200. */
  async ready(timeoutMs = START_MS): Promise<void> {
    const { inside } = this.#options
    const ask = async () => {
      if (!this.running) throw new GiveUp('the server ended before it was ready')
      if (inside) return inside.isReady()
      return (await fetch(`${this.url}/readyz`, { signal: AbortSignal.timeout(5000) })).ok
    }
    await until('the server is ready', ask, { timeoutMs, everyMs: 25 }).catch((error) => {
      throw new Error(`${error.message}\n${this.log.tail()}`)
    })
  }

  /** The livekit-server that runs out of this server's folder, by /proc: not what GoLive says. */
  livekitPid(): number {
    const pids = this.#livekitPids()
    if (pids.length !== 1) throw new Error(`expected one livekit-server, found ${pids.length}`)
    return pids[0] as number
  }

  /** Runs another `golive` command against this server's config. */
  async cli(...args: string[]): Promise<CliResult> {
    const child = Bun.spawn(this.#argv(args), {
      cwd: this.folder,
      env: this.#env(),
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: CLI_MS,
      killSignal: 'SIGKILL',
    })
    const [stdout, stderr, code] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
      child.exited,
    ])
    return { code, stdout, stderr, json: args.includes('--json') ? parse(stdout) : null }
  }

  async status(): Promise<StatusAnswer> {
    const { code, json, stderr } = await this.cli('status', '--json')
    if (code !== 0) throw new Error(`golive status failed: ${code} ${stderr}`)
    return json
  }

  /** Creates a tenant by the CLI and answers its backend. */
  async tenant(slug: string): Promise<TenantClient> {
    return new TenantClient(this.url, await this.tenantKey(slug), this.#options.inside?.fetch)
  }

  async tenantKey(slug: string): Promise<Credentials> {
    const { code, json, stderr } = await this.cli('tenant', 'create', slug, '--json')
    if (code !== 0) throw new Error(`golive tenant create failed: ${code} ${stderr}`)
    return json
  }

  /** A request to the admin API over its unix socket. */
  admin(path: string, init: RequestInit = {}): Promise<Response> {
    const unix = join(this.dataDir, 'golive.sock')
    return fetch(`http://localhost${path}`, { ...init, unix, signal: AbortSignal.timeout(15_000) })
  }

  async metrics(): Promise<string> {
    const url = `http://127.0.0.1:${this.metricsPort}/metrics`
    return (await fetch(url, { signal: AbortSignal.timeout(5000) })).text()
  }

  /** Kills the control plane alone and waits for its end. */
  async kill(signal: NodeJS.Signals): Promise<void> {
    this.#process?.kill(signal)
    await within(`the server to end by ${signal}`, STOP_MS, this.#process?.exited)
  }

  /** SIGTERM, as an operator's init system does it. @throws when a livekit-server is left behind */
  async stop(): Promise<number | null> {
    await this.kill('SIGTERM')
    const orphans = this.#livekitPids()
    if (orphans.length > 0)
      throw new Error(`left livekit-server running: ${orphans}\n${this.log.tail()}`)
    return this.#process?.exitCode ?? null
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      if (this.running) await this.stop()
    } finally {
      await this.cleanUp()
    }
  }

  /** Ends what still runs, then removes the folder; with `GOLIVE_KEEP` the logs are copied there. */
  async cleanUp(): Promise<void> {
    this.#killEverything()
    await this.#process?.exited
    await until('no livekit-server is left', () => this.#livekitPids().length === 0).catch(
      () => undefined,
    )
    const keep = process.env.GOLIVE_KEEP
    if (keep) {
      const place = join(keep, this.folder.split('/').at(-1) as string)
      cpSync(join(this.dataDir, 'livekit'), place, { recursive: true, filter: isNoBinary })
      writeFileSync(join(place, 'golive.log'), this.log.text())
    }
    rmSync(this.folder, { recursive: true, force: true })
    await this.#guard.stdin.end()
    await this.#guard.exited
  }

  #killEverything(): void {
    this.#process?.kill('SIGKILL')
    for (const pid of this.#livekitPids()) kill(pid, 'SIGKILL')
  }

  #livekitPids(): number[] {
    return pidsFrom(join(this.dataDir, 'livekit'))
  }

  #argv(args: string[]): string[] {
    const { user, inside } = this.#options
    const as =
      user === undefined
        ? []
        : ['setpriv', `--reuid=${user}`, `--regid=${user}`, '--clear-groups', '--']
    return [...(inside?.prefix ?? []), ...as, executable(), ...args]
  }

  #env(): Record<string, string> {
    const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('GOLIVE_'))
    const own = { GOLIVE_CONFIG: this.#configFile, ...this.#options.env }
    return { ...(Object.fromEntries(inherited) as Record<string, string>), ...own }
  }
}

const isNoBinary = (path: string): boolean => !/livekit-server-|keys/.test(path)

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
