const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

/** After the first attempt, the second and so on: what the Standard Webhooks specification recommends. */
const PAUSES_MS = [
  5000,
  5 * MINUTE_MS,
  30 * MINUTE_MS,
  2 * HOUR_MS,
  5 * HOUR_MS,
  10 * HOUR_MS,
  14 * HOUR_MS,
  20 * HOUR_MS,
  24 * HOUR_MS,
]
/** Of a pause, so that those who failed together do not all come back together. */
const JITTER = 0.2
const LEAST_PAUSE_MS = 5000
const MOST_PAUSE_MS = 24 * HOUR_MS
export const GIVE_UP_MS = 72 * HOUR_MS

interface Failed {
  /** how often it was tried */
  attempt: number
  firstAttemptAt: number
  now: number
  /** what the endpoint asked for */
  retryAfterMs: number | null
}

/** When an event is tried again, the last time when three days are over; null after that. */
export const nextAttemptAt = (failed: Failed, random = Math.random): number | null => {
  const { firstAttemptAt, now } = failed
  const end = firstAttemptAt + GIVE_UP_MS
  return now >= end ? null : Math.min(end, now + pauseOf(failed, random))
}

const pauseOf = ({ attempt, retryAfterMs }: Failed, random: () => number): number => {
  if (retryAfterMs !== null)
    return Math.min(MOST_PAUSE_MS, Math.max(LEAST_PAUSE_MS, Math.ceil(retryAfterMs)))
  const pause = PAUSES_MS[attempt - 1] ?? MOST_PAUSE_MS
  return Math.round(pause * (1 + random() * JITTER))
}
