import { describe, expect, test } from 'bun:test'
import type { Line, Network } from '../../../src/web/check/checkup.ts'
import { reportOf } from '../../../src/web/check/report.ts'
import { type Devices, verdictOf } from '../../../src/web/check/verdict.ts'
import { browserOf, problemWords } from '../../../src/web/check/words.ts'

const HOST = 'live.example.com'
const line = (state: Line['state'], roundTripMs: number | null = null): Line => ({
  state,
  roundTripMs,
})
const OPEN: Network = {
  lines: { socket: line('ok'), udp: line('ok', 20), tcp: line('ok', 25), turn: line('ok', 30) },
  trouble: null,
  places: [
    { protocol: 'udp', address: '203.0.113.7', port: 7882 },
    { protocol: 'udp', address: '2001:db8::7', port: 7882 },
    { protocol: 'tcp', address: '203.0.113.7', port: 7881 },
  ],
  turnUrls: ['turns:live.example.com:443?transport=tcp'],
  over: true,
}
const READY: Devices = {
  camera: { on: true, problem: null },
  microphone: { on: true, problem: null },
}
const blocked = { on: false, problem: 'blocked' } as const

const withLines = (lines: Partial<Network['lines']>): Network => ({
  ...OPEN,
  lines: { ...OPEN.lines, ...lines },
})

const titleOf = (network: Network, devices = READY): string =>
  verdictOf(network, devices, HOST).title

describe('the verdict', () => {
  test('is good when the direct way is open, whatever the others are', () => {
    expect(verdictOf(OPEN, READY, HOST)).toMatchObject({ tone: 'good', openings: [] })
    const others = withLines({ tcp: line('failed'), turn: line('not-offered') })
    expect(titleOf(others)).toBe('Calls will work well')
  })

  test('names what others miss of somebody without camera or microphone', () => {
    expect(titleOf(OPEN, { ...READY, camera: blocked })).toEndWith('others will not see you')
    expect(titleOf(OPEN, { ...READY, microphone: blocked })).toEndWith('others will not hear you')
    expect(titleOf(OPEN, { camera: blocked, microphone: blocked })).toEndWith(
      'others will neither see nor hear you',
    )
  })

  test('asks for UDP alone where calls take a detour, and does not forget a device', () => {
    const detour = withLines({ udp: line('failed'), tcp: line('failed') })
    const { tone, openings, text } = verdictOf(detour, { ...READY, microphone: blocked }, HOST)
    expect(tone).toBe('fair')
    expect(openings).toEqual([
      'Allow outgoing UDP to 203.0.113.7 port 7882 and [2001:db8::7] port 7882.',
    ])
    expect(text).toStartWith('What is wrong with your microphone stands below.')
  })

  test('asks for every way where none is open, but for none that the server does not offer', () => {
    const shut = { udp: line('failed'), tcp: line('failed'), turn: line('failed') }
    const { tone, openings } = verdictOf(withLines(shut), READY, HOST)
    expect([tone, openings.length]).toEqual(['bad', 3])
    expect(openings[2]).toContain('live.example.com port 443')
    const local = withLines({ ...shut, turn: line('not-offered') })
    expect(verdictOf(local, READY, HOST).openings).toHaveLength(2)
  })

  test('blames the network for a WebSocket that does not open, and not for a server that is busy', () => {
    const shut = withLines({ socket: line('failed'), udp: line('unknown'), tcp: line('unknown') })
    expect(verdictOf(shut, READY, HOST)).toMatchObject({
      title: 'Calls will not work on this network',
      openings: [expect.stringContaining('WebSockets to live.example.com')],
    })
    const titles = new Set<string>()
    for (const trouble of ['unsupported', 'unreachable', 'busy', 'full', 'restarting'] as const) {
      const { title, openings } = verdictOf({ ...OPEN, trouble }, READY, HOST)
      expect(openings).toEqual([])
      titles.add(title)
    }
    expect(titles.size).toBe(5)
    expect([...titles].join()).not.toContain('this network')
  })

  test('tells of a delay when everything works, but slowly', () => {
    expect(titleOf(withLines({ udp: line('ok', 301) }))).toEndWith('but with a delay')
    expect(titleOf(withLines({ udp: line('ok', null) }))).toBe('Calls will work well')
  })
})

test('the words for a permission fit the browser', () => {
  const agents = {
    chrome: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/156.0.0.0 Safari/537.36',
    firefox: 'Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0',
    safari: 'Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 Version/19.0 Safari/605.1.15',
    ios: 'Mozilla/5.0 (iPhone; CPU iPhone OS 19_0) AppleWebKit/605.1.15 CriOS/156.0 Safari/604.1',
  }
  for (const [name, agent] of Object.entries(agents)) expect(browserOf(agent)).toBe(name as never)
  const words = new Set(Object.values(agents).map((it) => problemWords('blocked', 'camera', it)))
  expect(words.size).toBe(4)
  for (const text of words) expect(text).not.toContain('{')
})

test('the report holds each finding on a line of its own', () => {
  const text = reportOf({
    origin: `https://${HOST}`,
    at: new Date('2026-11-25T10:00:00Z'),
    userAgent: 'Browser/1',
    verdict: verdictOf(withLines({ udp: line('failed') }), READY, HOST),
    camera: { name: 'FaceTime HD', words: 'Works' },
    microphone: { name: null, words: 'does not work: missing' },
    network: withLines({ udp: line('failed') }),
  })
  expect(text.split('\n')).toEqual([
    'GoLive connection check of https://live.example.com',
    'At:         2026-11-25T10:00:00.000Z',
    'Browser:    Browser/1',
    '',
    'Calls will work, but not at their best',
    '- Allow outgoing UDP to 203.0.113.7 port 7882 and [2001:db8::7] port 7882.',
    '',
    'Camera:     Works (FaceTime HD)',
    'Microphone: does not work: missing',
    'WebSocket:  Works',
    'UDP:        Blocked',
    'TCP:        Works · 25 ms',
    'TURN:       Works · 30 ms',
    'Media at:   203.0.113.7 port 7882 udp',
    'Media at:   2001:db8::7 port 7882 udp',
    'Media at:   203.0.113.7 port 7881 tcp',
    'TURN at:    turns:live.example.com:443?transport=tcp',
    '',
  ])
})
