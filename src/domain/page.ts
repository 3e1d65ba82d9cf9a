import { GoLiveError } from './errors.ts'

export interface Page<T> {
  data: T[]
  nextCursor: string | null
}

export interface PageQuery {
  limit?: number | undefined
  cursor?: string | undefined
}

/** Where the next page starts: after the row with this creation time and id. */
export interface Position {
  createdAt: number
  id: string
}

/** Leads behind this row; null, to nothing more, without one. */
export const cursorAt = (last: Position | undefined): string | null =>
  last ? Buffer.from(`${last.createdAt}.${last.id}`).toString('base64url') : null

/** @throws GoLiveError invalid_cursor when it is not one that this API gave out */
export const decodeCursor = (cursor: string | undefined): Position | null => {
  if (cursor === undefined) return null
  const match = /^(\d{1,15})\.([\w-]{1,64})$/.exec(
    Buffer.from(cursor, 'base64url').toString('latin1'),
  )
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
  return { data: rows.slice(0, limit), nextCursor: cursorAt(last) }
}

/**
 * A page of what is all at hand, in the order of its positions; without a limit all of it.
 * @throws GoLiveError invalid_cursor
 */
export const pageIn = <T>(
  all: readonly T[],
  { limit = Number.POSITIVE_INFINITY, cursor }: PageQuery,
  positionOf: (one: T) => Position,
): Page<T> => {
  const after = decodeCursor(cursor)
  const rows = all
    .map((one) => ({ one, ...positionOf(one) }))
    .sort(inOrder)
    .filter((row) => after === null || inOrder(after, row) < 0)
  const { data, nextCursor } = pageOf(rows, limit)
  return { data: data.map(({ one }) => one), nextCursor }
}

const inOrder = (one: Position, other: Position): number =>
  one.createdAt - other.createdAt || (one.id < other.id ? -1 : one.id > other.id ? 1 : 0)
