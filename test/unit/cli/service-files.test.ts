import { afterEach, beforeEach, expect, test } from 'bun:test'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  installProgram,
  makeDataDir,
  SERVICE,
  userIn,
  writeUnit,
} from '../../../src/cli/service-files.ts'

const unitText = readFileSync(join(import.meta.dir, '../../../config/golive.service'), 'utf8')
const me = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }

let root: string

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'golive-service-'))
})

afterEach(() => rmSync(root, { recursive: true, force: true }))

test('the unit names the places that the code uses', () => {
  expect(unitText).toContain(`ExecStart=${SERVICE.program} serve --config ${SERVICE.config}\n`)
  expect(unitText).toContain(`ExecStopPost=${SERVICE.program} service reap ${SERVICE.dataDir}\n`)
  expect(unitText).toContain(`User=${SERVICE.user}\n`)
  expect(`/var/lib/${/^StateDirectory=(.*)$/m.exec(unitText)?.[1]}`).toBe(SERVICE.dataDir)
})

test('the unit keeps calls through a crash, and has no start of a wrong configuration again', () => {
  for (const line of [
    'KillMode=process',
    'OOMPolicy=continue',
    'Restart=always',
    'RestartPreventExitStatus=2 3',
    'AmbientCapabilities=CAP_NET_BIND_SERVICE',
  ])
    expect(unitText).toContain(`\n${line}\n`)
  expect(unitText).not.toMatch(/^MemoryDenyWriteExecute/m)
})

test('the unit is written where systemd looks, once, and again when somebody changed it', () => {
  expect(writeUnit(root)).toBe('written')
  expect(readFileSync(root + SERVICE.unitFile, 'utf8')).toBe(unitText)
  expect(statSync(root + SERVICE.unitFile).mode & 0o777).toBe(0o644)
  expect(writeUnit(root)).toBe('unchanged')
  writeFileSync(root + SERVICE.unitFile, '[Service]\n')
  expect(writeUnit(root)).toBe('written')
  expect(readFileSync(root + SERVICE.unitFile, 'utf8')).toBe(unitText)
})

test('the program is put in place whole: who runs the old one keeps it', async () => {
  const from = join(root, 'golive')
  writeFileSync(from, 'one')
  expect(await installProgram(from, root)).toBe('written')
  const first = statSync(root + SERVICE.program)
  expect(first.mode & 0o777).toBe(0o755)
  expect(await installProgram(from, root)).toBe('unchanged')
  expect(await installProgram(root + SERVICE.program, root)).toBe('unchanged')
  writeFileSync(from, 'two')
  expect(await installProgram(from, root)).toBe('written')
  expect(readFileSync(root + SERVICE.program, 'utf8')).toBe('two')
  expect(statSync(root + SERVICE.program).ino).not.toBe(first.ino)
  expect(readdirSync(join(root, 'usr/local/bin'))).toEqual(['golive'])
})

test('a program that cannot be read leaves nothing behind', async () => {
  expect(installProgram(join(root, 'nothing'), root)).rejects.toThrow()
  expect(readdirSync(join(root, 'usr/local/bin'))).toEqual([])
})

test('the data dir is made for its owner alone, and one that is there is left alone', () => {
  makeDataDir(me, root)
  expect(statSync(root + SERVICE.dataDir)).toMatchObject({ ...me, mode: 0o040700 })
  writeFileSync(`${root}${SERVICE.dataDir}/golive.db`, 'all')
  makeDataDir({ uid: me.uid + 1, gid: me.gid + 1 }, root)
  expect(statSync(root + SERVICE.dataDir).uid).toBe(me.uid)
  expect(readFileSync(`${root}${SERVICE.dataDir}/golive.db`, 'utf8')).toBe('all')
})

test('the user is found by its whole name', () => {
  const passwd = 'root:x:0:0:root:/root:/bin/bash\ngolive2:x:7:8::/:/bin/sh\n'
  expect(userIn(passwd)).toBeNull()
  expect(userIn(`${passwd}golive:x:995:994:GoLive:/var/lib/golive:/usr/sbin/nologin\n`)).toEqual({
    uid: 995,
    gid: 994,
  })
})
