import { expect, test } from 'bun:test'
import { ConnectionError, DisconnectReason } from 'livekit-client'
import { isUnexplained, joinFailed, left, refused } from '../../src/web/call/notices.ts'

test('a refusal shows the sentence without its code, and offers another try only where one can help', () => {
  const full = refused('room_full: This room holds 2 people: both seats are taken.\n')
  expect(full).toMatchObject({ title: 'This call is full', again: 'Try again' })
  expect(full.text).toBe('This room holds 2 people: both seats are taken.')
  expect(refused('token_revoked: Ask for a new one.').again).toBeNull()
  expect(joinFailed(ConnectionError.notAllowed('room_full: No seat.', 403)).text).toBe('No seat.')
})

test('an answer that is no refusal of ours still gives a title and bounded text', () => {
  expect(refused('').text).not.toBe('')
  expect(refused('<html>x'.repeat(1000)).text.length).toBeLessThanOrEqual(500)
  expect(joinFailed(new TypeError('x')).title).toBe('The call server did not answer')
})

test('each way out of a call has words, and only an unknown one asks the server why', () => {
  const reasons = Object.values(DisconnectReason).filter((reason) => typeof reason === 'number')
  for (const reason of reasons) expect(left(reason).title).not.toBe('')
  expect(isUnexplained(undefined)).toBe(true)
  expect(isUnexplained(DisconnectReason.PARTICIPANT_REMOVED)).toBe(false)
  expect(left(DisconnectReason.ROOM_DELETED).again).toBeNull()
})
