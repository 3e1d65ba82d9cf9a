import { afterEach, beforeEach, expect, test } from 'bun:test'
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkDataFiles } from '../../../../src/domain/doctor/data-files.ts'
import { checkDatabase } from '../../../../src/domain/doctor/database.ts'
import { checkDisk, checkInodes } from '../../../../src/domain/doctor/disk.ts'
import { Check } from '../../../../src/domain/doctor/finding.ts'
import { subject } from './subject.ts'

let folder: string
const check = new Check('data_dir', 'Data folder')
const look = (path = folder) =>
  checkDataFiles(check, subject({ values: { data_dir: path }, processes: NONE }))
const NONE = { server: null, livekit: null }
const isRoot = process.getuid?.() === 0

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'golive-doctor-'))
  mkdirSync(join(folder, 'livekit'), { mode: 0o700 })
  for (const name of ['master.key', 'golive.db', 'livekit/keys.yaml'])
    writeFileSync(join(folder, name), 'x', { mode: 0o600 })
})

afterEach(() => rmSync(folder, { recursive: true }))

test('a folder that only its owner may open is well, and one that is not there yet, too', () => {
  expect(look().state).toBe('ok')
  expect(look(join(folder, 'later')).state).toBe('ok')
})

test('a folder or a secret that others may open is told with the command that closes it', () => {
  chmodSync(folder, 0o755)
  expect(look()).toMatchObject({ state: 'fail', fix: `chmod go= ${folder}` })
  chmodSync(folder, 0o700)
  chmodSync(join(folder, 'master.key'), 0o640)
  chmodSync(join(folder, 'livekit/keys.yaml'), 0o604)
  const found = look()
  expect(found.fix).toBe(`chmod go= ${folder}/master.key ${folder}/livekit/keys.yaml`)
  const sh = Bun.spawnSync(['sh', '-c', found.fix ?? ''])
  expect([sh.exitCode, look().state]).toEqual([0, 'ok'])
})

test.if(isRoot)('what belongs to somebody else is told, and the command given mends it', () => {
  chownSync(join(folder, 'golive.db'), 4711, 4711)
  const found = look()
  expect(found.state).toBe('fail')
  expect(found.detail).toContain('golive.db belong to another user')
  Bun.spawnSync(['sh', '-c', found.fix ?? ''])
  expect(look().state).toBe('ok')
})

test.if(isRoot)('a server that runs as another user than the owner of its folder is told', () => {
  chownSync(folder, 4711, 4711)
  for (const name of ['master.key', 'golive.db', 'livekit', 'livekit/keys.yaml'])
    chownSync(join(folder, name), 4711, 4711)
  const processes = { server: process.pid, livekit: null }
  const found = checkDataFiles(check, subject({ values: { data_dir: folder }, processes }))
  expect(found.detail).toContain('runs as uid 0')
  expect(found.state).toBe('fail')
})

test('a file in the place of the folder is told', () => {
  expect(look(join(folder, 'golive.db')).state).toBe('fail')
})

test('a database that is none is told, and one that is not there yet is no fault', () => {
  const database = (path: string) =>
    checkDatabase(new Check('database', 'Database'), subject({ values: { data_dir: path } }))
  expect(database(folder)).toMatchObject({ state: 'fail', fix: expect.stringContaining('backups') })
  expect(database(join(folder, 'later')).state).toBe('skipped')
})

test('disk and inodes are those of the place where the folder is or will be', async () => {
  for (const path of [folder, join(folder, 'a/b/c')]) {
    const there = subject({ values: { data_dir: path } })
    expect((await checkDisk(check, there)).detail).toContain('GiB are free')
    expect((await checkInodes(check, there)).state).not.toBe('fail')
  }
})
