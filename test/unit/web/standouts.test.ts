import { describe, expect, test } from 'bun:test'
import { standoutsOf } from '../../../src/web/dashboard/history/standouts.ts'
import type { CallSession, Stay, Track } from '../../../src/web/dashboard/history/types.ts'

const AT = '2026-11-25T20:00:00.000Z'

const session = (end_reason: string | null): CallSession => ({
  ...{ id: '1', room: 'daily', livekit_sid: 'RM_1', started_at: AT, ended_at: AT, end_reason },
  ...{ peak_participants: 1, participant_seconds: 1, end_accuracy_seconds: 0 },
  reconstructed: false,
})

const track = (source: string): Track => ({
  ...{ sid: `TR_${source}`, kind: 'audio', source, published_at: AT, unpublished_at: AT },
  mutes: [],
})

const stay = (identity: string, more: Partial<Stay> = {}): Stay => ({
  ...{ identity, name: '', sid: `PA_${identity}`, joined_at: AT, left_at: AT, seconds: 0 },
  ...{ leave_reason: 'client_initiated', reconnects: 0, transport: 'udp', sdk: null, os: null },
  ...{ sdk_version: null, browser: null, address: null, end_accuracy_seconds: 0 },
  published: { microphone_seconds: 0, camera_seconds: 0, screen_share_seconds: 0 },
  ...{ reconstructed: false, reconnected_at: [], tracks: [track('microphone')] },
  ...more,
})

const texts = (end: string | null, stays: Stay[]) =>
  standoutsOf(session(end), stays, []).map(({ text, people }) => [text, people])

describe('what stands out in a call', () => {
  test('is nothing where everybody came, spoke and left', () => {
    expect(texts('empty', [stay('a'), stay('b')])).toEqual([])
  })

  test('is the server first, and not each of the people who went with it', () => {
    const gone = { leave_reason: 'livekit_exited' }
    expect(texts('livekit_exited', [stay('a', gone), stay('b', gone)])).toEqual([
      ['The media server failed while the call was running.', []],
    ])
  })

  test('names each person once, however often they were lost', () => {
    const lost = { leave_reason: 'connection_timeout' }
    expect(texts('empty', [stay('a', lost), stay('a', lost), stay('b', lost)])).toEqual([
      ['2 people lost the connection.', ['a', 'b']],
    ])
  })

  test('is who never published anything, but not who did on another stay', () => {
    const none = { tracks: [] }
    expect(texts('empty', [stay('a', none), stay('b', none), stay('b')])).toEqual([
      ['1 person never published a microphone or camera: they could not be heard or seen.', ['a']],
    ])
  })

  test('is each reason of refused joins by itself', () => {
    const refused = (seq: number, identity: string, code: string) => ({
      ...{ seq, at: AT, identity, code, reason: `It is ${code}.` },
    })
    const all = [
      refused(1, 'x', 'room_full'),
      refused(2, 'x', 'room_full'),
      refused(3, 'y', 'room_locked'),
    ]
    expect(standoutsOf(session('empty'), [], all)).toEqual([
      { tone: 'bad', text: '2 joins were refused: It is room_full.', people: ['x'] },
      { tone: 'bad', text: '1 join was refused: It is room_locked.', people: ['y'] },
    ])
  })
})
