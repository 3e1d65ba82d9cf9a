import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { issuedBy, newAuthority } from '../../src/tls/x509.ts'
import type { Machine } from './lab-machine.ts'
import { LineLog } from './line-log.ts'
import { until } from './wait.ts'

export interface PebbleOptions {
  /** Life of what it issues, in seconds. */
  lifeSeconds?: number
  /** Port on which it looks for proofs over TLS; default 443. */
  tlsPort?: number
  /** Percent of good nonces that it refuses all the same; default 20. */
  nonceReject?: number
}

const PORT = 14000
const MANAGEMENT_PORT = 15000
const DNS_PORT = 8053
const DNS_MANAGEMENT_PORT = 8055

/** Let's Encrypt's own small certificate authority for tests, with a name server that says what it is told. */
export class Pebble implements AsyncDisposable {
  readonly directory: string
  /** PEM file of the authority that Pebble itself is reached by. */
  readonly rootFile: string
  readonly log = new LineLog()
  readonly #machine: Machine
  readonly #folder: string
  readonly #options: PebbleOptions
  #processes: Bun.Subprocess[] = []

  private constructor(machine: Machine, name: string, folder: string, options: PebbleOptions) {
    this.#machine = machine
    this.#folder = join(folder, 'pebble')
    this.#options = options
    this.directory = `https://${name}:${PORT}/dir`
    this.rootFile = join(this.#folder, 'root.pem')
  }

  /**
   * Makes what it needs; `start` starts it.
   * @param name by which others reach that machine
   * @param folder is removed by the caller
   */
  static async create(
    machine: Machine,
    { name, folder }: { name: string; folder: string },
    options: PebbleOptions = {},
  ): Promise<Pebble> {
    const pebble = new Pebble(machine, name, folder, options)
    await pebble.#prepare(name)
    return pebble
  }

  /** @param names what its name server says, address by name; other names have none */
  async start(names: Record<string, string>): Promise<void> {
    const dns = [
      ...[`-dnsserver=127.0.0.1:${DNS_PORT}`, `-management=127.0.0.1:${DNS_MANAGEMENT_PORT}`],
      ...['-defaultIPv4=', '-defaultIPv6=', '-http01=', '-https01=', '-tlsalpn01=', '-doh='],
    ]
    this.#spawn(pebbleProgram('pebble-challtestsrv'), dns)
    const config = join(this.#folder, 'config.json')
    this.#spawn(pebbleProgram('pebble'), [`-config=${config}`, `-dnsserver=127.0.0.1:${DNS_PORT}`])
    const ready = async () => {
      for (const [host, address] of Object.entries(names)) await this.setAddress(host, address)
      return (await this.#manage('/roots/0')).ok
    }
    await until('Pebble is ready', ready, { everyMs: 50 })
  }

  /** What its name server says from now on. */
  async setAddress(host: string, address: string): Promise<void> {
    for (const [path, body] of [
      ['/clear-a', { host }],
      ['/add-a', { host, addresses: [address] }],
    ] as const) {
      const url = `http://127.0.0.1:${DNS_MANAGEMENT_PORT}${path}`
      const answer = await this.#machine.fetch(url, { method: 'POST', body: JSON.stringify(body) })
      if (!answer.ok) throw new Error(`the name server answered ${answer.status} to ${path}`)
    }
  }

  /** PEM of the root of what it issues; another one after each start. */
  async issuingRoot(): Promise<string> {
    return (await this.#manage('/roots/0')).text()
  }

  async stop(): Promise<void> {
    for (const child of this.#processes) child.kill('SIGKILL')
    await Promise.all(this.#processes.map((child) => child.exited))
    this.#processes = []
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  #manage(path: string): Promise<Response> {
    return this.#machine.fetch(
      `https://127.0.0.1:${MANAGEMENT_PORT}${path}`,
      {},
      { anything: true },
    )
  }

  async #prepare(name: string): Promise<void> {
    mkdirSync(this.#folder, { recursive: true })
    const authority = await newAuthority('root of the test authority', 2)
    const { cert, key } = await issuedBy(authority, [name, '127.0.0.1'], 2)
    writeFileSync(this.rootFile, authority.cert)
    writeFileSync(join(this.#folder, 'cert.pem'), cert)
    writeFileSync(join(this.#folder, 'key.pem'), key)
    const validityPeriod = this.#options.lifeSeconds ?? 90 * 86_400
    const profile = { description: 'for tests', validityPeriod }
    const pebble = {
      listenAddress: `0.0.0.0:${PORT}`,
      managementListenAddress: `127.0.0.1:${MANAGEMENT_PORT}`,
      certificate: join(this.#folder, 'cert.pem'),
      privateKey: join(this.#folder, 'key.pem'),
      httpPort: 80,
      tlsPort: this.#options.tlsPort ?? 443,
      ocspResponderURL: '',
      externalAccountBindingRequired: false,
      retryAfter: { authz: 1, order: 1 },
      keyAlgorithm: 'ecdsa',
      profiles: { tlsserver: profile, shortlived: profile },
    }
    writeFileSync(join(this.#folder, 'config.json'), JSON.stringify({ pebble }))
  }

  #spawn(program: string, args: string[]): void {
    const env = {
      PATH: process.env.PATH ?? '',
      PEBBLE_VA_NOSLEEP: '1',
      PEBBLE_WFE_NONCEREJECT: String(this.#options.nonceReject ?? 20),
    }
    const child = Bun.spawn([...this.#machine.prefix, program, ...args], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    void this.log.follow(child.stdout)
    void this.log.follow(child.stderr)
    this.#processes.push(child)
  }
}

/** Built by scripts/test into the cache, from the Go module proxy. @throws when it is not there */
const pebbleProgram = (name: string): string => {
  const folder = process.env.PEBBLE
  if (!folder) throw new Error('PEBBLE names no folder with pebble: start with scripts/test')
  return join(folder, name)
}
