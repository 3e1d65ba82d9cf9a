import { afterAll, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer as createHttps } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer } from 'node:tls'
import { checkCertificate } from '../../../../src/domain/doctor/certificate.ts'
import { checkClock } from '../../../../src/domain/doctor/clock.ts'
import { Check } from '../../../../src/domain/doctor/finding.ts'
import type { RunningServer } from '../../../../src/domain/doctor/subject.ts'
import { issue } from '../../../support/issue.ts'
import { running, subject } from './subject.ts'

const folder = mkdtempSync(join(tmpdir(), 'golive-certificate-'))
const check = new Check('certificate', 'Certificate')
const authority = await issue({ name: 'authority', ca: true, from: -100, until: 100 })
const shown = {
  good: await issue({ name: 'localhost', by: authority, from: -10, until: 80 }),
  late: await issue({ name: 'localhost', by: authority, from: -80, until: 10 }),
  past: await issue({ name: 'localhost', by: authority, from: -90, until: -2 }),
  other: await issue({ name: 'other.example.com', by: authority, from: -10, until: 80 }),
  alone: await issue({ name: 'localhost', from: -1, until: 30 }),
}

afterAll(() => rmSync(folder, { recursive: true }))

/** What is said about a server that shows this certificate; the authority is trusted in mode internal. */
const judged = async (
  name: keyof typeof shown,
  mode: 'internal' | 'files',
  certificate: RunningServer['certificate'] = null,
) => {
  const server = createServer(shown[name], (socket) => socket.end())
  await new Promise<void>((up) => server.listen(0, '127.0.0.1', up))
  const { port } = server.address() as AddressInfo
  const dataDir = join(folder, 'data')
  await Bun.write(join(dataDir, 'tls/authority.pem'), `${authority.cert}\n${authority.key}`)
  const values = {
    data_dir: dataDir,
    tls: { mode, domain: 'localhost', cert_file: '/etc/golive/cert.pem', key_file: '/k.pem' },
  }
  try {
    return await checkCertificate(
      check,
      subject({
        values,
        publicUrl: `https://localhost:${port}`,
        door: { name: 'localhost', port, via: null },
        server: running({ certificate }),
      }),
    )
  } finally {
    server.close()
  }
}

test('a certificate that a client would accept is told with its end', async () => {
  const found = await judged('good', 'internal')
  expect(found).toMatchObject({ state: 'ok', fix: null })
  expect(found.detail).toMatch(/for localhost, by authority, 79 days left, chain complete/)
})

test('one that should have been renewed by now could be better, unless the authority wants it later', async () => {
  expect((await judged('late', 'internal')).state).toBe('warn')
  const next_attempt = new Date(Date.now() + 86_400_000).toISOString()
  const planned = { last_error: null, next_attempt }
  expect((await judged('late', 'internal', planned)).state).toBe('ok')
  const failed = { last_error: 'it does not answer', next_attempt }
  expect((await judged('late', 'internal', failed)).state).toBe('warn')
})

test('expired, for another name, self-signed or of an unknown authority: each is told as what it is', async () => {
  const said = async (name: keyof typeof shown, mode: 'internal' | 'files' = 'internal') => {
    const { state, detail, fix } = await judged(name, mode)
    expect([state, fix]).toEqual(['fail', expect.any(String)])
    return detail
  }
  expect(await said('past')).toContain('expired 2 days ago')
  expect(await said('other')).toContain('not for localhost, only for DNS:other.example.com')
  expect(await said('alone')).toContain('self-signed')
  expect(await said('good', 'files')).toContain('does not lead to a known root')
})

test('where nothing answers, or something else than TLS, it is told what to open', async () => {
  const door = { name: 'localhost', port: 9, via: null }
  const found = await checkCertificate(check, subject({ door }))
  expect([found.state, found.fix]).toEqual(['fail', expect.stringContaining('9/tcp')])
})

test('plain HTTP has none, and without a server there is none to see', async () => {
  const looks = [{ publicUrl: 'http://127.0.0.1:8080' }, { server: null }]
  for (const look of looks)
    expect((await checkCertificate(check, subject(look))).state).toBe('skipped')
  expect(running().certificate).toBeNull()
})

test('a clock is judged by the time that the certificate authority tells', async () => {
  const off = async (ms: number) => {
    const server = createHttps(shown.good, (_, answer) => {
      answer.setHeader('date', new Date(Date.now() - ms).toUTCString())
      answer.end()
    })
    await new Promise<void>((up) => server.listen(0, '127.0.0.1', up))
    const { port } = server.address() as AddressInfo
    const there = subject()
    const tls = { ...there.config.tls, acme_directory: `https://127.0.0.1:${port}/dir` }
    const found = await checkClock(check, { ...there, config: { ...there.config, tls } })
    server.closeAllConnections()
    server.close()
    return found
  }
  expect((await off(0)).state).toBe('ok')
  expect(await off(20_000)).toMatchObject({
    state: 'warn',
    detail: expect.stringMatching(/^(19|20).* seconds ahead/),
  })
  expect(await off(-3_600_000)).toMatchObject({
    state: 'fail',
    detail: expect.stringContaining('behind'),
  })
})
