import { accessSync, constants, readdirSync, type Stats, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Check, Finding } from './finding.ts'
import type { Subject } from './subject.ts'

const OTHERS = 0o077
/** Whoever reads one of these can sign tokens, unseal secrets or serve as us. */
const SECRETS = ['master.key', 'golive.db', 'livekit/keys.yaml']
const FOLDERS = ['.', 'livekit', 'tls', 'backups']
const NAMED = 3

/** Who may read the data dir, and whether its owner owns everything in it. */
export const checkDataFiles = (check: Check, subject: Subject): Finding => {
  const { data_dir } = subject.config
  const folder = look(data_dir)
  if (!folder) return check.ok(`${data_dir} is made at the first start`)
  if (!folder.isDirectory())
    return check.fail(`${data_dir} is no folder`, `mv ${data_dir} ${data_dir}.old`)
  return (
    openToOthers(check, data_dir, folder) ??
    strangers(check, data_dir, folder) ??
    serversOwner(check, subject, folder) ??
    unwritable(check, data_dir) ??
    check.ok(`${data_dir} belongs to uid ${folder.uid} alone`)
  )
}

const openToOthers = (check: Check, dir: string, folder: Stats): Finding | null => {
  const secrets = [...SECRETS.map((name) => join(dir, name)), ...entries(join(dir, 'tls'))]
  const open = secrets.filter((path) => ((look(path)?.mode ?? 0) & OTHERS) !== 0)
  const paths = [...((folder.mode & OTHERS) === 0 ? [] : [dir]), ...open]
  if (paths.length === 0) return null
  return check.fail(
    `other users of this machine may open ${paths.join(', ')}`,
    `chmod go= ${paths.join(' ')}`,
  )
}

const strangers = (check: Check, dir: string, { uid, gid }: Stats): Finding | null => {
  const paths = FOLDERS.flatMap((name) => entries(join(dir, name))).filter(
    (path) => (look(path)?.uid ?? uid) !== uid,
  )
  if (paths.length === 0) return null
  const more = paths.length > NAMED ? ` and ${paths.length - NAMED} more` : ''
  return check.fail(
    `${paths.slice(0, NAMED).join(', ')}${more} belong to another user than ${dir} itself`,
    `chown -R ${uid}:${gid} ${dir}`,
  )
}

const serversOwner = (
  check: Check,
  { processes, config }: Subject,
  { uid }: Stats,
): Finding | null => {
  const runsAs = processes.server === null ? undefined : look(`/proc/${processes.server}`)?.uid
  if (runsAs === undefined || runsAs === uid) return null
  return check.fail(
    `the server runs as uid ${runsAs}, and ${config.data_dir} belongs to uid ${uid}`,
    `golive stop && chown -R ${runsAs} ${config.data_dir} && systemctl start golive`,
  )
}

const unwritable = (check: Check, dir: string): Finding | null => {
  try {
    accessSync(dir, constants.R_OK | constants.W_OK | constants.X_OK)
    return null
  } catch {
    return check.fail(
      `${dir} cannot be written by its owner`,
      `chmod u+rwx ${dir}  # if that changes nothing, the disk is mounted read-only`,
    )
  }
}

const entries = (folder: string): string[] => {
  try {
    return readdirSync(folder).map((name) => join(folder, name))
  } catch {
    return []
  }
}

const look = (path: string): Stats | null => {
  try {
    return statSync(path, { throwIfNoEntry: false }) ?? null
  } catch {
    return null
  }
}
