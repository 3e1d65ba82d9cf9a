import { afterAll, beforeAll, expect, test } from 'bun:test'
import { type Key, TestApi } from '../support/api.ts'

let api: TestApi
let key: Key

beforeAll(async () => {
  api = new TestApi()
  key = await api.tenant('acme')
  await api.v1('POST', '/rooms', { key, json: { name: 'r' } })
})

afterAll(() => api.close())

const TEXTS = [
  '',
  ' ',
  '.',
  '..',
  '../..',
  '/',
  '\\',
  '%',
  '%00',
  '\0',
  'a\0b',
  '\ud800',
  '\udc00x',
  '\u202e',
  '\ufeff',
  '__proto__',
  'constructor',
  'toString',
  "'; drop table rooms; --",
  '{{7*7}}',
  '<script>alert(1)</script>',
  '😀'.repeat(30),
  'a'.repeat(60_000),
  'null',
  '-1',
  '1e999',
  'acme__r',
]

const VALUES: unknown[] = [
  ...TEXTS,
  null,
  true,
  0,
  -1,
  1.5,
  1e308,
  Number.MAX_SAFE_INTEGER + 1,
  [],
  [[[[]]]],
  {},
  { a: { b: 1 } },
]

const FIELDS = {
  '/rooms': [
    'name',
    'metadata',
    'locked',
    'opens_at',
    'closes_at',
    'max_participants',
    'empty_timeout_seconds',
  ],
  '/rooms/r/tokens': [
    'identity',
    'name',
    'metadata',
    'attributes',
    'ttl_seconds',
    'can_publish_sources',
    'hidden',
  ],
}

const expectNoAccident = (
  { status, headers, text }: Awaited<ReturnType<TestApi['v1']>>,
  what: string,
) => {
  if (status >= 500) throw new Error(`${what}: ${status} ${text}`)
  expect(headers.get('x-request-id')).toStartWith('req_')
  if (status >= 400 && text) expect(headers.get('content-type')).toBe('application/problem+json')
}

test.each(Object.entries(FIELDS))(
  'no value of any field of %s makes it fail',
  async (path, fields) => {
    for (const field of fields) {
      for (const value of VALUES) {
        const json = { name: undefined, identity: undefined, [field]: value }
        if (path === '/rooms' && field !== 'name')
          Object.assign(json, { name: `h${Math.random()}` })
        if (path !== '/rooms' && field !== 'identity') Object.assign(json, { identity: 'a' })
        expectNoAccident(
          await api.v1('POST', path, { key, json }),
          `${field}=${JSON.stringify(value).slice(0, 60)}`,
        )
      }
    }
  },
)

test('no text in a path makes it fail, and none reaches another route', async () => {
  for (const text of TEXTS) {
    const part = text.isWellFormed() ? encodeURIComponent(text) : encodeURIComponent('\ufffd')
    for (const method of ['GET', 'PUT', 'PATCH', 'DELETE']) {
      if (text === 'r') continue
      const answer = await api.v1(method, `/rooms/${part}`, {
        key,
        ...(/P/.test(method) ? { json: {} } : {}),
      })
      expectNoAccident(answer, `${method} ${part.slice(0, 60)}`)
    }
    expectNoAccident(
      await api.v1('POST', `/rooms/${part}/tokens`, { key, json: { identity: 'a' } }),
      part.slice(0, 60),
    )
    expectNoAccident(await api.admin('GET', `/tenants/${part}`), part.slice(0, 60))
    expectNoAccident(
      await api.admin('POST', `/tenants/${part}/keys/${part}/rotate`, { json: {} }),
      part.slice(0, 60),
    )
  }
  expect((await api.v1('GET', '/rooms/r', { key })).status).toBe(200)
})

test('no header makes it fail', async () => {
  const headers = [
    { 'if-match': '"' },
    { 'if-match': 'a'.repeat(10_000) },
    { 'if-none-match': 'W/"x"' },
    { 'content-length': '-1' },
    { 'content-length': 'NaN' },
    { accept: '\u00ff' },
    { authorization: 'Basic' },
    { authorization: 'Basic =' },
    { authorization: `basic ${btoa('a:b:c')}` },
    { 'x-http-method-override': 'DELETE' },
  ]
  for (const one of headers) {
    const answer = await api.v1('PUT', '/rooms/r', {
      key,
      json: {},
      headers: one as Record<string, string>,
      address: null,
    })
    expectNoAccident(answer, JSON.stringify(one).slice(0, 80))
  }
  expect((await api.v1('GET', '/rooms/r', { key })).status).toBe(200)
})

test('deep and wide JSON is refused without an accident', async () => {
  for (const body of [
    '['.repeat(30_000),
    `${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}`,
    `{${Array.from({ length: 5000 }, (_, at) => `"k${at}":1`).join(',')}}`,
    '{"name":"a","name":"b","__proto__":{"locked":true}}',
    '\ufeff{"name":"bom"}',
    '{"name":"a"}{"name":"b"}',
    '{"name":NaN}',
  ]) {
    const answer = await api.v1('POST', '/rooms', { key, body })
    expectNoAccident(answer, body.slice(0, 40))
    expect(answer.text.length).toBeLessThan(20_000)
  }
  expect(({} as Record<string, unknown>).locked).toBeUndefined()
})

test('bytes that are not UTF-8 are no accident either', async () => {
  for (const body of [
    new Uint8Array([0xff, 0xfe, 0x7b]),
    new Uint8Array([0x7b, 0x22, 0xc3, 0x28, 0x22, 0x3a, 0x31, 0x7d]),
  ]) {
    expectNoAccident(await api.v1('POST', '/rooms', { key, body }), 'bytes')
  }
})
