import { describe, expect, test } from 'bun:test'
import { type Dispensable, Unproven } from '../../../src/tls/unproven.ts'

const MOST = 512
const HERE = '192.0.2.1'

class One implements Dispensable {
  dropped = false
  proven = false

  isProven(): boolean {
    return this.proven
  }

  drop(): void {
    this.dropped = true
  }
}

const come = (unproven: Unproven, count: number, address = HERE): One[] =>
  Array.from({ length: count }, () => {
    const one = new One()
    unproven.add(address, one)
    return one
  })

const places = (all: One[]): number[] =>
  all.flatMap(({ dropped }, place) => (dropped ? [place] : []))

describe('of connections from one address that proved nothing', () => {
  test('the oldest goes for the newest, and as many as allowed stay', () => {
    expect(places(come(new Unproven(), MOST + 3))).toEqual([0, 1, 2])
  })

  test('those that proved something meanwhile stay, and do not count any more', () => {
    const unproven = new Unproven()
    const all = come(unproven, MOST)
    for (const one of all.slice(0, 100)) one.proven = true
    const later = come(unproven, 102)
    expect(places(all)).toEqual([100, 101])
    expect(places(later)).toEqual([])
  })

  test('those that closed make place', () => {
    const unproven = new Unproven()
    const all = come(unproven, MOST)
    for (const one of all.slice(10, 20)) unproven.remove(HERE, one)
    come(unproven, 10)
    expect(places(all)).toEqual([])
    come(unproven, 1)
    expect(places(all)).toEqual([0])
  })

  test('none is dropped for what comes from another address', () => {
    const unproven = new Unproven()
    const all = come(unproven, MOST)
    come(unproven, MOST, '192.0.2.2')
    expect(places(all)).toEqual([])
  })

  test('a household of IPv6 is one address: its network has more than anybody can count', () => {
    const unproven = new Unproven()
    const all = come(unproven, MOST, '2001:db8:1:2::1')
    come(unproven, 1, '2001:db8:1:2:ffff::9')
    come(unproven, 1, '2001:db8:1:3::1')
    expect(places(all)).toEqual([0])
  })
})
