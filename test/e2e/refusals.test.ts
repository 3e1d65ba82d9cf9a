import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type Chromium, launchChromium } from '../support/chromium.ts'
import { type GoLive, startGolive } from '../support/golive.ts'
import {
  claimsOf,
  forge,
  livekitToken,
  secondsFromNow,
  secretsOf,
  tamper,
} from '../support/jwt-forge.ts'
import { Operator } from '../support/operator.ts'
import { kill } from '../support/processes.ts'
import { exchange, requestText, valuesOf } from '../support/raw-http.ts'
import {
  askAll,
  askUpgrade,
  askValidate,
  expectReadable,
  expectRefusal,
  GATE_PATHS,
} from '../support/refusal.ts'
import { SignalClient } from '../support/signal-client.ts'
import { TenantClient } from '../support/tenant-client.ts'
import { until } from '../support/wait.ts'

let golive: GoLive
let operator: Operator
let tenant: TenantClient
let chromium: Chromium
let good: string
const seated: SignalClient[] = []

beforeAll(async () => {
  golive = await startGolive()
  operator = new Operator(golive)
  tenant = await operator.tenant('acme')
  await tenant.createRoom('open')
  good = (await tenant.mint('open', 'ann')).token
  chromium = await launchChromium()
}, 90_000)

afterAll(async () => {
  for (const client of seated) client.close()
  await chromium?.[Symbol.asyncDispose]()
  await golive?.[Symbol.asyncDispose]()
}, 60_000)

interface Refusal {
  name: string
  status: 401 | 403 | 404
  code: string
  /** makes the world as it must be and answers the token that is then refused */
  token: () => Promise<string>
}

const hours = (count: number): string => new Date(Date.now() + count * 3_600_000).toISOString()

const mintInto = async (room: string, input: Record<string, unknown> = {}): Promise<string> => {
  await tenant.createRoom(room, input)
  return (await tenant.mint(room, 'ann')).token
}

/** Signed with the server's own key: only the claims can be the reason. */
const resign = (change: Record<string, unknown>): string =>
  forge({ ...claimsOf(good), ...change }, secretsOf(golive.dataDir).join)

const refusals: Refusal[] = [
  {
    name: 'a third person in a room of two',
    status: 403,
    code: 'room_full',
    token: async () => {
      await tenant.createRoom('pair', { max_participants: 2 })
      for (const identity of ['one', 'two']) {
        seated.push(await SignalClient.join(await tenant.mint('pair', identity)))
      }
      return (await tenant.mint('pair', 'three')).token
    },
  },
  {
    name: 'an expired token',
    status: 401,
    code: 'token_expired',
    token: async () =>
      resign({ iat: secondsFromNow(-120), nbf: secondsFromNow(-120), exp: secondsFromNow(-10) }),
  },
  {
    name: 'a token from the future',
    status: 401,
    code: 'token_not_yet_valid',
    token: async () => resign({ nbf: secondsFromNow(90) }),
  },
  {
    name: 'a token whose holder gave himself another name',
    status: 401,
    code: 'token_invalid',
    token: async () => tamper(good, { sub: 'admin' }),
  },
  {
    name: 'a token moved to another room by its holder',
    status: 401,
    code: 'token_invalid',
    token: async () => {
      const other = claimsOf(await mintInto('other'))
      return tamper(good, { video: other.video, golive: other.golive })
    },
  },
  {
    name: 'a refresh token as livekit-server itself signs it',
    status: 401,
    code: 'token_invalid',
    token: async () => livekitToken(secretsOf(golive.dataDir), 'acme__open', 'ann'),
  },
  {
    name: 'a token of a deleted room',
    status: 404,
    code: 'room_not_found',
    token: async () => {
      const token = await mintInto('gone')
      await tenant.deleteRoom('gone')
      return token
    },
  },
  {
    name: "a token of a room's former life",
    status: 401,
    code: 'token_revoked',
    token: async () => {
      const token = await mintInto('again')
      await tenant.deleteRoom('again')
      await tenant.createRoom('again')
      return token
    },
  },
  {
    name: 'a token minted by a key that was deleted since',
    status: 401,
    code: 'token_revoked',
    token: async () => {
      const second = await operator.createKey('acme')
      const { token } = await new TenantClient(golive.url, second).mint('open', 'ann')
      await operator.deleteKey('acme', second.api_key)
      return token
    },
  },
  {
    name: 'a token of a deactivated tenant',
    status: 401,
    code: 'tenant_deactivated',
    token: async () => {
      const sleepy = await operator.tenant('sleepy')
      await sleepy.createRoom('open')
      const { token } = await sleepy.mint('open', 'ann')
      await operator.setStatus('sleepy', 'deactivated')
      return token
    },
  },
  {
    name: 'a locked room',
    status: 403,
    code: 'room_locked',
    token: () => mintInto('locked', { locked: true }),
  },
  {
    name: 'a room that opens later',
    status: 403,
    code: 'room_not_open',
    token: () => mintInto('early', { opens_at: hours(1) }),
  },
  {
    name: 'a room that has closed',
    status: 403,
    code: 'room_closed',
    token: () => mintInto('late', { opens_at: hours(-2), closes_at: hours(-1) }),
  },
]

/** A full room stays full only as long as its people do: ask and browse in one go. */
describe.each(refusals)('$name', ({ status, code, token: prepare }) => {
  let token: string
  let sentence: string

  beforeAll(async () => {
    token = await prepare()
  })

  test(`is refused with ${status} ${code} on both paths, by the upgrade and by /validate alike`, async () => {
    const bodies = (await askAll(golive.port, token)).map((answer) =>
      expectRefusal(answer, status, code),
    )
    expect(new Set(bodies).size).toBe(1)
    sentence = bodies[0] as string
    expect(sentence).not.toContain(token)
    if (status === 404) expect(sentence).toContain('requested room does not exist')
  })

  test.each(['v1', 'old'] as const)(
    'is told in words to an app on another origin, which stops at once (%s)',
    async (path) => {
      await using person = await chromium.person()
      let requests = 0
      const count = (one: { url(): string }) => {
        if (new URL(one.url()).port === String(golive.port)) requests++
      }
      person.page.on('request', count)
      person.page.on('websocket', count)
      const failure = await person.tryJoin(golive.url.replace('http', 'ws'), token, { path })
      const message = expect.stringContaining(sentence)
      expect(failure).toEqual({ name: 'ConnectionError', reason: 'NotAllowed', status, message })
      expect(requests).toBeGreaterThan(0)
      expect(requests).toBeLessThanOrEqual(4)
    },
  )
})

describe('a request without a token', () => {
  test('is refused with 401 token_missing', async () => {
    for (const answer of await askAll(golive.port, null))
      expectRefusal(answer, 401, 'token_missing')
  })

  test('is refused alike when the token is empty', async () => {
    for (const answer of await askAll(golive.port, '')) expectRefusal(answer, 401, 'token_missing')
  })
})

describe('a good token', () => {
  test('is told "success" by /validate, readable from other origins, and takes no seat', async () => {
    const { token } = await tenant.mint('open', 'looking')
    const answer = await askValidate(golive.port, '/rtc', token)
    expect([answer.status, answer.body]).toEqual([200, 'success'])
    expectReadable(answer)
    expect((await tenant.room('open')).participants_now).toBe(0)
  })

  test('counts 5 seconds beyond its end and 60 before its beginning, for clocks that differ', async () => {
    for (const change of [{ exp: secondsFromNow(-2) }, { nbf: secondsFromNow(50) }]) {
      expect((await askValidate(golive.port, '/rtc', resign(change))).status).toBe(200)
    }
  })

  test('may travel in the Authorization header, as native SDKs send it', async () => {
    const headers: [string, string][] = [['Authorization', `Bearer ${good}`]]
    expect((await askValidate(golive.port, '/rtc', null, headers)).status).toBe(200)
    const bad: [string, string][] = [['Authorization', `Bearer ${tamper(good, { sub: 'x' })}`]]
    expectRefusal(await askValidate(golive.port, '/rtc', null, bad), 401, 'token_invalid')
  })
})

describe('the gate', () => {
  test('says 426 and why when a proxy in front removed the Upgrade header', async () => {
    for (const path of GATE_PATHS) {
      const text = requestText('GET', `${path}?access_token=${good}`, [
        ['Host', `127.0.0.1:${golive.port}`],
      ])
      expect(expectRefusal(await exchange(golive.port, text), 426, 'upgrade_required')).toMatch(
        /proxy/i,
      )
    }
  })

  test('answers a preflight from any origin', async () => {
    for (const path of [...GATE_PATHS, ...GATE_PATHS.map((one) => `${one}/validate`)]) {
      const answer = await exchange(
        golive.port,
        requestText('OPTIONS', path, [
          ['Host', `127.0.0.1:${golive.port}`],
          ['Origin', 'https://app.example.com'],
          ['Access-Control-Request-Method', 'GET'],
          ['Access-Control-Request-Headers', 'authorization'],
        ]),
      )
      expect([200, 204]).toContain(answer.status as number)
      expectReadable(answer)
      expect(valuesOf(answer, 'access-control-allow-methods').join()).toContain('GET')
      expect(valuesOf(answer, 'access-control-allow-headers').join().toLowerCase()).toContain(
        'authorization',
      )
    }
  })

  test('refuses other methods with 405, never as something of LiveKit', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) {
      const headers: [string, string][] = [
        ['Host', `127.0.0.1:${golive.port}`],
        ['Content-Length', '0'],
      ]
      const answer = await exchange(
        golive.port,
        requestText(method, `/rtc/validate?access_token=${good}`, headers),
      )
      expect([answer.status, valuesOf(answer, 'access-control-allow-origin')]).toEqual([405, ['*']])
      expect(valuesOf(answer, 'allow').join()).toContain('GET')
    }
  })
})

describe('while livekit-server is down', () => {
  test('the gate says 503 "try again" and nothing that would end a call, then admits again', async () => {
    const seen = new Map<number, number>()
    const note = (status: number | null) => seen.set(status ?? 0, (seen.get(status ?? 0) ?? 0) + 1)
    let refusal: Awaited<ReturnType<typeof askUpgrade>> | null = null
    await until(
      'the gate said 503 ten times',
      async () => {
        for (const pid of livekitPids()) kill(pid, 'SIGKILL')
        for (const answer of await askAll(golive.port, good)) {
          note(answer.status)
          if (answer.status === 503) refusal = answer
        }
        return (seen.get(503) ?? 0) >= 10
      },
      { timeoutMs: 45_000, everyMs: 5 },
    )
    expectRefusal(refusal as never, 503, 'media_unavailable')
    // 400: /rtc/v1 without a join_request, asked in a moment when the child was up.
    for (const status of seen.keys()) expect([101, 200, 400, 503]).toContain(status)
    await until(
      'the gate admits again',
      async () => (await askValidate(golive.port, '/rtc', good)).status === 200,
      {
        timeoutMs: 60_000,
      },
    )
  }, 120_000)

  test('the gate does not keep anybody waiting when livekit-server hangs', async () => {
    const pid = golive.livekitPid()
    kill(pid, 'SIGSTOP')
    try {
      const answer = await askUpgrade(golive.port, '/rtc', good)
      expectRefusal(answer, 503, 'media_unavailable')
      expect(answer.milliseconds).toBeLessThan(10_000)
    } finally {
      kill(pid, 'SIGCONT')
    }
    await until(
      'the gate admits again',
      async () => (await askUpgrade(golive.port, '/rtc', good)).status === 101,
      {
        timeoutMs: 40_000,
      },
    )
  }, 90_000)
})

const livekitPids = (): number[] => {
  try {
    return [golive.livekitPid()]
  } catch {
    return []
  }
}
