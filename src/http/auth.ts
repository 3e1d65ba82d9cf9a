import type { Address, Credentials, Principal } from '../domain/credentials.ts'
import { type ErrorCode, GoLiveError } from '../domain/errors.ts'
import { FailureThrottle } from './limits.ts'

/** Only guesses count: who proves the right secret, or sends none, is not guessing. */
const GUESSES: ReadonlySet<ErrorCode> = new Set(['invalid_credentials', 'secret_sent_as_key'])

const MOST_CHARACTERS = 512

/** HTTP Basic (RFC 7617) with api_key as user name and api_secret as password. */
export class BasicAuth {
  readonly #credentials: Credentials
  readonly #throttle = new FailureThrottle(
    'Check the api_key and the api_secret. Right credentials are answered at any time.',
  )

  constructor(credentials: Credentials) {
    this.#credentials = credentials
  }

  /** Answers at once for a key in memory. Rejects or throws GoLiveError. */
  authenticate(request: Request, address: Address): Principal | Promise<Principal> {
    try {
      const [apiKey, apiSecret] = basicCredentials(request.headers.get('authorization'))
      const principal = this.#credentials.authenticate(apiKey, apiSecret, address)
      return principal instanceof Promise
        ? principal.catch((error) => this.#refuse(error, address))
        : principal
    } catch (error) {
      return this.#refuse(error, address)
    }
  }

  async #refuse(error: unknown, address: Address): Promise<never> {
    const guesser = error instanceof GoLiveError && GUESSES.has(error.code) ? address() : null
    if (guesser !== null) {
      throw (await this.#throttle.count(guesser)) ?? error
    }
    throw error
  }
}

const basicCredentials = (header: string | null): [string, string] => {
  if (header === null || !/^basic /i.test(header)) {
    throw new GoLiveError('missing_credentials', 'this call needs an api_key and an api_secret', {
      hint: 'Send both as HTTP Basic credentials: api_key as the user name, api_secret as the password.',
    })
  }
  const text = decodeBase64(header.slice(6).trim())
  const colon = text.indexOf(':')
  if (colon < 0 || text.length > MOST_CHARACTERS || text.includes('\0')) {
    throw new GoLiveError(
      'invalid_credentials',
      'the Authorization header does not hold api_key:api_secret',
      {
        hint: 'Encode api_key, a colon and api_secret together as base64, after the word Basic.',
      },
    )
  }
  return [text.slice(0, colon), text.slice(colon + 1)]
}

/** Keys and secrets are ASCII: what is not will not be found. Broken base64 is the empty text. */
const decodeBase64 = (text: string): string => {
  try {
    return atob(text)
  } catch {
    return ''
  }
}
