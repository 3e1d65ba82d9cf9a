import { chmodSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { terminatesTls } from './config/check.ts'
import { ConfigError } from './config/load.ts'
import type { LiveConfig } from './config/reload.ts'
import type { Config } from './config/schema.ts'
import type { DataDir } from './data-dir.ts'
import { StartError } from './domain/errors.ts'
import { Intake } from './domain/intake.ts'
import { type Callers, Joins } from './domain/joins.ts'
import { type ClientAddress, clientAddress, connectionProof } from './http/client-address.ts'
import { serveLivekitHook } from './http/livekit-hook.ts'
import { createPages } from './http/pages.ts'
import { serveAdmin, serveMetrics, servePublic } from './http/server.ts'
import { createGate } from './http/signaling.ts'
import { systemClock } from './lib/clock.ts'
import type { Logger } from './lib/log.ts'
import { describeHolder } from './lib/sockets.ts'
import { type Addresses, mediaSettings, publicUrl } from './livekit/addresses.ts'
import { livekitBinary } from './livekit/binary.ts'
import { Supervisor } from './livekit/supervisor.ts'
import { createServices, livekitKey, type Services } from './services.ts'
import { TlsFront, TlsPortError } from './tls/front.ts'
import { StunResponder } from './tls/stun-responder.ts'
import { VERSION } from './version.ts'

const SWEEP_MS = 5000
const EJECT_MS = 1000
const WRITE_USE_MS = 60_000
const PURGE_MS = 3600_000
const DELIVER_MS = 1000
const REFILL_MS = 10_000
const RETENTION_MS = 60_000
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
  readonly #timers: Timer[] = []
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
    this.#supervisor = this.#createSupervisor()
    this.#front = this.#createFront()
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

  #createFront(): TlsFront | null {
    const config = this.#config
    const addresses = this.#addresses
    if (!terminatesTls(config)) return null
    return new TlsFront({
      config,
      name: config.tls.domain ?? addresses.public,
      publicUrl: publicUrl(config, addresses),
      dataDir: this.#data.path,
      turn: addresses.relay.offered
        ? {
            host: addresses.host,
            port: config.livekit.turn_port,
            mediaPort: config.livekit.udp_port,
          }
        : null,
      edgeScript: new URL('./tls/edge-worker.ts', import.meta.url).href,
      clock: systemClock,
      log: this.#log,
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
    const { calls, credentials, presence, metrics, minutes, moderation, ejections, recorder } =
      this.#services
    const { erasures, retention, streamMark } = this.#services
    const { reserve } = this.#data
    await reserve.refill()
    await minutes.count()
    await streamMark.check()
    await recorder.load()
    metrics.watch({
      participants: () => presence.total,
      roomsActive: () => presence.roomsActive,
      livekitUp: () => this.#supervisor.up,
      livekitRestarts: () => this.#supervisor.status.restarts,
    })
    metrics.watchReserve(reserve)
    if (this.#front) metrics.watchCertificate(this.#front.certificates)
    await this.#listen()
    await this.#answerStun()
    this.#hook = this.#listenForReports()
    await this.#supervisor.start(this.#hook.port as number)
    await this.#openFront()
    this.#every(EJECT_MS, () => ejections.run())
    this.#every(SWEEP_MS, () => calls.sweep())
    this.#every(SWEEP_MS, () => this.#countMinutes())
    this.#every(WRITE_USE_MS, () => credentials.writeUse())
    this.#every(WRITE_USE_MS, () => streamMark.write())
    this.#every(PURGE_MS, () => moderation.purge())
    await this.#deliver()
    this.#every(SWEEP_MS, () => erasures.run())
    this.#every(RETENTION_MS, () => retention.run())
    this.#every(REFILL_MS, () => reserve.refill())
    this.#log.info(
      { version: VERSION, url: this.#services.publicUrl, data_dir: this.#data.path },
      'golive is up',
    )
  }

  async #deliver(): Promise<void> {
    const { deliverer, metrics, attempts } = this.#services
    metrics.watchWebhooks(deliverer, attempts)
    await deliverer.start()
    this.#every(DELIVER_MS, async () => deliverer.run())
    this.#every(PURGE_MS, () => deliverer.settle())
  }

  /** Last: who comes by it is to find everything there. */
  async #openFront(): Promise<void> {
    try {
      await this.#front?.start()
    } catch (cause) {
      if (!(cause instanceof TlsPortError))
        throw new StartError((cause as Error).message, { cause })
      throw new StartError(cause.isTaken ? describeHolder('tcp', cause.port) : cause.message, {
        cause,
      })
    }
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
    const prove = connectionProof(front && ((port) => front.prove(port)))
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

  /** Clients are told of it, so that they ask nobody else for their own address. */
  async #answerStun(): Promise<void> {
    const { stun_port } = this.#config.livekit
    const { host } = this.#addresses
    const responder = new StunResponder()
    this.#listeners.push(responder)
    try {
      await responder.start([host], stun_port)
    } catch (cause) {
      const { code, message } = cause as NodeJS.ErrnoException
      const sentence = `cannot listen on udp port ${stun_port} of ${host}: ${message}`
      throw new StartError(code === 'EADDRINUSE' ? describeHolder('udp', stun_port) : sentence, {
        cause,
      })
    }
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

  /** A child that is still running reports to the port in its record; without it only sweeps tell. */
  #listenForReports(): Bun.Server<undefined> {
    const intake = new Intake({
      presence: this.#services.presence,
      recorder: this.#services.recorder,
      livekitKey: livekitKey(this.#data),
      log: this.#log,
    })
    const recorded = this.#supervisor.recordedHookPort()
    try {
      return serveLivekitHook(intake, recorded ?? 0)
    } catch {
      this.#log.warn(
        { port: recorded },
        'the port for reports of the running livekit-server is taken; restart it to use another',
      )
      return serveLivekitHook(intake, 0)
    }
  }

  async #countMinutes(): Promise<void> {
    const { minutes } = this.#services
    await minutes.count()
    await minutes.endOverdrawn()
  }

  #every(ms: number, work: () => Promise<void>): void {
    const run = () =>
      void work().catch((error: unknown) =>
        this.#log.error({ err: error }, 'a periodic task failed'),
      )
    this.#timers.push(setInterval(run, ms))
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
    for (const timer of this.#timers) clearInterval(timer)
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

const orTaken = <T>(port: number, listen: () => T): T => {
  try {
    return listen()
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw cause
    throw new StartError(describeHolder('tcp', port), { cause })
  }
}
