import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadSecrets, type Secrets } from './config/secrets.ts'
import { StartError } from './domain/errors.ts'
import { systemClock } from './lib/clock.ts'
import { constantTimeEqual } from './lib/crypto.ts'
import { lockFile } from './lib/posix.ts'
import { openStore, type Store } from './store/db.ts'
import { MigrationError, migrate } from './store/migrate.ts'
import { Reserve } from './store/reserve.ts'
import { setSettingOnce } from './store/settings.ts'

/** Another golive uses this data dir. */
export class DataDirBusy extends StartError {
  override name = 'DataDirBusy'
}

/** The folder that holds everything, locked for this process, its database ready for use. */
export interface DataDir {
  path: string
  secrets: Secrets
  store: Store
  /** what is kept back of the disk */
  reserve: Reserve
  close(): Promise<void>
}

const PID_LENGTH = 10

type Env = Record<string, string | undefined>

/**
 * Locks the data dir, reads or makes the master key, opens and migrates the database.
 * @throws DataDirBusy, StartError, ConfigError
 */
export const openDataDir = async (path: string, env: Env): Promise<DataDir> => {
  makePrivate(path)
  const lock = lockDataDir(path)
  let store: Store | null = null
  try {
    const reserve = new Reserve(join(path, 'reserve'))
    reserve.makeRoom()
    const secrets = loadSecrets(path, env)
    store = openStore(join(path, 'golive.db'), reserve)
    migrate(store, join(path, 'backups'), systemClock())
    await checkMasterKey(store, secrets)
    const opened = store
    const close = async () => {
      await opened.close()
      lock.release()
    }
    return { path, secrets, store, reserve, close }
  } catch (error) {
    await store?.close()
    lock.release()
    throw error instanceof MigrationError ? new StartError(error.message, { cause: error }) : error
  }
}

const makePrivate = (path: string): void => {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
    chmodSync(path, 0o700)
  } catch (cause) {
    throw new StartError(`${path}: cannot use this data dir: ${(cause as Error).message}`, {
      cause,
    })
  }
}

/** @throws DataDirBusy */
export const lockDataDir = (path: string): { release(): void } => {
  const file = join(path, 'golive.lock')
  const lock = lockFile(file)
  if (!lock) {
    const holder = readFileSync(file, 'utf8').trim()
    throw new DataDirBusy(
      `another golive ${holder ? `(pid ${holder}) ` : ''}uses the data dir ${path}`,
    )
  }
  // In its place, and always as long: on a full disk there is no room for another block.
  writeFileSync(file, `${process.pid}`.padEnd(PID_LENGTH), { flag: 'r+' })
  return lock
}

const checkMasterKey = async (store: Store, { check }: Secrets): Promise<void> => {
  const stored = await setSettingOnce(store.db, 'key_check', check)
  if (!constantTimeEqual(stored, check)) {
    throw new StartError(
      'the master key is not the one this database was made with: put back the master.key (or GOLIVE_MASTER_KEY) that belongs to it',
    )
  }
}
