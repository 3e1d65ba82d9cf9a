import { expect, test } from 'bun:test'
import { livekitSentence } from '../../../src/cli/control.ts'
import { type Status, statusLines, took } from '../../../src/cli/status.ts'

const now = Date.parse('2026-11-25T10:00:00.000Z')

const status = (livekit: Partial<Status['livekit']> = {}): Status => ({
  version: '0.1.0',
  uptime_seconds: 7200,
  data_dir: '/var/lib/golive',
  public_url: 'https://live.example.com',
  livekit: {
    pid: 4242,
    version: '1.13.5',
    state: 'running',
    restarts: 0,
    started_at: '2026-11-25T08:00:00.000Z',
    adopted: false,
    restart_needed: false,
    last_exit: null,
    last_lines: ['a line'],
    ...livekit,
  },
  calls: { rooms: 2, participants: 1, max_participants: 200, counted: true },
  database: { ok: true },
  disk: { free_bytes: 12_340_000_000, total_bytes: 40_000_000_000 },
  warnings: [],
})

const text = (value: Status): string => statusLines(value, now).join('\n')

test('a healthy server is told in a few lines, without livekit-server lines or warnings', () => {
  const shown = text(status())
  expect(shown).toStartWith('golive 0.1.0 is up at https://live.example.com\n')
  expect(shown).toContain('2026-11-25 08:00 UTC (2 hours ago)')
  expect(shown).toContain('2 calls with 1 person, room for 200')
  expect(shown).toContain('1.13.5 running, pid 4242')
  expect(shown).toContain('12.3 GB free of 40 GB')
  expect(shown).toContain('never restarted')
  for (const absent of ['Warning', 'a line', 'taken over', 'older settings', 'database', 'null']) {
    expect(shown).not.toContain(absent)
  }
})

test('a child that keeps dying is told with how it died and its last lines', () => {
  const last_exit = { at: '2026-11-25T09:59:00.000Z', code: 1, signal: null, asked: false }
  const shown = text(
    status({ state: 'degraded', pid: null, started_at: null, restarts: 5, last_exit }),
  )
  expect(shown).toContain('1.13.5 degraded\n')
  expect(shown).toContain('restarted 5 times, last died 1 minute ago (exit code 1)')
  expect(shown).toEndWith('Last lines of livekit-server:\n  a line')
})

test('a stop that was asked for is not told as a death', () => {
  const last_exit = { at: '2026-11-25T09:59:00.000Z', code: 0, signal: null, asked: true }
  expect(text(status({ last_exit }))).not.toContain('died')
})

test('an adopted child with older settings says both', () => {
  const shown = text(status({ adopted: true, restart_needed: true }))
  expect(shown).toContain('taken over running')
  expect(shown).toContain('golive stop and golive serve')
})

test('each warning says what to do, and none can steer the terminal', () => {
  const warning = { code: 'ports', message: 'no \u001b[2J media', hint: 'Open 7882/udp.' }
  const shown = text({ ...status(), warnings: [warning], database: { ok: false } })
  expect(shown).toContain('Warning: no \uFFFD[2J media\n  What to do: Open 7882/udp.')
  expect(shown).toContain('the database does not answer')
})

test('short times are told to a tenth of a second', () => {
  expect(took(432)).toBe('0.4 seconds')
  expect(took(65_000)).toBe('1 minute')
})

test('calls that are not counted yet are told as that, and none as none while nothing runs', () => {
  const calls = { rooms: 0, participants: 0, max_participants: 200, counted: false }
  expect(text({ ...status(), calls })).toContain('not counted yet, room for 200')
  expect(text({ ...status({ state: 'degraded' }), calls })).toContain('0 calls with 0 people')
})

test('a restart tells how many calls went on, and no number that is not known yet', () => {
  const calls = { rooms: 0, participants: 0, max_participants: 200, counted: true }
  expect(livekitSentence(status(), status())).toBe(
    'livekit-server ran on (pid 4242); 2 calls with 1 person went on.',
  )
  expect(livekitSentence(status(), { ...status(), calls })).toEndWith('no calls were running.')
  expect(livekitSentence(status(), { ...status(), calls: { ...calls, counted: false } })).toEndWith(
    'its calls are not counted yet.',
  )
  expect(livekitSentence(status(), status({ pid: 7 }))).toBe(
    'livekit-server was started anew (pid 7); 2 calls with 1 person had to reconnect.',
  )
  expect(livekitSentence(status(), status({ pid: null }))).toContain('see golive status')
})
