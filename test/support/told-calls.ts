import type { ToldCall, ToldStay } from './write-calls.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

export const MARKUP = '<img src=x onerror="document.title=`owned`">'

/** A call in which several things went wrong, each of another kind. */
export const troubled = (tenant: string, startedAt: number): ToldCall => ({
  ...{ tenant, id: '01troubled', room: 'board-meeting', startedAt },
  more: { peak_participants: 5 },
  stays: [
    {
      ...{ identity: 'jane', name: 'Jane Doe', from: 0, to: 42 * MINUTE },
      tracks: [
        { source: 'microphone', mutes: [[8 * MINUTE, 17 * MINUTE]] },
        { source: 'camera', to: 30 * MINUTE },
        { source: 'screen_share', from: 12 * MINUTE, to: 24 * MINUTE },
      ],
    },
    {
      ...{ identity: 'omar', name: 'Omar', from: 1 * MINUTE, to: 11 * MINUTE },
      reason: 'connection_timeout',
      reconnects: [4 * MINUTE, 7 * MINUTE, 9 * MINUTE],
      tracks: [{ source: 'microphone' }, { source: 'camera' }],
      more: {
        ...{
          transport: 'turn',
          os: 'Android 16',
          browser: 'Firefox 145.0',
          end_accuracy_ms: 18_000,
        },
        ...{ address: '2001:db8:85a3::8a2e:370:7334', reconstructed: 1 },
      },
    },
    {
      ...{ identity: 'omar', name: 'Omar', from: 14 * MINUTE, to: 41 * MINUTE },
      tracks: [{ source: 'microphone', mutes: [[20 * MINUTE, 35 * MINUTE]] }],
      more: { transport: 'tcp' },
    },
    {
      ...{ identity: 'user-4711', from: 2 * MINUTE, to: 19 * MINUTE },
      reason: 'duplicate_identity',
      tracks: [{ source: 'microphone' }, { source: 'camera' }],
    },
    {
      ...{ identity: 'user-4711', from: 19 * MINUTE, to: 33 * MINUTE },
      reason: 'participant_removed',
      tracks: [{ source: 'camera' }],
      more: { os: 'iOS 26', browser: 'Safari 26.1', sdk: 'swift', sdk_version: '2.9.0' },
    },
    {
      ...{ identity: MARKUP, name: `${MARKUP} مرحبا 👋`, from: 3 * MINUTE, to: 40 * MINUTE },
      more: {
        transport: null,
        sdk: null,
        sdk_version: null,
        os: null,
        browser: null,
        address: null,
      },
    },
  ],
  refused: [-2, 5, 6, 9, 44].map((minute) => ({
    ...{ at: minute * MINUTE, identity: minute > 8 ? 'omar' : 'late-larry' },
    ...(minute < 0
      ? { code: 'token_expired', reason: 'The token expired 3 minutes ago.' }
      : { code: 'room_full', reason: 'The room is full: 5 people are in it already.' }),
  })),
})

export const tiny = (tenant: string, startedAt: number): ToldCall => ({
  ...{ tenant, id: '01tiny', room: 'mic-test', startedAt },
  stays: [{ identity: 'solo', from: 0, to: 5000, tracks: [{ source: 'microphone' }] }],
})

/** The server died in the middle of it. */
export const concluded = (tenant: string, startedAt: number): ToldCall => ({
  ...{ tenant, id: '01concluded', room: 'night-shift', startedAt },
  more: { end_reason: 'livekit_exited', end_accuracy_ms: 25_000, reconstructed: 1 },
  stays: ['ann', 'bea'].map((identity) => ({
    ...{ identity, from: 0, to: 95 * MINUTE, reason: 'livekit_exited' },
    tracks: [{ source: 'microphone' }],
    more: { end_accuracy_ms: 25_000, reconstructed: 1 as const },
  })),
})

/** A hundred people, eight hours. */
export const huge = (tenant: string, startedAt: number): ToldCall => ({
  ...{ tenant, id: '01huge', room: `${'all-hands-'.repeat(11)}2026`, startedAt },
  stays: Array.from({ length: 100 }, (_, n) => attendee(n)),
})

const attendee = (n: number): ToldStay => {
  const from = (n % 10) * 4 * MINUTE
  const to = 8 * HOUR - ((n * 37) % 200) * MINUTE
  const mutes = Array.from({ length: 12 }, (_, turn): [number, number] => [
    from + (10 + turn * 20) * MINUTE,
    from + (22 + turn * 20 + (n % 5)) * MINUTE,
  ])
  return {
    ...{ identity: `employee-${String(n).padStart(3, '0')}`, name: `Employee ${n}`, from, to },
    reason: n % 17 === 3 ? 'connection_timeout' : 'client_initiated',
    reconnects: n % 9 === 0 ? [from + 90 * MINUTE] : [],
    tracks: [
      { source: 'microphone', mutes: mutes.filter(([, end]) => end < to) },
      ...(n % 3 === 0 ? [{ source: 'camera', to: from + 3 * HOUR }] : []),
    ],
    more: { transport: n % 20 === 0 ? 'tcp' : 'udp' },
  }
}
