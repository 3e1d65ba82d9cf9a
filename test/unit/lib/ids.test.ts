import { expect, test } from 'bun:test'
import { newApiKey, newApiSecret, newId, newRequestId } from '../../../src/lib/ids.ts'

const many = (make: () => string) => Array.from({ length: 5000 }, make)

test.each([
  ['api_key', newApiKey, /^lkv_[0-9a-z]{16}$/],
  ['api_secret', newApiSecret, /^lks_[0-9a-z]{50}$/],
  ['request id', newRequestId, /^req_[0-9a-z]{13}$/],
  ['row id', () => newId(1_764_000_000_000), /^[0-9a-z]{20}$/],
] as [string, () => string, RegExp][])(
  'an %s always has the same form and never comes twice',
  (_name, make, form) => {
    const made = many(make)
    for (const one of made) expect(one).toMatch(form)
    expect(new Set(made).size).toBe(made.length)
  },
)

test('a secret has 256 bits: 50 letters of 36', () => {
  expect(50 * Math.log2(36)).toBeGreaterThan(256)
})

test('no letter is likelier than another', () => {
  const counts = new Map<string, number>()
  for (const letter of many(newApiSecret)
    .map((one) => one.slice(4))
    .join('')) {
    counts.set(letter, (counts.get(letter) ?? 0) + 1)
  }
  const mean = (5000 * 50) / 36
  expect(counts.size).toBe(36)
  // Standard deviation is 82; a modulo bias would be 14 % = 970.
  for (const [letter, count] of counts) expect(Math.abs(count - mean), letter).toBeLessThan(500)
})

test('row ids sort by the time they were made, over centuries', () => {
  const times = [0, 1, 1_764_000_000_000, 1_764_000_000_001, 9_999_999_999_999]
  const ids = times.map(newId)
  expect(ids.toSorted()).toEqual(ids)
})
