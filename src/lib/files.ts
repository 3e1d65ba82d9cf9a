import { renameSync, writeFileSync } from 'node:fs'

/** Writes a file that only we may read, so that its name never shows half of it. */
export const replaceFile = (path: string, text: string): void => {
  const aside = `${path}.${process.pid}`
  writeFileSync(aside, text, { mode: 0o600 })
  renameSync(aside, path)
}
