import { createSecureContext } from 'node:tls'
import { sleep } from '../lib/clock.ts'
import type { Logger } from '../lib/log.ts'
import { ClientAddresses } from './client-addresses.ts'
import type { EdgeCounts, EdgeOptions, Pem } from './edge.ts'
import type { Answer, Order } from './edge-messages.ts'

/** The edge could not do it; `code` is the operating system's, such as EADDRINUSE. */
class EdgeError extends Error {
  override name = 'EdgeError'
  readonly code: string | null

  constructor(message: string, code: string | null) {
    super(message)
    this.code = code
  }
}

const ANSWER_MS = 10_000
const RETRY_MS = 500
/** of orders whose outcome nobody waits for */
const UNANSWERED = -1
const NOT_RUNNING = { message: 'the TLS port is not served', code: null }
const SILENT = { message: 'the thread that serves the TLS port does not answer', code: null }

interface Waiting {
  resolve: (answer: Answer) => void
  reject: (error: Error) => void
  timer: Timer
}

/** The main thread's side of the edge. Should its thread die, it is started again as it was. */
export class EdgeHost {
  readonly #options: EdgeOptions
  readonly #log: Logger
  readonly #script: string
  readonly #clients = new ClientAddresses()
  readonly #waiting = new Map<number, Waiting>()
  readonly #people = new Map<string, number>()
  #worker: Worker | null = null
  #pem: Pem
  #nextId = 0
  /** it listens */
  #isUp = false
  #isStopped = false

  /** @param script where the thread's program is: the executable knows it by another address */
  constructor(options: EdgeOptions, pem: Pem, log: Logger, script: string) {
    this.#options = options
    this.#pem = pem
    this.#log = log
    this.#script = script
  }

  /** @throws EdgeError with EADDRINUSE or EACCES when it cannot listen */
  start(): Promise<void> {
    return this.#launch()
  }

  /** For new connections. @throws when key and certificate do not fit; the one before stays */
  async setCertificate(pem: Pem): Promise<void> {
    if (this.#isUp) await this.#ask({ ask: 'certificate', pem })
    else createSecureContext({ cert: pem.cert, key: pem.key })
    this.#pem = pem
  }

  /** What a certificate authority gets that asks for this name by TLS-ALPN-01; null takes it away. */
  async setChallenge(name: string, pem: Pem | null): Promise<void> {
    await this.#ask({ ask: 'challenge', name, pem })
  }

  /** Somebody at this address is in a call: their TURN connections are let through. */
  admit(address: string): void {
    this.#people.set(address, (this.#people.get(address) ?? 0) + 1)
    this.#tell({ ask: 'people', address, by: 1 })
  }

  release(address: string): void {
    const left = (this.#people.get(address) ?? 0) - 1
    if (left > 0) this.#people.set(address, left)
    else this.#people.delete(address)
    this.#tell({ ask: 'people', address, by: -1 })
  }

  /** Who is behind a connection that reached us from this loopback port; null when not the edge. */
  addressOf(port: number): string | null {
    return this.#clients.get(port)
  }

  /** Somebody showed a valid token or secret on it: it no longer has to go for a newer one. */
  prove(port: number): void {
    if (this.#clients.get(port) !== null) this.#clients.prove(port)
  }

  async counts(): Promise<EdgeCounts> {
    const { counts } = await this.#ask({ ask: 'counts' })
    if (!counts) throw new EdgeError(SILENT.message, null)
    return counts
  }

  /** No new connections. Those that are open end with the process, or when the other side closes. */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#isUp = false
    await this.#ask({ ask: 'stop' }).catch(() => undefined)
  }

  /** Ends the thread with all its connections. */
  terminate(): void {
    this.#isStopped = true
    this.#isUp = false
    this.#forget()
  }

  async #launch(): Promise<void> {
    const worker = new Worker(this.#script)
    worker.onmessage = ({ data }: MessageEvent<Answer>) => this.#settle(data)
    worker.addEventListener('error', ({ message }) => this.#died(worker, message))
    worker.addEventListener('close', () => this.#died(worker, 'it ended'))
    this.#worker = worker
    const { memory } = this.#clients
    const pem = this.#pem
    await this.#ask({ ask: 'start', options: this.#options, memory, pem })
    this.#isUp = true
    if (this.#pem !== pem) this.#tell({ ask: 'certificate', pem: this.#pem })
    for (const [address, count] of this.#people)
      for (let i = 0; i < count; i++) this.#tell({ ask: 'people', address, by: 1 })
  }

  #died(worker: Worker, message: string): void {
    if (this.#worker !== worker) return
    this.#forget()
    if (!this.#isUp) return
    this.#isUp = false
    // The message shows the code around the place, too.
    const reason = message.split('\n').find((line) => line.includes('Error')) ?? message
    this.#log.error({ reason }, 'the thread that serves the TLS port died; starting another')
    void this.#launchAgain()
  }

  /** Its connections are gone with it. */
  #forget(): void {
    this.#worker?.terminate()
    this.#worker = null
    this.#clients.clear()
    for (const id of [...this.#waiting.keys()]) this.#settle({ id, error: NOT_RUNNING })
  }

  async #launchAgain(): Promise<void> {
    while (!this.#isStopped) {
      try {
        await this.#launch()
        return
      } catch (error) {
        this.#log.error({ err: error }, 'the TLS port cannot be served; trying again')
        this.#forget()
      }
      await sleep(RETRY_MS)
    }
  }

  /** A thread that is only starting is told all when it is up. */
  #tell(order: Order): void {
    if (this.#isUp) this.#worker?.postMessage({ id: UNANSWERED, ...order })
  }

  #ask(order: Order): Promise<Answer> {
    const id = this.#nextId++
    return new Promise((resolve, reject) => {
      const late = () => this.#settle({ id, error: SILENT })
      this.#waiting.set(id, { resolve, reject, timer: setTimeout(late, ANSWER_MS) })
      if (this.#worker) this.#worker.postMessage({ id, ...order })
      else this.#settle({ id, error: NOT_RUNNING })
    })
  }

  #settle(answer: Answer): void {
    const waiting = this.#waiting.get(answer.id)
    if (!waiting) return
    this.#waiting.delete(answer.id)
    clearTimeout(waiting.timer)
    if (answer.error) waiting.reject(new EdgeError(answer.error.message, answer.error.code))
    else waiting.resolve(answer)
  }
}
