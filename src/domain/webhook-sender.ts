import type { Clock } from '../lib/clock.ts'
import { PinnedConnection } from '../lib/pinned.ts'
import { retryAfterMs } from '../lib/retry-after.ts'
import { type Resolve, TargetError, targetAddresses, targetUrl } from '../lib/targets.ts'
import type { WebhookRow } from '../store/webhooks.ts'
import type { SecretBox } from './keys.ts'
import { type Message, signedHeaders } from './webhook-message.ts'

/** What came of one attempt. */
export interface Outcome {
  statusCode: number | null
  durationMs: number
  /** null when it arrived */
  error: string | null
  responseExcerpt: string | null
  /** how long the endpoint wants to be left alone; null where it does not say */
  retryAfterMs: number | null
}

/** An open way to an endpoint, for a few messages one after the other. */
export interface Line {
  readonly url: string
  readonly openedAt: number
  readonly connection: PinnedConnection
}

interface Deps {
  clock: Clock
  box: SecretBox
  version: string
  allowPrivate: () => boolean
  resolve?: Resolve | undefined
}

const TIMEOUT_MS = 15_000
/** After that its name is looked up again. */
const LINE_MS = 60_000

/** Sends messages to endpoints that tenants chose: signed, bounded, and only to where they may lead. */
export class WebhookSender {
  readonly #deps: Deps

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /** One attempt. @param lines where a way to the endpoint is kept for the next @returns never throws */
  async send(
    webhook: WebhookRow,
    message: Message,
    lines: { line: Line | null },
  ): Promise<Outcome> {
    const began = performance.now()
    const took = () => Math.round(performance.now() - began)
    try {
      const line = await this.#lineTo(webhook.url, lines)
      const answer = await line.connection.post({
        headers: { ...this.#headers(webhook, message), 'user-agent': this.#agent() },
        body: message.body,
        timeoutMs: TIMEOUT_MS,
      })
      return {
        statusCode: answer.status,
        durationMs: took(),
        error: errorOf(answer.status),
        responseExcerpt: answer.excerpt,
        retryAfterMs: retryAfterMs(answer.retryAfter, this.#deps.clock()),
      }
    } catch (error) {
      hangUp(lines)
      return { ...NO_ANSWER, durationMs: took(), error: wordsFor(error) }
    }
  }

  async #lineTo(text: string, lines: { line: Line | null }): Promise<Line> {
    const now = this.#deps.clock()
    const { line } = lines
    if (line && line.url === text && now - line.openedAt < LINE_MS) return line
    hangUp(lines)
    const rules = { allowPrivate: this.#deps.allowPrivate(), resolve: this.#deps.resolve }
    const url = targetUrl(text, rules)
    const connection = new PinnedConnection(url, await targetAddresses(url, rules))
    lines.line = { url: text, openedAt: now, connection }
    return lines.line
  }

  #headers(row: WebhookRow, message: Message): Record<string, string> {
    const { clock, box } = this.#deps
    const now = clock()
    const open = (sealed: Uint8Array) => box.unseal(row.tenant_id, row.id, sealed)
    const secrets = [open(row.sealed_secret)]
    const { previous_sealed_secret: previous, previous_expires_at: end } = row
    if (previous && end !== null && end > now) secrets.push(open(previous))
    return signedHeaders(message, secrets, now)
  }

  #agent(): string {
    return `GoLive/${this.#deps.version}`
  }
}

/** Closes the way to an endpoint, if one is open. */
export const hangUp = (lines: { line: Line | null }): void => {
  lines.line?.connection.close()
  lines.line = null
}

const NO_ANSWER = { statusCode: null, responseExcerpt: null, retryAfterMs: null }

const errorOf = (status: number): string | null => {
  if (status >= 200 && status < 300) return null
  if (status >= 300 && status < 400)
    return `answered with status ${status}: redirects are not followed`
  return `answered with status ${status}`
}

const WORDS: Record<string, string> = {
  ECONNREFUSED: 'refused the connection',
  ECONNRESET: 'closed the connection before it answered',
  EPIPE: 'closed the connection before it answered',
  ENETUNREACH: 'cannot be reached from this server',
  EHOSTUNREACH: 'cannot be reached from this server',
  ETIMEDOUT: `did not answer within ${TIMEOUT_MS / 1000} seconds`,
}

/** Of what the system says only a code is told on: its own words may hold addresses. */
const wordsFor = (error: unknown): string => {
  if (error instanceof TargetError) return error.message
  const { name, code = '' } = error as NodeJS.ErrnoException
  if (name === 'TimeoutError') return WORDS.ETIMEDOUT as string
  if (WORDS[code] !== undefined) return WORDS[code]
  if (/ALTNAME|CERT|SIGNED|ISSUER|VERIFY/.test(code))
    return `shows a certificate that is not trusted (${code})`
  if (/^HPE_|PARSE/.test(code)) return 'answered with something that is not HTTP'
  return /^[A-Z0-9_]{1,60}$/.test(code) ? `cannot be talked to (${code})` : 'cannot be talked to'
}
