import { expect, test } from 'bun:test'
import { publishedMs, type Track } from '../../../src/domain/published.ts'
import { monthOf, wholeMonths } from '../../../src/domain/usage.ts'
import { cutByDay } from '../../../src/domain/usage-days.ts'

const at = Date.parse

test('time is cut at midnight in UTC, at the end of a month and in leap years, and nothing is lost', () => {
  expect(cutByDay(at('2028-02-28T23:00:00Z'), at('2028-03-01T00:00:00.001Z'))).toEqual([
    { day: '2028-02-28', ms: 3600_000 },
    { day: '2028-02-29', ms: 86_400_000 },
    { day: '2028-03-01', ms: 1 },
  ])
  expect(cutByDay(at('2026-11-25T00:00:00Z'), at('2026-11-26T00:00:00Z'))).toEqual([
    { day: '2026-11-25', ms: 86_400_000 },
  ])
  expect(cutByDay(5, 5)).toEqual([])
  expect(cutByDay(6, 5)).toEqual([])
})

test('a month ends with its last day', () => {
  expect(monthOf('2026-12')).toEqual({ from: '2026-12-01', to: '2026-12-31' })
  expect(monthOf('2028-02')).toEqual({ from: '2028-02-01', to: '2028-02-29' })
})

const daysOf = ({ from, to }: { from: string; to: string }): string[] => {
  const days: string[] = []
  for (let ms = at(from); ms <= at(to); ms += 86_400_000)
    days.push(new Date(ms).toISOString().slice(0, 10))
  return days
}

test('the parts of any range are its days, each once', () => {
  const all = daysOf({ from: '2027-12-29', to: '2028-03-03' })
  for (const from of all)
    for (const to of all) {
      if (from > to) continue
      const { months, before, after } = wholeMonths({ from, to })
      const inMonths = [...new Set(all.map((day) => day.slice(0, 7)))]
        .filter((month) => month >= months.from && month <= months.to)
        .flatMap((month) => daysOf(monthOf(month)))
      const parts = [...daysOf(before), ...inMonths, ...daysOf(after)]
      expect(parts).toEqual(daysOf({ from, to }))
    }
})

const track = (publishedAt: number, unpublishedAt: number | null, source = 'camera'): Track => ({
  ...{ sid: 'TR_1', kind: 'video', source, publishedAt, unpublishedAt, mutes: [] },
})

test('what is published twice at the same moment counts once, and nothing counts after the end', () => {
  const tracks = [track(50, 60), track(0, 20), track(10, 15), track(18, 30), track(70, null)]
  expect(publishedMs(tracks, 'camera', 80)).toBe(30 + 10 + 10)
  expect(publishedMs(tracks, 'camera', 65)).toBe(40)
  expect(publishedMs(tracks, 'microphone', 80)).toBe(0)
})
