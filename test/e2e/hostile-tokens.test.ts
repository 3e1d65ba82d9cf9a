import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import {
  claimsOf,
  forge,
  forgeNone,
  forgeRs256,
  secondsFromNow,
  tamper,
} from '../support/jwt-forge.ts'
import { askAll, expectRefusal } from '../support/refusal.ts'
import { SignalClient } from '../support/signal-client.ts'
import { Target } from '../support/target.ts'
import { until } from '../support/wait.ts'

let target: Target

beforeAll(async () => {
  target = await Target.start()
}, 60_000)

afterEach(() => target.expectUnharmed())

afterAll(async () => {
  await target?.[Symbol.asyncDispose]()
}, 60_000)

describe('a forged token', () => {
  const claims = () => claimsOf(target.good)
  const ours = (change: Record<string, unknown>): string =>
    forge({ ...claims(), ...change }, target.disk.join)

  const forgeries: [string, () => string][] = [
    ['alg none', () => forgeNone(claims())],
    ['alg None', () => forgeNone(claims(), 'None')],
    ['alg NONE', () => forgeNone(claims(), 'NONE')],
    ['alg empty', () => forgeNone(claims(), '')],
    ['the signature cut off', () => target.good.split('.').slice(0, 2).join('.')],
    ['an empty signature', () => `${target.good.split('.').slice(0, 2).join('.')}.`],
    ['a shorter signature', () => target.good.slice(0, -2)],
    ['a signature in another spelling', () => `${target.good}=`],
    ['a fourth part', () => `${target.good}.${target.good.split('.')[2]}`],
    ['a wrong key', () => forge(claims(), 'x'.repeat(32))],
    ['an empty key', () => forge(claims(), '')],
    ["livekit-server's key", () => forge(claims(), target.disk.livekitSecret)],
    ['the master key itself', () => forge(claims(), Buffer.from(target.disk.master, 'hex'))],
    ['the sealing key', () => forge(claims(), target.disk.seal)],
    [
      "the tenant's own api_secret, as LiveKit's SDKs sign",
      () => forge(claims(), atob(target.basic.slice(6)).split(':')[1] as string),
    ],
    ['RS256 with a key in its header', () => forgeRs256(claims())],
    [
      'RS256 in the header over an HMAC',
      () => forge(claims(), target.disk.join, { alg: 'RS256', typ: 'JWT' }),
    ],
    [
      'HS384 with the right key',
      () => forge(claims(), target.disk.join, { alg: 'HS384' }, 'sha384'),
    ],
    [
      'HS512 with the right key',
      () => forge(claims(), target.disk.join, { alg: 'HS512' }, 'sha512'),
    ],
    ['alg in lower case', () => forge(claims(), target.disk.join, { alg: 'hs256' })],
    ['no alg', () => forge(claims(), target.disk.join, { typ: 'JWT' })],
    ['alg twice over, as a list', () => forge(claims(), target.disk.join, { alg: ['HS256'] })],
    ['other claims', () => tamper(target.good, { sub: 'eve' })],
    ['no exp', () => ours({ exp: undefined })],
    ['exp as text', () => ours({ exp: '9999999999' })],
    ['exp null, as JSON writes infinity', () => ours({ exp: Number.POSITIVE_INFINITY })],
    ['exp as a list', () => ours({ exp: [secondsFromNow(60)] })],
    ['no nbf', () => ours({ nbf: undefined })],
    ['no sub', () => ours({ sub: undefined })],
    [
      'an empty sub with a jti, which livekit-server takes for one',
      () => ours({ sub: '', jti: 'eve' }),
    ],
    ['sub as a number', () => ours({ sub: 5 })],
    ['sub as an object', () => ours({ sub: { toString: 'eve' } })],
    ['another audience', () => ours({ aud: 'golive-session' })],
    ['no audience', () => ours({ aud: undefined })],
    ['no golive ids', () => ours({ golive: undefined })],
    [
      'golive ids of other types',
      () => ours({ golive: { tenant: 1, room: [], key: {}, auth_ms: 'now' } }),
    ],
    ['no video grant', () => ours({ video: undefined })],
    ['roomJoin false', () => ours({ video: { ...(claims().video as object), roomJoin: false } })],
    [
      'a room that is no text',
      () => ours({ video: { ...(claims().video as object), room: { toString: 1 } } }),
    ],
    ['claims that are a list', () => forge([claims()] as never, target.disk.join)],
    ['claims that are null', () => forge(null as never, target.disk.join)],
    ['no JSON inside', () => `${'A'.repeat(40)}.${'B'.repeat(40)}.${'C'.repeat(43)}`],
    ['NUL inside', () => `${target.good}\0`],
    ['nothing but dots', () => '..'],
    ['60 KiB of text', () => 'x'.repeat(60_000)],
    ['60 KiB of dots', () => '.'.repeat(60_000)],
  ]

  test.each(forgeries)('with %s is refused as token_invalid', async (_, make) => {
    for (const answer of await askAll(target.port, make()))
      expectRefusal(answer, 401, 'token_invalid')
  })

  test('with grants that walk past seats and rooms does not carry them into the call', async () => {
    const grants = {
      recorder: true,
      agent: true,
      roomAdmin: true,
      roomCreate: true,
      roomList: true,
      roomRecord: true,
      ingressAdmin: true,
    }
    const token = ours({
      kind: 'agent',
      sub: 'walker',
      video: { ...(claims().video as object), ...grants },
    })
    const client = await SignalClient.join({
      ws_url: target.golive.url.replace('http', 'ws'),
      token,
    })
    const me = client.join.participant
    expect([me?.identity, me?.kind, me?.permission?.recorder, me?.permission?.agent]).toEqual([
      'walker',
      0,
      false,
      false,
    ])
    const refreshed = claimsOf(await until('a refresh token came', () => client.refreshToken))
    for (const name of Object.keys(grants)) expect(refreshed.video).not.toHaveProperty(name)
    client.leave()
  })
})

describe('a second token', () => {
  const other = () => tamper(target.good, { sub: 'eve' })

  test('in the address is refused, whichever of the two is right', async () => {
    for (const [a, b] of [
      [target.good, other()],
      [other(), target.good],
    ]) {
      const answer = await target.send('GET', `/rtc/validate?access_token=${a}&access_token=${b}`)
      expectRefusal(answer, 401, 'token_invalid')
    }
  })

  test('in the header is the one that counts, as in LiveKit, and two there count for nothing', async () => {
    const answer = await target.send('GET', `/rtc/validate?access_token=${target.good}`, [
      ['Authorization', `Bearer ${other()}`],
    ])
    expectRefusal(answer, 401, 'token_invalid')
    const twice = await target.send('GET', '/rtc/validate', [
      ['Authorization', `Bearer ${other()}`],
      ['Authorization', `Bearer ${target.good}`],
    ])
    expect(twice.status).toBe(401)
  })

  test("hidden in another parameter's value or in the fragment is none", async () => {
    for (const address of [
      `/rtc/validate?a=%26access_token=${target.good}`,
      `/rtc/validate?Access_Token=${target.good}`,
      `/rtc/validate?a#access_token=${target.good}`,
    ]) {
      expect((await target.send('GET', address)).status).toBeWithin(400, 402)
    }
  })
})
