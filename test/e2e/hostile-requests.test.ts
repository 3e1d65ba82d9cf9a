import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { exchange, requestText, valuesOf } from '../support/raw-http.ts'
import { expectProblem, Target } from '../support/target.ts'

type Headers = [string, string][]

let target: Target

beforeAll(async () => {
  target = await Target.start()
}, 60_000)

afterEach(() => target.expectUnharmed())

afterAll(async () => {
  await target?.[Symbol.asyncDispose]()
}, 60_000)

describe('a Host header', () => {
  const bad = [
    '',
    ' ',
    'a/b',
    'a/api/v1/openapi.json?',
    'x\\y',
    'user@host',
    'a b',
    'a\tb',
    '<script>',
    "'",
    '%00',
    '[::1',
    '127.0.0.1:port',
    '127.0.0.1:1:2',
    'a?b',
    'a#b',
    'x'.repeat(5000),
  ]

  test.each(bad)('that is none (%p) is refused with 400', async (value) => {
    for (const path of ['/api/v1/openapi.json', '/rtc/validate', '/', '/call', '/nowhere']) {
      const answer = await exchange(target.port, requestText('GET', path, [['Host', value]]))
      expect(answer.status).toBe(400)
      expect(answer.body).not.toContain('openapi"')
    }
  })

  test('given twice is refused, alike or not', async () => {
    const own = `127.0.0.1:${target.port}`
    for (const second of ['evil.example.com', own]) {
      const answer = await exchange(
        target.port,
        requestText('GET', '/api/v1/openapi.json', [
          ['Host', own],
          ['Host', second],
        ]),
      )
      expect(answer.status).toBe(400)
    }
  })

  test('missing is refused', async () => {
    expect((await exchange(target.port, requestText('GET', '/healthz', []))).status).toBe(400)
  })

  test('however short does not move the beginning of the path', async () => {
    for (const name of ['x', 'ab', 'a.b', 'localhost']) {
      const get = (path: string) =>
        exchange(target.port, requestText('GET', path, [['Host', name]]))
      for (const prefix of ['/a', '/ab', '/abc', '/abcd']) {
        expect((await get(`${prefix}/api/v1/openapi.json`)).status).toBe(404)
        expect((await get(`${prefix}/rtc/validate`)).status).toBe(404)
        expect((await get(`${prefix}/healthz`)).status).toBe(404)
      }
      expect((await get('/healthz')).status).toBe(200)
    }
  })

  test('is not believed: addresses in answers come from the configuration', async () => {
    const minted = await exchange(target.port, [
      requestText(
        'POST',
        '/api/v1/rooms/open/tokens',
        [
          ['Host', 'evil.example.com'],
          ['Authorization', target.basic],
          ['Content-Type', 'application/json'],
          ['Content-Length', '18'],
          ['X-Forwarded-Host', 'evil.example.com'],
        ],
        '{"identity":"ann"}',
      ),
    ])
    expect(minted.status).toBe(200)
    expect(minted.body).not.toContain('evil')
  })
})

describe('framing that two readers could read differently', () => {
  const post = '/api/v1/rooms'
  const frames: [string, Headers, string][] = [
    [
      'Content-Length and Transfer-Encoding',
      [
        ['Content-Length', '5'],
        ['Transfer-Encoding', 'chunked'],
      ],
      '0\r\n\r\nGET /x HTTP/1.1\r\n\r\n',
    ],
    [
      'two lengths',
      [
        ['Content-Length', '2'],
        ['Content-Length', '3'],
      ],
      '{}x',
    ],
    ['a list of lengths', [['Content-Length', '2, 3']], '{}x'],
    ['a negative length', [['Content-Length', '-1']], '{}'],
    ['a length with a sign', [['Content-Length', '+2']], '{}'],
    ['a length that is no number', [['Content-Length', '0x2']], '{}'],
    ['a length beyond all numbers', [['Content-Length', '99999999999999999999']], '{}'],
    ['a bad chunk', [['Transfer-Encoding', 'chunked']], 'zz\r\n{}\r\n0\r\n\r\n'],
    ['an unknown coding', [['Transfer-Encoding', 'xchunked']], '{}'],
    ['a folded header', [['X-A', 'b\r\n c']], ''],
    ['a space before the colon', [['Content-Length ', '2']], '{}'],
    ['a bare line feed', [['X-A', 'b\nContent-Length: 2']], '{}'],
    ['NUL in a header', [['X-A', 'b\0c']], ''],
  ]

  test.each(frames)('is refused: %s', async (_, headers, body) => {
    const text = requestText(
      'POST',
      post,
      [
        ...target.host,
        ['Authorization', target.basic],
        ['Content-Type', 'application/json'],
        ...headers,
      ],
      body,
    )
    const answer = await exchange(target.port, text, { timeoutMs: 3000 })
    expect([400, 411, 413, 501, 505, null]).toContain(answer.status)
    expect(answer.timedOut).toBe(false)
  })

  test('in its first line is refused', async () => {
    for (const line of [
      'GET /healthz',
      'GET /healthz HTTP/9.9',
      'GET  /healthz HTTP/1.1',
      'GET healthz HTTP/1.1',
      '\0\0\0\0',
      'PRI * HTTP/2.0',
      '\x16\x03\x01\x02\x00\x01\x00\x01\xfc',
    ]) {
      const answer = await exchange(target.port, `${line}\r\nHost: x\r\n\r\n`, { timeoutMs: 3000 })
      expect(answer.status).not.toBe(200)
      expect(answer.status).not.toBe(500)
    }
  })
})

describe('headers', () => {
  test('with credentials twice, or in a wrong shape, are refused with 401', async () => {
    const wrong: Headers[] = [
      [
        ['Authorization', target.basic],
        ['Authorization', `Basic ${btoa('lkv_x:lks_y')}`],
      ],
      [
        ['Authorization', `Basic ${btoa('lkv_x:lks_y')}`],
        ['Authorization', target.basic],
      ],
      [['Authorization', 'Basic']],
      [['Authorization', 'Basic ====']],
      [['Authorization', `Basic ${btoa('nocolon')}`]],
      [['Authorization', `Basic ${btoa(':')}`]],
      [['Authorization', `Basic ${btoa('a\0b:c\0d')}`]],
      [['Authorization', `Basic ${btoa(`${'x'.repeat(6000)}:y`)}`]],
      [['Authorization', `Bearer ${target.good}`]],
      [['Authorization', `Bearer ${target.basic.slice(6)}`]],
      [['Authorization', 'Digest username="x"']],
      [['Authorization', '']],
    ]
    for (const headers of wrong) {
      const answer = await target.send('GET', '/api/v1/me', headers)
      expectProblem(answer, 401)
      expect(valuesOf(answer, 'www-authenticate')).toHaveLength(1)
    }
  })

  test("are not believed about who asks: X-Request-Id is ours, never the caller's", async () => {
    const answer = await target.send('GET', '/api/v1/me', [
      ['Authorization', target.basic],
      ['X-Request-Id', 'mine'],
      ['X-HTTP-Method-Override', 'DELETE'],
    ])
    expect(answer.status).toBe(200)
    expect(valuesOf(answer, 'x-request-id').join()).not.toContain('mine')
  })

  test('as many as 300 are refused, not a failure', async () => {
    const many: Headers = Array.from({ length: 300 }, (_, n) => [`X-${n}`, 'y'])
    expect([400, 431, null]).toContain((await target.send('GET', '/healthz', many)).status)
  })
})

describe('a client that is slow or silent', () => {
  test('does not stay: headers and bodies that do not come are given up', async () => {
    const trickle = (text: string) => [...text].map((char) => char)
    const head = requestText('POST', '/api/v1/rooms', [
      ...target.host,
      ['Authorization', target.basic],
      ['Content-Type', 'application/json'],
      ['Content-Length', '5000'],
    ])
    const patience = { pauseMs: 1000, timeoutMs: 60_000 }
    const [silent, slowHead, slowBody, slowMint] = await Promise.all([
      exchange(target.port, '', patience),
      exchange(
        target.port,
        trickle(`GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ${'x'.repeat(100)}`),
        patience,
      ),
      exchange(target.port, [head, ...trickle(`{"name":"${'x'.repeat(100)}`)], patience),
      exchange(
        target.port,
        [head.replace('/rooms', '/rooms/open/tokens'), ...trickle(`{"name":"${'x'.repeat(100)}`)],
        patience,
      ),
    ])
    for (const answer of [silent, slowHead, slowBody, slowMint]) {
      expect(answer.timedOut).toBe(false)
      expect([400, 408, null]).toContain(answer.status)
    }
  }, 90_000)

  test('does not hold up others: fifty silent connections later a token is minted', async () => {
    const silent = Promise.all(
      Array.from({ length: 50 }, () =>
        exchange(target.port, 'POST /api/v1/rooms HTTP/1.1\r\n', { timeoutMs: 2000 }),
      ),
    )
    for (let n = 0; n < 20; n++) await target.tenant.mint('open', `quick-${n}`)
    await silent
  })
})
