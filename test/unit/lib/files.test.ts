import { afterEach, beforeEach, expect, test } from 'bun:test'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'golive-files-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

test('a file of which a part only can be written leaves the one before as it was', () => {
  const file = join(folder, 'certificate.pem')
  writeFileSync(file, 'the one before')
  const module = new URL('../../../src/lib/files.ts', import.meta.url).pathname
  const script = `
    const { stageFile } = await import(${JSON.stringify(module)})
    try {
      stageFile(${JSON.stringify(file)}, 'x'.repeat(40_000), 0o600).commit()
      console.log('written')
    } catch (error) {
      console.log(error.code)
    }`
  writeFileSync(join(folder, 'write.ts'), script)
  // Files may grow to 8 KiB in there, and who goes beyond that is told, not ended.
  const limited = `trap '' XFSZ; ulimit -f 8; exec "$0" "$1"`
  const { stdout } = Bun.spawnSync(
    ['bash', '-c', limited, process.execPath, join(folder, 'write.ts')],
    {
      env: { ...process.env, BUN_RUNTIME_TRANSPILER_CACHE_PATH: '0' },
    },
  )
  expect(stdout.toString()).toBe('EFBIG\n')
  expect(readFileSync(file, 'utf8')).toBe('the one before')
  expect(readdirSync(folder).sort()).toEqual(['certificate.pem', 'write.ts'])
})
