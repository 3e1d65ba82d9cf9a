import { randomBytes } from 'node:crypto'
import {
  closeSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { deriveKey } from '../lib/crypto.ts'
import { ConfigError } from './load.ts'

/** One key for each purpose, all derived from the master key. */
export interface Secrets {
  /** signs join tokens */
  join: Buffer
  /** becomes the one api secret that livekit-server knows */
  livekit: Buffer
  /** seals api secrets in the database */
  seal: Buffer
  /** proves, stored in the database, that this is the master key it was sealed with */
  check: string
}

/**
 * Reads the master key (`GOLIVE_MASTER_KEY`, else `<data_dir>/master.key`), making the file on the
 * first start. @throws ConfigError when it is there but no key
 */
export const loadSecrets = (dataDir: string, env: Record<string, string | undefined>): Secrets => {
  const master = env.GOLIVE_MASTER_KEY
    ? fromEnv(env.GOLIVE_MASTER_KEY)
    : fromFile(join(dataDir, 'master.key'))
  return {
    join: deriveKey(master, 'join'),
    livekit: deriveKey(master, 'livekit'),
    seal: deriveKey(master, 'seal'),
    check: deriveKey(master, 'check').toString('hex'),
  }
}

const parseKey = (text: string): Buffer | null =>
  /^[0-9a-f]{64}$/.test(text.trim()) ? Buffer.from(text.trim(), 'hex') : null

const fromEnv = (text: string): Buffer => {
  const master = parseKey(text)
  if (!master) throw new ConfigError('GOLIVE_MASTER_KEY: expected 64 lower-case hexadecimal digits')
  return master
}

const fromFile = (path: string): Buffer => {
  const text = read(path) ?? create(path)
  const master = parseKey(text)
  if (!master)
    throw new ConfigError(
      `${path}: expected 64 lower-case hexadecimal digits; put the file back from your backup`,
    )
  return master
}

const read = (path: string): string | null => {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw new ConfigError(`${path}: cannot read the master key: ${(error as Error).message}`, {
      cause: error,
    })
  }
}

/** Written aside, synced, then linked: the name never shows half a key and never replaces one. */
const create = (path: string): string => {
  const text = `${randomBytes(32).toString('hex')}\n`
  const aside = `${path}.${randomBytes(4).toString('hex')}`
  const file = openSync(aside, 'wx', 0o600)
  writeSync(file, text)
  fsyncSync(file)
  closeSync(file)
  try {
    linkSync(aside, path)
  } finally {
    unlinkSync(aside)
  }
  // What gets sealed with this key must never outlive the key's own name in the folder.
  syncFolder(dirname(path))
  return text
}

const syncFolder = (path: string): void => {
  const folder = openSync(path, 'r')
  fsyncSync(folder)
  closeSync(folder)
}
