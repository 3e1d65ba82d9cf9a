import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { sha256Hex } from '../lib/crypto.ts'
import type { Store } from './db.ts'
import { type Migration, migrations as released } from './migrations/index.ts'

/** This database cannot be brought to what the program needs; the message says what to do. */
export class MigrationError extends Error {
  override name = 'MigrationError'
}

const COPIES_KEPT = 3

interface Applied {
  name: string
  sha256: string
}

/**
 * Applies the migrations that are missing, each in one transaction, after copying the database to
 * `backups/`. @throws MigrationError for a newer database or a changed migration
 */
export const migrate = (
  store: Store,
  backups: string,
  now: number,
  list: readonly Migration[] = released,
): void => {
  const applied = appliedMigrations(store)
  checkHistory(applied, list, backups)
  const missing = list.slice(applied.length)
  if (missing.length === 0) return
  if (applied.length > 0) copyAside(store, backups, applied.at(-1)?.name ?? '', now)
  for (const migration of missing) apply(store, migration, now)
}

const appliedMigrations = (store: Store): Applied[] => {
  store.exec(
    'CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY NOT NULL, sha256 TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT',
  )
  return store.raw.query<Applied, []>('SELECT name, sha256 FROM migrations ORDER BY name').all()
}

const checkHistory = (applied: Applied[], list: readonly Migration[], backups: string): void => {
  const newer = applied[list.length]
  if (newer) {
    throw new MigrationError(
      `the database was written by a newer golive (migration ${newer.name}): install that version again, or go back to ${newestCopy(backups)}`,
    )
  }
  for (const [at, { name, sha256 }] of applied.entries()) {
    const mine = list[at]
    if (!mine || mine.name !== name || sha256Hex(mine.sql) !== sha256) {
      throw new MigrationError(`migration ${name} in the database is not the one in this program`)
    }
  }
}

const newestCopy = (backups: string): string => {
  const newest = copies(backups).at(-1)
  return newest ? `the copy ${join(backups, newest)}` : `a copy of golive.db from your own backup`
}

const copies = (backups: string): string[] => {
  try {
    return readdirSync(backups)
      .filter((name) => /^golive-.*\.db$/.test(name))
      .sort()
  } catch {
    return []
  }
}

/** `VACUUM INTO` copies a consistent database while others read it (SQLite documentation). */
const copyAside = (store: Store, backups: string, last: string, now: number): void => {
  mkdirSync(backups, { recursive: true, mode: 0o700 })
  const stamp = new Date(now).toISOString().replace(/[:.]/g, '-')
  store.raw.query('VACUUM INTO ?').run(join(backups, `golive-${stamp}-after-${last}.db`))
  for (const old of copies(backups).slice(0, -COPIES_KEPT)) rmSync(join(backups, old))
}

const apply = (store: Store, { name, sql }: Migration, now: number): void => {
  store.exec('BEGIN IMMEDIATE')
  try {
    store.exec(sql)
    store.raw
      .query('INSERT INTO migrations (name, sha256, applied_at) VALUES (?, ?, ?)')
      .run(name, sha256Hex(sql), now)
    store.exec('COMMIT')
  } catch (cause) {
    store.exec('ROLLBACK')
    throw new MigrationError(`migration ${name} failed: ${(cause as Error).message}`, { cause })
  }
}
