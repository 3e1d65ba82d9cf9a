import { describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serverNameOf } from '../../../src/tls/proofs.ts'
import { pauseAfter, pauseUntil, renewAt } from '../../../src/tls/renewal.ts'
import { freshState, readState, writeState } from '../../../src/tls/renewal-state.ts'

const DAY = 86_400_000
const MINUTE = 60_000
const lived = (days: number) => ({ notBefore: 0, notAfter: days * DAY })

describe('a certificate is renewed', () => {
  test('with a third of its life left, and with half of a short one', () => {
    expect(renewAt(lived(90), null, 0)).toBe(60 * DAY)
    expect(renewAt(lived(6), null, 0)).toBe(3 * DAY)
  })

  test('not by everybody at the same moment, and never later than planned', () => {
    for (const random of [0.1, 0.5, 0.99]) {
      const at = renewAt(lived(90), null, random)
      expect(at).toBeLessThan(60 * DAY)
      expect(at).toBeGreaterThan(58 * DAY)
    }
  })

  test('at a random moment of the window that the authority names, whatever the life', () => {
    const window = { start: 10 * DAY, end: 12 * DAY }
    expect(renewAt(lived(90), window, 0)).toBe(10 * DAY)
    expect(renewAt(lived(90), window, 0.5)).toBe(11 * DAY)
    expect(renewAt(lived(90), { start: 10 * DAY, end: 9 * DAY }, 0.5)).toBe(10 * DAY)
  })

  test('at once when that window is over, but never again and again while it is new', () => {
    expect(renewAt(lived(90), { start: -2 * DAY, end: -DAY }, 0.5)).toBe(0.9 * DAY)
  })

  test('while there is time for tries that fail, though the window ends later', () => {
    expect(renewAt(lived(90), { start: 80 * DAY, end: 95 * DAY }, 0.9)).toBe(75 * DAY)
    expect(renewAt(lived(6), { start: 0, end: 6 * DAY }, 0.99)).toBe(4.5 * DAY)
  })
})

describe('after failures', () => {
  test('the pauses grow from a minute to six hours and stay there', () => {
    const pauses = Array.from({ length: 15 }, (_, i) => pauseAfter(i + 1, null, 0) / MINUTE)
    expect(pauses.slice(0, 4)).toEqual([1, 2, 5, 10])
    expect(pauses.slice(10)).toEqual([360, 360, 360, 360, 360])
    expect(pauses).toEqual([...pauses].sort((one, other) => one - other))
  })

  test('what the authority asks for is never undercut', () => {
    expect(pauseAfter(1, 3_600_000, 0)).toBe(3_600_000)
    expect(pauseAfter(12, 1000, 0)).toBe(360 * MINUTE)
  })

  test('they are remembered, and a broken memory is as good as none', () => {
    const folder = mkdtempSync(join(tmpdir(), 'golive-renewal-'))
    const file = join(folder, 'renewal.json')
    const read = () => readState(file, 'here')
    expect(read()).toMatchObject({ failures: 0, notBefore: null, lastError: null })
    writeState(file, { ...read(), failures: 3, notBefore: 7, lastError: 'silent' })
    expect(read()).toMatchObject({ failures: 3, notBefore: 7, lastError: 'silent' })
    for (const broken of ['{"failures": ', '[]', '{}', '{"about":"here","failures":"3"}']) {
      writeFileSync(file, broken)
      expect(read()).toMatchObject({ failures: 0, notBefore: null, isStopgap: false })
    }
    rmSync(folder, { recursive: true })
  })

  test('those of another name or authority hold nobody up, and its certificate is only a stopgap', () => {
    const folder = mkdtempSync(join(tmpdir(), 'golive-renewal-'))
    const file = join(folder, 'renewal.json')
    writeState(file, { ...freshState('staging a.example'), failures: 9, notBefore: 7 })
    expect(readState(file, 'production a.example')).toMatchObject({
      failures: 0,
      notBefore: null,
      isStopgap: true,
    })
    rmSync(folder, { recursive: true })
  })

  test('a pause that was set while the clock was wrong is none', () => {
    expect(pauseUntil(null, 5 * DAY)).toBe(0)
    expect(pauseUntil(6 * DAY, 5 * DAY)).toBe(6 * DAY)
    expect(pauseUntil(400 * DAY, 5 * DAY)).toBe(0)
  })
})

test.each([
  ['live.example.com', 'live.example.com'],
  ['192.0.2.7', '7.2.0.192.in-addr.arpa'],
  ['2001:db8::1', '1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa'],
])('the authority asks for %s by the server name %s', (identifier, name) => {
  expect(serverNameOf(identifier)).toBe(name)
})
