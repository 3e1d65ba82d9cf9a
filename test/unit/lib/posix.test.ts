import { afterAll, expect, test } from 'bun:test'
import { chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execInPlace, lockFile, reapChild } from '../../../src/lib/posix.ts'

const dir = mkdtempSync(join(tmpdir(), 'golive-posix-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

const posix = join(import.meta.dir, '../../../src/lib/posix.ts')
const script = (name: string, text: string): string[] => {
  const path = join(dir, name)
  writeFileSync(path, text.replaceAll('POSIX', JSON.stringify(posix)))
  return [process.execPath, path]
}

test('a file is locked for one holder only, and free again after release', () => {
  const path = join(dir, 'lock')
  const first = lockFile(path)
  expect(first).not.toBeNull()
  expect(lockFile(path)).toBeNull()
  first?.release()
  const second = lockFile(path)
  expect(second).not.toBeNull()
  second?.release()
})

test('a lock ends with its process, however that ends, and no child inherits it', async () => {
  const path = join(dir, 'killed')
  const holder = Bun.spawn(
    script(
      'holder.ts',
      `import { lockFile } from POSIX
       const lock = lockFile(${JSON.stringify(path)})
       const child = Bun.spawn(['sleep', '30'], { stdio: ['ignore', 'ignore', 'ignore'], detached: true })
       console.log(lock ? child.pid : 'no lock')
       await Bun.sleep(30_000)`,
    ),
  )
  const reader = holder.stdout.getReader()
  const child = Number(new TextDecoder().decode((await reader.read()).value))
  expect(child).toBeGreaterThan(1)
  expect(lockFile(path)).toBeNull()
  holder.kill('SIGKILL')
  await holder.exited
  const lock = lockFile(path)
  process.kill(child, 'SIGKILL')
  expect(lock).not.toBeNull()
  lock?.release()
})

test('a program replaced in place keeps pid, input and output, and gets clean signals', async () => {
  const [bun, path] = script(
    'exec.ts',
    `import { execInPlace } from POSIX
     import { readFileSync } from 'node:fs'
     if (process.env.ROUND !== '2') {
       const server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response() })
       await fetch(server.url)
       process.on('SIGTERM', () => undefined)
       console.log(process.pid)
       const env = { ...process.env, ROUND: '2', PÄTH: 'ü ' }
       execInPlace(process.execPath, ['golive', import.meta.path, 'two words', ''], env)
     }
     const blocked = /SigBlk:\\t(.*)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]
     const argv = process.argv.slice(2)
     console.log(JSON.stringify([process.pid, argv, process.env.PÄTH, await Bun.stdin.text(), blocked]))
     process.kill(process.pid, 'SIGTERM')
     await Bun.sleep(5_000)`,
  ) as [string, string]
  const child = Bun.spawn([bun, path], { stdin: Buffer.from('typed') })
  const [before, after] = (await new Response(child.stdout).text()).trim().split('\n')
  await child.exited
  expect(Number(before)).toBe(child.pid)
  expect(JSON.parse(after as string)).toEqual([
    child.pid,
    ['two words', ''],
    'ü ',
    'typed',
    '0000000000000000',
  ])
  expect(child.signalCode).toBe('SIGTERM')
})

test('a program that cannot be executed is an error, and this one goes on', () => {
  expect(() => execInPlace(join(dir, 'missing'), ['golive'], {})).toThrow(/errno 2/)
  expect(() => execInPlace('/bin/true', ['a\0b'], {})).toThrow(/NUL/)
})

test('only ended children of our own can be reaped', () => {
  expect(reapChild(1)).toBeNull()
})

test.if(process.geteuid?.() === 0)(
  'root becomes the owner of a folder that may not exist yet',
  () => {
    const owned = join(dir, 'owned')
    mkdirSync(owned)
    chownSync(owned, 65534, 65533)
    const command = script(
      'owner.ts',
      `import { becomeOwnerOf } from POSIX
     becomeOwnerOf(process.argv[2])
     console.log(JSON.stringify([process.getuid(), process.geteuid(), process.getgid(), process.getgroups()]))`,
    )
    const run = (path: string) => JSON.parse(Bun.spawnSync([...command, path]).stdout.toString())
    // A dropped user may not read this test's own folder: the script was loaded before.
    expect(run(join(owned, 'data/deep'))).toEqual([65534, 65534, 65533, expect.any(Array)])
    expect(run(join(owned, 'data'))[3]).not.toContain(0)
    expect(run(join(dir, 'rootish'))[0]).toBe(0)
  },
)
