import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect as connectPlain, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import type { Pem } from '../../src/tls/edge.ts'
import { issuedBy, newAuthority } from '../../src/tls/x509.ts'
import { type GoLive, type GoLiveOptions, startGolive } from './golive.ts'
import { freePorts } from './ports.ts'
import { connectionsAt } from './processes.ts'
import { until } from './wait.ts'

/** Leads to loopback without any DNS. */
export const NAME = 'localhost'

type Reach = ConnectionOptions & { localAddress?: string }

/** A server with TLS in front of it, by files of the test's own certificate authority. */
export class EdgeServer implements AsyncDisposable {
  readonly golive: GoLive
  readonly port: number
  readonly httpPort: number
  readonly authority: Pem
  readonly #folder: string

  private constructor(golive: GoLive, ports: number[], authority: Pem, folder: string) {
    this.golive = golive
    this.port = ports[0] as number
    this.httpPort = ports[1] as number
    this.authority = authority
    this.#folder = folder
  }

  static async start(options: GoLiveOptions = {}): Promise<EdgeServer> {
    const ports = await freePorts(2)
    const [https, http] = ports
    const folder = mkdtempSync(join(tmpdir(), 'golive-edge-'))
    const authority = await newAuthority('GoLive test authority', 2)
    await writePair(folder, authority)
    const tls = {
      mode: 'files',
      domain: NAME,
      host: '127.0.0.1',
      https_port: https,
      http_port: http,
      cert_file: join(folder, 'cert.pem'),
      key_file: join(folder, 'key.pem'),
    }
    const livekit = { node_ip: '127.0.0.1', ...((options.config?.livekit as object) ?? {}) }
    try {
      const golive = await startGolive({
        ...options,
        config: { ...options.config, tls, livekit },
      })
      const server = new EdgeServer(golive, ports, authority, folder)
      await until('TLS is served', async () => (await server.get('/healthz')).status === 200)
      return server
    } catch (error) {
      rmSync(folder, { recursive: true, force: true })
      throw error
    }
  }

  get url(): string {
    return `https://${NAME}:${this.port}`
  }

  /** Puts a new certificate in the place of the one before. */
  renew(): Promise<Pem> {
    return writePair(this.#folder, this.authority)
  }

  /** Puts a key there that does not belong to the certificate. */
  async breakKey(): Promise<void> {
    const other = await issuedBy(this.authority, [NAME], 2)
    writeFileSync(join(this.#folder, 'key.pem'), other.key)
  }

  /** A TLS connection, verified; errors are for whoever waits for its close. */
  reach(options: Reach = {}): TLSSocket {
    const { port, authority } = this
    const all = { host: '127.0.0.1', port, servername: NAME, ca: authority.cert, ...options }
    return connect(all).on('error', () => undefined)
  }

  /** A connection that speaks no TLS by itself. */
  reachPlain(localAddress = '127.0.0.1'): Socket {
    const { port } = this
    return connectPlain({ host: '127.0.0.1', port, localAddress }).on('error', () => undefined)
  }

  /** One request on a connection of its own. */
  get(path: string, options: Reach = {}): Promise<{ status: number | null; body: string }> {
    const socket = this.reach(options)
    socket.write(`GET ${path} HTTP/1.1\r\nHost: ${NAME}\r\nConnection: close\r\n\r\n`)
    return answerOn(socket)
  }

  /** Sockets of connections to us that the process has now, to what is behind the edge as well. */
  get connections(): number {
    const { golive, port, httpPort } = this
    return connectionsAt(golive.pid, [port, httpPort, golive.port])
  }

  get residentMegabytes(): number {
    const status = readFileSync(`/proc/${this.golive.pid}/status`, 'utf8')
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1024
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.golive[Symbol.asyncDispose]()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

const writePair = async (folder: string, authority: Pem): Promise<Pem> => {
  const pem = await issuedBy(authority, [NAME], 2)
  writeFileSync(join(folder, 'key.pem'), pem.key, { mode: 0o600 })
  writeFileSync(join(folder, 'cert.pem'), pem.cert)
  return pem
}

/** All that came until the other side closed: nothing, when it had closed before. */
export const lastBytes = (socket: Socket): Promise<Buffer> =>
  new Promise((done) => {
    const parts: Buffer[] = []
    if (socket.closed) done(Buffer.alloc(0))
    socket.on('data', (part: Buffer) => parts.push(part))
    socket.on('close', () => done(Buffer.concat(parts)))
  })

/** The answer on a connection that the server closes after it. */
export const answerOn = async (
  socket: Socket,
): Promise<{ status: number | null; body: string }> => {
  const text = (await lastBytes(socket)).toString('latin1')
  const status = /^HTTP\/1\.1 (\d{3})/.exec(text)
  return {
    status: status ? Number(status[1]) : null,
    body: text.slice(text.indexOf('\r\n\r\n') + 4),
  }
}
