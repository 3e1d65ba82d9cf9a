import { Webhook as Verifier } from 'standardwebhooks'
import { until } from './wait.ts'

/** One request that came to the receiver. */
export interface Received {
  id: string
  /** seconds */
  timestamp: number
  signature: string
  agent: string
  text: string
  // biome-ignore lint/suspicious/noExplicitAny: each test knows what it was sent
  body: any
  /** what it was answered with; null where it was not */
  status: number | null
}

type Behaviour = (received: Received) => Response | Promise<Response>

const taken: Behaviour = () => new Response('ok')

/** An endpoint of a tenant's on this machine: keeps what came, answers as it is told. */
export class WebhookReceiver implements Disposable {
  readonly all: Received[] = []
  answer: Behaviour = taken
  /** how many requests at once there were at most */
  mostAtOnce = 0
  #atOnce = 0
  #server: Bun.Server<undefined> | null = null
  readonly #port: number
  readonly #host: string

  constructor(port = 0, host = '127.0.0.1') {
    this.#host = host
    this.#server = this.#serve(port)
    this.#port = this.#server.port as number
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/hook?key=in-the-url`
  }

  /** Those that were taken. */
  get arrived(): Received[] {
    return this.all.filter(({ status }) => status !== null && status < 300)
  }

  /** The numbers of what was taken, each once, in the order of the first time. */
  get seqs(): number[] {
    return [...new Set(this.arrived.map(({ body }) => body.seq as number))]
  }

  async until(what: string, holds: (receiver: this) => boolean, timeoutMs = 20_000): Promise<void> {
    await until(what, () => holds(this), { timeoutMs, everyMs: 5 }).catch((error) => {
      throw new Error(`${error.message}: got ${JSON.stringify(this.seqs)} of ${this.all.length}`)
    })
  }

  taking(): void {
    this.answer = taken
  }

  failing(status: number, headers: Record<string, string> = {}): void {
    this.answer = () => new Response('no', { status, headers })
  }

  /** Nobody listens any more. */
  async down(): Promise<void> {
    await this.#server?.stop(true)
    this.#server = null
  }

  /** Listens again, at the same port. */
  up(): void {
    this.#server = this.#serve(this.#port)
  }

  #serve(port: number): Bun.Server<undefined> {
    return Bun.serve({
      port,
      hostname: this.#host,
      idleTimeout: 60,
      fetch: (request) => this.#receive(request),
    })
  }

  async #receive(request: Request): Promise<Response> {
    this.mostAtOnce = Math.max(this.mostAtOnce, ++this.#atOnce)
    const text = await request.text()
    const header = (name: string) => request.headers.get(name) ?? ''
    const received: Received = {
      id: header('webhook-id'),
      timestamp: Number(header('webhook-timestamp')),
      signature: header('webhook-signature'),
      agent: header('user-agent'),
      text,
      body: JSON.parse(text),
      status: null,
    }
    this.all.push(received)
    try {
      const response = await this.answer(received)
      received.status = response.status
      return response
    } finally {
      this.#atOnce--
    }
  }

  [Symbol.dispose](): void {
    void this.#server?.stop(true)
  }
}

/** As a tenant's backend does it, but at the time that the message says. */
export const verifies = (secret: string, { id, timestamp, signature, text }: Received): boolean => {
  const headers = {
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': signature,
  }
  const now = Date.now
  Date.now = () => timestamp * 1000
  try {
    new Verifier(secret).verify(text, headers)
    return true
  } catch {
    return false
  } finally {
    Date.now = now
  }
}
