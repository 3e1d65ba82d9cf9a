import { afterAll, expect, test } from 'bun:test'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type ChildRecord,
  identify,
  isSameProcess,
  type ProcessIdentity,
  readRecord,
  removeRecord,
  writeRecord,
} from '../../../src/livekit/record.ts'

const dir = mkdtempSync(join(tmpdir(), 'golive-record-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

const self = identify(process.pid) as ProcessIdentity
const record: ChildRecord = {
  ...self,
  version: '1.13.5',
  ports: { signal: 1, tcp: 2, udp: 3, hook: 4 },
  config_hash: 'c',
  key_hash: 'k',
  started_at: 5,
  restarts: 6,
}

test('a record is read as it was written, by its owner only', () => {
  writeRecord(dir, record)
  expect(readRecord(dir)).toEqual(record)
  expect(statSync(join(dir, 'child.json')).mode & 0o777).toBe(0o600)
  removeRecord(dir)
  expect(readRecord(dir)).toBeNull()
  removeRecord(dir)
})

test.each(['', '{', '[]', '{"pid":1}', JSON.stringify({ ...record, pid: -1 })])(
  'a record that cannot be understood is none: %j',
  (text) => {
    writeFileSync(join(dir, 'child.json'), text)
    expect(readRecord(dir)).toBeNull()
  },
)

test('a running process is the one of its record', () => {
  expect(isSameProcess(record)).toBe(true)
})

test.each([
  ['was started at another time', { start_time: '1' }],
  ['runs since another boot', { boot_id: 'another' }],
  ['is another program', { exe: { dev: self.exe.dev, ino: 1 } }],
  ['does not exist', { pid: 999_999_999 }],
])('a process that %s is not the one of the record', (_, change) => {
  expect(isSameProcess({ ...record, ...change })).toBe(false)
})

test('a process that has ended is no process, even before its parent collects it', async () => {
  const script = 'exec 3<&0; cat <&3 & echo $!; exec sleep 30 3<&-'
  const parent = Bun.spawn(['sh', '-c', script], { stdin: 'pipe' })
  const { value } = await parent.stdout.getReader().read()
  const zombie = Number(new TextDecoder().decode(value))
  // A shell would collect it; what takes its place does not.
  while ((await Bun.file(`/proc/${parent.pid}/comm`).text()) !== 'sleep\n') await Bun.sleep(5)
  await parent.stdin.end()
  while (identify(zombie)) await Bun.sleep(5)
  expect(statSync(`/proc/${zombie}`).isDirectory()).toBe(true)
  parent.kill()
  await parent.exited
})

test('a program whose file was replaced meanwhile is still recognised', async () => {
  const copy = join(dir, 'sleeper')
  await Bun.write(copy, Bun.file('/bin/sleep'))
  Bun.spawnSync(['chmod', '700', copy])
  const child = Bun.spawn([copy, '30'])
  const identity = identify(child.pid) as ProcessIdentity
  rmSync(copy)
  await Bun.write(copy, 'another')
  expect(isSameProcess(identity)).toBe(true)
  child.kill()
  await child.exited
  expect(isSameProcess(identity)).toBe(false)
})
