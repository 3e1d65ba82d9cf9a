import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type GoLive, startGolive } from '../support/golive.ts'
import { Operator } from '../support/operator.ts'

setDefaultTimeout(60_000)

const EMAIL = 'ada@example.com'
const PASSWORD = 'correct horse battery staple'
const NEXT_PASSWORD = 'another horse battery staple'
const FOREIGN = 'https://evil.example'

let golive: GoLive
/** What must be found in no file and no log, by the name to report it under. */
const secrets = new Map<string, string>()

interface Ask {
  cookie?: string
  token?: string
  origin?: string | null
  headers?: Record<string, string>
  json?: unknown
}

interface Answer {
  status: number
  headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: each test knows what it asked for
  body: any
}

/** Over TCP as a browser or a script does; as a page of the server itself unless told otherwise. */
const ask = async (method: string, path: string, options: Ask = {}): Promise<Answer> => {
  const { cookie, token, json, origin = golive.url } = options
  const response = await fetch(`${golive.url}/admin${path}`, {
    method,
    redirect: 'manual',
    signal: AbortSignal.timeout(15_000),
    headers: {
      ...(cookie ? { cookie } : {}),
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...(origin !== null && !token ? { origin } : {}),
      ...(json === undefined ? {} : { 'content-type': 'application/json' }),
      ...options.headers,
    },
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
  })
  const text = await response.text()
  const { status, headers } = response
  return { status, headers, body: text === '' ? null : JSON.parse(text) }
}

const codeOf = ({ status, body }: Answer) => [status, body?.code]

/** On the machine itself, as `golive admin create` and `reset` do. */
const onTheMachine = async (path: string, json?: object): Promise<Record<string, string>> => {
  const response = await golive.admin(`/admin${path}`, {
    method: 'POST',
    ...(json
      ? { headers: { 'content-type': 'application/json' }, body: JSON.stringify(json) }
      : {}),
  })
  return (await response.json()) as Record<string, string>
}

const remember = (name: string, secret: string): string => {
  secrets.set(name, secret)
  return secret
}

const linkOf = ({ sign_in_url }: Record<string, string>): string =>
  remember(`link ${secrets.size}`, sign_in_url?.split('#link=')[1] as string)

const cookieOf = (answer: Answer): string => {
  const cookie = (answer.headers.get('set-cookie') ?? '').split(';')[0] as string
  remember(`session ${secrets.size}`, cookie.split('=')[1] as string)
  return cookie
}

const signIn = (json: object, options: Ask = {}): Promise<Answer> =>
  ask('POST', '/session', { json, ...options })

const byPassword = (options: Ask = {}): Promise<Answer> =>
  signIn({ email: EMAIL, password: PASSWORD }, options)

const newToken = async (json: object): Promise<{ id: string; token: string }> => {
  const { id, token } = await onTheMachine('/tokens', { label: 'a script', ...json })
  return { id: id as string, token: remember(`token ${secrets.size}`, token as string) }
}

let firstLink: string

beforeAll(async () => {
  golive = await startGolive({ config: { log: { level: 'debug' } } })
  remember('the password', PASSWORD)
  remember('the next password', NEXT_PASSWORD)
  firstLink = linkOf(await onTheMachine('/admins', { email: EMAIL }))
  const cookie = cookieOf(await signIn({ link: firstLink }))
  const set = await ask('PUT', '/password', { cookie, json: { password: PASSWORD } })
  expect(set.status).toBe(204)
  const operator = new Operator(golive)
  for (const slug of ['acme', 'other']) {
    const { api_secret } = await operator.tenantKey(slug)
    remember(`the secret of ${slug}`, api_secret)
  }
}, 90_000)

afterAll(() => golive?.[Symbol.asyncDispose]())

describe('a session', () => {
  test('has a cookie that no script reads and no other site sends', async () => {
    const answer = await byPassword()
    const flags = (answer.headers.get('set-cookie') ?? '').split('; ').slice(1)
    expect(flags).toEqual(['Path=/', 'HttpOnly', 'SameSite=Strict', 'Max-Age=43200'])
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(JSON.stringify(answer.body)).not.toContain(cookieOf(answer).split('=')[1] as string)
  })

  test('is never one that the browser brought along', async () => {
    const planted = `golive=${'A'.repeat(43)}`
    const first = cookieOf(await byPassword({ cookie: planted }))
    expect(first).not.toBe(planted)
    expect((await ask('GET', '/session', { cookie: planted })).status).toBe(401)
    const second = cookieOf(await byPassword({ cookie: first }))
    expect(second).not.toBe(first)
    expect(codeOf(await ask('GET', '/session', { cookie: first }))).toEqual([401, 'session_ended'])
    expect((await ask('GET', '/session', { cookie: second })).status).toBe(200)
  })

  test('is not begun by a cookie in the address or a body', async () => {
    const cookie = cookieOf(await byPassword())
    expect((await ask('GET', `/session?${cookie}`)).status).toBe(401)
  })
})

describe('a sign-in link', () => {
  test('works once', async () => {
    expect(codeOf(await signIn({ link: firstLink }))).toEqual([401, 'invalid_link'])
  })

  test('that many use at once signs in one of them, who may only choose a password', async () => {
    const link = linkOf(await onTheMachine('/admins', { email: 'eve@example.com' }))
    const all = await Promise.all(Array.from({ length: 5 }, () => signIn({ link })))
    const inside = all.filter(({ status }) => status === 200)
    expect(inside).toHaveLength(1)
    const cookie = cookieOf(inside[0] as Answer)
    expect(codeOf(await ask('GET', '/tenants', { cookie }))).toEqual([403, 'password_required'])
  })

  test('cannot be had over the network', async () => {
    const cookie = cookieOf(await byPassword())
    for (const path of ['/admins', `/admins/${EMAIL}/reset`]) {
      const json = { email: 'mallory@example.com' }
      expect((await ask('POST', path, { cookie, json })).status).toBe(404)
    }
  })
})

describe('a page of another site', () => {
  test('changes nothing with the cookie of who is signed in', async () => {
    const cookie = cookieOf(await byPassword())
    for (const [origin, headers] of [
      [FOREIGN, {}],
      [golive.url.replace(/\d+$/, '1'), {}],
      ['null', {}],
      [null, { 'sec-fetch-site': 'cross-site' }],
      [null, { 'sec-fetch-site': 'same-site' }],
      [null, {}],
    ] as const) {
      for (const [method, path, json] of [
        ['POST', '/tenants', { slug: 'planted' }],
        ['PATCH', '/tenants/acme', { status: 'deactivated' }],
        ['DELETE', '/tenants/acme?confirm=acme', undefined],
        ['POST', '/livekit/restart', { force: true }],
        ['DELETE', '/session', undefined],
      ] as const) {
        const answer = await ask(method, path, { cookie, origin, headers, json })
        expect([origin, path, ...codeOf(answer)]).toEqual([origin, path, 403, 'bad_origin'])
      }
    }
    const { body } = await ask('GET', '/tenants', { cookie })
    expect(
      body.data.map(({ slug, status }: Record<string, string>) => `${slug} ${status}`),
    ).toEqual(['acme active', 'other active'])
  })

  test('cannot sign anybody in, and is allowed to read nothing', async () => {
    expect(codeOf(await byPassword({ origin: FOREIGN }))).toEqual([403, 'bad_origin'])
    for (const path of ['/session', '/tenants']) {
      const { headers } = await ask('GET', path, { origin: FOREIGN })
      expect(headers.get('access-control-allow-origin')).toBeNull()
    }
    const preflight = await ask('OPTIONS', '/tenants', {
      origin: FOREIGN,
      headers: { 'access-control-request-method': 'POST' },
    })
    expect(preflight.headers.get('access-control-allow-origin')).toBeNull()
  })
})

describe('a token', () => {
  test('for reading changes nothing', async () => {
    const { token } = await newToken({ scope: 'read' })
    expect((await ask('GET', '/tenants', { token })).status).toBe(200)
    for (const [method, path, json] of [
      ['POST', '/tenants', { slug: 'planted' }],
      ['PATCH', '/tenants/acme', { name: 'changed' }],
      ['DELETE', '/tenants/acme?confirm=acme', undefined],
      ['POST', '/tenants/acme/keys', {}],
      ['POST', '/tenants/acme/rooms', { name: 'planted' }],
      ['POST', '/tokens', { label: 'more', scope: 'write' }],
      ['POST', '/livekit/restart', { force: true }],
    ] as const) {
      const answer = await ask(method, path, { token, json })
      expect([path, ...codeOf(answer)]).toEqual([path, 403, 'forbidden'])
    }
  })

  test('tied to a tenant does not leave it, however the path is spelt', async () => {
    const { token } = await newToken({ scope: 'write', tenant: 'acme' })
    expect((await ask('GET', '/tenants/acme', { token })).status).toBe(200)
    expect(
      (await ask('POST', '/tenants/acme/rooms', { token, json: { name: 'own' } })).status,
    ).toBe(201)
    for (const [method, path] of [
      ['GET', '/tenants'],
      ['GET', '/tenants/other'],
      ['GET', '/tenants/%6fther'],
      ['GET', '/tenants/acme%2f..%2fother'],
      ['GET', '/tenants/acme/../other'],
      ['GET', '/tenants/ACME'],
      ['GET', '/tenants/other/keys'],
      ['PATCH', '/tenants/other'],
      ['DELETE', '/tenants/other?confirm=other'],
      ['GET', '/status'],
      ['GET', '/calls'],
      ['GET', '/audit?tenant=acme'],
      ['GET', '/tokens'],
      ['GET', '/openapi.json'],
    ] as const) {
      const json = method === 'PATCH' ? { name: 'changed' } : undefined
      const answer = await ask(method, path, { token, json })
      expect([path, ...codeOf(answer)]).toEqual([path, 403, 'forbidden'])
    }
  })

  test('that was deleted is worth nothing at once', async () => {
    const { id, token } = await newToken({ scope: 'read' })
    const { token: other } = await newToken({ scope: 'write' })
    expect((await ask('GET', '/status', { token })).status).toBe(200)
    expect((await ask('DELETE', `/tokens/${id}`, { token: other })).status).toBe(204)
    expect(codeOf(await ask('GET', '/status', { token }))).toEqual([401, 'invalid_credentials'])
  })
})

test('names with markup stay text: no answer is a page', async () => {
  const { token } = await newToken({ scope: 'write' })
  const markup = '<img src=x onerror=alert(1)><script>alert(2)</script>'
  const made = await ask('PATCH', '/tenants/acme', { token, json: { name: markup } })
  expect([made.status, made.body.name]).toEqual([200, markup])
  const { token: labelled } = await newToken({ scope: 'read', label: markup })
  for (const path of ['/tenants', '/tenants/acme', '/tokens', '/audit', `/tenants/${markup}`]) {
    const { headers } = await ask('GET', path, { token: labelled })
    expect(headers.get('content-type')).toMatch(/^application\/(problem\+)?json\b/)
    expect(headers.get('x-content-type-options')).toBe('nosniff')
  }
})

describe('the files that the executable carries for /ui', () => {
  const PAGES = ['/ui', '/ui/integrate']
  const OF_A_PAGE = /\b(?:src|href)="([^"]+\.(?:js|css))"/g
  const OF_A_SCRIPT = /["'](\.\/[\w-]+\.(?:js|css))["']/g
  const fetched = async (): Promise<Map<string, string>> => {
    const files = new Map<string, string>()
    const wanted = [...PAGES]
    for (let path = wanted.pop(); path !== undefined; path = wanted.pop()) {
      if (files.has(path)) continue
      const response = await fetch(golive.url + path)
      expect([path, response.status]).toEqual([path, 200])
      const text = await response.text()
      files.set(path, text)
      const named = PAGES.includes(path) ? OF_A_PAGE : OF_A_SCRIPT
      for (const [, file = ''] of text.matchAll(named))
        wanted.push(new URL(file, golive.url + path).pathname)
    }
    return files
  }

  test('load nothing from anywhere else', async () => {
    const files = await fetched()
    expect(files.size).toBeGreaterThan(PAGES.length)
    for (const [path, text] of files) {
      const loads = [
        ...text.matchAll(
          /<(?:script|link|img|iframe)\b[^>]*\b(?:src|href)=["']?(?:https?:)?\/\/[^>]*/gi,
        ),
        ...text.matchAll(/(?:@import\s*|url\()\s*["']?(?:https?:)?\/\/[^)]*/gi),
        ...text.matchAll(
          /\b(?:fetch|import|importScripts|EventSource)\(\s*["'`](?:https?:)?\/\/[^)]*/g,
        ),
      ].map(([found]) => found)
      expect([path, loads]).toEqual([path, []])
    }
  })

  test('come with a policy that lets no inline script run and nothing else be asked', async () => {
    for (const path of PAGES) {
      const { headers } = await fetch(golive.url + path)
      const policy = headers.get('content-security-policy') ?? ''
      for (const part of [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'none'",
        "require-trusted-types-for 'script'",
      ])
        expect(policy.split('; ')).toContain(part)
      expect(policy).not.toMatch(/unsafe|https?:|\*/)
      expect(headers.get('cross-origin-opener-policy')).toBe('same-origin')
      expect(headers.get('referrer-policy')).toBe('no-referrer')
    }
  })
})

/** These come last: they use up the tries of this address. */
describe('who guesses', () => {
  test('tokens is held up, while a right one is answered', async () => {
    const { token } = await newToken({ scope: 'read' })
    const guess = () => ask('GET', '/status', { token: `lka_${'a'.repeat(50)}` })
    const codes: unknown[] = []
    for (let at = 0; at < 70; at++) codes.push((await guess()).body.code)
    expect(codes[0]).toBe('invalid_credentials')
    expect(codes.at(-1)).toBe('rate_limited')
    expect((await ask('GET', '/status', { token })).status).toBe(200)
  })

  test('passwords is held up, and who is signed in or at the machine is not locked out', async () => {
    const cookie = cookieOf(await byPassword())
    const guessed = remember('a guessed password', 'guessed horse battery staple')
    const answers: Answer[] = []
    for (let at = 0; at < 14; at++) answers.push(await signIn({ email: EMAIL, password: guessed }))
    const codes = answers.map(({ body }) => body.code)
    expect(codes[0]).toBe('invalid_credentials')
    expect(codes.filter((code) => code === 'invalid_credentials').length).toBeLessThanOrEqual(10)
    expect(codes.slice(-3)).toEqual(Array(3).fill('rate_limited'))
    expect(Number(answers.at(-1)?.headers.get('retry-after'))).toBeGreaterThan(0)
    expect((await ask('GET', '/tenants', { cookie })).status).toBe(200)
    // From an address of their own, which the guesser's failures do not count for.
    const elsewhere = await fetchFrom('127.0.0.2', { email: EMAIL, password: PASSWORD })
    expect(elsewhere).toBe(200)
    const changed = await ask('PUT', '/password', {
      cookie,
      json: { password: NEXT_PASSWORD, current_password: PASSWORD },
    })
    expect([204, 429]).toContain(changed.status)
  })
})

/** Status of a sign-in that comes from another address of the loopback network. */
const fetchFrom = async (address: string, json: object): Promise<number> => {
  const child = Bun.spawn(
    [
      ...['curl', '--silent', '--interface', address, '--output', '/dev/null'],
      ...['--write-out', '%{http_code}', '--header', 'Content-Type: application/json'],
      ...['--header', `Origin: ${golive.url}`, '--data-binary', '@-'],
      `${golive.url}/admin/session`,
    ],
    { stdin: new Blob([JSON.stringify(json)]), stdout: 'pipe', stderr: 'ignore' },
  )
  return Number(await new Response(child.stdout).text())
}

/** Name of the first secret in a text, else null: a failing test must not print it either. */
const found = (text: string): string | null => {
  for (const [name, secret] of secrets) if (text.includes(secret)) return name
  return null
}

test('afterwards no file but the key files and no log holds a password, session, link, token or secret', async () => {
  expect(secrets.size).toBeGreaterThan(15)
  for (const secret of secrets.values()) expect(secret.length).toBeGreaterThan(15)
  const files = readdirSync(golive.dataDir, { withFileTypes: true, recursive: true })
    .filter(
      (entry) => entry.isFile() && !/^(livekit-server-|master\.key$|keys\.yaml$)/.test(entry.name),
    )
    .map((entry) => join(entry.parentPath, entry.name))
  expect(files.some((path) => path.endsWith('golive.db'))).toBe(true)
  expect(files.some((path) => path.endsWith('-wal'))).toBe(true)
  for (const path of files)
    expect([path, found(readFileSync(path, 'latin1'))]).toEqual([path, null])
  expect(golive.log.entries().some(({ level }) => level === 'debug')).toBe(true)
  expect(found(golive.log.text())).toBeNull()
  const { stdout } = await golive.cli('status', '--json')
  expect(found(stdout)).toBeNull()
  const { token } = await newToken({ scope: 'read' })
  const audit = await ask('GET', '/audit?limit=100', { token })
  expect(audit.body.data.length).toBeGreaterThan(20)
  expect(found(JSON.stringify(audit.body))).toBeNull()
})
