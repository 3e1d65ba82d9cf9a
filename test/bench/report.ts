/** One line of the table: a number with its spread, and whether it is good enough. */
export interface Result {
  id: string
  what: string
  against: string
  target: string
  unit: '×' | 'ms' | 'µs' | 'MB' | 'KB' | '/s'
  median: number
  min: number
  max: number
  /** null where the number is only reported */
  reached: boolean | null
  /** absolute numbers behind the ratio; they depend on the machine */
  details: Record<string, unknown>
}

export interface Failure {
  id: string
  error: string
}

/** Nearest-rank percentile of at least one value. */
export const percentile = (values: readonly number[], rank: number): number => {
  const sorted = [...values].sort((a, b) => a - b)
  const at = Math.min(sorted.length - 1, Math.max(0, Math.ceil((rank / 100) * sorted.length) - 1))
  return sorted[at] as number
}

export const spread = (values: readonly number[]): Pick<Result, 'median' | 'min' | 'max'> => ({
  median: percentile(values, 50),
  min: Math.min(...values),
  max: Math.max(...values),
})

const figure = (value: number): string =>
  Math.abs(value) >= 100 ? value.toFixed(0) : value.toFixed(Math.abs(value) >= 10 ? 1 : 2)

const cells = (result: Result | Failure): string[] => {
  if ('error' in result) return [result.id, '', '', `failed: ${result.error}`, 'no']
  const { id, what, against, target, unit, median, min, max, reached } = result
  const measured = `${figure(median)} ${unit} (${figure(min)}–${figure(max)})`
  return [
    `${id}: ${what}`,
    against,
    target,
    measured,
    reached === null ? '–' : reached ? 'yes' : 'no',
  ]
}

/** The results as a Markdown table, columns aligned for a terminal. */
export const table = (results: readonly (Result | Failure)[]): string => {
  const rows = [
    ['what', 'against', 'target', 'measured (min–max)', 'reached'],
    ...results.map(cells),
  ]
  const widths =
    rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? []
  const lines = rows.map(
    (row) => `| ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |`,
  )
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`
  return [lines[0], rule, ...lines.slice(1)].join('\n')
}
