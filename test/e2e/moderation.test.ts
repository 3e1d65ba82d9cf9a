import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { pairInCall, untilAllSeeAndHear } from '../support/call.ts'
import { type Chromium, launchChromium, type Person } from '../support/chromium.ts'
import { type GoLive, startGolive } from '../support/golive.ts'
import { Operator } from '../support/operator.ts'
import { NodePerson } from '../support/rtc-node.ts'
import { type Minted, TenantClient } from '../support/tenant-client.ts'
import { until } from '../support/wait.ts'
import { Way } from '../support/way.ts'

setDefaultTimeout(180_000)

let golive: GoLive
let operator: Operator
let browser: Chromium
let acme: TenantClient

beforeAll(async () => {
  ;[golive, browser] = await Promise.all([startGolive(), launchChromium()])
  operator = new Operator(golive)
  acme = await operator.tenant('acme')
})

afterAll(async () => {
  await browser?.[Symbol.asyncDispose]()
  await golive?.[Symbol.asyncDispose]()
})

const happened = (person: Person, name: string, detail: string): Promise<unknown> =>
  until(`${name} ${detail}`, async () =>
    (await person.events()).some((event) => event.name === name && event.detail === detail),
  )

const disconnected = async (person: Person): Promise<string | undefined> =>
  (await person.events()).findLast((event) => event.name === 'Disconnected')?.detail

const from = async (person: Person, identity: string) =>
  (await person.received()).filter((flow) => flow.from === identity)

const refusal = async (person: Person, { ws_url, token }: Minted): Promise<string | undefined> =>
  (await person.tryJoin(ws_url, token, { publish: false }))?.message

const people = (room: string) => `/rooms/${room}/participants`

describe('a backend looks at a call', () => {
  test('and sees who is there, by which transport and SDK, in browsers and natively', async () => {
    await acme.createRoom('look')
    await using pair = await pairInCall(browser, acme, 'look')
    await using nora = new NodePerson()
    await nora.join(await acme.mint('look', 'nora'))
    await untilAllSeeAndHear({ alice: pair.alice, nora })
    const { body } = await acme.call<{ data: Record<string, unknown>[] }>('GET', people('look'))
    const by = new Map(body.data.map((one) => [one.identity, one]))
    expect([...by.keys()].sort()).toEqual(['alice', 'bob', 'nora'])
    for (const identity of ['alice', 'bob'])
      expect(by.get(identity)).toMatchObject({
        state: 'active',
        connection: {
          transport: 'udp',
          sdk: 'js',
          sdk_version: expect.stringMatching(/^2\./),
          browser: expect.stringMatching(/^HeadlessChrome \d/),
          address: '127.0.0.1',
        },
        tracks: [{ muted: false }, { muted: false }],
      })
    expect(by.get('nora')).toMatchObject({
      state: 'active',
      connection: {
        transport: 'udp',
        sdk: expect.stringMatching(/node|rust/),
        address: '127.0.0.1',
      },
    })
    const one = await acme.call('GET', `${people('look')}/alice`)
    expect(one.body).toMatchObject({ identity: 'alice', sid: by.get('alice')?.sid })
  })
})

describe('a backend moderates', () => {
  test('and both sides learn that a microphone was muted; the camera goes on', async () => {
    await acme.createRoom('mute')
    await using pair = await pairInCall(browser, acme, 'mute')
    const { alice, bob } = pair
    const { status, body } = await acme.call('POST', `${people('mute')}/alice/mute`, {
      sources: ['microphone'],
    })
    expect(status).toBe(200)
    expect(body.tracks).toContainEqual(
      expect.objectContaining({ source: 'microphone', muted: true }),
    )
    for (const person of [alice, bob]) await happened(person, 'TrackMuted', 'alice microphone')
    expect((await alice.events()).some(({ detail }) => detail === 'alice camera')).toBe(false)
    const undo = await acme.call('POST', `${people('mute')}/alice/mute`, {
      sources: ['microphone'],
      muted: false,
    })
    expect([undo.status, undo.body.code]).toEqual([403, 'unmute_not_allowed'])
  })

  test('and a permission that was taken away stays away after a reload with the old token', async () => {
    await acme.createRoom('hush')
    const old = await acme.mint('hush', 'alice')
    await using alice = await browser.person()
    await using bob = await browser.person()
    await alice.join(old)
    await bob.join(await acme.mint('hush', 'bob'))
    await untilAllSeeAndHear({ alice, bob })

    const changed = await acme.call('PATCH', `${people('hush')}/alice`, {
      permissions: { can_publish: false },
    })
    expect(changed.body.permissions).toMatchObject({ can_publish: false, can_subscribe: true })
    await happened(bob, 'TrackUnpublished', 'alice camera')
    expect(await from(bob, 'alice')).toEqual([])

    const renewed = (await alice.token()) as string
    for (const token of [old.token, renewed]) {
      await alice.open()
      expect(await alice.tryJoin(old.ws_url, token, { publish: false })).toBeNull()
      await until('alice sees bob again', () => alice.seesAndHears('bob'))
      const { body } = await acme.call('GET', `${people('hush')}/alice`)
      expect(body).toMatchObject({ permissions: { can_publish: false }, tracks: [] })
    }
    const fresh = await acme.mint('hush', 'alice')
    await alice.open()
    await alice.join(fresh)
    await until('bob sees alice again', () => bob.seesAndHears('alice'))
  })

  test('and whoever is put out is out within a second and cannot come back with what they hold', async () => {
    await acme.createRoom('out')
    await using pair = await pairInCall(browser, acme, 'out')
    const { alice, bob } = pair
    const renewed = (await alice.token()) as string
    const { ws_url } = await acme.mint('out', 'probe')
    const started = performance.now()
    expect((await acme.call('DELETE', `${people('out')}/alice`)).status).toBe(204)
    await until('alice is told', () => disconnected(alice), { everyMs: 20 })
    const took = performance.now() - started
    console.log(`out and told after ${Math.round(took)} ms`)
    expect(await disconnected(alice)).toBe('PARTICIPANT_REMOVED')
    await happened(bob, 'ParticipantDisconnected', 'alice')
    await alice.open()
    const failure = await alice.tryJoin(ws_url, renewed, { publish: false })
    expect(failure?.message).toContain('token_revoked')
    await alice.join(await acme.mint('out', 'alice'))
    await untilAllSeeAndHear({ alice, bob })
  })

  test('and whoever is banned is refused with a reason that the SDK shows, until the ban is lifted', async () => {
    await acme.createRoom('ban')
    await using pair = await pairInCall(browser, acme, 'ban')
    const { alice } = pair
    expect((await acme.call('DELETE', `${people('ban')}/alice?ban=true`)).status).toBe(204)
    await until('alice is told', () => disconnected(alice))
    await alice.open()
    const fresh = await acme.mint('ban', 'alice')
    expect(await refusal(alice, fresh)).toContain(
      'identity_banned: this person may not join this room any more',
    )
    expect((await acme.call('DELETE', '/rooms/ban/bans/alice')).status).toBe(204)
    await alice.open()
    expect(await refusal(alice, fresh)).toBeUndefined()
  })

  test('and a ban reaches who hides from the gate after a restart, but stays in the call by media', async () => {
    await acme.createRoom('hide')
    await using way = await Way.to(new URL(golive.url))
    await using vera = await browser.person()
    await using mallory = new NodePerson()
    await vera.join(await acme.mint('hide', 'vera'))
    await mallory.join({ ...(await acme.mint('hide', 'mallory')), ws_url: way.wsUrl })
    await untilAllSeeAndHear({ vera, mallory })
    way.close()
    await golive.kill('SIGKILL')
    await golive.spawn()
    const ban = () => acme.call('DELETE', `${people('hide')}/mallory?ban=true`).catch(() => null)
    await until('the ban is taken', async () => (await ban())?.status === 204, { everyMs: 20 })
    await happened(vera, 'ParticipantDisconnected', 'mallory')
    await until('vera is back', async () => (await vera.state()) === 'connected')
  })

  test('and data and RPC arrive', async () => {
    await acme.createRoom('talk')
    await using pair = await pairInCall(browser, acme, 'talk')
    const { alice, bob } = pair
    await acme.call('POST', '/rooms/talk/data', { payload: 'to all', topic: 'chat' })
    for (const person of [alice, bob]) await happened(person, 'DataReceived', 'chat to all')
    const sent = await acme.call('POST', '/rooms/talk/data', {
      payload_base64: btoa('to bob'),
      identities: ['bob'],
    })
    expect([sent.status, sent.body]).toEqual([202, { recipients: 1 }])
    await happened(bob, 'DataReceived', ' to bob')
    expect((await alice.events()).some(({ detail }) => detail.includes('to bob'))).toBe(false)
    const rpc = (json: object) => acme.call('POST', `${people('talk')}/alice/rpc`, json)
    expect((await rpc({ method: 'echo', payload: 'hello' })).body).toEqual({
      response: 'hello of alice',
    })
    const unknown = await rpc({ method: 'nothing' })
    expect([unknown.status, unknown.body.code, unknown.body.rpc_code]).toEqual([
      502,
      'rpc_failed',
      1400,
    ])
  })
})

describe('a call ends or closes', () => {
  test('by lock: who is in may come back, nobody new gets in', async () => {
    await acme.createRoom('lock')
    await using pair = await pairInCall(browser, acme, 'lock')
    await acme.call('PATCH', '/rooms/lock', { locked: true })
    await using carol = await browser.person()
    expect(await refusal(carol, await acme.mint('lock', 'carol'))).toContain('room_locked')
    await golive.kill('SIGKILL')
    await golive.restartProcess()
    for (const person of [pair.alice, pair.bob])
      await until('they are back', async () =>
        (await person.events()).some(({ name }) => /^(Reconnected|SignalConnected)$/.test(name)),
      )
    await until('alice is counted', async () => (await acme.room('lock')).participants_now === 2)
    expect(await disconnected(pair.alice)).toBeUndefined()
    expect(await refusal(carol, await acme.mint('lock', 'carol'))).toContain('room_locked')
  })

  test('by end: everybody is told, the room stays and takes people again', async () => {
    await acme.createRoom('end')
    await using pair = await pairInCall(browser, acme, 'end')
    expect((await acme.call('POST', '/rooms/end/end')).status).toBe(200)
    for (const person of [pair.alice, pair.bob])
      expect(await until('told', () => disconnected(person))).toBe('ROOM_DELETED')
    await pair.alice.open()
    await pair.alice.join(await acme.mint('end', 'alice'))
  })

  test('by eject_at_expiry: the holder leaves with the token, renewed or not, others stay', async () => {
    await acme.createRoom('short')
    await using alice = await browser.person()
    await using bob = await browser.person()
    await alice.join(await acme.mint('short', 'alice', { ttl_seconds: 60, eject_at_expiry: true }))
    await bob.join(await acme.mint('short', 'bob', { ttl_seconds: 60 }))
    await untilAllSeeAndHear({ alice, bob })
    await golive.kill('SIGKILL')
    await golive.restartProcess()
    const told = await until('alice is put out', () => disconnected(alice), { timeoutMs: 90_000 })
    expect(told).toBe('PARTICIPANT_REMOVED')
    await alice.open()
    expect(await bob.state()).toBe('connected')
  })
})

describe('minutes of a month', () => {
  test('used up refuse who is new, and end running calls only when the limit is hard', async () => {
    const tenant = await operator.tenant('meter')
    await tenant.createRoom('a')
    await using pair = await pairInCall(browser, tenant, 'a')
    await operator.setLimits('meter', { participant_minutes_per_month: 0 })
    await using carol = await browser.person()
    const fresh = await tenant.mint('a', 'carol')
    expect(await refusal(carol, fresh)).toContain('minutes_exhausted')
    expect(await pair.alice.state()).toBe('connected')
    await operator.setLimits('meter', { participant_minutes_hard: true })
    for (const person of [pair.alice, pair.bob])
      expect(await until('told', () => disconnected(person))).toBe('PARTICIPANT_REMOVED')
  })
})

describe('the same identity twice', () => {
  test('replaces the first connection unless the token says otherwise', async () => {
    await acme.createRoom('twice')
    await using first = await browser.person()
    await using second = await browser.person()
    await first.join(await acme.mint('twice', 'ann'))
    await second.join(await acme.mint('twice', 'ann'))
    expect(await until('told', () => disconnected(first))).toBe('DUPLICATE_IDENTITY')
    expect(await second.state()).toBe('connected')
  })

  test('is refused under reject as long as the first one lives; a reloaded tab gets back in', async () => {
    await acme.createRoom('once')
    const strict = () => acme.mint('once', 'ann', { on_duplicate: 'reject' })
    await using first = await browser.person()
    await using second = await browser.person()
    await first.join(await strict())
    expect(await refusal(second, await strict())).toContain('duplicate_identity')
    expect(await first.state()).toBe('connected')
    await first.open()
    await first.join(await strict())
    expect(await refusal(second, await strict())).toContain('duplicate_identity')
    await using nora = new NodePerson()
    await first.leave()
    await nora.join(await strict())
    await nora.vanish()
    // Killed, its connection is closed by the kernel: nobody is kept out by the dead.
    await until('ann gets in', async () => (await refusal(second, await strict())) === undefined)
  })
})

describe('a leaked secret', () => {
  test('is made useless by deleting its key: tokens refused, their holder out, others untouched', async () => {
    const leaked = (await acme.call('POST', '/keys', { label: 'leaked' })).body as {
      api_key: string
      api_secret: string
    }
    const thief = new TenantClient(golive.url, leaked)
    await acme.createRoom('safe')
    const tokens = await Promise.all(['t1', 't2', 't3'].map((one) => thief.mint('safe', one)))
    await using intruder = await browser.person()
    await using honest = await browser.person()
    await intruder.join(tokens[0] as Minted)
    await honest.join(await acme.mint('safe', 'honest'))
    await untilAllSeeAndHear({ t1: intruder, honest })
    const started = performance.now()
    expect((await acme.call('DELETE', `/keys/${leaked.api_key}`)).status).toBe(204)
    await until('the intruder is out', () => disconnected(intruder), { everyMs: 20 })
    console.log(`out ${Math.round(performance.now() - started)} ms after the key was deleted`)
    for (const { token } of tokens) {
      const response = await fetch(`${golive.url}/rtc/validate?access_token=${token}`)
      expect([response.status, response.headers.get('x-golive-code')]).toEqual([
        401,
        'token_revoked',
      ])
    }
    expect(await honest.state()).toBe('connected')
    expect((await honest.events()).some(({ name }) => name === 'Reconnecting')).toBe(false)
  })
})
