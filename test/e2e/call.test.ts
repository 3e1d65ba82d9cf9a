import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { untilAllSeeAndHear } from '../support/call.ts'
import { type Chromium, launchChromium } from '../support/chromium.ts'
import { type GoLive, startGolive } from '../support/golive.ts'
import { claimsOf } from '../support/jwt-forge.ts'
import { NodePerson } from '../support/rtc-node.ts'
import type { TenantClient } from '../support/tenant-client.ts'
import { until } from '../support/wait.ts'

setDefaultTimeout(180_000)

let golive: GoLive
let browser: Chromium
let acme: TenantClient

beforeAll(async () => {
  ;[golive, browser] = await Promise.all([startGolive(), launchChromium()])
  acme = await golive.tenant('acme')
})

afterAll(async () => {
  await browser?.[Symbol.asyncDispose]()
  await golive?.[Symbol.asyncDispose]()
})

test('two browsers on another origin see and hear each other by the guide’s calls, and are counted until they leave', async () => {
  await acme.createRoom('standup')
  await acme.createRoom('standup')
  expect(await acme.room('standup')).toMatchObject({
    participants_now: 0,
    livekit_name: 'acme__standup',
  })
  await using alice = await browser.person()
  await using bob = await browser.person()
  await alice.join(await acme.mint('standup', 'alice', { name: 'Alice', ttl_seconds: 3600 }))
  await bob.join(await acme.mint('standup', 'bob'))
  await untilAllSeeAndHear({ alice, bob })

  expect(await acme.room('standup')).toMatchObject({ participants_now: 2 })
  expect(await acme.activeRooms()).toEqual(['standup'])
  expect((await alice.events()).map((event) => event.name)).not.toContain('Disconnected')
  expect(await alice.connections()).toHaveLength(1)
  // Over TCP a lost packet stops everything behind it: that is for networks without UDP.
  expect(await alice.transports()).toEqual(['udp'])
  expect(await bob.transports()).toEqual(['udp'])

  await alice.leave()
  await bob.leave()
  await until('nobody is counted', async () => (await acme.room('standup')).participants_now === 0)
  expect(await acme.activeRooms()).toEqual([])
})

test('browsers on both signaling paths and a native SDK share one call', async () => {
  await acme.createRoom('mixed')
  await using alice = await browser.person()
  await using oldie = await browser.person()
  await using nora = new NodePerson()
  await alice.join(await acme.mint('mixed', 'alice'))
  await oldie.join(await acme.mint('mixed', 'oldie'), { path: 'old' })
  await nora.join(await acme.mint('mixed', 'nora'))
  await untilAllSeeAndHear({ alice, oldie, nora })

  // Two PeerConnections are the mark of the old path: this client did not slip onto the new one.
  expect(await oldie.connections()).toHaveLength(2)
  expect(await oldie.transports()).toEqual(['udp', 'udp'])
  expect(await acme.room('mixed')).toMatchObject({ participants_now: 3 })
  expect(
    new Set([await alice.roomSid(), await oldie.roomSid(), (await nora.report()).roomSid]).size,
  ).toBe(1)
})

test('the command line lists who is in a call', async () => {
  await acme.createRoom('listed')
  await acme.createRoom('empty')
  await using alice = await browser.person()
  await alice.join(await acme.mint('listed', 'alice'))
  const shown = async () => (await golive.cli('room', 'show', 'acme', 'listed', '--json')).json
  const room = await until('the room shows a person with a sid', async () => {
    const answer = await shown()
    return answer.participants[0]?.sid ? answer : null
  })
  expect(room).toMatchObject({ name: 'listed', participants_now: 1 })
  expect(room.participants).toHaveLength(1)
  expect(room.participants[0]).toMatchObject({
    identity: 'alice',
    sid: expect.stringMatching(/^PA_/),
  })
  const list = await golive.cli('room', 'list', 'acme', '--json')
  expect(list.json.data).toContainEqual(
    expect.objectContaining({ name: 'empty', participants_now: 0 }),
  )
  await using nora = new NodePerson()
  await nora.join(await acme.mint('listed', 'nora'))
  await until('both are counted', async () => (await shown()).participants.length === 2)
  expect((await golive.status()).calls.participants).toBeGreaterThanOrEqual(2)
})

test.each(['v1', 'old'] as const)(
  'a client on the %s path is never handed a LiveKit-signed token',
  async (path) => {
    const name = `refresh-${path}`
    await acme.createRoom(name)
    await using alice = await browser.person()
    const minted = await acme.mint(name, 'alice', { ttl_seconds: 600 })
    const first = claimsOf(minted.token)
    // Made within the same second, the new token would be the old one to the letter.
    await until(
      'the clock shows another second',
      () => Date.now() / 1000 >= (first.iat as number) + 1,
    )
    await alice.join(minted, { path })
    const given = await until('the server pushes a refresh token', async () => {
      const token = await alice.token()
      return token !== minted.token ? token : null
    })
    const refreshed = claimsOf(given)
    expect(refreshed).toMatchObject({
      aud: 'golive-join',
      iss: first.iss,
      sub: 'alice',
      golive: first.golive,
    })
    // biome-ignore lint/suspicious/noExplicitAny: the claims are what is asked about
    const video = refreshed.video as any
    expect(video).toMatchObject({ room: `acme__${name}`, roomJoin: true })
    for (const grant of ['roomCreate', 'roomList', 'roomAdmin', 'recorder', 'agent'])
      expect(video).not.toHaveProperty(grant)

    await using again = await browser.person()
    await again.join({ ...minted, token: given }, { path })
    expect(await again.state()).toBe('connected')
  },
)
