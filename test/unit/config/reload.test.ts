import { afterEach, beforeEach, expect, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ConfigError, loadConfig } from '../../../src/config/load.ts'
import { LiveConfig } from '../../../src/config/reload.ts'

let folder: string
let file: string
let live: LiveConfig

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'golive-reload-'))
  file = join(folder, 'golive.config.yaml')
  writeFileSync(file, 'admin:\n  host: one.example.com\n')
  live = new LiveConfig(loadConfig(file, {}))
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

test('a live key holds at once, the others are named and stay as they were', () => {
  writeFileSync(
    file,
    'admin:\n  host: two.example.com\n  operator_contact: help\nserver:\n  port: 9000\nlog:\n  level: debug\n',
  )
  expect(live.reload({})).toEqual({
    applied: ['admin.host', 'log.level'],
    restartNeeded: ['server.port', 'admin.operator_contact'],
  })
  expect(live.current.admin.host).toBe('two.example.com')
  expect(live.current.log.level).toBe('debug')
  expect(live.current.server.port).toBe(8080)
  expect(live.current.admin.operator_contact).toBeNull()
  expect(live.restartNeeded).toEqual(['server.port', 'admin.operator_contact'])
})

test('what is taken back is needed no more', () => {
  writeFileSync(file, 'server:\n  port: 9000\n')
  live.reload({})
  writeFileSync(file, 'livekit:\n  max_participants: 5\n')
  expect(live.reload({})).toEqual({ applied: ['livekit.max_participants'], restartNeeded: [] })
  expect(live.restartNeeded).toEqual([])
  expect(live.current.admin.host).toBeNull()
})

test('of a wrong file nothing is taken over, not even what is right in it', () => {
  const before = live.current
  for (const text of ['log:\n  level: loud\n', 'log: {level: debug}\nno: 1\n', '{']) {
    writeFileSync(file, text)
    expect(() => live.reload({})).toThrow(ConfigError)
    expect(live.current).toBe(before)
    expect(live.restartNeeded).toEqual([])
  }
  rmSync(file)
  expect(() => live.reload({})).toThrow(file)
})

test('variables win over the file, as at the start', () => {
  writeFileSync(file, 'log:\n  level: debug\n')
  expect(live.reload({ GOLIVE_LOG_LEVEL: 'warn' }).applied).toEqual(['admin.host', 'log.level'])
  expect(live.current.log.level).toBe('warn')
})

test('nothing can be changed behind its back', () => {
  writeFileSync(file, 'log:\n  level: debug\n')
  live.reload({})
  expect(Object.isFrozen(live.current)).toBe(true)
  expect(Object.isFrozen(live.current.log)).toBe(true)
})
