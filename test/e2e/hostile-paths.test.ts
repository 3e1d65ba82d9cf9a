import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { forge, secondsFromNow, tamper } from '../support/jwt-forge.ts'
import { exchange, openRaw, requestText, upgradeHeaders, valuesOf } from '../support/raw-http.ts'
import { expectRefusal } from '../support/refusal.ts'
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

describe("a path of livekit-server's other than signaling", () => {
  const service = 'livekit.RoomService/ListRooms'
  const paths = [
    `/twirp/${service}`,
    `//twirp/${service}`,
    `/twirp//${service}`,
    `/twirp/${service}/`,
    `/TWIRP/${service}`,
    `/%74wirp/${service}`,
    `/rtc/../twirp/${service}`,
    `/rtc/..%2ftwirp/${service}`,
    `/rtc%2f..%2ftwirp/${service}`,
    `/rtc/%2e%2e/twirp/${service}`,
    `/rtc/%2E%2E%2Ftwirp/${service}`,
    `/rtc/v1/../../twirp/${service}`,
    `/rtc\\..\\twirp\\${service}`,
    `/rtc;/../twirp/${service}`,
    `/rtc?/../twirp/${service}`.replace('?', '%3f'),
    `/./twirp/${service}`,
    '/twirp',
    '/agent',
    '//agent',
    '/agent/',
    '/whip/v1',
    '/whip/v1/PA_1',
    '/rtc/../whip/v1',
    '/debug/pprof',
    '/debug/pprof/',
    '/debug/goroutine',
    '/debug/rooms',
    '/rtc/v1/agent',
    '/rtc/v0',
    '/rtc/v1/validate/x',
    '/rtc/validate/../../twirp',
    '/rtc//../agent',
    '/rtc/.//agent',
    '/rtc/v1/%2e%2e/%2e%2e/agent',
    '/rtc/%252e%252e/agent',
    '/rtc%252fvalidate',
    '/rtc%5cvalidate',
    '/rtc;v1',
    '/rtc/v1;a=b',
    '/rtc.',
    '/rtc%09',
    '/rtc%0a',
    '/rtc%0d%0a',
    '/%2frtc',
    '/rt%63/validate',
    '/rtc/v%31',
    '/rtc/Validate',
    '/rtc/v1/VALIDATE',
    '/%ef%bd%92tc',
    '/rtc%c0%af..%c0%afagent',
    '/rtc#/agent',
    '/metrics',
    '/settings/regions',
    '/RTC',
    '/Rtc/v1',
    '/rtc/v2',
    '/%72tc',
    '/rtc%00',
    '/rtc%20',
    '/rtc/validate%2f..',
    '/x/rtc',
    '/rtc.json',
    '/internal/livekit/webhook',
    '/livekit/webhook',
    '/ADMIN/tenants',
    '//admin/tenants',
    '/admin',
  ]

  /** Signed with livekit-server's own key and every grant: past the gate all doors would open. */
  const root = () =>
    forge(
      {
        iss: target.disk.livekitKey,
        sub: 'eve',
        exp: secondsFromNow(600),
        video: {
          roomList: true,
          roomCreate: true,
          roomAdmin: true,
          roomJoin: true,
          room: 'acme__open',
          agent: true,
        },
      },
      target.disk.livekitSecret,
    )

  test.each([
    '//rtc',
    '///rtc//v1',
    '/rtc/',
    '/rtc/v1/',
    '/rtc/v1//validate',
    '/rtc/validate//',
    '/%2e/rtc/v1',
    '/x/../rtc',
    '/rtc\\validate',
  ])("%s, as clients join addresses carelessly, is the gate's and not past it", async (path) => {
    for (const upgrade of [upgradeHeaders(`127.0.0.1:${target.port}`), target.host]) {
      const text = requestText('GET', path, [...upgrade, ['Authorization', `Bearer ${root()}`]])
      const answer = await exchange(target.port, text)
      if (upgrade.length > 1 || path.includes('validate'))
        expectRefusal(answer, 401, 'token_invalid')
      else expectRefusal(answer, 426, 'upgrade_required')
    }
  })

  test.each(paths)(
    "%s is 404 and never livekit-server's own answer, whatever token it is asked with",
    async (path) => {
      const json: Headers = [
        ['Content-Type', 'application/json'],
        ['Authorization', `Bearer ${root()}`],
      ]
      const answers = [
        await target.send('GET', path, json),
        await target.send('POST', path, json, '{}'),
        await exchange(
          target.port,
          requestText('GET', path, [
            ...upgradeHeaders(`127.0.0.1:${target.port}`),
            ['Authorization', `Bearer ${root()}`],
          ]),
        ),
      ]
      for (const answer of answers) {
        expect(answer.status).toBe(404)
        expect(expectProblem(answer, 404)).toBe('not_found')
      }
    },
  )

  test.each(['/admin/status', '/admin/tenants'])(
    '%s asks for an operator, and no token of livekit-server makes one',
    async (path) => {
      const answer = await target.send('GET', path, [['Authorization', `Bearer ${root()}`]])
      expect(expectProblem(answer, 401)).toBe('invalid_credentials')
    },
  )

  test('cannot be named as an absolute address either', async () => {
    for (const address of [
      `http://127.0.0.1:${target.port}/twirp/${service}`,
      `http://evil.example.com/twirp/${service}`,
      `http://x/rtc/../twirp/${service}`,
    ]) {
      expect(
        (await target.send('POST', address, [['Content-Type', 'application/json']], '{}')).status,
      ).toBe(404)
    }
  })

  test('cannot be reached by CONNECT, TRACE or an unknown method', async () => {
    for (const method of ['CONNECT', 'TRACE', 'PROPFIND', 'FOO']) {
      const answer = await exchange(
        target.port,
        requestText(method, '/rtc/validate', target.host),
        {
          timeoutMs: 3000,
        },
      )
      expect([400, 404, 405, 501, null]).toContain(answer.status)
    }
  })
})

describe('an address', () => {
  test('of 64 KiB reaches the gate: the SDK puts its offer into it', async () => {
    const address = `/rtc/validate?access_token=${target.good}&filler=${'A'.repeat(64 * 1024 - target.good.length - 60)}`
    expect((await target.send('GET', address)).status).toBe(200)
    const refused = await target.send(
      'GET',
      `/rtc/validate?access_token=${tamper(target.good, { sub: 'x' })}&filler=${'A'.repeat(60_000)}`,
    )
    expectRefusal(refused, 401, 'token_invalid')
  })

  test('of 200 KiB is refused with 431', async () => {
    const answer = await exchange(
      target.port,
      requestText('GET', `/rtc/validate?access_token=${'A'.repeat(200 * 1024)}`, target.host),
    )
    expect(answer.status).toBe(431)
  })

  test('whose join_request is no such thing is refused, not a failure of the server', async () => {
    for (const request of [
      '',
      '!',
      '%00',
      'AAAA',
      '%FF%FE',
      'A'.repeat(60_000),
      Buffer.from(Bun.gzipSync(new Uint8Array(5_000_000))).toString('base64url'),
    ]) {
      const socket = await openRaw(
        target.port,
        `/rtc/v1?access_token=${target.good}&join_request=${request}`,
      )
      socket.destroy()
      expect(socket.answer.status).toBeWithin(400, 500)
      expect(socket.answer.body).toMatch(/^[a-z_]+: /)
    }
  })

  test('cannot turn one identity into many: the publish parameter of the old path makes none', async () => {
    const socket = await openRaw(
      target.port,
      `/rtc?access_token=${(await target.tenant.mint('open', 'pub')).token}&publish=x&protocol=15`,
    )
    const people = await target.operator.people('acme', 'open')
    socket.destroy()
    expect(people.filter((identity) => identity.includes('#'))).toEqual([])
  })

  test.each([
    '%2F',
    '%2e%2e',
    '..%2fopen',
    '%00',
    'open%00',
    '%zz',
    '%',
    '%ff',
    '%ed%a0%80',
    '%C0%AE',
    'a%0d%0aX-A:%20b',
    '%E2%80%AEopen',
    'a'.repeat(10_000),
  ])('with the room name %p finds no room', async (name) => {
    for (const [method, path, body] of [
      ['GET', '', ''],
      ['DELETE', '', ''],
      ['POST', '/tokens', '{"identity":"a"}'],
    ] as const) {
      const answer = await target.api(method, `/rooms/${name}${path}`, body)
      expectProblem(answer, [400, 404, 422])
      expect(valuesOf(answer, 'x-a')).toEqual([])
    }
  })
})
