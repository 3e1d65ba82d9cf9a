import { expect, test } from 'bun:test'
import {
  type Column,
  count,
  duration,
  fields,
  length,
  moment,
  Output,
  printable,
  relative,
  table,
} from '../../../src/cli/output.ts'
import { MemoryTerminal } from './memory-terminal.ts'

interface Row {
  key: string
  label: string
}

const columns: Column<Row>[] = [
  { title: 'KEY', text: ({ key }) => key },
  { title: 'LABEL', text: ({ label }) => label, cut: true },
]

test('a table aligns its columns and leaves no spaces at line ends', () => {
  const rows = [
    { key: 'lkv_1', label: 'one' },
    { key: 'lkv_22', label: '' },
  ]
  expect(table(columns, rows, 80)).toEqual(['KEY     LABEL', 'lkv_1   one', 'lkv_22'])
})

test('a narrow terminal cuts only what nobody copies', () => {
  const key = 'lkv_0123456789abcdef'
  const lines = table(columns, [{ key, label: 'a label that is far too long' }], 34)
  expect(lines[1]).toBe(`${key}  a label tha…`)
  expect(table(columns, [{ key, label: 'a long label' }], 10)[1]).toStartWith(key)
})

test('a table without a terminal is never cut', () => {
  const label = 'x'.repeat(500)
  expect(table(columns, [{ key: 'k', label }], Number.POSITIVE_INFINITY)[1]).toContain(label)
})

test('numbers stand under each other by their ends', () => {
  const counted: Column<number>[] = [
    { title: 'N', text: String, right: true },
    { title: 'AS', text: () => 'x' },
  ]
  expect(table(counted, [7, 1200], 80)).toEqual(['   N  AS', '   7  x', '1200  x'])
})

test('wide letters keep the columns in line', () => {
  const rows = [
    { key: '日本', label: 'a' },
    { key: 'abcd', label: 'b' },
  ]
  expect(table(columns, rows, 80).slice(1)).toEqual(['日本  a', 'abcd  b'])
})

test('a name can neither move the cursor nor break a line nor turn text around', () => {
  const shown = printable('a\u001b[2Jb\nc\u202Ed\u200Be\ud800')
  expect(shown).toBe('a\uFFFD[2Jb\uFFFDc\uFFFDd\uFFFDe\uFFFD')
  expect(table(columns, [{ key: 'k\n', label: '\u001b[31m' }], 80)).toHaveLength(2)
  expect(fields([['name', 'x\ny']])).toEqual(['  name  x\uFFFDy'])
})

test('times are told by their distance in the largest whole unit', () => {
  const now = Date.parse('2026-11-25T10:00:00.000Z')
  expect(relative('2026-11-25T09:59:59.500Z', now, 'never')).toBe('just now')
  expect(relative('2026-11-25T07:59:00.000Z', now, 'never')).toBe('2 hours ago')
  expect(relative('2026-11-26T10:00:00.000Z', now, 'never')).toBe('in 1 day')
  expect(relative(null, now, 'never')).toBe('never')
  expect(moment('2026-11-25T09:00:00.000Z', now, '')).toBe('2026-11-25 09:00 UTC (1 hour ago)')
  expect(duration(200)).toBe('0 seconds')
})

test('a length of time has the next smaller unit where something is left over', () => {
  expect(length(95 * 60_000)).toBe('1 hour 35 minutes')
  expect(length(2 * 3_600_000 + 59_000)).toBe('2 hours')
  expect(length(61_000)).toBe('1 minute 1 second')
  expect(length(26 * 3_600_000)).toBe('1 day 2 hours')
  expect(length(5999)).toBe('5 seconds')
  expect(length(0)).toBe('0 seconds')
})

test('amounts agree with their noun', () => {
  expect(count(1, 'person', 'people')).toBe('1 person')
  expect(count(0, 'call')).toBe('0 calls')
  expect(count(1234, 'second')).toBe('1,234 seconds')
})

test('with --json the value is printed and nothing else', async () => {
  const terminal = new MemoryTerminal()
  await new Output(terminal, true).result({ slug: 'acme' }, () => ['never'])
  expect(JSON.parse(terminal.stdout)).toEqual({ slug: 'acme' })
  await new Output(terminal, false).result({}, (width) => [`width ${width}`])
  expect(terminal.stdout).toEndWith('}\nwidth 80\n')
})
