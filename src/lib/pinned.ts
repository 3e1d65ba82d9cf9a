import http from 'node:http'
import https from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { hostOf } from './targets.ts'

export interface Answered {
  status: number
  retryAfter: string | undefined
  /** how its body begins */
  excerpt: string
}

interface Post {
  headers: Record<string, string>
  body: string
  timeoutMs: number
}

const MOST_EXCERPT_BYTES = 1024
/** Of the addresses of a name the next is tried when this one cannot be connected to. */
const UNREACHABLE = new Set(['ECONNREFUSED', 'ENETUNREACH', 'EHOSTUNREACH', 'EADDRNOTAVAIL'])

/**
 * Posts to a URL at addresses that were found and checked before: its name is not looked up again.
 * TLS is asked for, and the certificate compared with, the name. Nothing is followed.
 */
export class PinnedConnection {
  readonly #url: URL
  /** the one that answers first */
  #addresses: string[]
  readonly #ca: string | undefined
  /** For one address: what waits in an agent is connected with the options of whoever was before. */
  #agent: http.Agent

  /** @param ca a root certificate to trust in the place of the public ones, PEM */
  constructor(url: URL, addresses: string[], ca?: string) {
    this.#url = url
    this.#addresses = addresses
    this.#ca = ca
    this.#agent = this.#newAgent()
  }

  #newAgent(): http.Agent {
    const options = { keepAlive: true, maxSockets: 1 }
    return this.#url.protocol === 'https:' ? new https.Agent(options) : new http.Agent(options)
  }

  /** @throws what node:http fails with; TimeoutError once the time is over */
  async post(post: Post): Promise<Answered> {
    const late = new AbortController()
    const reason = new DOMException('no answer in time', 'TimeoutError')
    // Not by AbortSignal.timeout, which would go off under the next request on the same socket.
    const timer = setTimeout(() => late.abort(reason), post.timeoutMs)
    try {
      return await this.#reach(post, late.signal)
    } finally {
      clearTimeout(timer)
    }
  }

  async #reach(post: Post, signal: AbortSignal): Promise<Answered> {
    let last: unknown
    for (const [at, address] of this.#addresses.entries()) {
      try {
        const answer = await this.#fresh(address, post, signal)
        this.#addresses = this.#addresses.slice(at)
        return answer
      } catch (error) {
        last = error
        if (!UNREACHABLE.has((error as NodeJS.ErrnoException).code ?? '')) break
        this.close()
        this.#agent = this.#newAgent()
      }
    }
    throw last
  }

  /** A socket that was kept may be closed by the other side just now: that is no failure of theirs. */
  async #fresh(address: string, post: Post, signal: AbortSignal): Promise<Answered> {
    const first = this.#request(address, post, signal)
    return first.answer.catch((error) => {
      if (!first.request.reusedSocket || signal.aborted) throw error
      return this.#request(address, post, signal).answer
    })
  }

  #request(address: string, { headers, body }: Post, signal: AbortSignal) {
    const options: https.RequestOptions = {
      method: 'POST',
      agent: this.#agent,
      headers: { ...headers, 'content-length': Buffer.byteLength(body) },
      lookup: only(address),
      // Not left to an environment variable, which turns the check off.
      rejectUnauthorized: true,
      ...(this.#ca === undefined ? {} : { ca: this.#ca }),
    }
    const host = hostOf(this.#url)
    if (this.#url.protocol === 'https:' && isIP(host) === 0) options.servername = host
    const send = this.#url.protocol === 'https:' ? https.request : http.request
    const request = send(this.#url, options)
    const answer = new Promise<Answered>((done, fail) => {
      // The end of one that had neither: nobody waits for what will not come.
      const closed = () => fail(Object.assign(new Error('no answer'), { code: 'ECONNRESET' }))
      request.on('error', fail).on('close', closed)
      request.on('response', (response) => {
        // What goes wrong from now on is no failure to answer.
        request
          .off('error', fail)
          .off('close', closed)
          .on('error', () => undefined)
        void read(request, response).then(done, fail)
      })
      // An answer of its own kind: as a response it never comes.
      request.on('upgrade', ({ statusCode: status = 0 }, socket) => {
        socket.destroy()
        done({ status, retryAfter: undefined, excerpt: '' })
      })
    })
    signal.addEventListener('abort', () => request.destroy(signal.reason), { once: true })
    request.end(body)
    return { request, answer }
  }

  close(): void {
    this.#agent.destroy()
  }
}

const only =
  (address: string): LookupFunction =>
  (_, options, told) => {
    const family = isIP(address)
    if (options.all) told(null, [{ address, family }])
    else told(null, address, family)
  }

/** The status has said all: a body that is long, slow or cut short changes nothing. */
const read = async (
  request: http.ClientRequest,
  response: http.IncomingMessage,
): Promise<Answered> => {
  const parts: Buffer[] = []
  let size = 0
  response.on('error', () => undefined)
  try {
    for await (const part of response) {
      parts.push(part as Buffer)
      size += (part as Buffer).length
      if (size > MOST_EXCERPT_BYTES) break
    }
  } catch {
    // What came of it is enough.
  }
  if (!response.complete) request.destroy()
  return {
    status: response.statusCode ?? 0,
    retryAfter: response.headers['retry-after'],
    excerpt: textOf(Buffer.concat(parts).subarray(0, MOST_EXCERPT_BYTES)),
  }
}

/** No database stores U+0000 in a text. */
const textOf = (bytes: Buffer): string => bytes.toString('utf8').replaceAll('\0', '\uFFFD')
