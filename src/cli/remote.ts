import { isLoopback } from '../config/check.ts'
import { inTime, type Transport } from './client.ts'
import { CliError, EXIT } from './exit.ts'

const ANSWER_TIMEOUT_MS = 30_000

type Env = Record<string, string | undefined>

/** The admin API of a server elsewhere, by its origin and a token. */
export class RemoteTransport implements Transport {
  readonly waits = 0
  readonly #origin: string
  readonly #token: string

  /**
   * @param url what `--url` says; the token comes from GOLIVE_ADMIN_TOKEN, for everybody on the
   * machine can read a command line
   * @throws CliError
   */
  constructor(url: string, env: Env) {
    this.#origin = originOf(url)
    this.#token = tokenOf(env)
  }

  async send(request: () => Request, endless = false): Promise<Response> {
    const asked = request()
    const { pathname, search } = new URL(asked.url)
    asked.headers.set('authorization', `Bearer ${this.#token}`)
    try {
      const body = asked.body && { body: await asked.text() }
      return await inTime(ANSWER_TIMEOUT_MS, endless, (signal) =>
        fetch(`${this.#origin}${pathname}${search}`, {
          method: asked.method,
          headers: asked.headers,
          ...body,
          // The token is for this origin alone.
          redirect: 'manual',
          signal,
        }),
      )
    } catch (error) {
      throw unreachable(this.#origin, error as NodeJS.ErrnoException)
    }
  }

  async close(): Promise<void> {}
}

const originOf = (text: string): string => {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || !/^https?:$/.test(url.protocol) || url.href !== `${url.origin}/`)
    throw usage('--url: expected an origin such as https://live.example.com, without a path')
  if (url.protocol === 'http:' && !isLoopback(url.hostname.replace(/^\[|\]$/g, '')))
    throw usage('--url: expected https://: plain HTTP would show the token to the network')
  return url.origin
}

const tokenOf = ({ GOLIVE_ADMIN_TOKEN: token = '' }: Env): string => {
  if (/^lka_[a-z0-9]+$/.test(token)) return token
  const what = token === '' ? 'is not set' : 'holds no token of the admin API (lka_…)'
  throw new CliError(EXIT.usage, {
    code: 'token_missing',
    detail: `--url needs a token, and GOLIVE_ADMIN_TOKEN ${what}`,
    hint: 'An admin makes one in the dashboard, at /ui.',
  })
}

const usage = (detail: string): CliError => new CliError(EXIT.usage, { code: 'usage', detail })

const WORDS: Record<string, string> = {
  ConnectionRefused: 'nobody listens there',
  ECONNREFUSED: 'nobody listens there',
  FailedToOpenSocket: 'its name or address cannot be reached',
  ENOTFOUND: 'its name is unknown',
  DNSResolveFailed: 'its name is unknown',
}

/** The runtime's own words may repeat the request, so only its code is told. */
const unreachable = (origin: string, { name, code }: NodeJS.ErrnoException): CliError => {
  const why =
    name === 'TimeoutError'
      ? `it did not answer within ${ANSWER_TIMEOUT_MS / 1000} seconds`
      : (WORDS[String(code)] ?? `the connection failed (${code ?? name})`)
  return new CliError(EXIT.unreachable, {
    code: 'server_unreachable',
    detail: `${origin} cannot be reached: ${why}`,
  })
}
