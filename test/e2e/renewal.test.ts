import { describe, expect, setDefaultTimeout, test } from 'bun:test'
import { X509Certificate } from 'node:crypto'
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { renewalId } from '../../src/tls/x509.ts'
import type { Asked } from '../support/acme-front.ts'
import {
  CERTIFIED_NAME,
  Certified,
  statusOf,
  untilCertificate,
  untilIssued,
} from '../support/certified.ts'
import { until } from '../support/wait.ts'

setDefaultTimeout(240_000)

const why = process.env.PEBBLE ? null : 'PEBBLE names no folder with pebble'
if (why) console.log(`left out: ${why}`)

const certificateFile = ({ dataDir }: Certified) => join(dataDir, 'tls/certificate.pem')
const leafIn = (file: string): string => {
  const [leaf] = /-----BEGIN CERTIFICATE-[\s\S]+?-END CERTIFICATE-----\n/.exec(
    readFileSync(file, 'utf8'),
  ) ?? ['']
  return leaf
}
const serialOf = (pem: string) => new X509Certificate(pem).serialNumber

/** As if it were time to ask the authority again when it wants to be asked. */
const makeCurious = ({ dataDir }: Certified): void => {
  const file = join(dataDir, 'tls/renewal.json')
  const state = JSON.parse(readFileSync(file, 'utf8'))
  writeFileSync(file, JSON.stringify({ ...state, askAgainAt: 0 }))
}

/** The authority wants the certificate that is on disk to be renewed now. */
const wantRenewal = (all: Certified): Promise<void> =>
  all.pebble.setRenewalWindow(
    leafIn(certificateFile(all)),
    new Date(Date.now() - 7_200_000),
    new Date(Date.now() - 3_600_000),
  )

const DAY_MS = 86_400_000
/** What is renewed at once: it was issued long ago as far as anybody can see. */
const LIFE_SECONDS = 600

describe.skipIf(why !== null)('a certificate', () => {
  test('is had by the TLS port alone, over a road on which every fifth request comes to harm', async () => {
    await using all = await Certified.create({ nonceReject: 30, proofReuse: 0, httpPort: 1 })
    let count = 0
    all.front.mishap = () => {
      count++
      if (count % 5 !== 0) return null
      return count % 10 === 0 ? { status: 502 } : 'lost'
    }
    await using golive = await all.start()
    const { certificate, warnings } = await untilIssued(golive)
    expect(certificate).toMatchObject({ names: [CERTIFIED_NAME], last_error: null })
    expect(warnings.filter(({ code }) => code.startsWith('certificate'))).toEqual([])
    const seen = await all.shown(await all.pebble.issuingRoot())
    expect(serialOf(seen)).toBe(serialOf(leafIn(certificateFile(all))))
    expect(all.front.orders.at(-1)).toEqual({
      identifiers: [{ type: 'dns', value: CERTIFIED_NAME }],
      profile: 'tlsserver',
    })
  })

  test('is renewed when the authority wants it, in the place of the one before, with a new key', async () => {
    await using all = await Certified.create({ lifeSeconds: LIFE_SECONDS })
    {
      await using golive = await all.start()
      await untilIssued(golive)
    }
    const first = readFileSync(certificateFile(all), 'utf8')
    const account = readFileSync(join(all.dataDir, 'tls/account.pem'), 'utf8')
    await wantRenewal(all)
    makeCurious(all)
    await using golive = await all.start()
    await until('another certificate is shown', async () => {
      const file = readFileSync(certificateFile(all), 'utf8')
      return (
        file !== first && serialOf(await all.shown()) === serialOf(leafIn(certificateFile(all)))
      )
    })
    expect(all.front.orders.map(({ replaces }) => replaces)).toEqual([
      undefined,
      renewalId(first.slice(first.indexOf('-----BEGIN CERTIFICATE'))) as string,
    ])
    expect(readFileSync(certificateFile(all), 'utf8').split('\n')[1]).not.toBe(first.split('\n')[1])
    expect(readFileSync(join(all.dataDir, 'tls/account.pem'), 'utf8')).toBe(account)
    expect(await golive.metrics()).toMatch(/^golive_certificate_renewals_total 1$/m)
    // The new one is not asked for at once again.
    expect((await statusOf(golive)).certificate.last_error).toBeNull()
  })

  test('is planned for the window that the authority names, and anew when it names another one', async () => {
    await using all = await Certified.create()
    let count = 0
    all.front.mishap = ({ path }) => (path === '/dir' && ++count % 3 === 1 ? { status: 503 } : null)
    {
      await using golive = await all.start()
      await untilIssued(golive)
    }
    for (const days of [40, 5]) {
      const start = Date.now() + days * DAY_MS
      const leaf = leafIn(certificateFile(all))
      await all.pebble.setRenewalWindow(leaf, new Date(start), new Date(start + DAY_MS))
      makeCurious(all)
      await using golive = await all.start()
      await untilCertificate(golive, 'it is planned for then', ({ next_attempt }) => {
        const planned = Date.parse(next_attempt ?? '') - start
        return planned >= 0 && planned <= DAY_MS
      })
    }
    expect(all.front.orders.length).toBe(1)
  })

  test('that was replaced already, and comes back by a backup, is replaced all the same', async () => {
    await using all = await Certified.create({ lifeSeconds: LIFE_SECONDS })
    {
      await using golive = await all.start()
      await untilIssued(golive)
    }
    const first = readFileSync(certificateFile(all), 'utf8')
    await wantRenewal(all)
    const asked: unknown[][] = []
    for (const _ of ['at first', 'once more']) {
      const before = all.front.orders.length
      writeFileSync(certificateFile(all), first)
      chmodSync(certificateFile(all), 0o644)
      makeCurious(all)
      await using _ = await all.start()
      await until('another certificate is there', () => {
        return readFileSync(certificateFile(all), 'utf8') !== first
      })
      asked.push(all.front.orders.slice(before).map(({ replaces }) => replaces))
    }
    // Whatever was asked after that: what is new may be due again by then.
    const [[old] = [], again = []] = asked
    expect(old).toBeString()
    expect(again.slice(0, 2)).toEqual([old, undefined])
    expect((statSync(certificateFile(all)).mode & 0o777).toString(8)).toBe('600')
  })

  test('of another authority serves until there is one of the new one, which is asked at once', async () => {
    await using before = await Certified.create()
    {
      await using golive = await before.start()
      await untilIssued(golive)
    }
    const first = leafIn(certificateFile(before))
    await using after = await Certified.create({ tlsPort: before.httpsPort })
    after.front.mishap = () => 'silence'
    await using golive = await before.start({
      acme_directory: after.front.directory,
      acme_root: after.pebble.rootFile,
    })
    expect(serialOf(await before.shown())).toBe(serialOf(first))
    after.front.mishap = () => null
    await until(
      'one of the other authority is shown',
      async () => before.shown(await after.pebble.issuingRoot()),
      { timeoutMs: 60_000 },
    )
    expect((await statusOf(golive)).certificate.temporary).toBe(false)
  })

  test('file that is broken is no reason not to start: another one takes its place', async () => {
    await using all = await Certified.create()
    {
      await using golive = await all.start()
      await untilIssued(golive)
    }
    const whole = readFileSync(certificateFile(all), 'utf8')
    writeFileSync(certificateFile(all), whole.slice(0, 300))
    await using golive = await all.start()
    expect(golive.log.text()).toContain('the certificate cannot be used')
    await untilIssued(golive)
    expect(leafIn(certificateFile(all))).not.toBe('')
  })
})

describe.skipIf(why !== null)('an order that is under way', () => {
  test('is looked after at the pace that the authority asks for', async () => {
    await using all = await Certified.create({ nonceReject: 0, proofReuse: 0 })
    const isLook = ({ path, payload }: Asked) => /^\/my-order\//.test(path) && payload === null
    const processing = { status: 'processing', identifiers: [], authorizations: [], finalize: '' }
    let looks = 0
    all.front.mishap = (asked) =>
      isLook(asked) && ++looks === 1
        ? {
            status: 200,
            headers: { 'content-type': 'application/json', 'retry-after': '3' },
            body: JSON.stringify(processing),
          }
        : null
    await using golive = await all.start()
    await untilIssued(golive)
    const [first, second] = all.front.asked.filter(isLook)
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(3000)
  })

  const hang = (all: Certified) => {
    all.front.mishap = ({ path }) => (/order-plz$/.test(path) ? 'silence' : null)
  }
  const untilOrdered = (all: Certified) =>
    until('an order is under way', () => all.front.orders.length > 0)

  test('counts when the server is killed: one that is started again and again does not ask again and again', async () => {
    await using all = await Certified.create()
    hang(all)
    await using golive = await all.start()
    await untilOrdered(all)
    await golive.kill('SIGKILL')
    const waits: number[] = []
    for (let i = 0; i < 3; i++) {
      await golive.restartProcess()
      const { certificate } = await statusOf(golive)
      waits.push(Date.parse(certificate.next_attempt ?? '') - Date.now())
      await golive.kill('SIGKILL')
    }
    for (const wait of waits) expect(wait).toBeGreaterThan(30_000)
    expect(all.front.orders.length).toBe(1)
  })

  test('does not count when somebody stops the server: the next start asks at once', async () => {
    await using all = await Certified.create()
    hang(all)
    {
      await using _ = await all.start()
      await untilOrdered(all)
    }
    all.front.mishap = () => null
    await using golive = await all.start()
    expect((await untilIssued(golive)).certificate.last_error).toBeNull()
  })
})

test.skipIf(why !== null)(
  'the authority is asked for nothing while it wants a pause, and its words are passed on',
  async () => {
    await using all = await Certified.create()
    const detail = 'too many certificates (5) already issued for this exact set of identifiers'
    all.front.mishap = ({ path }) =>
      /order-plz$/.test(path)
        ? {
            status: 429,
            headers: { 'retry-after': '7200', 'content-type': 'application/problem+json' },
            body: JSON.stringify({ type: 'urn:ietf:params:acme:error:rateLimited', detail }),
          }
        : null
    await using golive = await all.start()
    const { certificate, warnings } = await untilCertificate(
      golive,
      'it is refused',
      ({ last_error }) => last_error !== null,
    )
    expect(certificate.last_error).toBe(
      `the certificate authority says: too many requests (${detail})`,
    )
    const wait = Date.parse(certificate.next_attempt ?? '') - Date.now()
    expect(wait).toBeGreaterThan(7_100_000)
    const warning = warnings.find(({ code }) => code === 'certificate_missing')
    expect(warning?.hint).toStartWith(
      'There is nothing to do: the certificate authority asks for a pause.',
    )
    expect(warning?.hint).toContain(certificate.next_attempt ?? 'never')
    const { length } = all.front.asked
    await golive.kill('SIGKILL')
    await golive.restartProcess()
    expect((await statusOf(golive)).certificate.next_attempt).toBe(certificate.next_attempt)
    expect(all.front.asked.length).toBe(length)
  },
)
