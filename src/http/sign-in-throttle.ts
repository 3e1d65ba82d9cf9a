import { RateLimiterMemory, type RateLimiterRes } from 'rate-limiter-flexible'
import { type ErrorCode, GoLiveError } from '../domain/errors.ts'
import { sha256Hex } from '../lib/crypto.ts'
import { householdOf } from '../lib/ip.ts'

const WINDOW_SECONDS = 15 * 60
const FAILURES_PER_ADDRESS = 10
/** An account that is guessed at from many places… */
const FAILURES_PER_ACCOUNT = 30
/** …leaves each place only so many. Never none: the right person comes from a place of their own. */
const FAILURES_WHILE_GUESSED = 3

/** Only guesses count: what fails for another reason tells a guesser nothing. */
const GUESSES: ReadonlySet<ErrorCode> = new Set([
  'invalid_credentials',
  'invalid_link',
  'wrong_password',
])

const limiter = (points: number) => new RateLimiterMemory({ points, duration: WINDOW_SECONDS })

/**
 * Slows down who guesses passwords. To compare one costs a core a tenth of a second, so that a
 * place with too many failures is not compared any more; no number of failures elsewhere keeps
 * out who comes from a place of their own.
 */
export class SignInThrottle {
  readonly #addresses = limiter(FAILURES_PER_ADDRESS)
  readonly #accounts = limiter(FAILURES_PER_ACCOUNT)
  readonly #pairs = limiter(FAILURES_WHILE_GUESSED)

  /**
   * Does what may turn out to be a guess. It counts before it is known to be one, or many at once
   * would all be free. @throws rate_limited, and what `work` throws
   */
  async attempt<T>(account: string, address: string | null, work: () => Promise<T>): Promise<T> {
    const place = householdOf(address ?? '')
    const who = sha256Hex(account.toLowerCase())
    const taken = await this.#take(place, who)
    try {
      const done = await work()
      await giveBack(taken)
      return done
    } catch (error) {
      if (!(error instanceof GoLiveError) || !GUESSES.has(error.code)) await giveBack(taken)
      throw error
    }
  }

  /** The place first: one that is barred adds nothing to what is remembered of accounts. */
  async #take(place: string, who: string): Promise<Taken[]> {
    const byPlace = { limiter: this.#addresses, key: place }
    const atPlace = await take(byPlace)
    if (atPlace.consumedPoints > FAILURES_PER_ADDRESS) throw tooMany(atPlace.msBeforeNext)
    const byAccount = { limiter: this.#accounts, key: who }
    const byPair = { limiter: this.#pairs, key: `${who} ${place}` }
    const [account, pair] = [await take(byAccount), await take(byPair)]
    const isGuessed = account.consumedPoints > FAILURES_PER_ACCOUNT
    if (isGuessed && pair.consumedPoints > FAILURES_WHILE_GUESSED) throw tooMany(pair.msBeforeNext)
    return [byPlace, byAccount, byPair]
  }
}

interface Taken {
  limiter: RateLimiterMemory
  key: string
}

const take = ({ limiter, key }: Taken): Promise<RateLimiterRes> => limiter.penalty(key)

const giveBack = async (taken: readonly Taken[]): Promise<void> => {
  await Promise.all(taken.map(({ limiter, key }) => limiter.reward(key)))
}

const tooMany = (ms: number): GoLiveError =>
  new GoLiveError('rate_limited', 'too many failed sign-ins', {
    hint: 'Wait as Retry-After says, or sign in from elsewhere. On the server, `golive admin reset <email>` prints a sign-in link.',
    retryAfterSeconds: Math.max(1, Math.ceil(ms / 1000)),
  })
