import { describe, expect, test } from 'bun:test'
import {
  boundsOf,
  percentOf,
  rowsOf,
  ticksOf,
} from '../../../src/web/dashboard/history/timeline-model.ts'
import type { Stay } from '../../../src/web/dashboard/history/types.ts'

const START = Date.parse('2026-11-25T20:00:00.000Z')
const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

const at = (ms: number): string => new Date(START + ms).toISOString()

const stay = (
  identity: string,
  from: number,
  to: number | null,
  more: Partial<Stay> = {},
): Stay => ({
  ...{ identity, name: '', sid: `PA_${identity}_${from}`, joined_at: at(from) },
  ...{
    left_at: to === null ? null : at(to),
    leave_reason: to === null ? null : 'client_initiated',
  },
  ...{ seconds: 0, reconnects: 0, transport: null, sdk: null, sdk_version: null, os: null },
  ...{ browser: null, address: null, end_accuracy_seconds: 0, reconstructed: false },
  published: { microphone_seconds: 0, camera_seconds: 0, screen_share_seconds: 0 },
  ...{ reconnected_at: [], tracks: [] },
  ...more,
})

describe('the picture of a call', () => {
  test('ends now while it runs, at its end afterwards, and is never of no length', () => {
    const running = { started_at: at(0), ended_at: null }
    expect(boundsOf(running, [stay('a', 0, null)], START + MINUTE)).toEqual({
      ...{ from: START, to: START + MINUTE },
    })
    const over = { started_at: at(0), ended_at: at(5000) }
    expect(boundsOf(over, [stay('a', 0, 5000)], START + HOUR).to).toBe(START + 5000)
    const none = { started_at: at(0), ended_at: at(0) }
    expect(boundsOf(none, [], START + HOUR).to).toBeGreaterThan(START)
  })

  test('has one row for each person, however often they came, and those who never got in last', () => {
    const bounds = { from: START, to: START + HOUR }
    const refusal = (identity: string, ms: number, seq: number) => ({
      ...{ seq, at: at(ms), identity, code: 'room_full', reason: 'The room is full.' },
    })
    const rows = rowsOf(
      [stay('a', 0, MINUTE), stay('b', 0, null), stay('a', 2 * MINUTE, null)],
      [refusal('c', MINUTE, 1), refusal('a', 90 * SECOND, 2), refusal('b', -MINUTE, 3)],
      bounds,
    )
    expect(
      rows.map(({ identity, bars, refusals }) => [identity, bars.length, refusals.length]),
    ).toEqual([
      ['a', 2, 1],
      ['b', 1, 0],
      ['c', 0, 1],
    ])
    expect(rows[1]?.bars[0]).toMatchObject({ isOpen: true, to: bounds.to })
  })

  test('cuts tracks and mutes that go on where the stay ends', () => {
    const track = {
      ...{ sid: 'TR_1', kind: 'audio', source: 'microphone' },
      ...{ published_at: at(MINUTE), unpublished_at: null },
      mutes: [{ from: at(2 * MINUTE), to: null }],
    }
    const sound = { ...track, sid: 'TR_2', source: 'screen_share_audio' }
    const told = stay('a', 0, 5 * MINUTE, { tracks: [track, sound] })
    const [row] = rowsOf([told], [], { from: START, to: START + HOUR })
    const end = START + 5 * MINUTE
    expect(row?.bars[0]?.lanes).toEqual([
      {
        ...{ source: 'microphone', from: START + MINUTE, to: end },
        mutes: [{ from: START + 2 * MINUTE, to: end }],
      },
    ])
  })

  test('puts a moment where it belongs, and what lies outside at the edge', () => {
    const bounds = { from: START, to: START + HOUR }
    expect([-MINUTE, 0, 30 * MINUTE, 2 * HOUR].map((ms) => percentOf(START + ms, bounds))).toEqual([
      0, 0, 50, 100,
    ])
  })
})

describe('the lines of its clock', () => {
  test('are round on the clock of who looks, also half an hour from UTC', () => {
    const bounds = { from: START + 7 * MINUTE, to: START + 8 * HOUR }
    expect(ticksOf(bounds, 6, 0)).toEqual({
      step: 2 * HOUR,
      at: [2, 4, 6, 8].map((hour) => START + hour * HOUR),
    })
    const { at: inIndia } = ticksOf(bounds, 6, -330)
    expect(inIndia[0]).toBe(START + 30 * MINUTE)
  })

  test.each([
    [5 * SECOND, 6],
    [42 * MINUTE, 6],
    [8 * HOUR, 384],
    [40 * 24 * HOUR, 6],
  ])('of %d ms are at least one and not more than %d and one', (length, most) => {
    const { at: lines } = ticksOf({ from: START + 1, to: START + 1 + length }, most, 0)
    expect(lines.length).toBeGreaterThan(0)
    expect(lines.length).toBeLessThanOrEqual(most + 1)
  })
})
