import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type GoLive, startGolive } from '../support/golive.ts'
import { claimsOf, forge, secondsFromNow, secretsOf, tamper } from '../support/jwt-forge.ts'
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
import type { TenantClient } from '../support/tenant-client.ts'
import { until } from '../support/wait.ts'

let golive: GoLive
let operator: Operator
let tenant: TenantClient
let good: string

beforeAll(async () => {
  golive = await startGolive()
  operator = new Operator(golive)
  tenant = await operator.tenant('acme')
  await tenant.createRoom('open')
  good = (await tenant.mint('open', 'ann')).token
}, 90_000)

afterAll(async () => {
  await golive?.[Symbol.asyncDispose]()
}, 60_000)

/** Signed with the server's own key: only the claims can be the reason. */
const resign = (change: Record<string, unknown>): string =>
  forge({ ...claimsOf(good), ...change }, secretsOf(golive.dataDir).join)

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

  test('is let in from an address from which hundreds of bad ones came, and stays so', async () => {
    const bad = tamper(good, { sub: 'x' })
    const wrong = { headers: { authorization: `Basic ${btoa('lkv_guess:lks_guess')}` } }
    for (let at = 0; at < 100; at++) {
      await Promise.all([
        askAll(golive.port, bad),
        fetch(`${golive.url}/api/v1/me`, wrong).then((answer) => answer.text()),
      ])
    }
    for (let at = 0; at < 100; at++)
      expect((await askValidate(golive.port, '/rtc', good)).status).toBe(200)
    expect((await askUpgrade(golive.port, '/rtc', good)).status).toBe(101)
  }, 60_000)

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
      expect(valuesOf(answer, 'x-golive-code')).toEqual(['method_not_allowed'])
      expect(answer.body).toStartWith('method_not_allowed: ')
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
