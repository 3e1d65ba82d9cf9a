import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type AcmeError, AcmeTransport, retryAfterMs } from '../../../src/tls/acme-transport.ts'

let answer: () => Response
let asked = 0
let server: Bun.Server<undefined>
let directory: string

beforeAll(() => {
  server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch: () => {
      asked++
      return answer()
    },
  })
  directory = `http://127.0.0.1:${server.port}/dir`
})
afterAll(() => server.stop(true))

const problem = (status: number, type: string, detail: string, headers = {}): Response =>
  Response.json({ type: `urn:ietf:params:acme:error:${type}`, detail }, { status, headers })

const failure = async (url = directory): Promise<AcmeError> => {
  try {
    await new AcmeTransport(url, null).request(url, {})
  } catch (error) {
    return error as AcmeError
  }
  throw new Error('nothing was refused')
}

describe('a certificate authority that', () => {
  test('asks for a pause gets it: in seconds, as a date, or an hour when it does not say', async () => {
    const wait = async (status: number, headers: Record<string, string>) => {
      answer = () => problem(status, 'rateLimited', 'too many\norders', headers)
      const { trouble, retryAfterMs } = await failure()
      expect(trouble).toBe('pause')
      return Math.round((retryAfterMs ?? 0) / 60_000)
    }
    expect(await wait(429, { 'retry-after': '7200' })).toBe(120)
    const date = new Date(Date.now() + 1_800_000).toUTCString()
    expect(await wait(429, { 'retry-after': date })).toBe(30)
    expect(await wait(429, {})).toBe(60)
    expect(await wait(503, { 'retry-after': '60' })).toBe(1)
    expect((await failure()).message).toBe(
      'the certificate authority says: not now (too many orders)',
    )
  })

  test('refuses something is passed on in one line, without what a terminal would obey', async () => {
    answer = () => problem(403, 'unauthorized', `no\u001b[31m\n${'x'.repeat(1000)}`)
    const { trouble, message } = await failure()
    expect(trouble).toBe('refused')
    expect(message).toMatch(/^the certificate authority says: no \[31m x+$/)
    expect(message.length).toBeLessThan(500)
  })

  test('speaks of something else is told so', async () => {
    answer = () => new Response('<html>')
    expect(new AcmeTransport(directory, null).json(directory)).rejects.toThrow('speaks no ACME')
  })

  test('is not there is named, after some tries; DNS is blamed only when it is to blame', async () => {
    answer = () => new Response(new Uint8Array(2 ** 21))
    asked = 0
    const [silent, unknown, endless] = await Promise.all([
      failure('http://127.0.0.1:9/dir'),
      failure('http://ca.invalid/dir'),
      failure(),
    ])
    expect(silent.message).toBe('the certificate authority at 127.0.0.1:9 does not answer')
    expect(unknown.message).toBe(
      'the certificate authority at ca.invalid is not found: DNS does not know its name',
    )
    for (const error of [silent, unknown, endless]) expect(error.trouble).toBe('silent')
    expect(asked).toBe(3)
  })
})

test('a mishap of the authority is over when it is asked again', async () => {
  let left = 1
  answer = () => (left-- > 0 ? new Response('', { status: 502 }) : new Response('{"a":1}'))
  expect((await new AcmeTransport(directory, null).json(directory)).value).toEqual({ a: 1 })
})

test('one that is broken itself is told from one that refuses: nothing is to be mended here', async () => {
  answer = () => new Response('', { status: 500 })
  const { trouble, message } = await failure()
  expect([trouble, message]).toEqual(['silent', 'the certificate authority says: status 500'])
})

test('what is no object is no answer', async () => {
  for (const text of ['null', '7', '"dir"']) {
    answer = () => new Response(text)
    expect(new AcmeTransport(directory, null).json(directory)).rejects.toThrow('speaks no ACME')
  }
})

test('how long it wants to be left alone before the next look is known, and forgotten after it', async () => {
  const transport = new AcmeTransport(directory, null)
  answer = () => new Response('{}', { headers: { 'retry-after': '3' } })
  await transport.json(directory)
  expect(transport.askedWaitMs).toBe(3000)
  answer = () => new Response('{}')
  await transport.json(directory)
  expect(transport.askedWaitMs).toBe(0)
})

test('a nonce that was refused is left to who signs', async () => {
  answer = () => problem(400, 'badNonce', 'again')
  const { status } = await new AcmeTransport(directory, null).request(directory, {})
  expect(status).toBe(400)
})

test('a pause of more than a week is none that we keep, and nonsense is no pause', () => {
  expect(retryAfterMs('999999999')).toBe(7 * 86_400_000)
  expect(retryAfterMs('soon')).toBeNull()
  expect(retryAfterMs()).toBeNull()
  expect(retryAfterMs('Thu, 01 Jan 1970 00:00:00 GMT')).toBe(0)
})

test('a root that cannot be read is said with the name of its key', () => {
  expect(() => new AcmeTransport(directory, '/nowhere/root.pem')).toThrow(
    'tls.acme_root cannot be read',
  )
})
