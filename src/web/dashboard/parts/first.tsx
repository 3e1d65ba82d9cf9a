import { Button } from '@mantine/core'
import { useState } from 'react'
import { plural } from '../text.ts'

const SHOWN_AT_FIRST = 30

/**
 * The first rows of many, and a button for the rest of them.
 * @param one what a row is called after a number: "more person", and `many` of them
 */
export const useFirst = <T,>(rows: T[], one: string, many?: string) => {
  const [isWhole, setWhole] = useState(false)
  const shown = isWhole ? rows : rows.slice(0, SHOWN_AT_FIRST)
  const hidden = rows.length - shown.length
  const rest = hidden > 0 && (
    <div className="more">
      <Button variant="default" onClick={() => setWhole(true)}>
        Show {plural(hidden, one, many)}
      </Button>
    </div>
  )
  return { shown, rest }
}
