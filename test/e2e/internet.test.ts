import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { longestGap, untilAllSeeAndHear } from '../support/call.ts'
import { type Chromium, launchChromium, type Person } from '../support/chromium.ts'
import { Firefox, type FirefoxPerson, firefoxMissing } from '../support/firefox.ts'
import type { GoLive } from '../support/golive.ts'
import { LAB_NAME, Lab, labMissing, OUTSIDE_NAME } from '../support/lab.ts'
import { chromiumInLab } from '../support/lab-browsers.ts'
import { ownAuthority, startInLab } from '../support/lab-golive.ts'
import type { Way } from '../support/page-api.ts'
import { Pebble } from '../support/pebble.ts'
import type { TenantClient } from '../support/tenant-client.ts'
import { until } from '../support/wait.ts'

setDefaultTimeout(170_000)

const why =
  (await labMissing()) ??
  firefoxMissing() ??
  (process.env.PEBBLE ? null : 'PEBBLE names no folder with pebble')
if (why) console.log(`left out: ${why}`)

/** Short enough for a renewal within a call, long enough for browsers to start. */
const LIFE_SECONDS = 90
/** A gap that nobody sees; renewing costs processor time on a small machine. */
const UNSEEN_MS = 1000

interface Certificate {
  names: string[]
  not_after: string
  issuer: string
  temporary: boolean
  last_error: string | null
}

const certificateOf = async (golive: GoLive): Promise<Certificate> =>
  ((await golive.status()) as unknown as { certificate: Certificate }).certificate

const issued = (golive: GoLive): Promise<Certificate> =>
  until(
    'a certificate is issued',
    async () => {
      const certificate = await certificateOf(golive)
      if (!certificate.temporary) return certificate
      throw new Error(`only ${JSON.stringify(certificate)}`)
    },
    { timeoutMs: 60_000, everyMs: 500 },
  )

const waysOf = (person: Person | FirefoxPerson, match: (way: Way) => boolean): Promise<Way[]> =>
  until(
    'media goes that way',
    async () => {
      const ways = await person.ways()
      if (ways.length > 0 && ways.every(match)) return ways
      throw new Error(`only ${JSON.stringify(ways)}`)
    },
    { timeoutMs: 100_000, everyMs: 500 },
  )

/** What the gate tells browsers to ask: only this server, by its name and by its address. */
const OURS = /^(stun:198\.51\.100\.7:3478|turns:live\.example\.com:443\?transport=tcp)$/

describe.skipIf(why !== null)('from nothing, with a certificate authority', () => {
  let lab: Lab
  let pebble: Pebble
  let golive: GoLive
  let tenant: TenantClient
  let chromium: Chromium
  let firefox: Firefox

  beforeAll(async () => {
    lab = await Lab.create()
    pebble = await Pebble.create(
      lab.client,
      { name: OUTSIDE_NAME, folder: lab.folder },
      { lifeSeconds: LIFE_SECONDS },
    )
    await pebble.start({ [LAB_NAME]: lab.server.address })
    golive = await startInLab(lab, {
      mode: 'domain',
      domain: LAB_NAME,
      email: 'ops@example.com',
      acme_directory: pebble.directory,
      acme_root: pebble.rootFile,
    })
    await issued(golive)
    const ca = await pebble.issuingRoot()
    lab.client.trust = { ca }
    tenant = await golive.tenant('acme')
    chromium = await launchChromium(await chromiumInLab(lab, ca))
    firefox = await Firefox.launch(lab, ca)
  }, 170_000)

  afterAll(async () => {
    for (const part of [chromium, firefox, golive, pebble, lab]) await part?.[Symbol.asyncDispose]()
  }, 60_000)

  test('the name is served over HTTPS that is believed, and plain HTTP leads there', async () => {
    const { status, headers } = await lab.client.fetch(`https://${LAB_NAME}/healthz`)
    expect(status).toBe(200)
    expect(headers.get('strict-transport-security')).toContain('max-age=')
    const plain = await lab.client.fetch(`http://${LAB_NAME}/call?x=1`)
    expect([plain.status, plain.headers.get('location')]).toEqual([
      308,
      `https://${LAB_NAME}/call?x=1`,
    ])
    expect(await certificateOf(golive)).toMatchObject({
      names: [LAB_NAME],
      issuer: expect.stringContaining('Pebble'),
      last_error: null,
    })
  })

  test('two browsers meet on wss and are sent to no server but this one', async () => {
    await tenant.createRoom('first')
    await using alice = await chromium.person()
    await using bob = await chromium.person()
    const minted = await tenant.mint('first', 'alice')
    expect(minted.ws_url).toBe(`wss://${LAB_NAME}`)
    await alice.join(minted)
    await bob.join(await tenant.mint('first', 'bob'), { path: 'old' })
    await untilAllSeeAndHear({ alice, bob })
    for (const url of [...(await alice.iceServers()), ...(await bob.iceServers())])
      expect(url).toMatch(OURS)
  })

  test('a call through TURN on 443, Chromium with Firefox, does not notice that the certificate is renewed', async () => {
    await tenant.createRoom('relayed')
    await using alice = await chromium.person()
    await using bob = await firefox.person()
    await alice.join(await tenant.mint('relayed', 'alice'), { relay: true })
    await bob.join(await tenant.mint('relayed', 'bob'), { relay: true })
    await untilAllSeeAndHear({ alice, bob })
    for (const person of [alice, bob])
      await waysOf(person, ({ relayProtocol }) => relayProtocol === 'tls')

    const before = await certificateOf(golive)
    const sockets = await alice.sockets()
    await alice.markGaps()
    await until(
      'the certificate is renewed',
      async () => (await certificateOf(golive)).not_after !== before.not_after,
      { timeoutMs: LIFE_SECONDS * 1000, everyMs: 250 },
    )
    // What is open stays on what it was opened with: new frames come as before.
    const gaps = await until('frames go on', async () => {
      const all = await alice.gaps()
      return all.length > 0 && all.every(({ grown }) => grown > 30) ? all : null
    })
    console.log(`longest gap over a renewal ${longestGap(gaps)} ms`)
    expect(longestGap(gaps)).toBeLessThan(UNSEEN_MS)
    expect(await alice.sockets()).toBe(sockets)
    const lost = ['Reconnecting', 'SignalReconnecting', 'Disconnected']
    for (const person of [alice, bob])
      expect((await person.events()).filter(({ name }) => lost.includes(name))).toEqual([])
    // The renewed one is what newcomers get.
    expect((await lab.client.fetch(`https://${LAB_NAME}/healthz`)).status).toBe(200)
  })
})

describe.skipIf(why !== null)('a running call', () => {
  let lab: Lab
  let golive: GoLive
  let tenant: TenantClient
  let chromium: Chromium

  beforeAll(async () => {
    lab = await Lab.create()
    golive = await startInLab(lab, { mode: 'internal', domain: LAB_NAME })
    const root = ownAuthority(golive)
    lab.client.trust = { ca: root }
    tenant = await golive.tenant('acme')
    chromium = await launchChromium(await chromiumInLab(lab, root))
  }, 120_000)

  afterAll(async () => {
    for (const part of [chromium, golive, lab]) await part?.[Symbol.asyncDispose]()
  }, 60_000)

  test('goes on over TCP 7881 when UDP is blocked, and through TURN on 443 when that is blocked, too', async () => {
    await tenant.createRoom('walls')
    await using alice = await chromium.person()
    await using bob = await chromium.person()
    await alice.join(await tenant.mint('walls', 'alice'))
    await bob.join(await tenant.mint('walls', 'bob'))
    await untilAllSeeAndHear({ alice, bob })
    await waysOf(alice, ({ protocol, to }) => protocol === 'udp' && to.endsWith(':7882'))

    await lab.client.block('udp dport 7882')
    await waysOf(alice, ({ protocol, to }) => protocol === 'tcp' && to.endsWith(':7881'))
    await alice.markGaps()
    await until('pictures come over TCP', async () => grew(await alice.gaps()), {
      timeoutMs: 60_000,
    })

    await lab.client.block('udp dport 7882', 'tcp dport 7881')
    await waysOf(alice, ({ relayProtocol }) => relayProtocol === 'tls')
    await alice.markGaps()
    await until('pictures come through TURN', async () => grew(await alice.gaps()), {
      timeoutMs: 60_000,
    })
    expect((await alice.events()).some(({ name }) => name === 'Disconnected')).toBe(false)
    await lab.client.unblock()
  })
})

const grew = (gaps: { grown: number }[]): boolean =>
  gaps.length > 0 && gaps.every(({ grown }) => grown > 20)
