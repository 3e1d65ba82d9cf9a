import { GoLiveError } from './errors.ts'

export interface Page<T> {
  data: T[]
  nextCursor: string | null
}

/** Where the next page starts: after the row with this creation time and id. */
export interface Position {
  createdAt: number
  id: string
}

const encode = ({ createdAt, id }: Position): string =>
  Buffer.from(`${createdAt}.${id}`).toString('base64url')

/** @throws GoLiveError invalid_cursor when it is not one that this API gave out */
export const decodeCursor = (cursor: string | undefined): Position | null => {
  if (cursor === undefined) return null
  const match = /^(\d{1,15})\.(\w{1,64})$/.exec(Buffer.from(cursor, 'base64url').toString('latin1'))
  if (!match) {
    throw new GoLiveError('invalid_cursor', 'cursor is not one that this API returned', {
      hint: 'Pass next_cursor of the page before unchanged, or leave cursor out to start again.',
    })
  }
  return { createdAt: Number(match[1]), id: match[2] as string }
}

/** Makes a page of `limit` rows from a query that asked for one row more. */
export const pageOf = <T extends Position>(rows: T[], limit: number): Page<T> => {
  const last = rows.length > limit ? rows[limit - 1] : undefined
  return { data: rows.slice(0, limit), nextCursor: last ? encode(last) : null }
}
