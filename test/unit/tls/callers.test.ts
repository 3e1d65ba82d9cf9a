import { describe, expect, test } from 'bun:test'
import { Callers } from '../../../src/tls/callers.ts'

const opened = (callers: Callers, address: string, times: number): (string | null)[] =>
  Array.from({ length: times }, () => callers.open(address))

describe('TURN', () => {
  test('is for addresses with somebody in a call, and for no others', () => {
    const callers = new Callers()
    callers.admit('192.0.2.1')
    expect(callers.open('192.0.2.1')).toBeNull()
    expect(callers.open('192.0.2.2')).toBe('TURN without a call')
    callers.release('192.0.2.1')
    expect(callers.open('192.0.2.1')).toBe('TURN without a call')
  })

  test('has eight connections for each person, so that an office may share one address', () => {
    const callers = new Callers()
    callers.admit('192.0.2.1')
    callers.admit('192.0.2.1')
    expect(opened(callers, '192.0.2.1', 16)).toEqual(Array(16).fill(null))
    expect(callers.open('192.0.2.1')).toBe('too many TURN connections')
    callers.close('192.0.2.1')
    expect(callers.open('192.0.2.1')).toBeNull()
  })

  test('goes on where somebody left while their connection is still open', () => {
    const callers = new Callers()
    callers.admit('192.0.2.1')
    opened(callers, '192.0.2.1', 8)
    callers.release('192.0.2.1')
    callers.admit('192.0.2.1')
    expect(callers.open('192.0.2.1')).toBe('too many TURN connections')
    callers.close('192.0.2.1')
    expect(callers.open('192.0.2.1')).toBeNull()
  })

  test.each([
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::9', '2001:db8:1:3::9'],
    ['2001:db8::1', '2001:0db8:0:0:ffff::', '2001:db8:0:1::1'],
    ['::ffff:192.0.2.1', '192.0.2.1', '::ffff:192.0.2.3'],
  ])('takes %s and %s for the same host, but not %s', (one, same, other) => {
    const callers = new Callers()
    callers.admit(one)
    expect(callers.open(same)).toBeNull()
    expect(callers.open(other)).toBe('TURN without a call')
  })
})
