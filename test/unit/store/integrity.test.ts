import { Database } from 'bun:sqlite'
import { afterEach, beforeEach, expect, test } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findDamage } from '../../../src/store/integrity.ts'

let folder: string
let path: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'golive-integrity-'))
  path = join(folder, 'golive.db')
})

afterEach(() => rmSync(folder, { recursive: true }))

const fill = (): Database => {
  const db = new Database(path)
  db.run('PRAGMA journal_mode = WAL')
  db.run('CREATE TABLE words (word TEXT)')
  db.run('CREATE INDEX by_word ON words (word)')
  const insert = db.prepare('INSERT INTO words VALUES (?)')
  for (let at = 0; at < 2000; at++) insert.run(`word ${at} ${'x'.repeat(50)}`)
  insert.finalize()
  return db
}

test('a whole database is whole, also while somebody writes to it', () => {
  const db = fill()
  db.run('BEGIN IMMEDIATE')
  db.run("INSERT INTO words VALUES ('half')")
  expect(findDamage(path)).toEqual([])
  db.run('ROLLBACK')
  db.close()
  expect(findDamage(path)).toEqual([])
})

test('pages that were overwritten are found', () => {
  fill().close()
  const bytes = readFileSync(path)
  bytes.fill(0xaa, 8192, 8192 + 16_384)
  writeFileSync(path, bytes)
  const found = findDamage(path)
  expect(found.length).toBeGreaterThan(0)
  expect(found.length).toBeLessThanOrEqual(3)
})

test('a file that is no database is not opened, and one that is not there is not made', () => {
  writeFileSync(path, 'this is a letter, not a database'.repeat(200))
  expect(() => findDamage(path)).toThrow('not a database')
  rmSync(path)
  expect(() => findDamage(path)).toThrow()
  expect(() => readFileSync(path)).toThrow('ENOENT')
})
