import { expect, test } from 'bun:test'
import { GIVE_UP_MS, nextAttemptAt } from '../../../src/domain/webhook-schedule.ts'

const HOUR = 3_600_000
const failed = (attempt: number, now: number, retryAfterMs: number | null = null) => ({
  attempt,
  firstAttemptAt: 0,
  now,
  retryAfterMs,
})

test('pauses are those of the specification, and up to a fifth longer', () => {
  const pauses = [1, 2, 3, 4, 5, 6, 7, 8].map((n) => nextAttemptAt(failed(n, 0), () => 0))
  expect(pauses.map((ms) => (ms as number) / 1000)).toEqual([
    5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000,
  ])
  expect(nextAttemptAt(failed(1, 0), () => 0.999)).toBeLessThan(6001)
})

test('the last attempt is when three days are over, whatever the endpoint asks for', () => {
  expect(nextAttemptAt(failed(9, 60 * HOUR))).toBe(GIVE_UP_MS)
  expect(nextAttemptAt(failed(9, 71 * HOUR, 24 * HOUR))).toBe(GIVE_UP_MS)
  expect(nextAttemptAt(failed(10, GIVE_UP_MS))).toBeNull()
  expect(nextAttemptAt(failed(10, GIVE_UP_MS, 1000))).toBeNull()
})
