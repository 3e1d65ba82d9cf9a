import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { issuedBy, newAuthority } from '../../src/tls/x509.ts'
import type { Machine } from './lab-machine.ts'
import { LineLog } from './line-log.ts'
import { freePorts } from './ports.ts'
import { until } from './wait.ts'

export interface PebbleOptions {
  /** Life of what it issues, in seconds. */
  lifeSeconds?: number
  /** Ports on which it looks for proofs; default 443 and 80. */
  tlsPort?: number
  httpPort?: number
  /** Percent of good nonces that it refuses all the same; default 20. */
  nonceReject?: number
  /** Percent of orders for which it takes an earlier proof; default 50. */
  proofReuse?: number
  /** Of its own and its name server's: where it shares a machine with others. */
  ports?: Ports
}

type Ports = [number, number, number, number]

/** For ACME, its management, its name server, and that one's management. */
const PORTS: Ports = [14000, 15000, 8053, 8055]

/** This machine itself, for tests that need no other one. */
const HERE: Pick<Machine, 'prefix' | 'fetch'> = {
  prefix: [],
  fetch: (url, init) =>
    fetch(url, { ...init, keepalive: false, tls: { rejectUnauthorized: false } }),
}

/** Let's Encrypt's own small certificate authority for tests, with a name server that says what it is told. */
export class Pebble implements AsyncDisposable {
  readonly directory: string
  /** PEM file of the authority that Pebble itself is reached by. */
  readonly rootFile: string
  /** What it shows itself, for who stands in front of it. */
  readonly certFile: string
  readonly keyFile: string
  readonly log = new LineLog()
  readonly #machine: Pick<Machine, 'prefix' | 'fetch'>
  readonly #folder: string
  readonly #options: PebbleOptions
  readonly #ports: Ports
  #processes: Bun.Subprocess[] = []

  private constructor(
    machine: Pick<Machine, 'prefix' | 'fetch'>,
    name: string,
    folder: string,
    options: PebbleOptions,
  ) {
    this.#machine = machine
    this.#ports = options.ports ?? PORTS
    this.#folder = join(folder, 'pebble')
    this.#options = options
    this.directory = `https://${name}:${this.#ports[0]}/dir`
    this.rootFile = join(this.#folder, 'root.pem')
    this.certFile = join(this.#folder, 'cert.pem')
    this.keyFile = join(this.#folder, 'key.pem')
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

  /** One on loopback, on ports that are free; beside others. */
  static async here(folder: string, options: PebbleOptions = {}): Promise<Pebble> {
    const ports = (await freePorts(4)) as Ports
    const pebble = new Pebble(HERE, '127.0.0.1', folder, { ...options, ports })
    await pebble.#prepare('localhost')
    return pebble
  }

  /** @param names what its name server says, address by name; other names have none */
  async start(names: Record<string, string>): Promise<void> {
    const [, , dnsPort, dnsManagementPort] = this.#ports
    const dns = [
      ...[`-dnsserver=127.0.0.1:${dnsPort}`, `-management=127.0.0.1:${dnsManagementPort}`],
      ...['-defaultIPv4=', '-defaultIPv6=', '-http01=', '-https01=', '-tlsalpn01=', '-doh='],
    ]
    this.#spawn(pebbleProgram('pebble-challtestsrv'), dns)
    const config = join(this.#folder, 'config.json')
    this.#spawn(pebbleProgram('pebble'), [`-config=${config}`, `-dnsserver=127.0.0.1:${dnsPort}`])
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
      const url = `http://127.0.0.1:${this.#ports[3]}${path}`
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

  /** What it answers from now on when it is asked when to renew this certificate. */
  async setRenewalWindow(certificate: string, start: Date, end: Date): Promise<void> {
    const ARIResponse = JSON.stringify({ suggestedWindow: { start, end } })
    const answer = await this.#manage('/set-renewal-info/', {
      method: 'POST',
      body: JSON.stringify({ certificate, ARIResponse }),
    })
    if (!answer.ok) throw new Error(`Pebble answered ${answer.status} ${await answer.text()}`)
  }

  #manage(path: string, init: RequestInit = {}): Promise<Response> {
    const url = `https://127.0.0.1:${this.#ports[1]}${path}`
    return this.#machine.fetch(url, init, { anything: true })
  }

  async #prepare(name: string): Promise<void> {
    mkdirSync(this.#folder, { recursive: true })
    const authority = await newAuthority('root of the test authority', 2)
    const { cert, key } = await issuedBy(authority, [name, '127.0.0.1'], 2)
    writeFileSync(this.rootFile, authority.cert)
    writeFileSync(this.certFile, cert)
    writeFileSync(this.keyFile, key)
    const validityPeriod = this.#options.lifeSeconds ?? 90 * 86_400
    const profile = { description: 'for tests', validityPeriod }
    const [port, managementPort] = this.#ports
    const pebble = {
      listenAddress: `${this.#machine === HERE ? '127.0.0.1' : '0.0.0.0'}:${port}`,
      managementListenAddress: `127.0.0.1:${managementPort}`,
      certificate: this.certFile,
      privateKey: this.keyFile,
      httpPort: this.#options.httpPort ?? 80,
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
      PEBBLE_AUTHZREUSE: String(this.#options.proofReuse ?? 50),
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
