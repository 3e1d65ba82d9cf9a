export type Cell = string | number | null

/** What a spreadsheet would take for a formula, and run (OWASP, "CSV Injection"). */
const FORMULA = /^[=+\-@\t\r]/

/** Rows as RFC 4180 has them; text that a spreadsheet would run gets an apostrophe in front. */
export const csv = (header: readonly string[], rows: readonly (readonly Cell[])[]): string =>
  [header, ...rows].map((row) => `${row.map(cellText).join(',')}\r\n`).join('')

const cellText = (cell: Cell): string => {
  if (cell === null) return ''
  if (typeof cell === 'number') return String(cell)
  const text = FORMULA.test(cell) ? `'${cell}` : cell
  return /[",\r\n\t]/.test(text) || text !== cell ? `"${text.replaceAll('"', '""')}"` : text
}
