import type { Terminal } from './terminal.ts'

/** Prints a command's one result: JSON for programs, sentences and tables for people. */
export class Output {
  readonly json: boolean
  readonly #terminal: Terminal

  constructor(terminal: Terminal, json: boolean) {
    this.#terminal = terminal
    this.json = json
  }

  /** @param human its lines; gets the columns that the terminal has */
  result(value: unknown, human: (width: number) => string[]): Promise<void> {
    const text = this.json ? JSON.stringify(value, null, 2) : human(this.#terminal.width).join('\n')
    return this.#terminal.write(`${text}\n`)
  }

  /** One of many that come one after the other: a line of JSON, or one for people. */
  line(value: unknown, human: () => string): Promise<void> {
    return this.text(`${this.json ? JSON.stringify(value) : human()}\n`)
  }

  /** What has its form already. */
  text(text: string): Promise<void> {
    return this.#terminal.write(text)
  }

  /** Beside the result, on standard error. */
  aside(sentence: string): Promise<void> {
    return this.#terminal.warn(`golive: ${sentence}\n`)
  }

  /** Nobody reads what is written any more. */
  get isLeft(): boolean {
    return this.#terminal.isLeft
  }
}

/** Names come from tenants and from people in calls: none may steer the operator's terminal. */
export const printable = (text: string): string =>
  text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '\uFFFD')

export interface Column<Row> {
  title: string
  text: (row: Row) => string
  /** may be cut when the terminal is narrow; what people copy from must not be */
  cut?: true
  /** numbers stand under each other by their ends */
  right?: true
}

const GAP = '  '
const LEAST_CUT = 6

/** A table without borders, in at most `width` columns as long as cutting can do it. */
export const table = <Row>(columns: Column<Row>[], rows: Row[], width: number): string[] => {
  const cells = rows.map((row) => columns.map((column) => printable(column.text(row))))
  const widths = columns.map((column, at) =>
    Math.max(column.title.length, ...cells.map((line) => Bun.stringWidth(line[at] ?? ''))),
  )
  const fitted = fit(widths, columns, width)
  return [columns.map((column) => column.title), ...cells].map((line) =>
    line
      .map((text, at) => pad(text, fitted[at] ?? 0, columns[at]?.right))
      .join(GAP)
      .trimEnd(),
  )
}

/** Takes columns from the widest column that may be cut, until the line fits. */
const fit = (widths: number[], columns: { cut?: true }[], width: number): number[] => {
  const fitted = [...widths]
  let excess = fitted.reduce((sum, one) => sum + one + GAP.length, -GAP.length) - width
  while (excess > 0) {
    const candidates = fitted.map((one, at) => (columns[at]?.cut && one > LEAST_CUT ? one : 0))
    const widest = Math.max(0, ...candidates)
    if (widest === 0) break
    fitted[candidates.indexOf(widest)] = widest - 1
    excess--
  }
  return fitted
}

const pad = (text: string, width: number, right?: true): string => {
  const short = cut(text, width)
  const space = ' '.repeat(Math.max(0, width - Bun.stringWidth(short)))
  return right ? space + short : short + space
}

const cut = (text: string, width: number): string => {
  if (Bun.stringWidth(text) <= width) return text
  let short = ''
  for (const char of text) {
    if (Bun.stringWidth(short + char) > width - 1) break
    short += char
  }
  return `${short}…`
}

/** One thing's members, a line each, the names aligned. */
export const fields = (pairs: [string, string][]): string[] => {
  const width = Math.max(...pairs.map(([name]) => name.length))
  return pairs.map(([name, text]) => `  ${name.padEnd(width)}  ${printable(text)}`.trimEnd())
}

/** `1 person`, `3 people`. */
export const count = (amount: number, one: string, many = `${one}s`): string =>
  `${amount.toLocaleString('en-US')} ${amount === 1 ? one : many}`

const UNITS: [number, string][] = [
  [86_400_000, 'day'],
  [3_600_000, 'hour'],
  [60_000, 'minute'],
  [1000, 'second'],
]

/** A length of time in its largest whole unit. */
export const duration = (ms: number): string => {
  const [size, unit] = UNITS.find(([length]) => ms >= length) ?? [1000, 'second']
  return count(Math.floor(ms / size), unit)
}

/** The same with what is left over in the next unit: `1 hour 35 minutes`. */
export const length = (ms: number): string => {
  const at = UNITS.findIndex(([size]) => ms >= size)
  const [size] = UNITS[at] ?? [1000]
  const next = UNITS[at + 1]
  const rest = at === -1 ? 0 : ms % size
  return next && rest >= next[0] ? `${duration(ms)} ${duration(rest)}` : duration(ms)
}

/** `3 hours ago`, `in 2 days`; `none` for no time at all. */
export const relative = (time: string | null, now: number, none: string): string => {
  if (time === null) return none
  const ms = Date.parse(time) - now
  if (Math.abs(ms) < 1000) return 'just now'
  return ms < 0 ? `${duration(-ms)} ago` : `in ${duration(ms)}`
}

/** A time to the minute, in UTC, and how far off it is. */
export const moment = (time: string | null, now: number, none: string): string =>
  time === null
    ? none
    : `${time.slice(0, 10)} ${time.slice(11, 16)} UTC (${relative(time, now, none)})`
