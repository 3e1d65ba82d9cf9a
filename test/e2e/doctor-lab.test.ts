import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Finding } from '../../src/domain/doctor/finding.ts'
import { executable, type GoLive } from '../support/golive.ts'
import { LAB_NAME, Lab, labMissing } from '../support/lab.ts'
import { startInLab } from '../support/lab-golive.ts'
import type { Machine } from '../support/lab-machine.ts'
import { Pebble } from '../support/pebble.ts'
import { until, within } from '../support/wait.ts'

setDefaultTimeout(110_000)

const why = await labMissing()
const LONGEST_MS = 45_000

/**
 * What `golive doctor` finds when it is run on that machine. The socket of the server is a file, so
 * that it may be asked from the client, too: media then comes from outside, as that of people does.
 */
const examineOn = async (
  golive: GoLive,
  machine: Machine,
  env: Record<string, string> = {},
): Promise<Map<string, Finding>> => {
  const child = Bun.spawn([...machine.prefix, executable(), 'doctor', '--json'], {
    env: {
      PATH: process.env.PATH,
      GOLIVE_CONFIG: join(golive.folder, 'golive.config.yaml'),
      ...env,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const text = await within('the examination', LONGEST_MS, new Response(child.stdout).text())
  const { data } = JSON.parse(text) as { data: Finding[] }
  expect(await child.exited).toBe(data.some(({ state }) => state === 'fail') ? 1 : 0)
  return new Map(data.map((one) => [one.id, one]))
}

const states = (found: Map<string, Finding>, ...ids: string[]) =>
  Object.fromEntries(ids.map((id) => [id, found.get(id)?.state]))

describe.skipIf(why !== null)('the doctor on the internet', () => {
  let lab: Lab
  let golive: GoLive

  beforeAll(async () => {
    lab = await Lab.create()
    golive = await startInLab(lab, { mode: 'internal', domain: LAB_NAME })
  })

  afterAll(async () => {
    await golive?.[Symbol.asyncDispose]()
    await lab?.[Symbol.asyncDispose]()
  })

  test('finds every port ours, the certificate good, and media over UDP, TCP and TURN on 443', async () => {
    const found = await examineOn(golive, lab.server)
    expect([...found.values()].filter(({ state }) => state === 'fail')).toEqual([])
    for (const port of ['tcp_443', 'tcp_80', 'udp_7882', 'tcp_7881', 'tcp_5349', 'udp_3478'])
      expect(found.get(`port_${port}`)?.detail).toMatch(
        /(golive|livekit-server) \(pid \d+\) listens/,
      )
    expect(found.get('name')?.detail).toContain(`${LAB_NAME} leads here (${lab.server.address}`)
    expect(found.get('certificate')?.detail).toMatch(/chain complete$/)
    expect(found.get('media_udp')?.detail).toStartWith(`${lab.server.address}:7882 answers in`)
    expect(found.get('media_tcp')?.detail).toStartWith(`${lab.server.address}:7881 answers in`)
    expect(found.get('media_turn')?.detail).toContain(`turns:${LAB_NAME}:443`)
    expect(found.get('turn_closed')?.detail).toContain('127.0.0.1 and 192.0.2.1')
    expect(states(found, 'relay', 'relay_reach', 'stun', 'ice_servers')).toEqual({
      relay: 'ok',
      relay_reach: 'ok',
      stun: 'ok',
      ice_servers: 'ok',
    })
    expect(found.get('firewall')?.detail).toContain('keep 5349/tcp out')
  })

  test('names the port of each way that a firewall blocks, and finds the others open', async () => {
    const ways = ['media_udp', 'media_tcp', 'media_turn']
    await lab.client.wall('udp dport 7882')
    const withoutUdp = await examineOn(golive, lab.client)
    expect(states(withoutUdp, ...ways)).toEqual({
      media_udp: 'fail',
      media_tcp: 'ok',
      media_turn: 'ok',
    })
    expect(withoutUdp.get('media_udp')?.fix).toContain('ufw allow 7882/udp')
    await lab.client.wall('udp dport 7882', 'tcp dport 7881')
    const onlyTls = await examineOn(golive, lab.client)
    expect(states(onlyTls, ...ways)).toEqual({
      media_udp: 'fail',
      media_tcp: 'fail',
      media_turn: 'ok',
    })
    expect(onlyTls.get('media_tcp')?.fix).toContain('ufw allow 7881/tcp')
    await lab.client.wall('udp dport 3478')
    expect(states(await examineOn(golive, lab.client), 'stun', ...ways)).toEqual({
      stun: 'fail',
      media_udp: 'ok',
      media_tcp: 'ok',
      media_turn: 'ok',
    })
    await lab.client.unwall()
  })

  test('tells a rule on the server itself that stops media, also for who comes through TURN', async () => {
    await lab.server.block('udp dport 7882')
    const found = await examineOn(golive, lab.server)
    expect(states(found, 'join', 'media_udp', 'media_tcp', 'media_turn')).toEqual({
      join: 'ok',
      media_udp: 'fail',
      media_tcp: 'ok',
      media_turn: 'fail',
    })
    expect(found.get('media_turn')?.fix).toContain('ufw allow 7882/udp')
    await lab.server.unblock()
  })

  test('says that nobody gets in when 443 is closed, and tries no media then', async () => {
    await lab.server.block('tcp dport 443')
    const found = await examineOn(golive, lab.server)
    expect(states(found, 'certificate', 'join', 'media_udp', 'media_turn')).toEqual({
      certificate: 'fail',
      join: 'fail',
      media_udp: 'skipped',
      media_turn: 'skipped',
    })
    expect(found.get('join')?.fix).toContain('ufw allow 443/tcp')
    await lab.server.unblock()
  })

  test('tells a name that leads to another machine, with the record that is needed', async () => {
    lab.server.setHosts({ [LAB_NAME]: lab.client.address })
    const found = await examineOn(golive, lab.server)
    expect(found.get('name')).toMatchObject({
      state: 'fail',
      detail: `${LAB_NAME} leads to ${lab.client.address}, which is not this machine (${lab.server.address})`,
    })
    expect(found.get('name')?.fix).toContain(`A ${lab.server.address}`)
    lab.server.setHosts({ [LAB_NAME]: lab.server.address })
  })
})

/** What a router in front of the server would be known by; in the lab nothing leads there. */
const ROUTER = '203.0.113.9'

test.skipIf(why !== null)(
  'behind a router that does not lead its own address back, the doctor knocks inside and says so',
  async () => {
    await using lab = await Lab.create()
    await using golive = await startInLab(
      lab,
      { mode: 'internal', domain: LAB_NAME },
      { config: { livekit: { node_ip: ROUTER } } },
    )
    lab.server.setHosts({ [LAB_NAME]: ROUTER })
    const found = await examineOn(golive, lab.server)
    expect([...found.values()].filter(({ state }) => state === 'fail')).toEqual([])
    for (const id of ['join', 'media_udp', 'media_tcp'])
      expect([id, found.get(id)?.detail]).toEqual([
        id,
        expect.stringContaining('only from outside'),
      ])
    expect(found.get('relay')?.state).toBe('warn')
    expect(found.get('relay')?.fix).toContain(`ip daddr ${ROUTER} udp dport 7882 dnat to`)
    expect(found.get('media_turn')?.state).toBe('skipped')
  },
)

test.skipIf(why !== null || process.env.PEBBLE === undefined)(
  'a certificate of an authority is judged as browsers would, and the clock by what that authority says',
  async () => {
    await using lab = await Lab.create()
    await using pebble = await Pebble.create(lab.server, { name: LAB_NAME, folder: lab.folder })
    await pebble.start({ [LAB_NAME]: lab.server.address })
    const issuer = join(lab.folder, 'issuer.pem')
    writeFileSync(issuer, await pebble.issuingRoot())
    const tls = {
      mode: 'domain',
      domain: LAB_NAME,
      email: 'ops@example.com',
      acme_directory: pebble.directory,
      acme_root: pebble.rootFile,
    }
    await using golive = await startInLab(lab, tls)
    const examine = async (env: Record<string, string>) => {
      const found = await examineOn(golive, lab.server, env)
      return found.get('certificate')?.detail.includes('self-signed') ? null : found
    }
    const stranger = await until('there is a certificate', () => examine({}))
    expect(stranger.get('certificate')).toMatchObject({
      state: 'fail',
      detail: expect.stringContaining('does not lead to a known root'),
    })
    const found = await until('it is seen', () => examine({ NODE_EXTRA_CA_CERTS: issuer }))
    expect([...found.values()].filter(({ state }) => state === 'fail')).toEqual([])
    expect(found.get('certificate')?.detail).toMatch(/^for live\.example\.com, by Pebble.* left/)
    expect(found.get('clock')).toMatchObject({ state: 'ok', detail: 'right within 1 s' })
  },
)
