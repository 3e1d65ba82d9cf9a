import { expect, test } from 'bun:test'
import { accuracyOf } from '../../../src/domain/accuracy.ts'

const NOW = 1_000_000

test('who says goodbye left then', () => {
  expect(accuracyOf('client_initiated', NOW, null)).toBe(1000)
})

test('who was heard a moment before cannot have been gone for longer', () => {
  expect(accuracyOf('connection_timeout', NOW, NOW - 3000)).toBe(4000)
})

test.each([
  ['nobody knows when they were heard last', 'connection_timeout', null],
  ['they were heard long ago', 'connection_timeout', NOW - 600_000],
  ['another one of their identity was heard in their place', 'state_mismatch', NOW],
])('as long as livekit-server needs to notice is stated where %s', (_, reason, heardAt) => {
  expect(accuracyOf(reason, NOW, heardAt)).toBe(25_000)
})
