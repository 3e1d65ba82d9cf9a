import { Database } from 'bun:sqlite'

const MOST_ANSWERS = 3

/**
 * What SQLite finds wrong in a database file, over a connection of its own that cannot write; empty
 * when all is well. Reads the whole file. @throws when it is no database or cannot be opened
 */
export const findDamage = (path: string): string[] => {
  const db = new Database(path, { readonly: true })
  try {
    const rows = db.query(`PRAGMA quick_check(${MOST_ANSWERS})`).values()
    const found = rows.map(([text]) => String(text))
    return found.length === 1 && found[0] === 'ok' ? [] : found
  } finally {
    db.close()
  }
}
