import { expect, test } from 'bun:test'
import { csv } from '../../../src/lib/csv.ts'

const cell = (text: string): string => csv(['a'], [[text]]).slice('a\r\n'.length, -2)

test('rows end as RFC 4180 says, numbers are bare and nothing is empty', () => {
  expect(csv(['a', 'b', 'c'], [['x', 1.5, null]])).toBe('a,b,c\r\nx,1.5,\r\n')
  expect(csv(['a'], [])).toBe('a\r\n')
})

test('commas, quotes and ends of lines are quoted', () => {
  expect(cell('a,b')).toBe('"a,b"')
  expect(cell('say "hi"')).toBe('"say ""hi"""')
  expect(cell('two\r\nlines')).toBe('"two\r\nlines"')
})

test.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1'])(
  'what a spreadsheet would run is text with an apostrophe in front: %j',
  (text) => {
    expect(cell(text)).toBe(`"'${text}"`)
  },
)

test('what only holds such a character is left alone', () => {
  expect(cell('a=1')).toBe('a=1')
  expect(csv(['a'], [[-1]])).toBe('a\r\n-1\r\n')
})
