import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { exchange, requestText } from '../support/raw-http.ts'
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

describe('a body', () => {
  const nested = (depth: number) => `{"name":${'['.repeat(depth)}${']'.repeat(depth)}}`
  const bodies: [string, string | Uint8Array, number | number[]][] = [
    ['empty', '', [400, 415]],
    ['null', 'null', 422],
    ['a text', '"x"', 422],
    ['a list', '[]', 422],
    ['cut off', '{"name":"x"', 400],
    ['not JSON', 'name=x', 400],
    ['with a comma too many', '{"name":"x",}', 400],
    ['two values', '{"name":"x"}{"name":"y"}', 400],
    ['NaN', '{"name":"x","max_participants":NaN}', 400],
    ['without a name', '{}', 422],
    ['with an unknown field', '{"name":"x","admin":true}', 422],
    ['with __proto__', '{"name":"x","__proto__":{"admin":true}}', 422],
    ['with constructor', '{"name":"x","constructor":{"prototype":{"admin":true}}}', 422],
    ['a name that is a number', '{"name":5}', 422],
    ['a name that is an object', '{"name":{"toString":"x"}}', 422],
    ['NUL in the name', '{"name":"x\\u0000"}', 422],
    ['a raw NUL', '{"name":"x\0"}', 400],
    ['a lone surrogate in the name', '{"name":"\\ud800"}', 422],
    ['a lone surrogate in metadata', '{"name":"x","metadata":"\\udc00"}', 422],
    ['a path in the name', '{"name":"../x"}', 422],
    ['a name of 60 KB', `{"name":"${'x'.repeat(60_000)}"}`, 422],
    ['a name of 1 MB', `{"name":"${'x'.repeat(1_048_576)}"}`, 413],
    ['a field name of 60 KB', `{"name":"x","${'y'.repeat(60_000)}":1}`, 422],
    [
      'ten thousand unknown fields',
      `{"name":"x",${Array.from({ length: 5000 }, (_, i) => `"f${i}":1`).join()}}`,
      422,
    ],
    ['nested 10,000 deep', nested(10_000), [400, 422]],
    ['nested 30,000 deep', nested(30_000), [400, 422]],
    ['a huge number', '{"name":"x","max_participants":1e999}', 422],
    ['a number past 2^53', '{"name":"x","max_participants":9007199254740993}', 422],
    ['a fraction', '{"name":"x","max_participants":1.5}', 422],
    ['minus zero', '{"name":"x","max_participants":-0}', 422],
    ['a number as text', '{"name":"x","max_participants":"5"}', 422],
    ['a time that is none', '{"name":"x","opens_at":"tomorrow"}', 422],
    ['a time of the year 300,000', '{"name":"x","opens_at":"+300000-01-01T00:00:00.000Z"}', 422],
    ['bad UTF-8', Buffer.from('{"name":"x\xff\xfe"}', 'latin1'), [400, 422]],
    [
      'bad UTF-8 in metadata',
      Buffer.from('{"name":"bad-utf8","metadata":"\xff"}', 'latin1'),
      [400, 422],
    ],
    ['overlong UTF-8', Buffer.from('{"name":"x\xc0\xaf"}', 'latin1'), [400, 422]],
    ['UTF-16', Buffer.from('\ufeff{"name":"x"}', 'utf16le'), 400],
    ['gzip', Bun.gzipSync('{"name":"x"}'), 400],
  ]

  test.each(bodies)('%s is refused in the right words', async (_, body, status) => {
    const answer = await target.api('POST', '/rooms', body)
    expectProblem(answer, status)
    // A body that takes long to refuse holds up everybody.
    expect(answer.milliseconds).toBeLessThan(2000)
  })

  test('of the same kinds is refused alike when a token is asked for', async () => {
    for (const body of [
      '',
      'null',
      '[]',
      '{',
      '{"identity":""}',
      '{"identity":"\\u0000"}',
      '{"identity":"\\ud800"}',
      '{"identity":"."}',
      '{"identity":"a","ttl_seconds":59}',
      '{"identity":"a","ttl_seconds":1e99}',
      '{"identity":"a","video":{"roomAdmin":true}}',
      '{"identity":"a","__proto__":{}}',
      `{"identity":"${'x'.repeat(129)}"}`,
      '{"identity":"a","attributes":{"__proto__":5}}',
      nested(20_000),
    ]) {
      expectProblem(await target.api('POST', '/rooms/open/tokens', body), [400, 415, 422])
    }
  })

  test('sent with another content type, or none, is refused with 415', async () => {
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'application/jsonx',
      'text/json',
      'application/json, text/plain',
      'application/json; charset=utf-16',
      '',
    ]) {
      for (const path of ['/rooms', '/rooms/open/tokens']) {
        const headers: Headers = type ? [['Content-Type', type]] : []
        expect(expectProblem(await target.api('POST', path, '{"name":"x"}', headers), 415)).toBe(
          'unsupported_media_type',
        )
      }
    }
  })

  test('that says it is compressed is refused, not unpacked', async () => {
    const bomb = Bun.gzipSync(new Uint8Array(10_000_000))
    for (const path of ['/rooms', '/rooms/open/tokens']) {
      const answer = await target.api('POST', path, bomb, [
        ['Content-Type', 'application/json'],
        ['Content-Encoding', 'gzip'],
      ])
      expectProblem(answer, [400, 415])
    }
  })

  test('over 64 KiB is refused with 413, with its length told or not, and before it is read', async () => {
    const body = `{"name":"x","metadata":"${'x'.repeat(70_000)}"}`
    for (const path of ['/rooms', '/rooms/open/tokens']) {
      expect(expectProblem(await target.api('POST', path, body), 413)).toBe('body_too_large')
      const head = requestText('POST', `/api/v1${path}`, [
        ...target.host,
        ['Authorization', target.basic],
        ['Content-Type', 'application/json'],
        ['Transfer-Encoding', 'chunked'],
      ])
      const chunked = await exchange(target.port, [
        head,
        `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`,
      ])
      expectProblem(chunked, 413)
    }
  })

  test('of an anonymous caller is not looked at: 401 comes first, and at once', async () => {
    const slow = requestText(
      'POST',
      '/api/v1/rooms',
      [...target.host, ['Content-Type', 'application/json'], ['Content-Length', '1000']],
      '{',
    )
    const waiting = await exchange(target.port, slow, { timeoutMs: 3000 })
    expect(expectProblem(waiting, 401)).toBe('missing_credentials')
    for (const body of ['{', 'x'.repeat(80_000)]) {
      expectProblem(
        await target.send('POST', '/api/v1/rooms', [['Content-Type', 'text/plain']], body),
        401,
      )
    }
  })

  test('with a name twice means one thing: what was answered is what is kept', async () => {
    const answer = await target.api('POST', '/rooms', '{"name":"twice-a","name":"twice-b"}')
    expect([201, 400, 422]).toContain(answer.status as number)
    const { name } = JSON.parse(answer.body) as { name?: string }
    const kept = await Promise.all(
      ['twice-a', 'twice-b'].map(
        async (one) => (await target.tenant.call('GET', `/rooms/${one}`)).status,
      ),
    )
    expect(kept.filter((status) => status === 200)).toHaveLength(name ? 1 : 0)
  })

  test('that begins with a byte order mark is either JSON or not, never a failure', async () => {
    const answer = await target.api('POST', '/rooms', Buffer.from('\ufeff{"name":"bom"}'))
    expect([201, 400]).toContain(answer.status as number)
  })
})
