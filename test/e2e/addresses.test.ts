import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { createSocket } from 'node:dgram'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { untilAllSeeAndHear } from '../support/call.ts'
import { type Chromium, launchChromium, type Person } from '../support/chromium.ts'
import { Firefox, type FirefoxPerson, firefoxMissing } from '../support/firefox.ts'
import { GoLive } from '../support/golive.ts'
import { issue } from '../support/issue.ts'
import { LAB_NAME, Lab, labMissing } from '../support/lab.ts'
import { chromiumInLab } from '../support/lab-browsers.ts'
import { startInLab } from '../support/lab-golive.ts'
import { OUTSIDE, type Router } from '../support/lab-router.ts'
import type { JoinOptions, Way } from '../support/page-api.ts'
import { freePort, freePorts } from '../support/ports.ts'
import type { TenantClient } from '../support/tenant-client.ts'
import { until, within } from '../support/wait.ts'

setDefaultTimeout(110_000)
const why = (await labMissing()) ?? firefoxMissing()

interface Addresses {
  media: { ip: string }
  host: string
  source: string
  hairpin: boolean | null
  relay: { offered: boolean; reason: string | null }
}

test('a taken port for STUN ends the start, and the sentence names the port and who holds it', async () => {
  const socket = createSocket('udp4')
  const port = await freePort()
  await new Promise<void>((done) => socket.bind(port, '127.0.0.1', done))
  const golive = new GoLive({ config: { livekit: { stun_port: port } } }, await freePorts(7))
  try {
    const child = await golive.spawn()
    expect(await within('the start to end', 20_000, child.exited)).toBe(3)
    expect(golive.log.text()).toMatch(
      new RegExp(`udp port ${port} is taken by bun[^\\n]* \\(pid ${process.pid}\\)`),
    )
  } finally {
    socket.close()
    await golive.cleanUp()
  }
})

/** A server somewhere, and both browsers on the other side. */
class World implements AsyncDisposable {
  readonly lab: Lab
  golive!: GoLive
  tenant!: TenantClient
  chromium!: Chromium
  firefox!: Firefox
  #calls = 0

  private constructor(lab: Lab) {
    this.lab = lab
  }

  static async create(router: Router): Promise<World> {
    const world = new World(await Lab.create(router))
    try {
      await world.#start()
      return world
    } catch (error) {
      await world[Symbol.asyncDispose]()
      throw error
    }
  }

  async #start(): Promise<void> {
    const { lab } = this
    await answerStun(lab)
    const ca = await issue({ name: 'Authority of the test', from: -1, until: 10, ca: true })
    const leaf = await issue({ name: LAB_NAME, from: -1, until: 5, by: ca })
    const files = { cert_file: join(lab.folder, 'cert.pem'), key_file: join(lab.folder, 'key.pem') }
    writeFileSync(files.cert_file, `${leaf.cert}\n${ca.cert}\n`)
    writeFileSync(files.key_file, leaf.key)
    lab.client.trust = { ca: ca.cert }
    this.golive = await startInLab(lab, { mode: 'files', domain: LAB_NAME, ...files })
    this.tenant = await this.golive.tenant('acme')
    this.chromium = await launchChromium(await chromiumInLab(lab, ca.cert))
    this.firefox = await Firefox.launch(lab, ca.cert)
  }

  async addresses(): Promise<Addresses> {
    return ((await this.golive.status()) as unknown as { addresses: Addresses }).addresses
  }

  /** A call between a Chromium and a Firefox; answers how media travels, once it does both ways. */
  async call(options: JoinOptions = {}): Promise<{ ways: Way[]; iceServers: string[] }> {
    const room = `room-${++this.#calls}`
    await this.tenant.createRoom(room)
    await using alice = await this.chromium.person()
    await using bob = await this.firefox.person()
    await alice.join(await this.tenant.mint(room, 'alice'), options)
    await bob.join(await this.tenant.mint(room, 'bob'), options)
    await untilAllSeeAndHear({ alice, bob })
    const ways = [...(await waysOf(alice)), ...(await waysOf(bob))]
    return { ways, iceServers: await bob.iceServers() }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const part of [this.chromium, this.firefox, this.golive, this.lab])
      await part?.[Symbol.asyncDispose]()
  }
}

const waysOf = (person: Person | FirefoxPerson): Promise<Way[]> =>
  until('it is known how media travels', async () => {
    const ways = await person.ways()
    return ways.length > 0 ? ways : null
  })

/** What the server asks for its public address; its name leads to the lab's client. */
const answerStun = async (lab: Lab): Promise<void> => {
  const script = new URL('../support/stun-server.ts', import.meta.url).pathname
  const child = Bun.spawn([...lab.client.prefix, process.execPath, script, lab.client.address], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await child.stdout.getReader().read()
  lab.server.setHosts({ [LAB_NAME]: OUTSIDE, 'stun.cloudflare.com': lab.client.address })
}

const goesDirectly = async (world: World): Promise<void> => {
  const { ways, iceServers } = await world.call()
  for (const way of ways)
    expect(way).toMatchObject({ protocol: 'udp', relayProtocol: null, to: `${OUTSIDE}:7882` })
  expect(iceServers).toContain(`stun:${OUTSIDE}:3478`)
  for (const url of iceServers)
    expect(url).toMatch(/^(stun:203\.0\.113\.9:3478|turns:live\.example\.com:443\?transport=tcp)$/)
}

/**
 * All of it but STUN: a router may give what livekit-server sends first another port than 7882, and the
 * browser would answer there.
 */
const UDP = 'udp dport != 3478'

/** No relay answers either: Chromium often stays on the first way that opens, and that may be one. */
const goesOverTcp = async (world: World): Promise<void> => {
  await world.lab.client.wall(UDP)
  await world.lab.server.block('tcp dport 5349')
  const { ways } = await world.call()
  await world.lab.server.unblock()
  await world.lab.client.unwall()
  for (const way of ways)
    expect(way).toMatchObject({ protocol: 'tcp', relayProtocol: null, to: `${OUTSIDE}:7881` })
}

const goesThroughTurn = async (world: World): Promise<void> => {
  await world.lab.client.wall(UDP, 'tcp dport 7881')
  const { ways } = await world.call({ relay: true })
  await world.lab.client.unwall()
  // Led back by a rule of this machine, a relay is known by its own address: then it is `prflx`.
  for (const way of ways) expect(way).toMatchObject({ relayProtocol: 'tls', to: `${OUTSIDE}:7882` })
}

const leadsNowhereElse = async ({ lab, tenant }: World): Promise<void> => {
  await tenant.createRoom('probed')
  const { ws_url, token } = await tenant.mint('probed', 'mallory')
  const script = new URL('../support/relay-probe.ts', import.meta.url).pathname
  const found = JSON.parse(await lab.client.run(process.execPath, script, ws_url, token))
  expect(found).toMatchObject({
    peer: `${OUTSIDE}:7882`,
    refused: ['127.0.0.1', '192.0.2.1'],
    admitted: [],
  })
}

const worlds: [Router, string, object][] = [
  [
    'plain',
    'with the public address on an interface, after that of a bridge',
    { host: OUTSIDE, source: 'interface' },
  ],
  [
    'hairpin',
    'behind a router that leads the public address back',
    { host: '10.0.0.5', source: 'stun' },
  ],
]

for (const [router, title, place] of worlds) {
  describe.skipIf(why !== null)(title, () => {
    let world: World
    beforeAll(async () => {
      world = await World.create(router)
    })
    afterAll(() => world?.[Symbol.asyncDispose]())

    test('the public address is found, and a relay offered', async () => {
      expect(await world.addresses()).toMatchObject({
        ...place,
        media: { ip: OUTSIDE },
        hairpin: true,
        relay: { offered: true, reason: null },
      })
    })
    test('Chromium and Firefox meet over UDP, and are sent to no server but this one', () =>
      goesDirectly(world))
    test('where UDP is blocked and no relay answers they meet over TCP', () => goesOverTcp(world))
    test('where only 443 is open they meet through TURN', () => goesThroughTurn(world))
    test('TURN leads neither to a foreign host nor to loopback', () => leadsNowhereElse(world))
  })
}

describe.skipIf(why !== null)('behind a router that does not lead the public address back', () => {
  let world: World
  beforeAll(async () => {
    world = await World.create('one-way')
  })
  afterAll(() => world?.[Symbol.asyncDispose]())

  test('no relay is offered, and one sentence says why', async () => {
    const { relay, ...place } = await world.addresses()
    expect(place).toMatchObject({ host: '10.0.0.5', media: { ip: OUTSIDE }, hairpin: false })
    expect(relay.offered).toBe(false)
    expect(relay.reason).toContain(`does not reach its own public address ${OUTSIDE}`)
    const { warnings } = await world.golive.status()
    expect(warnings.map(({ code }) => code)).toContain('relay_not_offered')
  })
  test('Chromium and Firefox meet over UDP all the same, and are told of no relay', async () => {
    const { ways, iceServers } = await world.call()
    for (const way of ways) expect(way).toMatchObject({ protocol: 'udp', to: `${OUTSIDE}:7882` })
    expect(iceServers).toEqual([`stun:${OUTSIDE}:3478`])
  })
  test('where UDP is blocked and no relay answers they meet over TCP', () => goesOverTcp(world))

  test('the rule that the doctor shows mends it: after a new start they meet through TURN', async () => {
    const { json } = await world.golive.cli('doctor', '--json')
    const { fix } = json.data.find(({ id }: { id: string }) => id === 'relay')
    const [rule = ''] = fix.split('; golive stop')
    await world.lab.server.run('sh', '-c', rule)
    await world.golive.stop()
    await world.golive.restartProcess()
    expect((await world.addresses()).relay).toEqual({ offered: true, reason: null })
    await goesThroughTurn(world)
    await leadsNowhereElse(world)
  })

  test('the address is remembered when nobody can be asked, and said to be', async () => {
    world.lab.server.setHosts({ [LAB_NAME]: OUTSIDE })
    await world.golive.stop()
    await world.golive.restartProcess()
    const { media, source } = await world.addresses()
    expect({ ip: media.ip, source }).toEqual({ ip: OUTSIDE, source: 'remembered' })
    const { warnings } = await world.golive.status()
    expect(warnings.map(({ code }) => code)).toContain('public_address_remembered')
  })
})
