import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { clientAddress } from '../../src/http/client-address.ts'
import type { Pages } from '../../src/http/pages.ts'
import { serveAdmin, serveMetrics, servePublic } from '../../src/http/server.ts'
import type { SignalGate } from '../../src/http/signaling.ts'
import { basic, type Key, TestApi } from '../support/api.ts'
import { exchange, type RawAnswer, requestText, valuesOf } from '../support/raw-http.ts'

/** These tests are about what stands in front of the gate and the pages, not about them. */
const gate: SignalGate = {
  handles: (path) => path === '/rtc',
  handle: async () => new Response('the gate'),
  websocket: { message: () => undefined },
}
const pages: Pages = {
  respond: (request, path) =>
    ['/call', '/api/v1/docs'].includes(path) && request.method === 'GET'
      ? new Response('a page')
      : null,
}

const folder = mkdtempSync(join(tmpdir(), 'golive-server-'))
const socket = join(folder, 'golive.sock')
let api: TestApi
let key: Key
let server: ReturnType<typeof servePublic>
let admin: ReturnType<typeof serveAdmin>
let metrics: ReturnType<typeof serveMetrics>

beforeAll(async () => {
  api = new TestApi()
  key = await api.tenant('acme')
  await api.v1('POST', '/rooms', { key, json: { name: 'r' } })
  const config = { ...api.deps.config, server: { ...api.deps.config.server, port: 0 } }
  const address = clientAddress({ edge: null, trustedProxies: [] })
  server = servePublic({ ...api.deps, config }, { gate, pages, address, prove: () => undefined })
  admin = serveAdmin(api.deps, socket)
  metrics = serveMetrics(api.deps.metrics, 0)
  api.deps.metrics.watch({
    participants: () => 7,
    roomsActive: () => 2,
    livekitUp: () => true,
    livekitRestarts: () => 3,
  })
})

afterAll(async () => {
  await Promise.all([server.stop(true), admin.stop(true), metrics.stop(true)])
  await api.close()
  rmSync(folder, { recursive: true })
})

const ask = (path: string, init: RequestInit = {}) =>
  fetch(`http://127.0.0.1:${server.port}${path}`, init)

const raw = (
  method: string,
  target: string,
  headers: [string, string][],
  body: string | string[] = '',
): Promise<RawAnswer> => {
  const [first = '', ...rest] = Array.isArray(body) ? body : [body]
  return exchange(server.port as number, [requestText(method, target, headers, first), ...rest])
}

describe('what is where', () => {
  test.each([
    ['/rtc', 'the gate'],
    ['/call', 'a page'],
    ['/api/v1/docs', 'a page'],
  ])('%s is %s', async (path, text) => {
    expect(await (await ask(path)).text()).toBe(text)
  })

  test.each(['/metrics', '/admin', '/twirp', '/debug/pprof', '/nope', '/api/v2/me', '/api/v1'])(
    '%s is a 404 problem on the public port',
    async (path) => {
      const answer = await ask(path, { headers: { authorization: basic(key) } })
      const body = (await answer.json()) as { code: string; request_id: string }
      expect([answer.status, answer.headers.get('content-type'), body.code]).toEqual([
        404,
        'application/problem+json',
        'not_found',
      ])
      expect(answer.headers.get('x-request-id')).toBe(body.request_id)
    },
  )

  test('the operator API asks who calls, and has no way in for a tenant', async () => {
    for (const path of ['/admin/status', '/admin/tenants', '/admin/nope']) {
      expect([path, (await ask(path)).status]).toEqual([path, 401])
      const headers = { authorization: basic(key) }
      const answer = await ask(path, { headers })
      expect([path, answer.status]).toEqual([path, 401])
      expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="golive"')
    }
  })

  test('what is for the machine alone is a 404 on the public port', async () => {
    for (const path of [
      '/admin/stop',
      '/admin/restart',
      '/admin/admins',
      '/admin/admins/a@b.example/reset',
    ]) {
      const answer = await ask(path, { method: 'POST', body: '{}' })
      expect([path, answer.status]).toEqual([path, 404])
    }
    expect(api.asked).toEqual([])
  })

  test('a doubled slash is another path', async () => {
    for (const path of ['//call', '//api/v1/me', '/api//v1/me']) {
      expect([path, (await raw('GET', path, [['Host', 'a']])).status]).toEqual([path, 404])
    }
  })

  test('a page takes no POST', async () => {
    const answer = await ask('/call', { method: 'POST', body: 'x' })
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
  })

  test('/healthz says that the process lives, /readyz what is not ready', async () => {
    const [health, ready] = [await ask('/healthz'), await ask('/readyz')]
    expect([health.status, await health.json()]).toEqual([200, { status: 'ok' }])
    expect(ready.status).toBe(503)
    expect(await ready.json()).toMatchObject({
      ready: false,
      checks: { database: 'ok', livekit: expect.any(String) },
    })
    expect((await ask('/healthz', { method: 'POST' })).status).toBe(405)
    expect((await ask('/healthz', { method: 'HEAD' })).status).toBe(200)
  })
})

describe('the Host header', () => {
  test.each([
    ['nothing', []],
    ['an empty one', [['Host', '']]],
    ['a slash', [['Host', 'x/api']]],
    ['a path that would move the route', [['Host', '127.0.0.1/ab']]],
    [
      'two of them',
      [
        ['Host', '127.0.0.1'],
        ['Host', 'evil.example'],
      ],
    ],
    ['credentials', [['Host', 'a:b@127.0.0.1']]],
    ['a query', [['Host', 'x?y']]],
    ['a fragment', [['Host', 'x#y']]],
    ['a space', [['Host', 'a b']]],
    ['a port that is none', [['Host', 'a:port']]],
  ] as [string, [string, string][]][])('with %s is refused with 400', async (_, headers) => {
    for (const path of ['/api/v1/me', '/healthz', '/rtc', '/call', '/ab/api/v1/openapi.json']) {
      const answer = await raw('GET', path, headers)
      expect(answer.status).toBe(400)
      expect(answer.body).not.toContain('openapi')
    }
  })

  test.each([
    'localhost',
    '127.0.0.1:8080',
    '[::1]:8080',
    'live.example.com',
    'a-b_c.example.com.',
  ])('may be %s', async (host) => {
    expect((await raw('GET', '/healthz', [['Host', host]])).status).toBe(200)
  })

  test('does not decide about links: they come from the configuration', async () => {
    const answer = await raw('GET', '/api/v1/me', [
      ['Host', 'evil.example'],
      ['Authorization', basic(key)],
    ])
    expect(JSON.parse(answer.body).ws_url).toBe('ws://127.0.0.1:8080')
  })
})

describe('a body', () => {
  const head: () => [string, string][] = () => [
    ['Host', '127.0.0.1'],
    ['Authorization', basic(key)],
    ['Content-Type', 'application/json'],
  ]

  test('that announces too much is refused with a problem before it is sent', async () => {
    const answer = await raw(
      'POST',
      '/api/v1/rooms',
      [...head(), ['Content-Length', '5000000000']],
      '{',
    )
    expect([answer.status, JSON.parse(answer.body).code]).toEqual([413, 'body_too_large'])
  })

  test.each(['/api/v1/rooms', '/api/v1/rooms/r/tokens'])(
    'in chunks is counted at %s',
    async (path) => {
      const chunk = `4000\r\n${'a'.repeat(0x4000)}\r\n`
      const answer = await raw(
        'POST',
        path,
        [...head(), ['Transfer-Encoding', 'chunked']],
        [chunk, chunk, chunk, chunk, chunk, chunk],
      )
      expect([answer.status, JSON.parse(answer.body).code]).toEqual([413, 'body_too_large'])
    },
  )

  test('in chunks that is small enough is read', async () => {
    const text = '{"identity":"ann"}'
    const chunk = `${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`
    const answer = await raw(
      'POST',
      '/api/v1/rooms/r/tokens',
      [...head(), ['Transfer-Encoding', 'chunked']],
      chunk,
    )
    expect([answer.status, JSON.parse(answer.body).identity]).toEqual([200, 'ann'])
  })

  test('is not looked at without credentials', async () => {
    const answer = await raw(
      'POST',
      '/api/v1/rooms',
      [
        ['Host', 'a'],
        ['Content-Type', 'text/plain'],
        ['Content-Length', '1'],
      ],
      '{',
    )
    expect([answer.status, JSON.parse(answer.body).code]).toEqual([401, 'missing_credentials'])
    expect(valuesOf(answer, 'www-authenticate')).toHaveLength(1)
  })
})

test('every answer of the API has one of each of its own headers', async () => {
  const answer = await raw('GET', '/api/v1/me', [
    ['Host', 'a'],
    ['Authorization', basic(key)],
    ['X-Request-Id', 'mine'],
  ])
  for (const name of [
    'x-request-id',
    'content-type',
    'ratelimit-limit',
    'ratelimit-remaining',
    'ratelimit-reset',
  ]) {
    expect([name, valuesOf(answer, name).length]).toEqual([name, 1])
  }
  expect(valuesOf(answer, 'x-request-id')[0]).toStartWith('req_')
})

test('the address of the caller is remembered with the key', async () => {
  await ask('/api/v1/me', { headers: { authorization: basic(key) } })
  const { body } = await api.admin('GET', '/tenants/acme/keys')
  expect(body.data[0].last_used_from).toBe('127.0.0.1')
})

describe('the socket of the operator', () => {
  test('can be opened by its owner only and answers the admin API', async () => {
    expect(statSync(socket).mode & 0o777).toBe(0o600)
    const answer = await fetch('http://localhost/admin/tenants', { unix: socket } as RequestInit)
    expect(await answer.json()).toMatchObject({ data: [{ slug: 'acme' }] })
  })

  test('does not answer the tenant API', async () => {
    const answer = await fetch('http://localhost/api/v1/me', {
      unix: socket,
      headers: { authorization: basic(key) },
    } as RequestInit)
    expect(answer.status).toBe(404)
  })

  test('takes the place of one that a dead server left', async () => {
    const path = join(folder, 'stale.sock')
    await Bun.write(path, '')
    const again = serveAdmin(api.deps, path)
    expect(
      (await fetch('http://localhost/admin/tenants', { unix: path } as RequestInit)).status,
    ).toBe(200)
    await again.stop(true)
  })

  test('with a path too long for the system is a start error that says so', () => {
    expect(() => serveAdmin(api.deps, `/tmp/${'x'.repeat(110)}`)).toThrow(/longer than 107 bytes/)
  })
})

test('metrics are on a port of their own, with bounded labels', async () => {
  for (const path of [
    '/api/v1/me',
    '/api/v1/rooms/a',
    '/api/v1/rooms/b',
    '/api/v1/nope1',
    '/api/v1/nope2',
  ]) {
    await ask(path, { headers: { authorization: basic(key) } })
  }
  const answer = await fetch(`http://127.0.0.1:${metrics.port}/metrics`)
  const text = await answer.text()
  expect(answer.headers.get('content-type')).toContain('text/plain')
  for (const line of [
    /^golive_participants 7$/m,
    /^golive_rooms_active 2$/m,
    /^golive_livekit_up 1$/m,
    /^golive_livekit_restarts_total 3$/m,
    /^golive_http_requests_total\{route="\/api\/v1\/rooms\/:room",status="4xx"\} \d+$/m,
    /^golive_http_requests_total\{route="none",status="4xx"\} \d+$/m,
    /^golive_mint_seconds_count \d+$/m,
    /^process_cpu_seconds_total [\d.]+$/m,
    /^process_resident_memory_bytes \d+$/m,
  ]) {
    expect(text).toMatch(line)
  }
  expect(text).not.toMatch(/nope1|acme/)
  expect((await fetch(`http://127.0.0.1:${metrics.port}/`)).status).toBe(404)
})

test('HEAD of what goes on for long is answered at once, and leaves nothing open', async () => {
  const within = { method: 'HEAD', signal: AbortSignal.timeout(3000) }
  const headers = { authorization: basic(key), accept: 'text/event-stream' }
  const stream = await ask('/api/v1/events', { ...within, headers })
  expect([stream.status, stream.headers.get('content-type')]).toEqual([
    200,
    'text/event-stream; charset=utf-8',
  ])
  expect(api.deps.streams.size).toBe(0)
  const init = { ...within, unix: socket } as RequestInit
  const lines = await fetch('http://localhost/admin/tenants/acme/export', init)
  expect([lines.status, lines.headers.get('content-type')]).toEqual([200, 'application/x-ndjson'])
  expect((await fetch('http://localhost/admin/tenants/nobody/export', init)).status).toBe(404)
})
