import { afterEach, beforeEach, expect, test } from 'bun:test'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ConfigError } from '../../../src/config/load.ts'
import { loadSecrets } from '../../../src/config/secrets.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'golive-secrets-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const path = () => join(folder, 'master.key')

test('the first start makes a key that only its owner reads, and leaves nothing else behind', () => {
  loadSecrets(folder, {})
  expect(readFileSync(path(), 'utf8')).toMatch(/^[0-9a-f]{64}\n$/)
  expect(statSync(path()).mode & 0o777).toBe(0o600)
  expect(readdirSync(folder)).toEqual(['master.key'])
})

test('the same key gives the same secrets, another key others; no two purposes share one', () => {
  const first = loadSecrets(folder, {})
  expect(loadSecrets(folder, {})).toEqual(first)
  const other = loadSecrets(folder, { GOLIVE_MASTER_KEY: 'ab'.repeat(32) })
  expect(other.join.equals(first.join)).toBe(false)
  const texts = [first.join, first.livekit, first.seal].map((key) => key.toString('hex'))
  expect(new Set([...texts, first.check]).size).toBe(4)
})

test('GOLIVE_MASTER_KEY makes no file', () => {
  loadSecrets(folder, { GOLIVE_MASTER_KEY: 'ab'.repeat(32) })
  expect(readdirSync(folder)).toEqual([])
})

test('a file that is no key is refused and never replaced, and its text is not repeated', () => {
  writeFileSync(path(), 'hunter2')
  expect(() => loadSecrets(folder, {})).toThrow(ConfigError)
  expect(() => loadSecrets(folder, {})).not.toThrow(/hunter2/)
  expect(readFileSync(path(), 'utf8')).toBe('hunter2')
})

test.each(['short', 'AB'.repeat(32), 'ab'.repeat(33)])(
  'GOLIVE_MASTER_KEY=%s is refused',
  (text) => {
    expect(() => loadSecrets(folder, { GOLIVE_MASTER_KEY: text })).toThrow(
      /^GOLIVE_MASTER_KEY: expected 64/,
    )
  },
)
