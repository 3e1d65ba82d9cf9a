const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms))

/** Thrown by a question whose answer can no longer come: ends the waiting at once. */
export class GiveUp extends Error {}

class TooLate extends Error {}

interface Patience {
  timeoutMs?: number
  everyMs?: number
}

/**
 * Asks until the answer is truthy, and gives that answer. Errors of the question count as "not yet".
 * @throws when the time is up, with what was waited for and the last answer or error; at once on {@link GiveUp}
 */
export const until = async <T>(
  what: string,
  ask: () => T | Promise<T>,
  { timeoutMs = 20_000, everyMs = 100 }: Patience = {},
): Promise<NonNullable<T>> => {
  const deadline = Date.now() + timeoutMs
  let last: unknown
  do {
    try {
      const answer = await within(what, Math.max(deadline - Date.now(), 1), ask())
      if (answer) return answer
      last = answer
    } catch (error) {
      if (error instanceof GiveUp) throw error
      // That the last try was cut short says less than what an earlier one answered.
      if (!(error instanceof TooLate) || last === undefined) last = error
    }
    await pause(everyMs)
  } while (Date.now() < deadline)
  throw new Error(`waited ${timeoutMs} ms in vain until ${what}; last: ${describe(last)}`)
}

/** The promise, or an error once `ms` milliseconds are over. */
export const within = async <T>(what: string, ms: number, work: T | Promise<T>): Promise<T> => {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, fail) => {
    timer = setTimeout(() => fail(new TooLate(`took longer than ${ms} ms: ${what}`)), ms)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

const describe = (value: unknown): string =>
  value instanceof Error ? value.message : (JSON.stringify(value) ?? String(value))
