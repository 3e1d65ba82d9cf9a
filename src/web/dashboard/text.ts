/** Numbers and times in words; English, as the whole dashboard is. */

const NUMBER = new Intl.NumberFormat('en')
const FULL = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'medium' })
const DAY = new Intl.DateTimeFormat('en', { dateStyle: 'medium' })
const UNITS: [number, string][] = [
  [86_400, 'd'],
  [3600, 'h'],
  [60, 'min'],
  [1, 's'],
]
const A_MONTH = 30 * 86_400

export const number = (value: number): string => NUMBER.format(value)
export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${number(count)} ${count === 1 ? one : many}`

export const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

export const sentence = (text: string): string =>
  `${capital(text)}${/[.!?]$/.test(text) ? '' : '.'}`

export const fullTime = (at: string): string => FULL.format(new Date(at))

/** As short as it stays clear: `12 s`, `3 h`, `2 d`. */
export const duration = (seconds: number): string => {
  const [size, unit] = UNITS.find(([size]) => seconds >= size) ?? [1, 's']
  return `${number(Math.max(0, Math.floor(seconds / size)))} ${unit}`
}

/** `5 min ago`, `in 3 h`, or the day when it is long ago or far ahead. */
export const relativeTime = (at: string, now: number): string => {
  const seconds = (now - Date.parse(at)) / 1000
  if (Math.abs(seconds) >= A_MONTH) return DAY.format(new Date(at))
  if (Math.abs(seconds) < 5) return 'just now'
  return seconds > 0 ? `${duration(seconds)} ago` : `in ${duration(-seconds)}`
}

/** Two units where that tells more: `1 h 5 min`, `8 s`. */
export const span = (seconds: number): string => {
  const whole = Math.max(0, Math.round(seconds))
  const at = UNITS.findIndex(([size]) => whole >= size)
  if (at === -1) return seconds > 0 ? 'less than 1 s' : '0 s'
  const [size] = UNITS[at] as [number, string]
  const rest = whole % size
  const next = UNITS[at + 1]
  const more = next && rest >= next[0] ? ` ${duration(rest)}` : ''
  return `${duration(whole)}${more}`
}

/** Minutes as people count them: parts of one only while they are few. */
export const minutes = (seconds: number): string => {
  const value = seconds / 60
  return new Intl.NumberFormat('en', { maximumFractionDigits: value < 100 ? 1 : 0 }).format(value)
}

export const bytes = (count: number): string => {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']
  const power = count < 1 ? 0 : Math.min(Math.floor(Math.log2(count) / 10), units.length - 1)
  const value = count / 1024 ** power
  return `${value.toFixed(value < 10 && power > 0 ? 1 : 0)} ${units[power]}`
}

/** A name and version of the browser that a user agent stands for, as far as it can be told. */
export const browserName = (agent: string | null): string => {
  if (!agent) return 'Unknown browser'
  const known: [string, RegExp][] = [
    ['Edge', /Edg\/(\d+)/],
    ['Firefox', /Firefox\/(\d+)/],
    ['Chrome', /(?:Chrome|CriOS)\/(\d+)/],
    ['Safari', /Version\/(\d+).*Safari/],
  ]
  const browser = known.find(([, pattern]) => pattern.test(agent))
  const system = /Windows|Android|iPhone|iPad|Mac OS X|Linux/.exec(agent)?.[0]
  if (!browser) return agent.slice(0, 60)
  const version = browser[1].exec(agent)?.[1]
  return `${browser[0]} ${version}${system ? ` on ${system.replace('Mac OS X', 'macOS')}` : ''}`
}
