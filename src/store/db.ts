import { Database, type SQLQueryBindings } from 'bun:sqlite'
import { AsyncLocalStorage } from 'node:async_hooks'
import { Kysely, SqliteAdapter, type SqliteDatabase, SqliteDialect, type Transaction } from 'kysely'
import { isDiskFull } from '../lib/disk.ts'
import type { Reserve } from './reserve.ts'
import type { Tables } from './tables.ts'

/** What store functions take first: the database, or a transaction in it. */
export type Db = Kysely<Tables> | Transaction<Tables>

/** An open database; the one handle that may begin transactions, copy or run a migration. */
export interface Store {
  readonly db: Kysely<Tables>
  /** Runs `work` in one write transaction; a throw rolls all of it back. */
  transaction<T>(work: (tx: Transaction<Tables>) => Promise<T>): Promise<T>
  /**
   * The same for what must be written down because it happened: on a full disk the reserve makes
   * room, and `work` runs again.
   */
  record<T>(work: (tx: Transaction<Tables>) => Promise<T>): Promise<T>
  /** Several statements at once, for migrations only. */
  exec(sql: string): void
  raw: Database
  close(): Promise<void>
}

/**
 * Opens (or makes) the SQLite file. `synchronous=FULL`: with NORMAL a power loss would forget a
 * revocation that was already answered. While the reserve is used up, changes are refused before
 * they write, as if the disk were full; null is for who keeps none.
 */
export const openStore = (path: string, reserve: Reserve | null = null): Store => {
  const raw = new Database(path, { create: true, strict: true })
  for (const pragma of PRAGMAS) raw.run(`PRAGMA ${pragma}`)
  const inside = new AsyncLocalStorage<{ mayUseReserve: boolean }>()
  const checkRoom = () => {
    if (reserve?.isLow && !inside.getStore()?.mayUseReserve) throw new NoRoom()
  }
  const kysely = new Kysely<Tables>({
    dialect: new TransactionalDdlDialect({ database: shim(raw, checkRoom) }),
  })
  const begin = <T>(
    mark: { mayUseReserve: boolean },
    work: (tx: Transaction<Tables>) => Promise<T>,
  ) => kysely.transaction().execute((tx) => inside.run(mark, () => work(tx)))
  return {
    raw,
    get db() {
      // Kysely holds one connection: the outer handle inside a transaction would wait for ever.
      if (inside.getStore()) throw new Error('the outer database was used inside a transaction')
      return kysely
    },
    transaction: (work) => begin({ mayUseReserve: false }, work),
    async record(work) {
      for (;;) {
        try {
          return await begin({ mayUseReserve: true }, work)
        } catch (error) {
          if (!isDiskFull(error) || !reserve?.spend()) throw error
        }
      }
    },
    exec: (sql) => raw.exec(sql),
    close: () => kysely.destroy(),
  }
}

const PRAGMAS = [
  'journal_mode = WAL',
  'synchronous = FULL',
  'busy_timeout = 5000',
  'foreign_keys = ON',
  'trusted_schema = OFF',
]

/** The rest of the disk is for what happens in calls. */
class NoRoom extends Error {
  override name = 'NoRoom'
  readonly code = 'ENOSPC'

  constructor() {
    super('the disk is full, and what is left is kept for the log of events')
  }
}

class TransactionalDdlAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true
  }
}

class TransactionalDdlDialect extends SqliteDialect {
  override createAdapter(): SqliteAdapter {
    return new TransactionalDdlAdapter()
  }
}

/** How each statement of Kysely's that writes begins. */
const CHANGE = /^(?:insert|update|delete) /

/** bun:sqlite behind the better-sqlite3 interface that Kysely's own dialect expects. */
const shim = (raw: Database, checkRoom: () => void): SqliteDatabase => ({
  prepare: (sql) => {
    if (CHANGE.test(sql)) checkRoom()
    // A deferred transaction that reads first fails with SQLITE_BUSY where an immediate one waits.
    const statement = raw.query(sql === 'begin' ? 'begin immediate' : sql)
    return {
      reader: statement.columnNames.length > 0,
      all: (parameters) => statement.all(...guard(parameters)),
      run: (parameters) => {
        // SQLite has taken it back by itself when the disk is full: to ask again would hide why.
        if (sql === 'rollback' && !raw.inTransaction) return { changes: 0, lastInsertRowid: 0 }
        const { changes, lastInsertRowid } = statement.run(...guard(parameters))
        return { changes, lastInsertRowid }
      },
      iterate: (parameters) => statement.iterate(...guard(parameters)) as IterableIterator<unknown>,
    }
  },
  close: () => raw.close(),
})

/** Values that SQLite and PostgreSQL would not store alike stop here instead of in the data. */
const guard = (parameters: readonly unknown[]): SQLQueryBindings[] => {
  for (const value of parameters) {
    if (value === null || value instanceof Uint8Array || Number.isSafeInteger(value)) continue
    if (typeof value === 'string' && !value.includes('\0')) continue
    throw new TypeError(`a ${typeof value} cannot be stored as it is`)
  }
  return parameters as SQLQueryBindings[]
}
