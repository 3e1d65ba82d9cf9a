import { statSync } from 'node:fs'
import { join } from 'node:path'
import { findDamage } from '../../store/integrity.ts'
import type { Check, Finding } from './finding.ts'
import type { Subject } from './subject.ts'

/** Reading more takes longer than anybody wants to wait for the other answers. */
const MOST_BYTES = 2 * 2 ** 30
/** One page of the smallest kind; SQLite itself takes less for a new database. */
const SMALLEST_BYTES = 512

/** Whether SQLite finds its own file whole. Blocks this process while it reads all of it. */
export const checkDatabase = (check: Check, { config: { data_dir } }: Subject): Finding => {
  const path = join(data_dir, 'golive.db')
  const size = statSync(path, { throwIfNoEntry: false })?.size
  if (size === undefined) return check.skipped('it is made at the first start')
  if (size > MOST_BYTES)
    return check.skipped(`too large to be read here; type: sqlite3 ${path} 'PRAGMA quick_check'`)
  const found = size < SMALLEST_BYTES ? ['it was cut off'] : damage(path)
  if (found.length === 0) return check.ok(`${path} is whole (${Math.ceil(size / 1024)} KiB)`)
  return check.fail(
    `${path} is damaged: ${found.join('; ')}`,
    `golive stop; ls -t ${join(data_dir, 'backups')}  # the newest copy becomes golive.db, without its -wal and -shm`,
  )
}

const damage = (path: string): string[] => {
  try {
    return findDamage(path)
  } catch (error) {
    return [(error as Error).message]
  }
}
