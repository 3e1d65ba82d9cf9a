import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { AcmeFront } from './acme-front.ts'
import { type GoLive, startGolive } from './golive.ts'
import { Pebble, type PebbleOptions } from './pebble.ts'
import { freePorts } from './ports.ts'
import { until } from './wait.ts'

/** The name that certificates are for; its only address is loopback. */
export const CERTIFIED_NAME = 'live.example.com'

/** What `golive status --json` tells of the certificate. */
export interface CertificateStatus {
  names: string[]
  issuer: string
  not_after: string
  temporary: boolean
  last_error: string | null
  next_attempt: string | null
}

type Status = {
  certificate: CertificateStatus
  warnings: { code: string; message: string; hint: string }[]
}

/** A certificate authority, the road to it, and the ports for a server that asks it; on loopback. */
export class Certified implements AsyncDisposable {
  readonly folder: string
  readonly dataDir: string
  readonly pebble: Pebble
  readonly front: AcmeFront
  readonly httpsPort: number
  readonly httpPort: number

  private constructor(folder: string, pebble: Pebble, front: AcmeFront, ports: number[]) {
    this.folder = folder
    this.dataDir = join(folder, 'data')
    this.pebble = pebble
    this.front = front
    this.httpsPort = ports[0] as number
    this.httpPort = ports[1] as number
  }

  static async create(options: PebbleOptions = {}): Promise<Certified> {
    const folder = mkdtempSync(join(tmpdir(), 'golive-certified-'))
    const ports = await freePorts(3)
    const [tlsPort, httpPort, frontPort] = ports as [number, number, number]
    const pebble = await Pebble.here(folder, { tlsPort, httpPort, ...options })
    const front = await AcmeFront.open(pebble, frontPort)
    const all = new Certified(folder, pebble, front, ports)
    await pebble.start({ [CERTIFIED_NAME]: '127.0.0.1' })
    return all
  }

  /** A server that asks this authority; answers once it listens, with whatever certificate. */
  start(tls: Record<string, unknown> = {}): Promise<GoLive> {
    return startGolive({
      dataDir: this.dataDir,
      config: {
        livekit: { node_ip: '127.0.0.1' },
        tls: {
          mode: 'domain',
          domain: CERTIFIED_NAME,
          email: 'ops@example.com',
          host: '127.0.0.1',
          https_port: this.httpsPort,
          http_port: this.httpPort,
          acme_directory: this.front.directory,
          acme_root: this.pebble.rootFile,
          ...tls,
        },
      },
      inside: {
        prefix: [],
        url: `https://${CERTIFIED_NAME}:${this.httpsPort}`,
        fetch,
        isReady: async () => (await this.shown()).length > 0,
      },
    })
  }

  /** PEM of the certificate that a client gets to see now; with `ca` only one that it believes. */
  shown(ca?: string): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    const socket = connect({
      host: '127.0.0.1',
      port: this.httpsPort,
      servername: CERTIFIED_NAME,
      ...(ca === undefined ? { rejectUnauthorized: false } : { ca }),
    })
    socket.once('error', reject)
    socket.once('secureConnect', () => {
      resolve(socket.getPeerX509Certificate()?.toString() ?? '')
      socket.destroy()
    })
    return promise
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.front[Symbol.asyncDispose]()
    await this.pebble.stop()
    rmSync(this.folder, { recursive: true, force: true })
  }
}

export const statusOf = async (golive: GoLive): Promise<Status> =>
  (await golive.status()) as unknown as Status

/** @param isIt what is waited for */
export const untilCertificate = (
  golive: GoLive,
  what: string,
  isIt: (certificate: CertificateStatus) => boolean,
  timeoutMs = 60_000,
): Promise<Status> =>
  until(
    what,
    async () => {
      const status = await statusOf(golive)
      if (isIt(status.certificate)) return status
      throw new Error(JSON.stringify(status.certificate))
    },
    { timeoutMs, everyMs: 250 },
  )

/** The first try may be one of the few that find no end of rejected nonces; the next is a minute later. */
const TWO_TRIES_MS = 150_000

export const untilIssued = (golive: GoLive, timeoutMs = TWO_TRIES_MS): Promise<Status> =>
  untilCertificate(golive, 'a certificate is issued', ({ temporary }) => !temporary, timeoutMs)
