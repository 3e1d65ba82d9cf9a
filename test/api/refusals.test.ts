import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type Answer, type Key, TestApi } from '../support/api.ts'

let api: TestApi
let key: Key

beforeAll(async () => {
  api = new TestApi()
  key = await api.tenant('acme')
  await api.v1('POST', '/rooms', { key, json: { name: 'standup' } })
})

afterAll(() => api.close())

const expectProblem = (answer: Answer, status: number, code: string) => {
  expect({ status: answer.status, code: answer.body.code }).toEqual({ status, code })
  expect(answer.headers.get('content-type')).toBe('application/problem+json')
  expect(answer.body).toMatchObject({ type: `urn:golive:problem:${code}`, status })
  expect(answer.body.title).toBeString()
  expect(answer.body.detail).toBeString()
  expect(answer.body.request_id).toBe(answer.headers.get('x-request-id'))
}

describe('a request that cannot be read', () => {
  const json = 'application/json'
  test.each([
    ['broken JSON', 400, 'malformed_json', '{', { 'content-type': json }],
    ['an empty body', 400, 'malformed_json', '', { 'content-type': json }],
    ['no content type at all', 415, 'unsupported_media_type', '{}', { 'content-type': '' }],
    [
      'a form',
      415,
      'unsupported_media_type',
      'name=a',
      { 'content-type': 'application/x-www-form-urlencoded' },
    ],
    [
      'text that calls itself nearly JSON',
      415,
      'unsupported_media_type',
      '{}',
      { 'content-type': 'application/jsonp' },
    ],
    [
      'JSON in another charset',
      415,
      'unsupported_media_type',
      '{}',
      { 'content-type': `${json}; charset=latin1` },
    ],
    [
      'more than 64 KiB',
      413,
      'body_too_large',
      `{"name":"${'a'.repeat(70_000)}"}`,
      { 'content-type': json },
    ],
    [
      'a length that says more than 64 KiB',
      413,
      'body_too_large',
      '{}',
      { 'content-type': json, 'content-length': '65537' },
    ],
    ['null', 422, 'validation_failed', 'null', { 'content-type': json }],
    ['a list', 422, 'validation_failed', '[]', { 'content-type': json }],
    ['a bare text', 422, 'validation_failed', '"x"', { 'content-type': json }],
  ])('is refused: %s', async (_, status, code, body, headers) => {
    const paths = ['/rooms', '/rooms/standup/tokens']
    for (const path of paths)
      expectProblem(await api.v1('POST', path, { key, body, headers }), status, code)
  })

  test.each(['/rooms', '/rooms/standup/tokens'])(
    'is refused at %s although no length announced it',
    async (path) => {
      const chunk = new Uint8Array(16_384).fill(97)
      const body = new ReadableStream({ pull: (to) => to.enqueue(chunk) })
      expectProblem(await api.v1('POST', path, { key, body }), 413, 'body_too_large')
    },
  )

  test('is accepted with a charset and in capitals', async () => {
    const headers = { 'content-type': 'Application/JSON; charset=UTF-8' }
    const answer = await api.v1('POST', '/rooms/standup/tokens', {
      key,
      json: { identity: 'a' },
      headers,
    })
    expect(answer.status).toBe(200)
  })

  test.each(['/rooms/%zz', '/rooms/%00', '/rooms/a%00b/tokens', '/rooms/%ff'])(
    'is refused for the escape in %s',
    async (path) => {
      const method = path.endsWith('tokens') ? 'POST' : 'GET'
      expectProblem(
        await api.v1(method, path, { key, ...(method === 'POST' ? { json: {} } : {}) }),
        400,
        'malformed_request',
      )
    },
  )
})

describe('what is not there', () => {
  test.each([
    '/nope',
    '/rooms/',
    '/rooms//',
    '//rooms',
    '/rooms/standup/tokens/',
    '/ROOMS',
    '',
    '/metrics',
  ])('is 404: %s', async (path) => {
    expectProblem(await api.v1('GET', path, { key }), 404, 'not_found')
  })

  test.each([
    ['POST', '/me', 'GET, HEAD, OPTIONS'],
    ['DELETE', '/rooms', 'GET, HEAD, OPTIONS, POST'],
    ['POST', '/rooms/standup', 'DELETE, GET, HEAD, OPTIONS, PATCH, PUT'],
    ['GET', '/rooms/standup/tokens', 'OPTIONS, POST'],
    ['TRACE', '/rooms', 'GET, HEAD, OPTIONS, POST'],
  ])('is 405 with Allow: %s %s', async (method, path, allow) => {
    const answer = await api.v1(method, path, { key })
    expectProblem(answer, 405, 'method_not_allowed')
    expect(answer.headers.get('allow')).toBe(allow)
  })

  test('is told by OPTIONS, without credentials and without inviting browsers', async () => {
    const answer = await api.v1('OPTIONS', '/rooms', {
      headers: { origin: 'https://evil.example' },
    })
    expect([answer.status, answer.headers.get('allow')]).toEqual([204, 'GET, HEAD, OPTIONS, POST'])
    expect(answer.headers.has('access-control-allow-origin')).toBe(false)
  })

  test('is the body of a HEAD, whose headers are those of the GET', async () => {
    const answer = await api.v1('HEAD', '/rooms/standup', { key })
    expect([answer.status, answer.text]).toEqual([200, ''])
    expect(answer.headers.get('etag')).toStartWith('"')
  })
})

describe('who may call', () => {
  const cases: [string, string, Record<string, string>][] = [
    ['no credentials', 'missing_credentials', {}],
    ['another scheme', 'missing_credentials', { authorization: 'Bearer abc' }],
    ['broken base64', 'invalid_credentials', { authorization: 'Basic %%%' }],
    ['no colon', 'invalid_credentials', { authorization: `Basic ${btoa('lkv_abc')}` }],
    [
      'an unknown key',
      'invalid_credentials',
      { authorization: `Basic ${btoa('lkv_abc:lks_abc')}` },
    ],
    [
      'a NUL in the key',
      'invalid_credentials',
      { authorization: `Basic ${btoa('lkv_\0:lks_abc')}` },
    ],
    [
      'a secret where the key belongs',
      'secret_sent_as_key',
      { authorization: `Basic ${btoa('lks_abc:lkv_abc')}` },
    ],
    [
      '10 KB of credentials',
      'invalid_credentials',
      { authorization: `Basic ${btoa(`lkv_${'a'.repeat(10_000)}:x`)}` },
    ],
  ]

  test.each(cases)('is refused before the body is looked at: %s', async (_, code, headers) => {
    const tries = [
      await api.v1('GET', '/me', { headers, address: null }),
      await api.v1('POST', '/rooms', { headers, body: '{', address: null }),
      await api.v1('POST', '/rooms', {
        headers: { ...headers, 'content-type': 'text/plain' },
        body: 'x',
        address: null,
      }),
      await api.v1('POST', '/rooms/standup/tokens', { headers, json: {}, address: null }),
      await api.v1('GET', '/nope', { headers, address: null }),
    ]
    for (const answer of tries) {
      expectProblem(answer, 401, code)
      expect(answer.headers.get('www-authenticate')).toBe('Basic realm="golive", charset="UTF-8"')
      expect(answer.headers.has('ratelimit-limit')).toBe(false)
    }
  })

  test('does not tell an unknown key from a wrong secret', async () => {
    const unknown = await api.v1('GET', '/me', {
      key: { api_key: 'lkv_nobody', api_secret: 'lks_x' },
      address: null,
    })
    const wrong = await api.v1('GET', '/me', {
      key: { ...key, api_secret: 'lks_x' },
      address: null,
    })
    const same = ({ body: { request_id: _, ...rest } }: Answer) => rest
    expect(same(unknown)).toEqual(same(wrong))
  })

  test('is deactivated only for who proves the right secret', async () => {
    const gone = await api.tenant('gone')
    await api.admin('PATCH', '/tenants/gone', { json: { status: 'deactivated' } })
    expectProblem(await api.v1('GET', '/me', { key: gone }), 401, 'tenant_deactivated')
    const wrong = { ...gone, api_secret: 'lks_wrong' }
    expectProblem(
      await api.v1('GET', '/me', { key: wrong, address: null }),
      401,
      'invalid_credentials',
    )
    await api.admin('PATCH', '/tenants/gone', { json: { status: 'active' } })
    expect((await api.v1('GET', '/me', { key: gone })).status).toBe(200)
  })
})

test('the request id is ours and never the one that was sent', async () => {
  const headers = { 'x-request-id': 'req_mine' }
  const [one, two] = [
    await api.v1('GET', '/me', { key, headers }),
    await api.v1('GET', '/nope', { headers }),
  ]
  expect(one?.headers.get('x-request-id')).toMatch(/^req_[0-9a-z]+-[0-9a-z]+$/)
  expect(one?.headers.get('x-request-id')).not.toBe(two?.headers.get('x-request-id'))
})

test('a failure nobody expected tells the caller its request id and the log its cause', async () => {
  const broken = new TestApi({
    rooms: { list: () => Promise.reject(new Error('inner words')) } as never,
  })
  const answer = await broken.v1('GET', '/rooms', { key: await broken.tenant('acme') })
  expectProblem(answer, 500, 'internal_error')
  expect(answer.text).not.toContain('inner words')
  const line = broken.logged.find(({ level }) => level === 'error')
  expect(line).toMatchObject({
    request_id: answer.body.request_id,
    status: 500,
    err: { message: 'inner words' },
  })
  await broken.close()
})

test('a full disk is 503 storage_full, and what needs no room goes on', async () => {
  const broken = new TestApi()
  const key = await broken.tenant('acme')
  broken.store.raw.run('PRAGMA max_page_count = 1')
  let answer = await broken.v1('GET', '/rooms', { key })
  for (let room = 0; room < 1000 && answer.status < 400; room++) {
    const json = { name: `room-${room}`, metadata: 'x'.repeat(8192) }
    answer = await broken.v1('POST', '/rooms', { key, json })
  }
  expectProblem(answer, 503, 'storage_full')
  expect(answer.headers.get('retry-after')).toBe('30')
  expect((await broken.v1('GET', '/rooms', { key })).status).toBe(200)
  await broken.close()
})

test('an answer that does not fit its schema is our fault and leaks nothing, not even to the log', async () => {
  const odd = { tenantNow: () => 'seventeen secrets' } as never
  const broken = new TestApi({ presence: odd })
  const answer = await broken.v1('GET', '/me', { key: await broken.tenant('acme') })
  expectProblem(answer, 500, 'internal_error')
  expect(answer.text + JSON.stringify(broken.logged)).not.toContain('seventeen secrets')
  expect(JSON.stringify(broken.logged)).toContain('usage.participants_now')
  await broken.close()
})

test('the log holds refusals and writes but no query, body, secret or token', async () => {
  const quiet = new TestApi()
  const own = await quiet.tenant('acme')
  await quiet.v1('POST', '/rooms', { key: own, json: { name: 'standup', metadata: 'in the body' } })
  await quiet.v1('GET', '/rooms?cursor=in-the-query', { key: own })
  const minted = await quiet.v1('POST', '/rooms/standup/tokens', {
    key: own,
    json: { identity: 'ann' },
  })
  const text = JSON.stringify(quiet.logged)
  for (const secret of [own.api_secret, minted.body.token, 'in-the-query', 'in the body', 'ann']) {
    expect(text).not.toContain(secret)
  }
  const line = (path: string) =>
    quiet.logged.filter((entry) => entry.path === path).map(({ level, status }) => [level, status])
  expect(line('/api/v1/rooms')).toEqual([
    ['info', 201],
    ['info', 422],
  ])
  expect(line('/api/v1/rooms/standup/tokens')).toEqual([['debug', 200]])
  await quiet.close()
})
