import { describe, expect, test } from 'bun:test'
import { Sockets } from '../../../src/domain/sockets.ts'
import type { JoinClaims } from '../../../src/domain/tokens.ts'

const person = (identity: string, room = 'acme__daily'): JoinClaims =>
  ({ room, identity }) as JoinClaims

describe('connections of one person', () => {
  test('are five at most, and one that ended makes place for another', () => {
    const sockets = new Sockets()
    const entered = Array.from({ length: 8 }, () => sockets.enter(person('ann')))
    expect(entered.filter(Boolean)).toHaveLength(5)
    sockets.leave(person('ann'))
    expect(sockets.enter(person('ann'))).toBe(true)
    expect(sockets.enter(person('ann'))).toBe(false)
  })

  test('take nothing from others, nor from the same name in another room', () => {
    const sockets = new Sockets()
    for (let n = 0; n < 9; n++) sockets.enter(person('ann'))
    expect(sockets.enter(person('bob'))).toBe(true)
    expect(sockets.enter(person('ann', 'acme__other'))).toBe(true)
    expect(sockets.enter(person('ann', 'globex__daily'))).toBe(true)
  })
})

describe('connections of one tenant', () => {
  const admitted = (sockets: Sockets, tenant: string, seats: number, tries: number): number =>
    Array.from({ length: tries }, () => sockets.admit(tenant, seats)).filter(Boolean).length

  test('are twice the seats that it holds and fifty more, whatever other tenants do', () => {
    const sockets = new Sockets()
    expect(admitted(sockets, 'acme', 100, 1000)).toBe(250)
    expect(admitted(sockets, 'globex', 1, 1000)).toBe(52)
  })

  test('count until they end, and no further', () => {
    const sockets = new Sockets()
    admitted(sockets, 'acme', 0, 1000)
    sockets.release('acme')
    expect(admitted(sockets, 'acme', 0, 10)).toBe(1)
    for (let n = 0; n < 50; n++) sockets.release('acme')
    expect(admitted(sockets, 'acme', 0, 1000)).toBe(50)
  })
})
