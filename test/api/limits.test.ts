import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import type { Kind } from '../../src/http/limits.ts'
import { type Key, TestApi } from '../support/api.ts'

let api: TestApi

beforeEach(() => {
  api = new TestApi()
})

afterEach(() => api.close())

const limited = (limits: Record<string, number>): Promise<Key> => api.tenant('acme', limits)

/** Asks until refused; a slow machine refills meanwhile, so the number is only a bound. */
const untilRefused = async (ask: () => ReturnType<TestApi['v1']>) => {
  for (let asked = 1; asked < 10_000; asked++) {
    const answer = await ask()
    if (answer.status === 429) return { answer, asked }
  }
  throw new Error('never refused')
}

describe('the rate limit of a tenant', () => {
  test('is told by headers and refuses with 429 and Retry-After', async () => {
    const key = await limited({ api_requests_per_second: 5 })
    const first = await api.v1('GET', '/me', { key })
    expect(first.headers.get('ratelimit-limit')).toBe('5')
    expect(first.headers.get('ratelimit-remaining')).toBe('4')
    expect(first.headers.get('ratelimit-reset')).toBe('1')
    const { answer, asked } = await untilRefused(() => api.v1('GET', '/me', { key }))
    expect(asked).toBeGreaterThanOrEqual(5)
    expect([answer.body.code, answer.headers.get('retry-after')]).toEqual(['rate_limited', '1'])
    expect(answer.headers.get('ratelimit-remaining')).toBe('0')
  })

  test('has separate buckets: a storm of one kind does not starve the others', async () => {
    const key = await limited({ api_requests_per_second: 4, token_mints_per_second: 2 })
    expect((await api.v1('POST', '/rooms', { key, json: { name: 'r' } })).status).toBe(201)
    await untilRefused(() => api.v1('POST', '/rooms/r/tokens', { key, json: { identity: 'a' } }))
    expect((await api.v1('GET', '/me', { key })).status).toBe(200)
    expect((await api.v1('PATCH', '/rooms/r', { key, json: {} })).status).toBe(200)
    await untilRefused(() => api.v1('GET', '/rooms', { key }))
    await untilRefused(() => api.v1('HEAD', '/rooms', { key }))
    expect((await api.v1('DELETE', '/rooms/r', { key })).status).not.toBe(429)
  })

  test('counts what is refused for other reasons, too', async () => {
    const key = await limited({ api_requests_per_second: 3 })
    await untilRefused(() => api.v1('GET', '/nope', { key }))
    await untilRefused(() => api.v1('POST', '/rooms', { key, body: '{' }))
  })

  test('is not shared with other tenants', async () => {
    const key = await limited({ api_requests_per_second: 1 })
    const other = await api.tenant('other', { api_requests_per_second: 1 })
    await untilRefused(() => api.v1('GET', '/me', { key }))
    expect((await api.v1('GET', '/me', { key: other })).status).toBe(200)
  })

  test('follows a change of the limits at once', async () => {
    const key = await limited({ api_requests_per_second: 1 })
    await untilRefused(() => api.v1('GET', '/me', { key }))
    await api.admin('PATCH', '/tenants/acme', {
      json: { limits: { api_requests_per_second: 1000 } },
    })
    const { headers } = await api.v1('GET', '/me', { key })
    expect(headers.get('ratelimit-limit')).toBe('1000')
  })

  test('does not touch what is public', async () => {
    const answer = await api.v1('GET', '/openapi.json')
    expect([answer.status, answer.headers.has('ratelimit-limit')]).toEqual([200, false])
  })
})

describe('every route of the tenant API', () => {
  const METHODS = ['get', 'put', 'post', 'patch', 'delete']
  const KINDS: Kind[] = ['reads', 'writes', 'mints']
  const MINT = 'post /rooms/{room}/tokens'

  /** As the document lists them, so that none is forgotten here; the document itself is public. */
  const routes = async () => {
    const { body } = await api.v1('GET', '/openapi.json')
    return Object.entries<Record<string, object>>(body.paths).flatMap(([path, item]) =>
      METHODS.filter((method) => method in item).map((method) => {
        const name = `${method} ${path.replace('/api/v1', '')}`
        return { name, kind: kindOf(name), ask: askerOf(name) }
      }),
    )
  }

  const kindOf = (name: string): Kind => {
    if (name === MINT) return 'mints'
    return name.startsWith('get ') ? 'reads' : 'writes'
  }

  const askerOf = (name: string) => (key: Key) => {
    const [method = '', path = ''] = name.split(' ')
    const filled = path.replace('{room}', 'r').replace('{identity}', 'ann').replace(/{\w+}/g, 'x')
    return api.v1(method.toUpperCase(), filled, {
      key,
      ...(method === 'get' || method === 'delete' ? {} : { json: {} }),
    })
  }

  const DRAIN: Record<Kind, (key: Key) => ReturnType<TestApi['v1']>> = {
    reads: (key) => api.v1('GET', '/nope', { key }),
    writes: (key) => api.v1('POST', '/nope', { key, json: {} }),
    mints: (key) => api.v1('POST', '/rooms/r/tokens', { key, json: {} }),
  }

  test('takes from one bucket, and says so on every answer', async () => {
    const key = await limited({ api_requests_per_second: 500, token_mints_per_second: 300 })
    const seen = new Set<string>()
    for (const { name, kind, ask } of await routes()) {
      const { status, headers } = await ask(key)
      const told = ['limit', 'remaining', 'reset'].map((one) => headers.get(`ratelimit-${one}`))
      const limit = kind === 'mints' ? '300' : '500'
      expect([name, status, ...told]).toEqual([name, expect.any(Number), limit, told[1], '1'])
      expect(Number(told[1])).toBeWithin(0, Number(limit))
      seen.add(kind)
    }
    expect([...seen].sort()).toEqual(['mints', 'reads', 'writes'])
  })

  test.each(KINDS)(
    'is refused when its bucket is empty, here that of %s, and the other buckets are not',
    async (empty) => {
      const key = await limited({ api_requests_per_second: 1, token_mints_per_second: 1 })
      for (const { name, kind, ask } of await routes()) {
        // A second is long, but the next route may come when it is over.
        await untilRefused(() => DRAIN[empty](key))
        if (kind !== empty) continue
        const { status, headers, body } = await ask(key)
        expect([name, status, body.code]).toEqual([name, 429, 'rate_limited'])
        expect(body.detail).toContain(`${kind} per second`)
        expect(headers.get('retry-after')).toBe('1')
        expect(headers.get('ratelimit-limit')).toBe('1')
        expect(headers.get('ratelimit-remaining')).toBe('0')
      }
      for (const kind of KINDS.filter((one) => one !== empty)) {
        const { status } = await DRAIN[kind](key)
        expect([kind, status === 429]).toEqual([kind, false])
      }
    },
  )

  test('but that for tokens is left alone by a storm of token requests: moderation goes on', async () => {
    const key = await limited({ token_mints_per_second: 1 })
    await api.v1('POST', '/rooms', { key, json: { name: 'r' } })
    await api.livekitUp()
    // Those that would end what the others need come last.
    const others = (await routes()).filter(({ kind }) => kind !== 'mints')
    const sorted = others.toSorted((a, b) => Number(isEnd(a.name)) - Number(isEnd(b.name)))
    for (const { name, ask } of sorted) {
      await untilRefused(() => DRAIN.mints(key))
      const { status } = await ask(key)
      expect([name, status === 429]).toEqual([name, false])
    }
  })

  const isEnd = (name: string): boolean => name === 'delete /rooms/{room}'
})

test('what came from the network before is heard before an answer is made; a mint is made at once', async () => {
  const key = await api.tenant('acme')
  await api.v1('POST', '/rooms', { key, json: { name: 'r' } })
  const order = async (ask: () => ReturnType<TestApi['v1']>): Promise<string[]> => {
    const order: string[] = []
    const others = new Promise<void>((done) =>
      setImmediate(() => {
        order.push('others')
        done()
      }),
    )
    const answered = ask().then(({ status }) => void order.push(`${status}`))
    await Promise.all([others, answered])
    return order
  }
  const mint = () => api.v1('POST', '/rooms/r/tokens', { key, json: { identity: 'ann' } })
  expect(await order(() => api.v1('GET', '/usage', { key }))).toEqual(['others', '200'])
  expect(await order(() => api.admin('GET', '/usage'))).toEqual(['others', '200'])
  expect(await order(mint)).toEqual(['200', 'others'])
})

describe('failed authentications', () => {
  const wrong = { api_key: 'lkv_wrong', api_secret: 'lks_wrong' }
  const guess = (address: string) => api.v1('GET', '/me', { key: wrong, address })

  test('are slowed down by address, and the right secret never is', async () => {
    const key = await limited({})
    for (let at = 0; at < 60; at++) expect((await guess('10.0.0.1')).status).toBe(401)
    const slowed = await guess('10.0.0.1')
    expect([slowed.status, slowed.body.code]).toEqual([429, 'rate_limited'])
    expect(Number(slowed.headers.get('retry-after'))).toBeWithin(1, 61)
    expect((await api.v1('GET', '/me', { key, address: '10.0.0.1' })).status).toBe(200)
    expect((await guess('10.0.0.2')).status).toBe(401)
  })

  test('with the key of a tenant take nothing from what it may ask', async () => {
    const key = await limited({ api_requests_per_second: 2, token_mints_per_second: 2 })
    const wrong = { ...key, api_secret: 'lks_wrong' }
    for (let at = 0; at < 80; at++) {
      const answer = await api.v1('POST', '/rooms/r/tokens', { key: wrong, json: {} })
      expect(answer.headers.has('ratelimit-limit')).toBe(false)
    }
    const { status, headers } = await api.v1('POST', '/rooms/r/tokens', { key, json: {} })
    expect([status, headers.get('ratelimit-remaining')]).toEqual([422, '1'])
  })

  test('do not slow down the right secret of a key that was never used before', async () => {
    for (let at = 0; at < 70; at++) await guess('10.0.0.1')
    expect((await guess('10.0.0.1')).status).toBe(429)
    const fresh = await limited({})
    const asked = { key: fresh, address: '10.0.0.1' }
    expect((await api.v1('POST', '/rooms', { ...asked, json: { name: 'r' } })).status).toBe(201)
    const json = { identity: 'ann' }
    expect((await api.v1('POST', '/rooms/r/tokens', { ...asked, json })).status).toBe(200)
  })

  test('are not counted when they are no guesses, and successes do not count at all', async () => {
    const key = await limited({})
    for (let at = 0; at < 70; at++) {
      expect((await api.v1('GET', '/me', { address: '10.0.0.1' })).status).toBe(401)
      expect((await api.v1('GET', '/me', { key, address: '10.0.0.1' })).status).toBe(200)
    }
    expect((await guess('10.0.0.1')).status).toBe(401)
  })

  test('of one IPv6 network are counted together, whatever the address within it', async () => {
    for (let at = 0; at < 60; at++) await guess(`2001:db8:0:1::${at.toString(16)}`)
    expect((await guess('2001:db8:0:1:ffff::1')).status).toBe(429)
    expect((await guess('2001:db8:0:2::1')).status).toBe(401)
    for (let at = 0; at < 60; at++) await guess('::ffff:10.0.0.9')
    expect((await guess('::ffff:10.0.0.10')).status).toBe(401)
  })
})
