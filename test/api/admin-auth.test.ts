import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { configSchema } from '../../src/config/schema.ts'
import { type Answer, TestApi } from '../support/api.ts'

const HOUR = 3600_000
const EMAIL = 'ada@example.com'
const PASSWORD = 'correct horse battery'
const OWN = 'http://127.0.0.1:8080'

let api: TestApi

beforeEach(() => {
  api = new TestApi()
})

afterEach(() => api.close())

/** What a sign-in link holds after its #. */
const invite = async (email = EMAIL): Promise<string> => {
  const { body } = await api.admin('POST', '/admins', { json: { email } })
  return body.sign_in_url.split('#link=')[1]
}

const cookieOf = (answer: Answer): string =>
  (answer.headers.get('set-cookie') ?? '').split(';')[0] as string

const own = (cookie?: string) => ({ origin: OWN, ...(cookie ? { cookie } : {}) })

const signIn = (json: object, headers: Record<string, string> = own(), address?: string) =>
  api.remote('POST', '/session', { json, headers, ...(address ? { address } : {}) })

/** An account with a password; answers the cookie of the session in which it was chosen. */
const admin = async (email = EMAIL): Promise<string> => {
  const cookie = cookieOf(await signIn({ link: await invite(email) }))
  const { status } = await api.remote('PUT', '/password', {
    json: { password: PASSWORD },
    headers: own(cookie),
  })
  expect(status).toBe(204)
  return cookie
}

const token = async (json: object): Promise<{ id: string; headers: { authorization: string } }> => {
  const { status, body } = await api.admin('POST', '/tokens', { json: { label: 't', ...json } })
  expect([status, body.token]).toEqual([201, expect.stringMatching(/^lka_[a-z0-9]{50,}$/)])
  return { id: body.id, headers: { authorization: `Bearer ${body.token}` } }
}

const codeOf = ({ status, body }: Answer) => [status, body.code]

describe('accounts', () => {
  test('are made and reset on the machine only, and never hold a secret in the open', async () => {
    const made = await api.admin('POST', '/admins', { json: { email: 'Ada@Example.com' } })
    expect([made.status, made.body]).toEqual([
      201,
      {
        id: expect.any(String),
        email: EMAIL,
        sign_in_url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:8080\/ui\/#link=[\w-]{43}$/),
        expires_at: expect.any(String),
      },
    ])
    expect(codeOf(await api.admin('POST', '/admins', { json: { email: EMAIL } }))).toEqual([
      409,
      'admin_exists',
    ])
    expect(codeOf(await api.admin('POST', '/admins/b@example.com/reset'))).toEqual([
      404,
      'admin_not_found',
    ])
    const { headers } = await token({ scope: 'write' })
    for (const path of ['/admins', `/admins/${EMAIL}/reset`, '/stop', '/restart']) {
      const answer = await api.remote('POST', path, { json: { email: 'b@example.com' }, headers })
      expect([path, answer.status]).toEqual([path, 404])
    }
    const { body } = await api.remote('GET', '/admins', { headers })
    expect(body).toEqual({
      data: [
        {
          id: made.body.id,
          email: EMAIL,
          created_at: expect.any(String),
          last_sign_in_at: null,
          has_password: false,
        },
      ],
      next_cursor: null,
    })
  })

  test('on a fresh server the sign-in page learns that there is none', async () => {
    const { status, body } = await api.remote('GET', '/session')
    expect([status, body.code, body.has_admins]).toEqual([401, 'missing_credentials', false])
    await invite()
    expect((await api.remote('GET', '/session')).body.has_admins).toBe(true)
  })

  test('that are reset lose password, sessions and earlier links', async () => {
    const cookie = await admin()
    const first = (await api.admin('POST', `/admins/${EMAIL}/reset`)).body.sign_in_url
    const second = (await api.admin('POST', `/admins/${EMAIL}/reset`)).body.sign_in_url
    expect(codeOf(await api.remote('GET', '/session', { headers: { cookie } }))).toEqual([
      401,
      'session_ended',
    ])
    expect((await signIn({ email: EMAIL, password: PASSWORD })).status).toBe(401)
    expect((await signIn({ link: first.split('#link=')[1] })).status).toBe(401)
    expect((await signIn({ link: second.split('#link=')[1] })).status).toBe(200)
  })

  test('that are reset while a password is compared let it in no more', async () => {
    await admin()
    const [late] = await Promise.all([
      signIn({ email: EMAIL, password: PASSWORD }),
      api.admin('POST', `/admins/${EMAIL}/reset`),
    ])
    expect(codeOf(late)).toEqual([401, 'invalid_credentials'])
    expect((await api.admin('GET', '/sessions')).body.data).toEqual([])
  })
})

describe('a sign-in link', () => {
  test('works once, and lets in only to choose a password', async () => {
    const link = await invite()
    const first = await signIn({ link })
    expect(first.body).toEqual({
      actor: `admin:${EMAIL}`,
      admin: { id: expect.any(String), email: EMAIL },
      scope: 'write',
      tenant: null,
      expires_at: expect.any(String),
      must_set_password: true,
    })
    expect(codeOf(await signIn({ link }))).toEqual([401, 'invalid_link'])
    const cookie = cookieOf(first)
    const headers = own(cookie)
    expect(codeOf(await api.remote('GET', '/tenants', { headers }))).toEqual([
      403,
      'password_required',
    ])
    const short = await api.remote('PUT', '/password', {
      json: { password: '11 letters.' },
      headers,
    })
    expect([short.status, short.body.errors[0].path]).toEqual([422, 'password'])
    await api.remote('PUT', '/password', { json: { password: PASSWORD }, headers })
    expect((await api.remote('GET', '/tenants', { headers })).status).toBe(200)
    expect((await api.remote('GET', '/session', { headers })).body.must_set_password).toBe(false)
    expect((await signIn({ email: EMAIL, password: PASSWORD })).status).toBe(200)
  })

  test('is of no use after 30 minutes', async () => {
    const link = await invite()
    api.now += HOUR / 2
    expect(codeOf(await signIn({ link }))).toEqual([401, 'invalid_link'])
  })

  test('that many use at the same time signs in one of them', async () => {
    const link = await invite()
    const answers = await Promise.all(Array.from({ length: 8 }, () => signIn({ link })))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
  })

  test('is stored only as a hash, as are cookies and tokens', async () => {
    const link = await invite()
    const cookie = cookieOf(await signIn({ link }))
    const { headers } = await token({ scope: 'read' })
    const dump = api.store.raw
      .query("SELECT name FROM sqlite_master WHERE type = 'table'")
      .all()
      .map((row) =>
        JSON.stringify(
          api.store.raw.query(`SELECT * FROM ${(row as { name: string }).name}`).all(),
        ),
      )
      .join('\n')
    for (const secret of [link, cookie.split('=')[1], headers.authorization.split(' ')[1]]) {
      expect(dump).not.toContain(secret as string)
      expect(JSON.stringify(api.logged)).not.toContain(secret as string)
    }
  })
})

describe('a session', () => {
  test('has a cookie that scripts and other sites cannot use', async () => {
    const plain = await signIn({ link: await invite() })
    expect(plain.headers.get('set-cookie')).toMatch(
      /^golive=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=43200$/,
    )
    expect(plain.headers.get('cache-control')).toBe('no-store')
  })

  test('has a cookie for HTTPS and this very host alone where there is HTTPS', async () => {
    const secure = new TestApi({ publicUrl: 'https://live.example.com' })
    const { body } = await secure.admin('POST', '/admins', { json: { email: EMAIL } })
    const answer = await secure.remote('POST', '/session', {
      json: { link: body.sign_in_url.split('#link=')[1] },
    })
    expect(answer.headers.get('set-cookie')).toMatch(
      /^__Host-golive=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Secure; Max-Age=43200$/,
    )
    const [, value] = cookieOf(answer).split('=')
    const plain = await secure.remote('GET', '/session', { headers: { cookie: `golive=${value}` } })
    expect(plain.status).toBe(401)
    await secure.close()
  })

  test('never has an id from before: a cookie planted earlier signs in nobody', async () => {
    const earlier = await admin()
    const planted = 'golive=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'
    const one = await signIn({ email: EMAIL, password: PASSWORD }, own(planted))
    expect(cookieOf(one)).not.toBe(planted)
    expect((await api.remote('GET', '/session', { headers: { cookie: planted } })).status).toBe(401)
    const two = await signIn({ email: EMAIL, password: PASSWORD }, own(earlier))
    expect(cookieOf(two)).not.toBe(earlier)
    expect((await api.remote('GET', '/session', { headers: { cookie: earlier } })).status).toBe(401)
    expect((await api.remote('GET', '/session', { headers: own(cookieOf(two)) })).status).toBe(200)
  })

  test('ends after 2 hours without use, and after 12 whatever the use', async () => {
    const headers = own(await admin())
    api.now += 2 * HOUR
    expect(codeOf(await api.remote('GET', '/session', { headers }))).toEqual([401, 'session_ended'])
    const busy = own(cookieOf(await signIn({ email: EMAIL, password: PASSWORD })))
    for (let hour = 1; hour < 12; hour++) {
      api.now += HOUR - 60_000
      expect((await api.remote('GET', '/session', { headers: busy })).status).toBe(200)
    }
    api.now += HOUR + 12 * 60_000
    expect((await api.remote('GET', '/session', { headers: busy })).status).toBe(401)
  })

  test('ends by signing out, and the browser is told to forget it', async () => {
    const cookie = await admin()
    const out = await api.remote('DELETE', '/session', { headers: own(cookie) })
    expect([out.status, out.headers.get('set-cookie')]).toEqual([
      204,
      'golive=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0',
    ])
    expect((await api.remote('GET', '/session', { headers: { cookie } })).status).toBe(401)
  })

  test('shows in the list, and can be ended from another', async () => {
    const here = await admin()
    const there = cookieOf(
      await signIn(
        { email: EMAIL, password: PASSWORD },
        { ...own(), 'user-agent': 'Thief/1' },
        '192.0.2.9',
      ),
    )
    const { body } = await api.remote('GET', '/sessions', { headers: { cookie: here } })
    expect(body.data).toEqual([
      {
        id: expect.any(String),
        admin: { email: EMAIL },
        created_at: expect.any(String),
        last_seen_at: expect.any(String),
        address: '192.0.2.9',
        user_agent: 'Thief/1',
        current: false,
      },
      expect.objectContaining({ current: true, address: '127.0.0.1' }),
    ])
    const ended = await api.remote('DELETE', `/sessions/${body.data[0].id}`, { headers: own(here) })
    expect(ended.status).toBe(204)
    expect((await api.remote('GET', '/session', { headers: { cookie: there } })).status).toBe(401)
    expect((await api.remote('GET', '/session', { headers: { cookie: here } })).status).toBe(200)
    expect(codeOf(await api.remote('DELETE', '/sessions/none', { headers: own(here) }))).toEqual([
      404,
      'session_not_found',
    ])
  })

  test('outlives a changed password only where it was changed', async () => {
    const here = await admin()
    const there = cookieOf(await signIn({ email: EMAIL, password: PASSWORD }))
    const change = (json: object) => api.remote('PUT', '/password', { json, headers: own(here) })
    for (const current_password of [undefined, 'wrong horse battery']) {
      const answer = await change({ password: 'another horse battery', current_password })
      expect(codeOf(answer)).toEqual([403, 'wrong_password'])
    }
    expect((await api.remote('GET', '/session', { headers: { cookie: there } })).status).toBe(200)
    const changed = await change({
      password: 'another horse battery',
      current_password: PASSWORD,
    })
    expect(changed.status).toBe(204)
    expect((await api.remote('GET', '/session', { headers: { cookie: there } })).status).toBe(401)
    expect((await api.remote('GET', '/session', { headers: { cookie: here } })).status).toBe(200)
    expect((await signIn({ email: EMAIL, password: PASSWORD })).status).toBe(401)
    expect((await signIn({ email: EMAIL, password: 'another horse battery' })).status).toBe(200)
  })
})

describe('a page of another site', () => {
  const FOREIGN: Record<string, string>[] = [
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { origin: 'http://127.0.0.1:9999' },
    { origin: 'https://evil.example', 'sec-fetch-site': 'same-origin' },
    { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { 'sec-fetch-site': 'none' },
    {},
  ]

  test('changes nothing with the cookie of a browser that is signed in', async () => {
    const cookie = await admin()
    for (const foreign of FOREIGN) {
      const answer = await api.remote('POST', '/tenants', {
        json: { slug: 'acme' },
        headers: { cookie, ...foreign },
      })
      expect([foreign, ...codeOf(answer)]).toEqual([foreign, 403, 'bad_origin'])
    }
    expect((await api.admin('GET', '/tenants')).body.data).toEqual([])
    const own: Record<string, string>[] = [{ origin: OWN }, { 'sec-fetch-site': 'same-origin' }]
    for (const [at, headers] of own.entries()) {
      const json = { slug: `acme-${at}` }
      const answer = await api.remote('POST', '/tenants', { json, headers: { cookie, ...headers } })
      expect(answer.status).toBe(201)
    }
  })

  test('cannot sign a browser in as somebody else', async () => {
    await admin()
    const json = { email: EMAIL, password: PASSWORD }
    expect(codeOf(await signIn(json, { origin: 'https://evil.example' }))).toEqual([
      403,
      'bad_origin',
    ])
    expect((await signIn(json, {})).status).toBe(200)
  })
})

describe('who guesses passwords', () => {
  const wrong = { email: EMAIL, password: 'wrong horse battery' }

  test('learns nothing of which accounts exist', async () => {
    await admin()
    await invite('new@example.com')
    const answers = await Promise.all(
      [EMAIL, 'new@example.com', 'nobody@example.com'].map((email) =>
        signIn({ email, password: 'wrong horse battery' }),
      ),
    )
    for (const { status, body } of answers) {
      const { request_id: _, ...rest } = body
      const { request_id: __, ...first } = answers[0]?.body ?? {}
      expect([status, rest]).toEqual([401, first])
    }
  })

  test('is held up, also all at once, and the right person gets in from elsewhere', async () => {
    await admin()
    const answers = await Promise.all(
      Array.from({ length: 30 }, () => signIn(wrong, own(), '203.0.113.7')),
    )
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(10)
    const refused = answers.filter(({ status }) => status === 429)
    expect(refused).toHaveLength(20)
    expect(Number(refused[0]?.headers.get('retry-after'))).toBeWithin(1, 901)
    const right = { email: EMAIL, password: PASSWORD }
    expect((await signIn(right, own(), '203.0.113.7')).status).toBe(429)
    expect((await signIn(right, own(), '198.51.100.1')).status).toBe(200)
  }, 20_000)

  test('from everywhere leaves each place a few tries, so that nobody is locked out', async () => {
    await admin()
    for (let place = 1; place <= 4; place++) {
      await Promise.all(
        Array.from({ length: 10 }, () => signIn(wrong, own(), `203.0.113.${place}`)),
      )
    }
    const fresh = await Promise.all(
      Array.from({ length: 5 }, () => signIn(wrong, own(), '203.0.113.99')),
    )
    expect(fresh.filter(({ status }) => status === 401)).toHaveLength(3)
    const right = { email: EMAIL, password: PASSWORD }
    expect((await signIn(right, own(), '198.51.100.1')).status).toBe(200)
  }, 20_000)

  test('does not use up the tries of who is right', async () => {
    await admin()
    for (let time = 0; time < 15; time++) {
      expect((await signIn({ email: EMAIL, password: PASSWORD })).status).toBe(200)
    }
  }, 20_000)

  test('of tokens is held up too, and a right token is not', async () => {
    const right = await token({ scope: 'read' })
    const statuses: number[] = []
    for (let time = 0; time < 70; time++) {
      const headers = { authorization: `Bearer lka_${time}` }
      statuses.push((await api.remote('GET', '/status', { headers })).status)
    }
    expect([statuses[0], statuses.at(-1)]).toEqual([401, 429])
    expect((await api.remote('GET', '/status', right)).status).toBe(200)
  })
})

describe('a token', () => {
  test('is shown once, is named by its id, and can be taken back', async () => {
    const made = await token({ scope: 'write', expires_at: '2027-01-01T00:00:00Z' })
    const { body, text } = await api.admin('GET', '/tokens')
    expect(body.data).toEqual([
      {
        id: made.id,
        label: 't',
        scope: 'write',
        tenant: null,
        created_at: expect.any(String),
        created_by: expect.stringMatching(/^local:/),
        expires_at: '2027-01-01T00:00:00.000Z',
        last_used_at: null,
        last_used_from: null,
      },
    ])
    expect(text).not.toContain('lka_')
    const { body: who } = await api.remote('GET', '/session', made)
    expect(who).toMatchObject({ actor: `token:${made.id}`, admin: null, scope: 'write' })
    expect((await api.remote('DELETE', `/tokens/${made.id}`, made)).status).toBe(204)
    expect(codeOf(await api.remote('GET', '/session', made))).toEqual([401, 'invalid_credentials'])
    expect(codeOf(await api.admin('DELETE', `/tokens/${made.id}`))).toEqual([
      404,
      'token_not_found',
    ])
  })

  test('needs no Origin: no browser sends it by itself', async () => {
    const { headers } = await token({ scope: 'write' })
    expect((await api.remote('POST', '/tenants', { json: { slug: 'acme' }, headers })).status).toBe(
      201,
    )
  })

  test('that may only read changes nothing', async () => {
    await api.tenant('acme')
    const { headers } = await token({ scope: 'read' })
    expect((await api.remote('GET', '/tenants/acme', { headers })).status).toBe(200)
    const writes: [string, string][] = [
      ['POST', '/tenants'],
      ['PATCH', '/tenants/acme'],
      ['DELETE', '/tenants/acme?confirm=acme'],
      ['POST', '/tenants/acme/keys'],
      ['POST', '/tokens'],
      ['POST', '/livekit/restart'],
      ['PUT', '/password'],
    ]
    for (const [method, path] of writes) {
      const answer = await api.remote(method, path, { json: {}, headers })
      expect([path, ...codeOf(answer)]).toEqual([path, 403, 'forbidden'])
    }
    expect(api.asked).toEqual([])
  })

  test('tied to a tenant reaches nothing else', async () => {
    await api.tenant('acme')
    await api.tenant('acme-2')
    const { headers } = await token({ scope: 'write', tenant: 'acme' })
    for (const path of ['/tenants/acme', '/tenants/acme/keys', '/tenants/acme/rooms', '/session']) {
      expect([path, (await api.remote('GET', path, { headers })).status]).toEqual([path, 200])
    }
    const made = await api.remote('POST', '/tenants/acme/rooms', { json: { name: 'r' }, headers })
    expect(made.status).toBe(201)
    const others = [
      '/tenants',
      '/tenants/acme-2',
      '/tenants/acme-2/keys',
      '/tenants/%61cme-2',
      '/tenants/%ff',
      '/tenants/acme/../acme-2',
      '/tenants/acme%2F..%2Facme-2',
      '/status',
      '/audit',
      '/tokens',
      '/sessions',
      '/admins',
      '/nope',
    ]
    for (const path of others) {
      expect([path, ...codeOf(await api.remote('GET', path, { headers }))]).toEqual([
        path,
        403,
        'forbidden',
      ])
    }
  })

  test('dies with its tenant, also when another takes the slug', async () => {
    await api.tenant('acme')
    const { headers } = await token({ scope: 'write', tenant: 'acme' })
    await api.admin('DELETE', '/tenants/acme?confirm=acme')
    api.now += 25 * HOUR
    await api.tenant('acme')
    expect((await api.remote('GET', '/tenants/acme', { headers })).status).toBe(401)
    expect((await api.admin('GET', '/tokens')).body.data).toEqual([])
  })

  test('expires, and gives nobody a longer life than its own', async () => {
    const { headers } = await token({ scope: 'write', expires_at: '2026-11-25T11:00:00Z' })
    for (const expires_at of [null, '2026-11-25T11:00:01Z']) {
      const json = { label: 'x', scope: 'write', expires_at }
      const answer = await api.remote('POST', '/tokens', { json, headers })
      expect([answer.status, answer.body.errors[0].path]).toEqual([422, 'expires_at'])
    }
    const json = { label: 'x', scope: 'read', expires_at: '2026-11-25T10:59:00Z' }
    expect((await api.remote('POST', '/tokens', { json, headers })).status).toBe(201)
    api.now += HOUR
    expect((await api.remote('GET', '/session', { headers })).status).toBe(401)
  })

  test('tells when and from where it was used, written once a minute', async () => {
    const { id, headers } = await token({ scope: 'read' })
    const used = async () => {
      const { body } = await api.admin('GET', '/tokens')
      const { last_used_at, last_used_from } = body.data.find(
        (one: { id: string }) => one.id === id,
      )
      return [last_used_at, last_used_from]
    }
    await api.remote('GET', '/session', { headers, address: '192.0.2.1' })
    const first = await used()
    expect(first).toEqual([expect.any(String), '192.0.2.1'])
    await api.remote('GET', '/session', { headers, address: '192.0.2.2' })
    expect(await used()).toEqual(first)
    api.now += 60_000
    await api.remote('GET', '/session', { headers, address: '192.0.2.2' })
    expect((await used())[1]).toBe('192.0.2.2')
  })

  test.each([
    ['label', { scope: 'read' }],
    ['scope', { label: 'x' }],
    ['scope', { label: 'x', scope: 'admin' }],
    ['tenant', { label: 'x', scope: 'read', tenant: 'A' }],
    ['expires_at', { label: 'x', scope: 'read', expires_at: 'soon' }],
    ['expires_at', { label: 'x', scope: 'read', expires_at: '2020-01-01T00:00:00Z' }],
  ])('is refused with 422 and the field: %s %j', async (path, json) => {
    const { status, body } = await api.admin('POST', '/tokens', { json })
    expect([status, body.errors?.[0].path]).toEqual([422, path])
  })
})

describe('the door', () => {
  const withAdmin = (admin: object) =>
    new TestApi({ config: { ...configSchema.parse({ admin }), source: null } })

  test('is a 404 outside of admin.allow_cidrs, signed in or not', async () => {
    const near = withAdmin({ allow_cidrs: ['10.0.0.0/8', 'fd00::/8'] })
    const { body } = await near.admin('POST', '/tokens', { json: { label: 't', scope: 'read' } })
    const headers = { authorization: `Bearer ${body.token}` }
    const ask = (address: string | null) => near.remote('GET', '/session', { headers, address })
    for (const address of ['10.1.2.3', '::ffff:10.1.2.3', 'fd00::1'])
      expect([address, (await ask(address)).status]).toEqual([address, 200])
    for (const address of ['192.0.2.1', '127.0.0.1', '::1', null])
      expect([address, (await ask(address)).body.code]).toEqual([address, 'not_found'])
    const guess = { json: { email: EMAIL, password: PASSWORD }, address: '192.0.2.1' }
    expect((await near.remote('POST', '/session', guess)).status).toBe(404)
    await near.close()
  })

  test('is a 404 under any name but admin.host', async () => {
    const named = withAdmin({ host: 'Admin.example.com' })
    const ask = (host: string) => named.remote('GET', '/session', { headers: { host } })
    for (const host of ['admin.example.com', 'ADMIN.example.com', 'admin.example.com:8443'])
      expect([host, (await ask(host)).status]).toEqual([host, 401])
    for (const host of ['live.example.com', 'localhost', 'admin.example.com.evil.example'])
      expect([host, (await ask(host)).status]).toEqual([host, 404])
    await named.close()
  })

  test('takes no word of a caller over HTTP on who they are on the machine', async () => {
    const headers = { 'x-golive-user': 'root' }
    expect((await api.remote('GET', '/status', { headers })).status).toBe(401)
    const { headers: own } = await token({ scope: 'write' })
    await api.remote('POST', '/tenants', {
      json: { slug: 'acme' },
      headers: { ...headers, ...own },
    })
    const { text } = await api.admin('GET', '/audit')
    expect(text).not.toContain('local:root')
  })
})

describe('the audit log', () => {
  const actions = async (query = '') =>
    (await api.admin('GET', `/audit${query}`)).body.data.map(
      (one: { action: string }) => one.action,
    )

  test('names sign-ins, failed ones and what was done with accounts, sessions and tokens', async () => {
    const cookie = await admin()
    await signIn({ email: EMAIL, password: 'wrong horse battery' }, own(), '192.0.2.9')
    const { id } = await token({ scope: 'read' })
    await api.admin('DELETE', `/tokens/${id}`, { headers: { 'x-golive-user': 'grace' } })
    await api.remote('DELETE', '/session', { headers: own(cookie) })
    await api.admin('POST', `/admins/${EMAIL}/reset`)
    const { body, text } = await api.admin('GET', '/audit')
    expect(
      body.data.map((one: { action: string; actor: string }) => [one.action, one.actor]),
    ).toEqual([
      ['admin.reset', expect.stringMatching(/^local:/)],
      ['session.deleted', `admin:${EMAIL}`],
      ['token.deleted', 'local:grace'],
      ['secret.shown', expect.stringMatching(/^local:/)],
      ['token.created', expect.stringMatching(/^local:/)],
      ['session.failed', 'system'],
      ['password.changed', `admin:${EMAIL}`],
      ['session.created', `admin:${EMAIL}`],
      ['sign_in_link.used', `admin:${EMAIL}`],
      ['admin.created', expect.stringMatching(/^local:/)],
    ])
    expect(body.data[5]).toMatchObject({ target: EMAIL, address: '192.0.2.9', tenant: null })
    for (const secret of [PASSWORD, 'wrong horse', 'lka_', cookie.split('=')[1]])
      expect(text).not.toContain(secret as string)
  })

  test('comes in pages and can be searched', async () => {
    await admin()
    await token({ scope: 'read' })
    const all = await actions()
    const paged: string[] = []
    let cursor: string | null = null
    do {
      const query: string = cursor === null ? '?limit=2' : `?limit=2&cursor=${cursor}`
      const { body } = await api.admin('GET', `/audit${query}`)
      paged.push(...body.data.map((one: { action: string }) => one.action))
      cursor = body.next_cursor
    } while (cursor !== null)
    expect(paged).toEqual(all)
    expect(await actions('?action=token.created')).toEqual(['token.created'])
    expect(await actions(`?actor=admin:${EMAIL}&action=session.created`)).toEqual([
      'session.created',
    ])
    expect(await actions('?tenant=acme')).toEqual([])
    expect((await api.admin('GET', '/audit?action=nope')).status).toBe(422)
    expect((await api.admin('GET', '/audit?cursor=x')).body.code).toBe('invalid_cursor')
  })

  test('cannot be changed or shortened, not even in the database', async () => {
    await invite()
    const { raw } = api.store
    expect(() => raw.run("UPDATE audit SET actor = 'system'")).toThrow(
      'audit rows are never changed',
    )
    expect(() => raw.run('DELETE FROM audit')).toThrow('audit rows are never deleted')
    expect(await actions()).toEqual(['admin.created'])
  })

  test('has no row of what did not happen', async () => {
    await invite()
    await api.admin('POST', '/admins', { json: { email: EMAIL } })
    await api.admin('POST', '/admins/nobody@example.com/reset')
    await api.admin('POST', '/tokens', { json: { label: 'x', scope: 'read', tenant: 'nobody' } })
    expect(await actions()).toEqual(['admin.created'])
  })
})
