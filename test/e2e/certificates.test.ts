import { describe, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SignalResponse } from '@livekit/protocol'
import { statusOf, untilCertificate, untilIssued } from '../support/certified.ts'
import type { GoLive } from '../support/golive.ts'
import { issue } from '../support/issue.ts'
import { LAB_NAME, Lab, labMissing, OUTSIDE_NAME } from '../support/lab.ts'
import { startInLab } from '../support/lab-golive.ts'
import { Pebble } from '../support/pebble.ts'
import { until } from '../support/wait.ts'

setDefaultTimeout(240_000)

const why =
  (await labMissing()) ?? (process.env.PEBBLE ? null : 'PEBBLE names no folder with pebble')
if (why) console.log(`left out: ${why}`)

/** The first pause after a failure is a minute and a little. */
const AGAIN_MS = 90_000

const untilFailed = (golive: GoLive) =>
  untilCertificate(golive, 'an attempt has failed', ({ last_error }) => last_error !== null)

const pebbleIn = (lab: Lab, options = {}): Promise<Pebble> =>
  Pebble.create(lab.client, { name: OUTSIDE_NAME, folder: lab.folder }, options)

const tlsOf = (pebble: Pebble) => ({
  mode: 'domain',
  domain: LAB_NAME,
  email: 'ops@example.com',
  acme_directory: pebble.directory,
  acme_root: pebble.rootFile,
})

/** What the gate tells a client to ask, in LiveKit's JoinResponse. */
const iceServersOf = async (lab: Lab, golive: GoLive): Promise<string[]> => {
  const tenant = await golive.tenant('acme')
  await tenant.createRoom('ice')
  const { ws_url, token } = await tenant.mint('ice', 'ann')
  const address = `${ws_url}/rtc?access_token=${token}&protocol=15&auto_subscribe=1`
  const socket = await lab.client.open(address)
  const first = await until('a JoinResponse', () => socket.received[0])
  const { message } = SignalResponse.fromBinary(first)
  await socket.close()
  if (message.case !== 'join') throw new Error(`the first frame is ${message.case}`)
  return message.value.iceServers.flatMap(({ urls }) => urls).sort()
}

const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8)

describe.skipIf(why !== null)('a certificate by itself', () => {
  test('comes by plain HTTP where the TLS port cannot be reached; only we may read its key', async () => {
    await using lab = await Lab.create()
    await using pebble = await pebbleIn(lab, { tlsPort: 444 })
    await pebble.start({ [LAB_NAME]: lab.server.address })
    await using golive = await startInLab(lab, tlsOf(pebble))
    const { certificate } = await untilIssued(golive)
    expect(certificate).toMatchObject({ names: [LAB_NAME], last_error: null })
    lab.client.trust = { ca: await pebble.issuingRoot() }
    expect((await lab.client.fetch(`https://${LAB_NAME}/readyz`)).status).toBe(200)
    const folder = join(golive.dataDir, 'tls')
    expect(modeOf(folder)).toBe('700')
    for (const name of ['certificate.pem', 'account.pem'])
      expect([name, modeOf(join(folder, name))]).toEqual([name, '600'])
    const key = readFileSync(join(folder, 'certificate.pem'), 'utf8').split('\n')[1] as string
    expect(golive.log.text()).not.toContain(key)
  })

  test('comes for an address, too, where there is no name', async () => {
    await using lab = await Lab.create()
    await using pebble = await pebbleIn(lab)
    await pebble.start({})
    const { domain: _, ...tls } = tlsOf(pebble)
    await using golive = await startInLab(lab, { ...tls, mode: 'ip' })
    const { certificate } = await untilIssued(golive)
    expect(certificate.names).toEqual([lab.server.address])
    lab.client.trust = { ca: await pebble.issuingRoot() }
    const { status, headers } = await lab.client.fetch(`https://${lab.server.address}/healthz`)
    expect([status, headers.has('strict-transport-security')]).toEqual([200, false])
    expect(await iceServersOf(lab, golive)).toEqual([
      `stun:${lab.server.address}:3478`,
      `turns:${lab.server.address}:443?transport=tcp`,
    ])
  })

  test('is served again after a restart without asking for another', async () => {
    await using lab = await Lab.create()
    const pebble = await pebbleIn(lab)
    await pebble.start({ [LAB_NAME]: lab.server.address })
    await using golive = await startInLab(lab, tlsOf(pebble))
    const before = await untilIssued(golive)
    await pebble.stop()
    await golive.stop()
    await golive.restartProcess()
    const { certificate, warnings } = await statusOf(golive)
    expect(certificate).toMatchObject({ temporary: false, not_after: before.certificate.not_after })
    expect(warnings.filter(({ code }) => code.startsWith('certificate'))).toEqual([])
  })
})

describe.skipIf(why !== null)('while the authority does not do its part', () => {
  test('the server starts all the same, says who is silent and when it asks again, and gets its certificate then', async () => {
    await using lab = await Lab.create()
    await using pebble = await pebbleIn(lab)
    await using golive = await startInLab(lab, tlsOf(pebble))
    const { certificate, warnings } = await untilFailed(golive)
    expect(certificate).toMatchObject({
      temporary: true,
      last_error: `the certificate authority at ${OUTSIDE_NAME}:14000 does not answer`,
    })
    expect(Date.parse(certificate.next_attempt ?? '')).toBeGreaterThan(Date.now() + 30_000)
    const warning = warnings.find(({ code }) => code === 'certificate_missing')
    expect(warning?.message).toStartWith(`there is no certificate for ${LAB_NAME} yet: `)
    expect(warning?.hint).toContain('golive doctor')
    const metrics = await lab.server.fetch(`http://127.0.0.1:${golive.metricsPort}/metrics`)
    expect(await metrics.text()).toMatch(/^golive_certificate_failing 1$/m)
    const ready = await lab.client.fetch(`https://${LAB_NAME}/readyz`, {}, { anything: true })
    expect([ready.status, ((await ready.json()) as { checks: object }).checks]).toEqual([
      503,
      { database: 'ok', livekit: 'ok', certificate: 'none yet' },
    ])
    await pebble.start({ [LAB_NAME]: lab.server.address })
    expect((await untilIssued(golive, AGAIN_MS)).certificate.last_error).toBeNull()
  })

  test('a wait that it asks for is kept over a restart', async () => {
    await using lab = await Lab.create()
    const port = await lab.client.serve(
      { '/dir': { status: 429, headers: { 'retry-after': '3600' }, body: '' } },
      { host: lab.client.address },
    )
    const acme_directory = `http://${OUTSIDE_NAME}:${port}/dir`
    const tls = { mode: 'domain', domain: LAB_NAME, email: 'ops@example.com', acme_directory }
    await using golive = await startInLab(lab, tls)
    const { certificate } = await untilFailed(golive)
    expect(certificate.last_error).toBe('the certificate authority says: too many requests')
    const wait = Date.parse(certificate.next_attempt ?? '') - Date.now()
    expect(wait).toBeGreaterThan(3_500_000)
    expect(wait).toBeLessThanOrEqual(3_600_000)
    await golive.stop()
    await golive.restartProcess()
    const after = (await statusOf(golive)).certificate
    expect(after).toMatchObject({
      last_error: certificate.last_error,
      next_attempt: certificate.next_attempt,
    })
  })

  test('a name that leads elsewhere is told in its words', async () => {
    await using lab = await Lab.create()
    await using pebble = await pebbleIn(lab)
    await pebble.start({ [LAB_NAME]: lab.client.address })
    await using golive = await startInLab(lab, tlsOf(pebble))
    const { certificate, warnings } = await untilFailed(golive)
    expect(certificate.last_error).toStartWith('the certificate authority says: ')
    expect(certificate.last_error).toMatch(/refused|connect/i)
    expect(warnings.find(({ code }) => code === 'certificate_missing')?.hint).toContain(
      'the name must lead to this server',
    )
  })

  test('an expired certificate is served meanwhile, and the warning says so', async () => {
    await using lab = await Lab.create()
    const dataDir = join(lab.folder, 'data')
    mkdirSync(join(dataDir, 'tls'), { recursive: true, mode: 0o700 })
    const ca = await issue({ name: 'Authority of the test', from: -100, until: 10, ca: true })
    const old = await issue({ name: LAB_NAME, from: -90, until: -1, by: ca })
    writeFileSync(join(dataDir, 'tls/certificate.pem'), `${old.key}\n${old.cert}\n`, {
      mode: 0o600,
    })
    await using pebble = await pebbleIn(lab)
    await using golive = await startInLab(lab, tlsOf(pebble), { dataDir })
    const { certificate, warnings } = await untilFailed(golive)
    expect(Date.parse(certificate.not_after)).toBeLessThan(Date.now())
    expect(warnings.find(({ code }) => code === 'certificate_expired')?.message).toMatch(
      /^the certificate expired at \S+: the certificate authority at .* does not answer$/,
    )
    const ready = await lab.client.fetch(`https://${LAB_NAME}/readyz`, {}, { anything: true })
    expect(await ready.json()).toMatchObject({ checks: { certificate: 'expired' } })
  })
})
