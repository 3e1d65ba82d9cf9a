import { expect, test } from 'bun:test'
import { Backoff } from '../../../src/lib/backoff.ts'

test('the first end is answered at once, later ones wait twice as long each time', () => {
  const backoff = new Backoff()
  const minute = 61_000
  const delays = [0, 1, 2, 3, 4, 5].map((n) => backoff.ended(n * minute, 59_000).delayMs)
  expect(delays).toEqual([0, 250, 500, 1_000, 2_000, 4_000])
})

test('no wait is longer than thirty seconds', () => {
  const backoff = new Backoff()
  for (let n = 0; n < 40; n++) backoff.ended(n * 100_000, 0)
  expect(backoff.ended(5_000_000, 0)).toEqual({ delayMs: 30_000, hopeless: false })
})

test('five ends within a minute are hopeless, four are not', () => {
  const backoff = new Backoff()
  const ends = [0, 10_000, 20_000, 30_000, 59_000].map((at) => backoff.ended(at, 0))
  expect(ends.map((end) => end.hopeless)).toEqual([false, false, false, false, true])
  expect(ends.at(-1)?.delayMs).toBe(30_000)
})

test('what is hopeless stays so until a run lasts a minute', () => {
  const backoff = new Backoff()
  for (let n = 0; n < 5; n++) backoff.ended(n, 0)
  expect(backoff.ended(30_000, 10).hopeless).toBe(true)
  expect(backoff.ended(150_000, 30_000).hopeless).toBe(true)
  expect(backoff.ended(300_000, 60_000)).toEqual({ delayMs: 0, hopeless: false })
})
