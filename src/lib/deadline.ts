/** What was waited for did not come in time. */
class DeadlineError extends Error {
  override name = 'DeadlineError'
}

/** The work's result, or its end by a DeadlineError; the work itself is not stopped. */
export const within = async <T>(ms: number, work: Promise<T>): Promise<T> => {
  let timer: Timer | undefined
  const late = new Promise<never>((_, fail) => {
    timer = setTimeout(() => fail(new DeadlineError(`no answer within ${ms / 1000} seconds`)), ms)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
