import { afterAll, expect, test } from 'bun:test'
import {
  chmodSync,
  copyFileSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import embedded from '../../../dist/embed/livekit-server.json'
import { sha256Hex } from '../../../src/lib/crypto.ts'
import { livekitBinary } from '../../../src/livekit/binary.ts'
import { LIVEKIT_VERSION } from '../../../src/livekit/version.ts'

const dir = mkdtempSync(join(tmpdir(), 'golive-binary-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

test('the embedded program is unpacked under its hash, complete, for its owner only', async () => {
  const path = await livekitBinary(join(dir, 'new'))
  expect(basename(path)).toBe(`livekit-server-${embedded.sha256.slice(0, 16)}`)
  expect(sha256Hex(await Bun.file(path).bytes())).toBe(embedded.sha256)
  expect(statSync(path).mode & 0o777).toBe(0o700)
  expect(statSync(join(dir, 'new')).mode & 0o777).toBe(0o700)
  const { stdout } = Bun.spawnSync([path, '--version'])
  expect(stdout.toString().trim()).toBe(`livekit-server version ${LIVEKIT_VERSION}`)
})

test('it is unpacked once, and again when it is not whole', async () => {
  const path = await livekitBinary(join(dir, 'new'))
  const { ino } = statSync(path)
  await livekitBinary(join(dir, 'new'))
  expect(statSync(path).ino).toBe(ino)
  truncateSync(path, 1_000)
  await livekitBinary(join(dir, 'new'))
  expect(sha256Hex(await Bun.file(path).bytes())).toBe(embedded.sha256)
})

test('older programs and unfinished files are removed, except one that still runs', async () => {
  const folder = join(dir, 'new')
  const running = join(folder, 'livekit-server-running')
  copyFileSync('/bin/sleep', running)
  chmodSync(running, 0o700)
  const child = Bun.spawn([running, '30'])
  await Bun.write(join(folder, 'livekit-server-0123456789abcdef'), 'old')
  await Bun.write(join(folder, 'livekit-server-0123456789abcdef.17'), 'unfinished')
  await Bun.write(join(folder, 'livekit.log'), 'log')
  const path = await livekitBinary(folder)
  expect(readdirSync(folder).sort()).toEqual(
    [basename(path), 'livekit-server-running', 'livekit.log'].sort(),
  )
  child.kill()
  await child.exited
  await livekitBinary(folder)
  expect(readdirSync(folder).sort()).toEqual([basename(path), 'livekit.log'].sort())
})

test('a folder that cannot be written is named', async () => {
  await Bun.write(join(dir, 'file'), '')
  await expect(livekitBinary(join(dir, 'file/below'))).rejects.toThrow('file')
})
