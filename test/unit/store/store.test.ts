import { Database } from 'bun:sqlite'
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openStore, type Store } from '../../../src/store/db.ts'
import { listRefusedJoins } from '../../../src/store/events.ts'
import { MigrationError, migrate } from '../../../src/store/migrate.ts'
import { type Migration, migrations } from '../../../src/store/migrations/index.ts'
import schemaText from '../../../src/store/schema.sql' with { type: 'text' }
import { listOpenOfRooms, listOpenSessions, listSessions } from '../../../src/store/sessions.ts'
import { countRooms, insertTenant } from '../../../src/store/tenants.ts'

let folder: string
let store: Store
const backups = () => join(folder, 'backups')

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'golive-store-'))
  store = openStore(join(folder, 'golive.db'))
})
afterEach(async () => {
  await store.close()
  rmSync(folder, { recursive: true })
})

/** Tables, columns and indexes as SQLite sees them, whatever text made them. */
const shape = (raw: Database) =>
  raw
    .query<{ name: string }, []>(
      "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name",
    )
    .all()
    .map(({ name }) => ({
      name,
      columns: raw.query(`PRAGMA table_info(${name})`).all(),
      foreignKeys: raw.query(`PRAGMA foreign_key_list(${name})`).all(),
      indexes: raw
        .query<{ name: string; unique: number; partial: number }, []>(`PRAGMA index_list(${name})`)
        .all()
        .map((index) => ({
          name: index.name,
          unique: index.unique,
          partial: index.partial,
          columns: raw.query(`PRAGMA index_info(${index.name})`).all(),
        }))
        .sort((a, b) => a.name.localeCompare(b.name)),
    }))

const more: Migration = {
  name: '9999-more',
  sql: 'CREATE TABLE more (id TEXT PRIMARY KEY NOT NULL) STRICT;',
}

const tenant = (id: string) => ({
  id,
  slug: id,
  name: null,
  status: 'active' as const,
  limits: '{}',
  tokens_revoked_before: null,
  created_at: 1,
  deleted_at: null,
})

describe('migrations', () => {
  test('end in exactly what schema.sql says', () => {
    migrate(store, backups(), 0)
    const expected = new Database(':memory:')
    expected.exec(schemaText)
    expect(shape(store.raw)).toEqual(shape(expected))
  })

  test('run once, and a fresh database is not copied', () => {
    migrate(store, backups(), 0)
    migrate(store, backups(), 0)
    expect(() => readdirSync(backups())).toThrow()
  })

  test('copy the database before a change, and keep three copies', () => {
    migrate(store, backups(), 0)
    const list = [...migrations]
    for (let n = 2; n <= 6; n++) {
      list.push({
        name: `100${n}-step`,
        sql: `CREATE TABLE step${n} (id TEXT PRIMARY KEY NOT NULL) STRICT;`,
      })
      migrate(store, backups(), n * 1000, list)
    }
    const copies = readdirSync(backups()).sort()
    expect(copies).toHaveLength(3)
    const newest = new Database(join(backups(), copies[2] as string), { readonly: true })
    expect(newest.query('SELECT count(*) AS n FROM migrations').get()).toEqual({
      n: migrations.length + 4,
    })
  })

  test('a newer database is refused in a sentence that names the copy to go back to', () => {
    migrate(store, backups(), 0)
    migrate(store, backups(), 1000, [...migrations, more])
    const [copy] = readdirSync(backups())
    expect(() => migrate(store, backups(), 2000)).toThrow(
      `go back to the copy ${join(backups(), copy as string)}`,
    )
    expect(store.raw.query('SELECT count(*) AS n FROM more').get()).toEqual({ n: 0 })
  })

  test('one that fails half-way leaves nothing behind and is tried again next time', () => {
    migrate(store, backups(), 0)
    const broken = { ...more, sql: `${more.sql} CREATE TABLE tenants (id TEXT);` }
    expect(() => migrate(store, backups(), 1000, [...migrations, broken])).toThrow(MigrationError)
    expect(store.raw.query("SELECT name FROM sqlite_master WHERE name = 'more'").all()).toEqual([])
    migrate(store, backups(), 2000, [...migrations, more])
  })

  test('one that was edited after it ran is refused', () => {
    migrate(store, backups(), 0)
    const [first, ...rest] = migrations
    const edited = [{ ...(first as Migration), sql: 'SELECT 1' }, ...rest]
    expect(() => migrate(store, backups(), 0, edited)).toThrow('is not the one in this program')
  })
})

describe('the database', () => {
  test('syncs fully and writes ahead', () => {
    expect(store.raw.query('PRAGMA synchronous').get()).toEqual({ synchronous: 2 })
    expect(store.raw.query('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' })
  })

  test('rolls a transaction back as a whole when it throws', async () => {
    migrate(store, backups(), 0)
    const failing = store.transaction(async (tx) => {
      await insertTenant(tx, tenant('acme'))
      throw new Error('no')
    })
    await expect(failing).rejects.toThrow('no')
    expect(await store.db.selectFrom('tenants').select('id').execute()).toEqual([])
  })

  test('refuses the outer handle inside a transaction instead of waiting for ever', async () => {
    migrate(store, backups(), 0)
    const wrong = store.transaction(() => store.db.selectFrom('tenants').select('id').execute())
    await expect(wrong).rejects.toThrow('inside a transaction')
  })

  test.each([[true], [1.5], [Number.NaN], [{}], ['a\0b']])('does not store %p', async (value) => {
    migrate(store, backups(), 0)
    const write = store.db
      .insertInto('settings')
      .values({ name: 'x', value: value as string })
      .execute()
    await expect(write).rejects.toThrow('cannot be stored')
  })

  test('counts rooms one after the other, however many ask at once', async () => {
    migrate(store, backups(), 0)
    await insertTenant(store.db, tenant('acme'))
    const counts = await Promise.all(
      Array.from({ length: 50 }, () => store.transaction((tx) => countRooms(tx, 'acme', 1))),
    )
    expect(counts.sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, n) => n + 1))
  })
})

/** The statements that `work` asks, and how each is answered. */
const plansOf = async (work: () => Promise<unknown>): Promise<string[]> => {
  migrate(store, backups(), 0)
  const asked: string[] = []
  const query = store.raw.query.bind(store.raw)
  store.raw.query = ((sql: string) => {
    asked.push(sql)
    return query(sql)
  }) as typeof query
  await work()
  return asked.map((sql) => JSON.stringify(query(`EXPLAIN QUERY PLAN ${sql}`).all()))
}

test('calls that run are found without a look at all that were', async () => {
  const plans = await plansOf(async () => {
    await listOpenSessions(store.db)
    await listOpenOfRooms(store.db, 't1', ['daily', 'weekly'])
    const page = { limit: 50, room: null, open: true }
    await listSessions(store.db, 't1', { ...page, after: null })
    await listSessions(store.db, 't1', { ...page, after: { createdAt: 1, id: 's1' } })
  })
  expect(plans).toHaveLength(4)
  for (const plan of plans) expect(plan).toContain('USING INDEX sessions__open__idx')
})

test('refused joins are found without a look at all that happened', async () => {
  const plans = await plansOf(async () => {
    const period = { from: 0, to: 1, limit: 50 }
    await listRefusedJoins(store.db, 't1', { ...period, after: null })
    await listRefusedJoins(store.db, 't1', { ...period, after: { createdAt: 1, id: 'e1' } })
  })
  expect(plans).toHaveLength(2)
  for (const plan of plans) {
    expect(plan).toContain('USING INDEX events__refused__idx')
    expect(plan).not.toContain('TEMP B-TREE')
  }
})
