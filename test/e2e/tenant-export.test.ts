import { expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { startGolive } from '../support/golive.ts'

setDefaultTimeout(60_000)

const kindsOf = (text: string): string[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).kind)

test('an export is the same to a file, to standard output and without a server, and half of one has no name', async () => {
  await using golive = await startGolive()
  const tenant = await golive.tenant('acme')
  await tenant.createRoom('daily')
  const file = join(golive.folder, 'acme.ndjson')
  const saved = await golive.cli('tenant', 'export', 'acme', '--out', file, '--json')
  expect([saved.code, saved.json]).toEqual([0, { file, bytes: statSync(file).size }])
  expect(statSync(file).mode & 0o777).toBe(0o600)
  const text = readFileSync(file, 'utf8')
  expect(kindsOf(text)).toEqual(['tenant', 'key', 'room', 'event', 'end'])
  const printed = await golive.cli('tenant', 'export', 'acme')
  expect([printed.code, kindsOf(printed.stdout)]).toEqual([0, kindsOf(text)])
  const none = join(golive.folder, 'none.ndjson')
  const refused = await golive.cli('tenant', 'export', 'nobody', '--out', none)
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('nobody')])
  const nowhere = await golive.cli('tenant', 'export', 'acme', '--out', '/proc/none/acme.ndjson')
  expect([nowhere.code, nowhere.stderr]).toEqual([
    1,
    'golive: /proc/none/acme.ndjson cannot be written: its folder does not exist\n',
  ])
  expect(existsSync(none)).toBe(false)
  expect(readdirSync(golive.folder).filter((name) => name.endsWith('.part'))).toEqual([])
  await golive.stop()
  const offline = await golive.cli('tenant', 'export', 'acme')
  expect([offline.code, kindsOf(offline.stdout)]).toEqual([0, kindsOf(text)])
})
