import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'

/** Writes a file that only we may read, so that its name never shows half of it. */
export const replaceFile = (path: string, text: string): void => {
  const aside = `${path}.${process.pid}`
  writeFileSync(aside, text, { mode: 0o600 })
  renameSync(aside, path)
}

/** A file that is written and does not have its name yet. */
export interface StagedFile {
  commit(): void
  discard(): void
}

/**
 * Writes a file aside, so that all that can go wrong has gone wrong before it gets its name. One
 * that it replaces lends it owner and mode; folders that are missing are made.
 */
export const stageFile = (name: string, text: string, mode: number): StagedFile => {
  const path = existsSync(name) ? realpathSync(name) : name
  const made = mkdirSync(dirname(path), { recursive: true })
  const aside = `${path}.${process.pid}`
  const discard = () => {
    rmSync(aside, { force: true })
    if (made !== undefined) rmSync(made, { recursive: true })
  }
  try {
    writeSynced(aside, text)
    const old = statSync(path, { throwIfNoEntry: false })
    if (old) chownSync(aside, old.uid, old.gid)
    chmodSync(aside, old ? old.mode & 0o777 : mode)
  } catch (error) {
    discard()
    throw error
  }
  return { commit: () => renameSync(aside, path), discard }
}

const writeSynced = (path: string, text: string): void => {
  const file = openSync(path, 'w', 0o600)
  try {
    // One write(2) may put down a part only: on a disk that is almost full, say.
    writeFileSync(file, text)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}
