import { mkdirSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import type { AgentOrder, AgentWord, StaticAnswer, Trust } from './lab-orders.ts'
import { within } from './wait.ts'

const ANSWER_MS = 30_000
const RUN_MS = 20_000

interface FetchAnswer {
  status: number
  headers: Record<string, string>
  body: string
}

type Waiting = PromiseWithResolvers<unknown>

/** One machine of a lab: a network namespace, with a program in it that does what tests ask for. */
export class Machine {
  readonly namespace: string
  readonly address: string
  /** certificate authority that its fetches believe, PEM; none: those that this machine believes */
  trust: Trust = {}
  readonly #waiting = new Map<number, Waiting>()
  readonly #sockets = new Map<number, MachineSocket>()
  #agent: Bun.Subprocess<'pipe', 'pipe', 'inherit'> | null = null
  #orders = 0

  constructor(namespace: string, address: string) {
    this.namespace = namespace
    this.address = address
  }

  /** What a command line begins with that is to run in this machine. */
  get prefix(): string[] {
    return ['ip', 'netns', 'exec', this.namespace]
  }

  /** What its programs find names by; what is not among them does not exist. */
  setHosts(names: Record<string, string>): void {
    const folder = `/etc/netns/${this.namespace}`
    mkdirSync(folder, { recursive: true })
    const lines = Object.entries(names).map(([name, address]) => `${address} ${name}\n`)
    writeFileSync(`${folder}/hosts`, `127.0.0.1 localhost\n${lines.join('')}`)
    // Nobody listens there: a name that is not among the hosts is refused at once.
    writeFileSync(`${folder}/resolv.conf`, 'nameserver 127.0.0.1\noptions timeout:1 attempts:1\n')
  }

  /** Runs a command in it to its end. @returns what it printed @throws when it failed */
  async run(...argv: string[]): Promise<string> {
    return runCommand([...this.prefix, ...argv])
  }

  /**
   * A firewall between it and the others, by conditions of nft such as `udp dport 7882`: what they say
   * gets neither out nor back in, and nobody is told. `unwall` forgets all.
   */
  async wall(...conditions: string[]): Promise<void> {
    const rules = conditions.flatMap((one) => [
      `add rule netdev wall out ${one} drop\n`,
      `add rule netdev wall in ${one.replace(' dport ', ' sport ')} drop\n`,
    ])
    const chain = (name: string, hook: string) =>
      `add chain netdev wall ${name} { type filter hook ${hook} device eth0 priority 0; }
      flush chain netdev wall ${name}\n`
    const chains = chain('out', 'egress') + chain('in', 'ingress')
    const text = `add table netdev wall\n${chains}${rules.join('')}`
    await runCommand([...this.prefix, 'nft', '-f', '-'], text)
  }

  async unwall(): Promise<void> {
    await this.wall()
  }

  /**
   * Drops packets that go out, as a rule of that machine itself, which tells its programs that they may
   * not send. By conditions as for `wall`; `unblock` forgets all.
   */
  async block(...conditions: string[]): Promise<void> {
    const rules = conditions.map((one) => `add rule inet lab out ${one} drop\n`)
    const table =
      'add table inet lab\nadd chain inet lab out { type filter hook output priority 0; }\n'
    const text = `${table}flush chain inet lab out\n${rules.join('')}`
    await runCommand([...this.prefix, 'nft', '-f', '-'], text)
  }

  async unblock(): Promise<void> {
    await this.block()
  }

  /** A request from inside, as `fetch`; redirects are not followed. */
  fetch = async (url: string, init: RequestInit = {}, trust = this.trust): Promise<Response> => {
    const { method = 'GET', headers, body } = init
    const order = {
      ask: 'fetch',
      url,
      init: { method, headers: Object.fromEntries(new Headers(headers)), body: body as string },
      trust,
    } as const
    const answer = (await this.ask(order)) as FetchAnswer
    const none = [204, 304].includes(answer.status)
    return new Response(none ? null : answer.body, answer)
  }

  /** Serves files or other fixed answers from inside. @returns the port */
  serve(
    answers: Record<string, StaticAnswer>,
    where: { host?: string; port?: number; tls?: { cert: string; key: string } } = {},
  ): Promise<number> {
    const { host = '127.0.0.1', port = 0, tls = null } = where
    return this.ask({ ask: 'serve', answers, host, port, tls }) as Promise<number>
  }

  /** Opens a WebSocket from inside. @throws when it cannot be */
  async open(url: string, trust = this.trust): Promise<MachineSocket> {
    const number = ++this.#orders
    const socket = new MachineSocket(this, number)
    this.#sockets.set(number, socket)
    await this.ask({ ask: 'open', socket: number, url, trust })
    return socket
  }

  /** Sends bytes over a new connection, TLS or not. @returns what came first, nothing when it closed */
  async exchange(
    port: number,
    bytes: Uint8Array,
    to: { host: string; tls: (Trust & { servername: string }) | null },
  ): Promise<{ bytes: Buffer; closed: boolean }> {
    const base64 = Buffer.from(bytes).toString('base64')
    const answer = await this.ask({ ask: 'exchange', port, base64, ...to })
    const { base64: came, closed } = answer as { base64: string; closed: boolean }
    return { bytes: Buffer.from(came, 'base64'), closed }
  }

  /** @throws what went wrong inside */
  async ask(order: AgentOrder): Promise<unknown> {
    const id = ++this.#orders
    const waiting = Promise.withResolvers<unknown>()
    this.#waiting.set(id, waiting)
    const agent = this.#ensureAgent()
    agent.stdin.write(`${JSON.stringify({ id, ...order })}\n`)
    await agent.stdin.flush()
    return within(`${this.namespace} to ${order.ask}`, ANSWER_MS, waiting.promise).finally(() =>
      this.#waiting.delete(id),
    )
  }

  async stop(): Promise<void> {
    await this.#agent?.stdin.end()
    await this.#agent?.exited
  }

  #ensureAgent(): Bun.Subprocess<'pipe', 'pipe', 'inherit'> {
    if (this.#agent) return this.#agent
    const script = new URL('./lab-agent.ts', import.meta.url).pathname
    const agent = Bun.spawn([...this.prefix, process.execPath, script], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    this.#agent = agent
    void this.#listen(agent.stdout)
    return agent
  }

  async #listen(stream: ReadableStream<Uint8Array>): Promise<void> {
    const input = Readable.fromWeb(stream as unknown as import('node:stream/web').ReadableStream)
    for await (const line of createInterface({ input })) this.#take(JSON.parse(line) as AgentWord)
    for (const { reject } of this.#waiting.values())
      reject(new Error(`the program in ${this.namespace} ended`))
  }

  #take(word: AgentWord): void {
    if ('socket' in word) {
      this.#sockets.get(word.socket)?.take(word)
      return
    }
    const waiting = this.#waiting.get(word.id)
    if ('error' in word) waiting?.reject(new Error(word.error))
    else waiting?.resolve(word.value)
  }
}

/** A WebSocket that is open inside of a machine. */
export class MachineSocket {
  onText: (text: string) => void = () => undefined
  /** Binary messages so far. */
  readonly received: Buffer[] = []
  closed: number | null = null
  readonly #machine: Machine
  readonly #number: number

  constructor(machine: Machine, number: number) {
    this.#machine = machine
    this.#number = number
  }

  send(text: string): Promise<unknown> {
    return this.#machine.ask({ ask: 'send', socket: this.#number, text })
  }

  close(): Promise<unknown> {
    return this.#machine.ask({ ask: 'close', socket: this.#number })
  }

  take(word: { text: string } | { base64: string } | { closed: number }): void {
    if ('text' in word) this.onText(word.text)
    else if ('base64' in word) this.received.push(Buffer.from(word.base64, 'base64'))
    else this.closed = word.closed
  }
}

/** @returns what it printed @throws when it failed, with what it said */
export const runCommand = async (argv: string[], input = ''): Promise<string> => {
  const child = Bun.spawn(argv, {
    stdio: [new Blob([input]), 'pipe', 'pipe'],
    timeout: RUN_MS,
    killSignal: 'SIGKILL',
  })
  const [out, error, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ])
  if (code !== 0) throw new Error(`${argv.join(' ')} ended with ${code}: ${error}`)
  return out
}
