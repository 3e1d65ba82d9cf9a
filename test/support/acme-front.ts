import { readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import { text } from 'node:stream/consumers'
import type { Pebble } from './pebble.ts'

/** What a request asked for: its path, and what was signed in it. */
export interface Asked {
  method: string
  path: string
  payload: Record<string, unknown> | null
  /** milliseconds */
  at: number
}

/** The authority refuses some good ones on purpose; the same is then sent again. */
const BAD_NONCE = 'urn:ietf:params:acme:error:badNonce'

interface Answer {
  status: number
  headers?: Record<string, string>
  body?: string
}

/** Instead of the authority's answer: another one, or none, or one that is lost on its way back. */
export type Mishap = Answer | 'silence' | 'lost' | null

/** A road to a certificate authority on which requests are written down, and may come to harm. */
export class AcmeFront implements AsyncDisposable {
  readonly asked: Asked[] = []
  /** New orders that got an answer to the point, or none. */
  readonly orders: Record<string, unknown>[] = []
  /** Decides of each request what becomes of it; null: it is answered. */
  mishap: (asked: Asked) => Mishap = () => null
  readonly #pebble: Pebble
  readonly #port: number
  readonly #server: Server

  private constructor(pebble: Pebble, port: number) {
    this.#pebble = pebble
    this.#port = port
    const pair = { cert: readFileSync(pebble.certFile), key: readFileSync(pebble.keyFile) }
    this.#server = createServer(pair, (request, response) => {
      this.#answer(request, response).catch(() => request.socket.destroy())
    })
  }

  static async open(pebble: Pebble, port: number): Promise<AcmeFront> {
    const front = new AcmeFront(pebble, port)
    const { promise, resolve } = Promise.withResolvers<void>()
    front.#server.listen(port, '127.0.0.1', resolve)
    await promise
    return front
  }

  get directory(): string {
    return `https://127.0.0.1:${this.#port}/dir`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close()
    this.#server.closeAllConnections()
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request)
    const { method = 'GET', url: path = '/' } = request
    const asked = { method, path, payload: payloadOf(body), at: Date.now() }
    const mishap = this.mishap(asked)
    this.asked.push(asked)
    const answer =
      mishap === null || mishap === 'lost' ? await this.#forward(request, path, body) : mishap
    const isOrder = path.endsWith('/order-plz') && asked.payload !== null
    if (isOrder && !(answer !== 'silence' && answer.body?.includes(BAD_NONCE)))
      this.orders.push(asked.payload as Record<string, unknown>)
    if (mishap === 'lost') request.socket.destroy()
    else if (answer !== 'silence') send(response, answer)
  }

  /** Under the host that was asked: it is part of what is signed, and of the addresses that are answered. */
  async #forward(
    { method = 'GET', headers }: IncomingMessage,
    path: string,
    body: string,
  ): Promise<Answer> {
    const answer = await fetch(new URL(path, this.#pebble.directory), {
      method,
      headers: { host: headers.host ?? '', 'content-type': headers['content-type'] ?? '' },
      ...(method === 'POST' ? { body } : {}),
      keepalive: false,
      tls: { rejectUnauthorized: false },
    })
    const { 'content-length': _, ...kept } = Object.fromEntries(answer.headers)
    return { status: answer.status, headers: kept, body: await answer.text() }
  }
}

const send = (response: ServerResponse, { status, headers = {}, body = '' }: Answer): void => {
  response.writeHead(status, { ...headers, connection: 'close' }).end(body)
}

const payloadOf = (body: string): Asked['payload'] => {
  if (body === '') return null
  const { payload } = JSON.parse(body) as { payload: string }
  return payload === '' ? null : JSON.parse(Buffer.from(payload, 'base64url').toString())
}
