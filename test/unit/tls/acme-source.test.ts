import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { createPrivateKey } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkConfig } from '../../../src/config/load.ts'
import { createLogger, silentLogger } from '../../../src/lib/log.ts'
import { Acme } from '../../../src/tls/acme.ts'
import { AcmeSource } from '../../../src/tls/acme-source.ts'
import { Certificates } from '../../../src/tls/certificates.ts'
import type { Proofs } from '../../../src/tls/proofs.ts'
import { freshState, readState, writeState } from '../../../src/tls/renewal-state.ts'
import { issuedBy, newAuthority } from '../../../src/tls/x509.ts'
import { issue } from '../../support/issue.ts'
import { until } from '../../support/wait.ts'

const NAME = 'live.example.com'
const HOUR = 3_600_000
const DAY = 24 * HOUR

let folder: string
let server: Bun.Server<undefined>
let directory: string
/** What the authority says when it is asked when to renew. */
let wish: () => Response
let logged: { msg: string; reason?: string }[]
let now: number

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'golive-acme-source-'))
  logged = []
  now = Date.now()
  wish = () => new Response('', { status: 404 })
  server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch: ({ url }) =>
      url.endsWith('/dir') ? Response.json({ renewalInfo: `${server.url}ari` }) : wish(),
  })
  directory = `${server.url}dir`
})

afterEach(async () => {
  await server.stop(true)
  rmSync(folder, { recursive: true })
})

/** A certificate for 90 days is on disk, a fresh one. */
const keep = async (): Promise<void> => {
  const { cert, key } = await issuedBy(await newAuthority('authority', 90), [NAME], 90)
  writeFileSync(join(folder, 'certificate.pem'), `${key}${cert}`, { mode: 0o600 })
}

const stateFile = () => join(folder, 'renewal.json')
const state = () => readState(stateFile(), `${directory} ${NAME}`)

const neverUsed = () => Promise.reject(new Error('no certificate was to come'))

/** Lets it look after its certificate until that is true. @returns when it looks after it next */
const untilKnown = async (isKnown: () => boolean, root: string | null = null): Promise<number> => {
  const write = (line: string) => void logged.push(JSON.parse(line))
  const log = createLogger('info', { write })
  const clock = () => now
  const options = { name: NAME, folder, clock, log, directory, root, email: null }
  const source = new AcmeSource(options)
  await source.first()
  source.start(neverUsed, {} as Proofs)
  try {
    await until('it has asked', isKnown, { everyMs: 20 })
    return source.nextAttempt
  } finally {
    source.stop()
  }
}

describe('when to renew', () => {
  const windowOf = (days: number) =>
    Response.json({
      suggestedWindow: {
        start: new Date(now + days * DAY).toISOString(),
        end: new Date(now + (days + 1) * DAY).toISOString(),
      },
    })

  test('is the moment that the authority names, and moves when it names another one', async () => {
    await keep()
    wish = () => windowOf(20)
    const first = await untilKnown(() => state().window !== null)
    expect(first).toBeGreaterThanOrEqual(now + 20 * DAY)
    expect(first).toBeLessThanOrEqual(now + 21 * DAY)
    expect(state().askAgainAt).toBe(now + 6 * HOUR)
    const before = state().window?.start
    now += 6 * HOUR
    wish = () => windowOf(3)
    const moved = await untilKnown(() => state().window?.start !== before)
    expect(moved).toBeGreaterThanOrEqual(now + 3 * DAY)
    expect(moved).toBeLessThanOrEqual(now + 4 * DAY)
  })

  test('is not asked again before the authority wants to be, when it wants a pause, up to a day', async () => {
    await keep()
    for (const [seconds, expected] of [
      ['7200', 2 * HOUR],
      ['5', HOUR],
      ['600000', DAY],
    ] as const) {
      writeState(stateFile(), freshState(`${directory} ${NAME}`))
      wish = () => new Response('', { status: 429, headers: { 'retry-after': seconds } })
      await untilKnown(() => state().askAgainAt > 0)
      expect([seconds, state().askAgainAt - now]).toEqual([seconds, expected])
    }
    expect(state()).toMatchObject({ failures: 0, lastError: null, notBefore: null })
  })

  test('is asked later, once, when a file for that cannot be read, and nothing else is held up', async () => {
    await keep()
    const next = await untilKnown(() => state().askAgainAt > now, '/nowhere/root.pem')
    expect(next).toBeGreaterThan(now + 50 * DAY)
    expect(state()).toMatchObject({ failures: 0, lastError: null })
    expect(logged.map(({ reason }) => reason)).toEqual([
      expect.stringContaining('tls.acme_root cannot be read'),
    ])
  })
})

test('a certificate that the authority wants to be replaced late is no reason to warn; one whose time is over is', async () => {
  const authority = await issue({ name: 'authority', from: -100, until: 100, ca: true })
  const { cert, key } = await issue({ name: NAME, from: -70, until: 20, by: authority })
  mkdirSync(join(folder, 'tls'))
  writeFileSync(join(folder, 'tls/certificate.pem'), `${key}\n${cert}\n`, { mode: 0o600 })
  const text = `tls: {mode: domain, domain: ${NAME}, email: a@b.example, acme_directory: "${directory}"}`
  const codes = async (window: { start: number; end: number } | null) => {
    const about = `${directory} ${NAME}`
    writeState(join(folder, 'tls/renewal.json'), { ...freshState(about), window })
    const config = checkConfig({ path: 'golive.config.yaml', text }, {})
    const certificates = new Certificates({
      config,
      name: NAME,
      dataDir: folder,
      clock: () => now,
      log: silentLogger(),
    })
    await certificates.first()
    return certificates.warnings().map(({ code }) => code)
  }
  expect(await codes({ start: now + 2 * DAY, end: now + 3 * DAY })).toEqual([])
  expect(await codes(null)).toEqual(['certificate_expires'])
})

test('a key of the account that is broken, or came back from a backup for all to read, is made good', () => {
  const accountFile = join(folder, 'account.pem')
  const open = () => new Acme({ directory, root: null, email: null, accountFile })
  open()
  const first = readFileSync(accountFile, 'utf8')
  rmSync(accountFile)
  writeFileSync(accountFile, first, { mode: 0o644 })
  open()
  expect(readFileSync(accountFile, 'utf8')).toBe(first)
  expect((statSync(accountFile).mode & 0o777).toString(8)).toBe('600')
  for (const broken of ['', first.slice(0, 80)]) {
    writeFileSync(accountFile, broken)
    open()
    const made = readFileSync(accountFile, 'utf8')
    expect(createPrivateKey(made).asymmetricKeyType).toBe('ec')
    expect((statSync(accountFile).mode & 0o777).toString(8)).toBe('600')
  }
})
