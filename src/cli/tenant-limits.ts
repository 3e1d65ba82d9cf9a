import { type Command, InvalidArgumentError } from 'commander'

/** What goes back to the server's default, which may be no limit. commander knows no null here. */
const DEFAULT = 'default'

type Value = number | boolean | typeof DEFAULT

/** By flag without its dashes, as commander names it. */
export type LimitOptions = Partial<Record<string, Value>>

interface Limit {
  /** as the admin API calls it */
  field: string
  about: string
  parse: (text: string) => Value
}

/** @throws InvalidArgumentError, which becomes a usage error */
const amount = (text: string): Value => {
  if (text === DEFAULT) return DEFAULT
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('Expected a whole number or "default".')
}

/** @throws InvalidArgumentError */
const yesOrNo = (text: string): boolean => {
  if (text === 'yes' || text === 'no') return text === 'yes'
  throw new InvalidArgumentError('Expected yes or no.')
}

const LIMITS: Limit[] = [
  { field: 'max_rooms', about: 'rooms', parse: amount },
  { field: 'max_participants_per_room', about: 'people in a room', parse: amount },
  { field: 'max_concurrent_participants', about: 'people in calls at a time', parse: amount },
  { field: 'participant_minutes_per_month', about: 'participant minutes a month', parse: amount },
  {
    field: 'participant_minutes_hard',
    about: 'end running calls, too, when the minutes are used up: yes or no',
    parse: yesOrNo,
  },
  { field: 'api_requests_per_second', about: 'API requests a second', parse: amount },
  { field: 'token_mints_per_second', about: 'tokens a second', parse: amount },
  { field: 'max_webhooks', about: 'webhooks', parse: amount },
]

/** A flag for each limit. */
export const limitOptions = (command: Command): Command => {
  for (const { field, about, parse } of LIMITS) {
    const value = parse === yesOrNo ? 'yes|no' : 'n'
    command.option(`--${field.replaceAll('_', '-')} <${value}>`, about, parse)
  }
  return command
}

/** The limits that were named, as the admin API takes them: null is the default. Null when none was. */
export const limitsOf = (options: LimitOptions): Record<string, number | boolean | null> | null => {
  const named = LIMITS.map(({ field }) => [field, options[camelCase(field)]] as const)
  const given = named.flatMap(([field, value]) =>
    value === undefined ? [] : [[field, value === DEFAULT ? null : value] as const],
  )
  return given.length === 0 ? null : Object.fromEntries(given)
}

const camelCase = (field: string): string =>
  field.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
