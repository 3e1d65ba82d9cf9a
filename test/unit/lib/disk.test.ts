import { expect, test } from 'bun:test'
import { tmpdir } from 'node:os'
import { diskSpace } from '../../../src/lib/disk.ts'

test('the disk below a folder is told in bytes, as df tells it', async () => {
  const { freeBytes, totalBytes } = await diskSpace(tmpdir())
  const df = Bun.spawnSync(['df', '--block-size=1', '--output=size,avail', tmpdir()])
  const [size, available] = df.stdout.toString().trim().split('\n')[1]?.trim().split(/\s+/) ?? []
  expect(totalBytes).toBe(Number(size))
  // Others write meanwhile.
  expect(Math.abs(freeBytes - Number(available))).toBeLessThan(2 ** 30)
})

test('a folder that is not there has no disk', async () => {
  await expect(diskSpace('/nowhere/at/all')).rejects.toThrow()
})
