import { GoLiveError } from './errors.ts'

/** RFC 9106 with 32 MiB and three passes: about 90 ms of one core. */
const COST = { algorithm: 'argon2id', memoryCost: 32 * 1024, timeCost: 3 } as const

export const MIN_PASSWORD_LENGTH = 12
export const MAX_PASSWORD_LENGTH = 256

/** Compared with when there is no password, at the same cost. Nobody knows what it is of. */
const NOBODYS =
  '$argon2id$v=19$m=32768,t=3,p=1$yLeHSiCECeIxtbW62dLi5Ti7tgU0kjivLxeeUGNDCIk$XuA2NTJv5Y9nllEnHnntYm3uWdXAvz09cxwDU6mQOlw'

/** More at once would let whoever guesses take all cores from the calls. */
const MOST_AT_ONCE = 2
/** Who would wait longer than about two seconds is told to come again. */
const MOST_WAITING = 40

/** Hashes and compares passwords of operators, with bounded use of processor and memory. */
export class Passwords {
  readonly #waiting: (() => void)[] = []
  #running = 0

  /** @throws rate_limited when too many wait already */
  hash(password: string): Promise<string> {
    return this.#inTurn(() => Bun.password.hash(password.normalize('NFC'), COST))
  }

  /**
   * Takes as long without a hash as with one, so that time does not tell which accounts exist.
   * @throws rate_limited when too many wait already
   */
  async verify(password: string, hash: string | null): Promise<boolean> {
    const same = await this.#inTurn(() =>
      Bun.password.verify(password.normalize('NFC'), hash ?? NOBODYS),
    )
    return same && hash !== null
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running < MOST_AT_ONCE) this.#running++
    else await this.#turn()
    try {
      return await work()
    } finally {
      const next = this.#waiting.shift()
      if (next) next()
      else this.#running--
    }
  }

  #turn(): Promise<void> {
    if (this.#waiting.length >= MOST_WAITING) {
      throw new GoLiveError('rate_limited', 'too many people sign in at this moment', {
        hint: 'Try again in a few seconds.',
        retryAfterSeconds: 3,
      })
    }
    return new Promise((start) => this.#waiting.push(start))
  }
}
