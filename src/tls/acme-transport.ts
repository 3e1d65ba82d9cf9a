import { readFileSync } from 'node:fs'
import type acme from 'acme-client'
import { z } from 'zod'
import { sleep } from '../lib/clock.ts'

/**
 * Why no certificate came: nothing answers or it is broken itself, a pause is asked for, our proof did not convince, or it was
 * refused for another reason.
 */
export type AcmeTrouble = 'silent' | 'pause' | 'proof' | 'refused'

/** The certificate authority did not do it. */
export class AcmeError extends Error {
  override name = 'AcmeError'
  readonly trouble: AcmeTrouble
  /** how long it wants to be left alone; null where it does not say */
  readonly retryAfterMs: number | null

  constructor(trouble: AcmeTrouble, message: string, retryAfterMs: number | null = null) {
    super(message)
    this.trouble = trouble
    this.retryAfterMs = retryAfterMs
  }
}

interface Answer {
  status: number
  headers: Record<string, string>
  text: string
}

interface Problem {
  type?: string
  detail?: string
}

const TIMEOUT_MS = 20_000
const MOST_BYTES = 2 ** 20
/** After each of them a request is sent again that came to nothing: links are bad, servers restart. */
const AGAIN_MS = [1000, 2000]
const HOUR_MS = 3_600_000
const WEEK_MS = 7 * 24 * HOUR_MS
/** What acme-client mends by itself. */
const BAD_NONCE = 'urn:ietf:params:acme:error:badNonce'

/** Requests to a certificate authority: bounded in time and size, and what goes wrong in words. */
export class AcmeTransport {
  readonly #host: string
  readonly #ca: string | null
  #askedWaitMs = 0

  /** @param root PEM file of the root that the authority itself is reached with; null for public ones */
  constructor(directory: string, root: string | null) {
    this.#host = new URL(directory).host
    this.#ca = root === null ? null : rootIn(root)
  }

  /** How long the last answer asks to wait before the same is asked again; 0 where it does not say. */
  get askedWaitMs(): number {
    return this.#askedWaitMs
  }

  /**
   * Has acme-client send its requests by this. Its own way waits for an answer without an end, fails
   * with a TypeError where none comes (5.4.0), and sleeps inside of a call as long as a 429 asks for.
   */
  carry(client: typeof acme): void {
    const adapter: Adapter = async (config) => {
      const { url = '', method = 'get', data, headers } = config
      const given = headers.toJSON() as Record<string, string>
      const body = typeof data === 'string' ? { body: data } : {}
      const answer = await this.request(url, {
        method: method.toUpperCase(),
        headers: given,
        ...body,
      })
      return { ...answer, data: answer.text, statusText: '', config, request: null }
    }
    client.axios.defaults.adapter = adapter as NonNullable<typeof client.axios.defaults.adapter>
  }

  /** A JSON object. @throws AcmeError */
  async json(url: string): Promise<{ value: object; headers: Answer['headers'] }> {
    const { text, headers } = await this.request(url, {})
    try {
      return { value: z.looseObject({}).parse(JSON.parse(text)), headers }
    } catch {
      throw new AcmeError('refused', `the certificate authority at ${this.#host} speaks no ACME`)
    }
  }

  /** @throws AcmeError for everything but an answer that can be used */
  async request(url: string, init: RequestInit): Promise<Answer> {
    for (const pause of [...AGAIN_MS, null]) {
      const answer = await this.#once(url, init).catch((error: AcmeError) => {
        if (pause === null) throw error
      })
      if (answer && (pause === null || !isMishap(answer))) return this.#checked(answer)
      await sleep(pause ?? 0)
    }
    throw this.#silent()
  }

  async #once(url: string, init: RequestInit): Promise<Answer> {
    try {
      const response = await fetch(url, {
        ...init,
        signal: AbortSignal.timeout(TIMEOUT_MS),
        // One that was kept open may be closed just now, and a POST is not sent again by itself.
        keepalive: false,
        ...(this.#ca === null ? {} : { tls: { ca: this.#ca } }),
      })
      const headers = Object.fromEntries(response.headers)
      this.#askedWaitMs = retryAfterMs(headers['retry-after']) ?? 0
      return { status: response.status, headers, text: await textOf(response) }
    } catch (error) {
      throw this.#silent((error as NodeJS.ErrnoException).code)
    }
  }

  #checked(answer: Answer): Answer {
    const { status, headers } = answer
    if (status < 400) return answer
    const { type = '', detail = '' } = problemIn(answer)
    if (status === 400 && type === BAD_NONCE) return answer
    const wait = retryAfterMs(headers['retry-after'])
    if (status === 429 || (status === 503 && wait !== null)) {
      const why = status === 429 ? 'too many requests' : 'not now'
      const said = `the certificate authority says: ${why}${detail && ` (${plain(detail)})`}`
      throw new AcmeError('pause', said, wait ?? HOUR_MS)
    }
    const said = plain(detail) || `status ${status}`
    const trouble = status >= 500 ? 'silent' : 'refused'
    throw new AcmeError(trouble, `the certificate authority says: ${said}`)
  }

  /** @param code why, as the operating system or the TLS library has it */
  #silent(code = ''): AcmeError {
    const who = `the certificate authority at ${this.#host}`
    if (/CERT|SIGNATURE|ISSUER/.test(code))
      return new AcmeError('silent', `${who} shows a certificate that is not trusted (${code})`)
    return code === 'ENOTFOUND'
      ? new AcmeError('silent', `${who} is not found: DNS does not know its name`)
      : new AcmeError('silent', `${who} does not answer`)
  }
}

type Adapter = (config: {
  url?: string
  method?: string
  data?: unknown
  headers: { toJSON(): unknown }
}) => Promise<unknown>

const rootIn = (path: string): string => {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new Error(`tls.acme_root cannot be read: ${(cause as Error).message}`, { cause })
  }
}

/** Trouble of the authority's own that may be over in a moment. */
const isMishap = ({ status, headers }: Answer): boolean =>
  status >= 500 && headers['retry-after'] === undefined

const textOf = async ({ body }: Response): Promise<string> => {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const part of body ?? []) {
    size += part.length
    if (size > MOST_BYTES) throw new Error('the answer is too long')
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
}

const problemIn = ({ text }: Answer): Problem => {
  try {
    const { type, detail } = JSON.parse(text) as Record<string, unknown>
    return { type: String(type ?? ''), detail: String(detail ?? '') }
  } catch {
    return {}
  }
}

/** What others wrote goes into logs, terminals and pages: one line of it, and not too much. */
export const plain = (text: string): string =>
  text
    .replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
    .trim()
    .slice(0, 400)

/** Seconds, or a date (RFC 9110 §10.2.3). More than a week is taken for a week; null for neither. */
export const retryAfterMs = (header = ''): number | null => {
  const ms = /^\d{1,9}$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now()
  return Number.isNaN(ms) ? null : Math.min(Math.max(0, ms), WEEK_MS)
}
