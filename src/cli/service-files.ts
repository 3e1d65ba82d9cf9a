import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { copyFile, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import unit from '../../config/golive.service' with { type: 'text' }
import { stageFile } from '../lib/files.ts'

/** Where the service has its things: they stand in config/golive.service, too. */
export const SERVICE = {
  unit: 'golive.service',
  unitFile: '/etc/systemd/system/golive.service',
  program: '/usr/local/bin/golive',
  config: '/etc/golive/golive.config.yaml',
  dataDir: '/var/lib/golive',
  user: 'golive',
} as const

/** As systemd-sysusers(8) takes it: makes user and group unless they are there. */
export const SYSTEM_USER = `u ${SERVICE.user} - "GoLive" ${SERVICE.dataDir}`

export type Change = 'unchanged' | 'written'

/** Writes the unit unless it is there as it should be. @param root folder that stands for `/` */
export const writeUnit = (root = ''): Change => {
  const path = root + SERVICE.unitFile
  if (existsSync(path) && readFileSync(path, 'utf8') === unit) return 'unchanged'
  stageFile(path, unit, 0o644).commit()
  return 'written'
}

/**
 * Puts an executable where the unit looks for it. It gets its name once it is whole: a server that
 * runs keeps the old file, and no start meets half of one.
 */
export const installProgram = async (from: string, root = ''): Promise<Change> => {
  const path = root + SERVICE.program
  if (await isSameFile(from, path)) return 'unchanged'
  const aside = `${path}.${process.pid}`
  mkdirSync(dirname(path), { recursive: true })
  try {
    await copyFile(from, aside)
    chmodSync(aside, 0o755)
    renameSync(aside, path)
  } catch (error) {
    rmSync(aside, { force: true })
    throw error
  }
  return 'written'
}

const isSameFile = async (one: string, other: string): Promise<boolean> => {
  if (!existsSync(other)) return false
  const [a, b] = await Promise.all([stat(one), stat(other)])
  if (a.dev === b.dev && a.ino === b.ino) return true
  return a.size === b.size && (await hashOf(one)) === (await hashOf(other))
}

const hashOf = async (path: string): Promise<string> => {
  const hash = new Bun.CryptoHasher('sha256')
  for await (const bytes of Bun.file(path).stream()) hash.update(bytes)
  return hash.digest('hex')
}

/** Makes the data dir the service's own before anything is kept in it. @param owner uid and gid */
export const makeDataDir = (owner: { uid: number; gid: number }, root = ''): void => {
  const path = root + SERVICE.dataDir
  if (existsSync(path)) return
  mkdirSync(path, { recursive: true, mode: 0o700 })
  chownSync(path, owner.uid, owner.gid)
}

/** Ids of the service's user in the text of passwd(5). */
export const userIn = (passwd: string): { uid: number; gid: number } | null => {
  const line = passwd.split('\n').find((one) => one.startsWith(`${SERVICE.user}:`))
  const [, , uid, gid] = line?.split(':') ?? []
  return uid && gid ? { uid: Number(uid), gid: Number(gid) } : null
}
