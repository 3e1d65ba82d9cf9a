import { afterEach, beforeEach, expect, test } from 'bun:test'
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CallLog } from '../../../src/livekit/call-log.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'golive-call-log-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

test('when it was last written is a whole number of milliseconds, or the database would not take it', () => {
  const path = join(folder, 'livekit.log')
  expect(new CallLog(path).writtenAt()).toBeNull()
  writeFileSync(path, '')
  utimesSync(path, 1_764_000_000.123_456, 1_764_000_000.123_456)
  expect(new CallLog(path).writtenAt()).toBe(1_764_000_000_123)
})
