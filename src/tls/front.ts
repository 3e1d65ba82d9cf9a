import { existsSync } from 'node:fs'
import type { Config } from '../config/schema.ts'
import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/log.ts'
import { Certificates } from './certificates.ts'
import type { Relay } from './edge.ts'
import { EdgeHost } from './edge-host.ts'
import { PlainHttp } from './plain-http.ts'

interface Options {
  config: Config
  /** host name or address that the certificate is for */
  name: string
  /** origin that people use */
  publicUrl: string
  dataDir: string
  /** where TURN goes; null when it is not offered */
  turn: Relay | null
  /** where the program of the edge's thread is: the executable has it elsewhere than the sources */
  edgeScript: string
  clock: Clock
  log: Logger
}

/** What stands between the internet and our own HTTP: the TLS port, the plain one, and the certificate. */
export class TlsFront {
  readonly #options: Options
  readonly certificates: Certificates
  readonly #http: PlainHttp
  #edge: EdgeHost | null = null

  constructor(options: Options) {
    this.#options = options
    this.certificates = new Certificates(options)
    this.#http = new PlainHttp(options.publicUrl, () => this.certificates.root)
  }

  /**
   * Listens on both ports. Waits for no certificate authority.
   * @throws TlsPortError for a port that cannot be listened on, Error for files that cannot be used
   */
  async start(): Promise<void> {
    const { config, name, publicUrl, turn, edgeScript, log } = this.#options
    const { https_port, http_port } = config.tls
    const host = bindable(config.tls.host)
    const pem = await this.certificates.first()
    const web = { host: config.server.host, port: config.server.port }
    const options = { host, port: https_port, names: [name], publicUrl, web, turn }
    this.#edge = new EdgeHost(options, pem, log, edgeScript)
    await orPortError(https_port, () => this.#edge?.start())
    await orPortError(http_port, () => this.#http.listen(host, http_port))
    this.certificates.start(this.#edge, this.#http)
  }

  /** Who is behind a connection that reached us from this loopback port; null when not the edge. */
  addressOf(port: number): string | null {
    return this.#edge?.addressOf(port) ?? null
  }

  /** Somebody showed a valid token or secret on the connection from this loopback port. */
  prove(port: number): void {
    this.#edge?.prove(port)
  }

  /** Somebody at this address is in a call, and may use TURN. */
  admit(address: string): void {
    this.#edge?.admit(address)
  }

  release(address: string): void {
    this.#edge?.release(address)
  }

  /** No new connections. */
  async stop(): Promise<void> {
    this.certificates.stop()
    await Promise.all([this.#edge?.stop(), this.#http.stop()])
  }

  /** Ends what is still open. */
  terminate(): void {
    this.#edge?.terminate()
  }
}

/** Kernels can be told to have no IPv6 at all. */
const bindable = (host: string): string =>
  host === '::' && !existsSync('/proc/net/if_inet6') ? '0.0.0.0' : host

const WHY: Record<string, string> = {
  EADDRINUSE: 'it is taken',
  EACCES: 'this user may not; golive service install sets up one that may (CAP_NET_BIND_SERVICE)',
  EADDRNOTAVAIL: 'tls.host is no address of this machine',
}

/** A port that cannot be listened on. */
export class TlsPortError extends Error {
  override name = 'TlsPortError'
  readonly port: number
  readonly isTaken: boolean

  constructor(port: number, why: string, cause: NodeJS.ErrnoException) {
    super(`cannot listen on tcp port ${port}: ${why}`, { cause })
    this.port = port
    this.isTaken = cause.code === 'EADDRINUSE'
  }
}

const orPortError = async (port: number, listen: () => unknown): Promise<void> => {
  try {
    await listen()
  } catch (error) {
    const why = WHY[(error as NodeJS.ErrnoException).code ?? '']
    if (why === undefined) throw error
    throw new TlsPortError(port, why, error as NodeJS.ErrnoException)
  }
}
