import { chmodSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { ConfigError } from './config/load.ts'
import type { LiveConfig } from './config/reload.ts'
import type { Config } from './config/schema.ts'
import type { DataDir } from './data-dir.ts'
import { Intake } from './domain/intake.ts'
import { type Callers, Joins } from './domain/joins.ts'
import { type ClientAddress, clientAddress, connectionProof } from './http/client-address.ts'
import { createPages } from './http/pages.ts'
import { serveAdmin, serveMetrics, servePublic } from './http/server.ts'
import { createGate } from './http/signaling.ts'
import { Chores } from './lib/chores.ts'
import { systemClock } from './lib/clock.ts'
import type { Logger } from './lib/log.ts'
import { answerStun, createFront, listenForReports, openFront, orTaken } from './listening.ts'
import { type Addresses, mediaSettings } from './livekit/addresses.ts'
import { livekitBinary } from './livekit/binary.ts'
import { Supervisor } from './livekit/supervisor.ts'
import { createServices, livekitKey, type Services } from './services.ts'
import type { TlsFront } from './tls/front.ts'
import { VERSION } from './version.ts'

const SECOND_MS = 1000
const SWEEP_MS = 5 * SECOND_MS
const REFILL_MS = 10 * SECOND_MS
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS
/** How long requests may go on after the listeners are closed. Open sockets would never end by themselves. */
const FINISH_MS = { stopped: 2000, restart: 200 }

/** How a server's life ended. `restart`: calls go on in livekit-server, a new control plane adopts them. */
export type Ending = 'stopped' | 'restart'

type Listener = Pick<Bun.Server<unknown>, 'stop'>

/** The parts of a running server, opened in order and closed in the other. */
export class ControlPlane {
  readonly #live: LiveConfig
  /** as the server was started with */
  readonly #config: Config
  readonly #data: DataDir
  readonly #addresses: Addresses
  readonly #log: Logger
  readonly #supervisor: Supervisor
  /** null where TLS does not end here */
  readonly #front: TlsFront | null
  readonly #services: Services
  readonly #listeners: Listener[] = []
  readonly #chores: Chores
  /** who asks; made anew when the trusted proxies change */
  #clientAddress: ClientAddress
  #hook: Bun.Server<undefined> | null = null
  /** for the record of the calls that end with livekit-server */
  #whyDown = 'livekit_exited'

  constructor(
    live: LiveConfig,
    data: DataDir,
    addresses: Addresses,
    log: Logger,
    end: (how: Ending) => void,
  ) {
    this.#live = live
    this.#config = live.current
    this.#data = data
    this.#addresses = addresses
    this.#log = log
    this.#chores = new Chores(log)
    this.#supervisor = this.#createSupervisor()
    this.#front = createFront({ config: live.current, addresses, dataDir: data.path, log })
    this.#clientAddress = this.#tellClients()
    const supervisor = this.#supervisor
    this.#services = createServices(live, data, {
      addresses,
      log,
      child: () => supervisor,
      childStatus: () => supervisor.status,
      livekitOrigin: () => `http://127.0.0.1:${supervisor.port}`,
      certificates: this.#front?.certificates ?? null,
      restartChild: () => this.#restartChild(),
      restart: () => end('restart'),
      stop: () => end('stopped'),
    })
  }

  async #restartChild(): Promise<void> {
    this.#whyDown = 'livekit_restarted'
    await this.#supervisor.restart().finally(() => {
      this.#whyDown = 'livekit_exited'
    })
  }

  #createSupervisor(): Supervisor {
    const { livekit, log } = this.#config
    const dir = join(this.#data.path, 'livekit')
    return new Supervisor({
      dir,
      binary: () => livekitBinary(dir),
      settings: {
        signalPort: livekit.signal_port,
        tcpPort: livekit.tcp_port,
        udpPort: livekit.udp_port,
        ...mediaSettings(this.#config, this.#addresses),
        ...livekitKey(this.#data),
        remoteUnmute: livekit.remote_unmute,
        logLevel: log.level === 'debug' ? 'debug' : 'info',
      },
      log: this.#log,
      onUp: (event) => this.#childUp(event),
      onDown: () => this.#childDown(),
    })
  }

  #childUp({ adopted, generation }: { adopted: boolean; generation: number }): void {
    const { calls, recorder } = this.#services
    const { started_at } = this.#supervisor.status
    if (generation === 1 && started_at !== null) void recorder.childFound(started_at, adopted)
    void calls.childUp(adopted)
  }

  /** The record first: it asks who was there. */
  #childDown(): void {
    const { calls, recorder } = this.#services
    void recorder.childGone(this.#whyDown)
    calls.childDown()
  }

  async start(): Promise<void> {
    await this.#resume()
    this.#watch()
    await this.#listen()
    const { host } = this.#addresses
    this.#listeners.push(await answerStun(host, this.#config.livekit.stun_port))
    this.#hook = this.#listenForReports()
    await this.#supervisor.start(this.#hook.port as number)
    // Late: who comes by it is to find everything there.
    await openFront(this.#front)
    await this.#services.deliverer.start()
    this.#beginChores()
    this.#log.info(
      { version: VERSION, url: this.#services.publicUrl, data_dir: this.#data.path },
      'golive is up',
    )
  }

  /** Takes up what an earlier run left, before anything new happens. */
  async #resume(): Promise<void> {
    const { minutes, streamMark, recorder } = this.#services
    await this.#data.reserve.refill()
    await minutes.count()
    await streamMark.check()
    await recorder.load()
  }

  #watch(): void {
    const { metrics, presence, deliverer, attempts } = this.#services
    metrics.watch({
      participants: () => presence.total,
      roomsActive: () => presence.roomsActive,
      livekitUp: () => this.#supervisor.up,
      livekitRestarts: () => this.#supervisor.status.restarts,
    })
    metrics.watchReserve(this.#data.reserve)
    metrics.watchWebhooks(deliverer, attempts)
    if (this.#front) metrics.watchCertificate(this.#front.certificates)
  }

  #beginChores(): void {
    const { calls, credentials, minutes, moderation, ejections } = this.#services
    const { erasures, retention, streamMark, deliverer } = this.#services
    this.#chores.every(SECOND_MS, () => ejections.run())
    this.#chores.every(SECOND_MS, () => deliverer.run())
    this.#chores.every(SWEEP_MS, () => calls.sweep())
    this.#chores.every(SWEEP_MS, () => minutes.count().then(() => minutes.endOverdrawn()))
    this.#chores.every(SWEEP_MS, () => erasures.run())
    this.#chores.every(REFILL_MS, () => this.#data.reserve.refill())
    this.#chores.every(MINUTE_MS, () => credentials.writeUse())
    this.#chores.every(MINUTE_MS, () => streamMark.write())
    this.#chores.every(MINUTE_MS, () => retention.run())
    this.#chores.every(HOUR_MS, () => moderation.purge())
    this.#chores.every(HOUR_MS, () => deliverer.settle())
  }

  #tellClients(): ClientAddress {
    const front = this.#front
    return clientAddress({
      edge: front === null ? null : (port) => front.addressOf(port),
      trustedProxies: this.#live.current.server.trusted_proxies,
    })
  }

  async #listen(): Promise<void> {
    const { server, metrics, admin } = this.#config
    const { publicUrl, wsUrl } = this.#services
    const pages = await createPages({ publicUrl, wsUrl, operatorContact: admin.operator_contact })
    const address: ClientAddress = (request, server) => this.#clientAddress(request, server)
    const front = this.#front
    const prove = front && connectionProof((port) => front.prove(port))
    const gate = createGate({
      joins: this.#joins(),
      address,
      prove,
      metrics: this.#services.metrics,
      log: this.#log,
    })
    this.#listeners.push(
      orTaken(server.port, () => servePublic(this.#services, { gate, pages, address, prove })),
    )
    this.#listeners.push(this.#listenLocally())
    const { port } = metrics
    if (port !== null)
      this.#listeners.push(orTaken(port, () => serveMetrics(this.#services.metrics, port)))
  }

  #joins(): Joins {
    const { gate, calls, presence, tokens, problems, recorder, refusals, metrics } = this.#services
    return new Joins({
      gate,
      calls,
      presence,
      tokens,
      problems,
      recorder,
      refusals,
      clock: systemClock,
      log: this.#log,
      livekitKey: livekitKey(this.#data),
      livekitOrigin: () => `http://127.0.0.1:${this.#supervisor.port}`,
      callers: this.#front ?? NO_CALLERS,
      onUpstream: (seconds) => metrics.upstream(seconds),
    })
  }

  /** The lock on the data dir is ours: a socket that is there was left by a process that died. */
  #listenLocally(): Listener {
    const path = join(this.#data.path, 'golive.sock')
    rmSync(path, { force: true })
    const listener = serveAdmin(this.#services, path)
    chmodSync(path, 0o600)
    return listener
  }

  #listenForReports(): Bun.Server<undefined> {
    const { presence, recorder } = this.#services
    const log = this.#log
    const intake = new Intake({ presence, recorder, livekitKey: livekitKey(this.#data), log })
    return listenForReports(intake, this.#supervisor.recordedHookPort(), log)
  }

  /** Takes up what changed in the configuration. Of a wrong one nothing, and the log says why. */
  reload(env: Record<string, string | undefined>): void {
    try {
      const { applied, restartNeeded } = this.#live.reload(env)
      this.#clientAddress = this.#tellClients()
      this.#log.info({ applied, restart_needed: restartNeeded }, 'the configuration was read again')
      if (restartNeeded.length > 0)
        this.#log.warn(`in effect after golive restart: ${restartNeeded.join(', ')}`)
      this.#log.level = this.#live.current.log.level
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      this.#log.error(`the configuration stays as it was: ${error.message}`)
    }
  }

  /** Ends what was started. People in calls stay connected to livekit-server only on `restart`. */
  async close(how: Ending): Promise<void> {
    this.#log.info({ how }, 'golive is going down')
    this.#chores.stop()
    const delivered = this.#services.deliverer.stop()
    this.#whyDown = 'server_stopped'
    this.#services.streams.close()
    if (how === 'restart') await this.#supervisor.detach()
    else await this.#supervisor.stop()
    await Promise.race([
      Promise.all([this.#front?.stop(), ...this.#listeners.map((one) => one.stop())]),
      Bun.sleep(FINISH_MS[how]),
    ])
    this.#front?.terminate()
    for (const listener of [...this.#listeners, ...(this.#hook ? [this.#hook] : [])])
      listener.stop(true)
    rmSync(join(this.#data.path, 'golive.sock'), { force: true })
    await this.#services.recorder.drained()
    await delivered
    await this.#atLast(() => this.#services.deliverer.settle())
    await this.#atLast(() => this.#services.credentials.writeUse())
    await this.#atLast(() => this.#services.streamMark.write())
    await this.#data.close()
  }

  /** On a full disk nothing can be written down, and the end comes all the same. */
  async #atLast(work: () => Promise<void>): Promise<void> {
    await work().catch((error: unknown) =>
      this.#log.error({ err: error }, 'not everything could be written down at the end'),
    )
  }
}

/** Without an edge nobody asks who may use TURN. */
const NO_CALLERS: Callers = { admit: () => undefined, release: () => undefined }
