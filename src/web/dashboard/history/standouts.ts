import { plural } from '../text.ts'
import type { CallSession, RefusedJoin, Stay } from './types.ts'
import { endWords, isFailedEnd, leaveWords } from './words.ts'

export interface Standout {
  tone: 'bad' | 'note'
  text: string
  /** whom it is about, the first of them */
  people: string[]
}

const RESTLESS = 3
const MOST_NAMED = 5

/** What somebody who asks "why did this call fail?" would look for, the worst first. */
export const standoutsOf = (
  session: CallSession,
  stays: Stay[],
  refusals: RefusedJoin[],
): Standout[] => [
  ...serverEnd(session),
  ...refused(refusals),
  ...lost(stays),
  ...restless(stays),
  ...superseded(stays),
  ...silent(stays),
  ...relayed(stays),
]

const serverEnd = ({ end_reason }: CallSession): Standout[] =>
  isFailedEnd(end_reason)
    ? [{ tone: 'bad', text: `${endWords(end_reason)} while the call was running.`, people: [] }]
    : []

/** Grouped by the reason, for each has another cure. */
const refused = (refusals: RefusedJoin[]): Standout[] =>
  [...Map.groupBy(refusals, ({ code }) => code).values()].map((all) => ({
    tone: 'bad',
    text: `${plural(all.length, 'join was', 'joins were')} refused: ${all[0]?.reason}`,
    people: named(all.map(({ identity }) => identity)),
  }))

const about = (
  tone: Standout['tone'],
  found: Stay[],
  text: (many: string) => string,
): Standout[] => {
  const people = [...new Set(found.map(({ identity }) => identity))]
  if (people.length === 0) return []
  return [{ tone, text: text(plural(people.length, 'person', 'people')), people: named(people) }]
}

const named = (people: string[]): string[] => [...new Set(people)].slice(0, MOST_NAMED)

const lost = (stays: Stay[]): Standout[] =>
  [...Map.groupBy(stays.filter(isLost), (stay) => leaveWords(stay.leave_reason).text)].flatMap(
    ([words, found]) => about('bad', found, (many) => `${many}${clause(words)}.`),
  )

/** Some words tell what somebody did, others what happened to them. */
const clause = (words: string): string => {
  const text = words.charAt(0).toLowerCase() + words.slice(1)
  return /^(lost|never)/.test(text) ? ` ${text}` : `: ${text}`
}

const isLost = ({ leave_reason }: Stay): boolean =>
  leave_reason !== null && leaveWords(leave_reason).tone === 'lost' && !isFailedEnd(leave_reason)

const restless = (stays: Stay[]): Standout[] =>
  about(
    'bad',
    stays.filter(({ reconnects }) => reconnects >= RESTLESS),
    (many) => `${many} reconnected ${RESTLESS} times or more: their network is not steady.`,
  )

const superseded = (stays: Stay[]): Standout[] =>
  about(
    'note',
    stays.filter(({ leave_reason }) => leave_reason === 'duplicate_identity'),
    (many) => `${many} joined again with the same identity, which ended the join before.`,
  )

const silent = (stays: Stay[]): Standout[] => {
  const whole = Map.groupBy(stays, ({ identity }) => identity).values()
  const found = [...whole].filter((all) => all.every(isSilent)).flatMap((all) => all.slice(0, 1))
  return about(
    'note',
    found,
    (many) => `${many} never published a microphone or camera: they could not be heard or seen.`,
  )
}

const isSilent = ({ tracks }: Stay): boolean =>
  !tracks.some(({ source }) => source === 'microphone' || source === 'camera')

const relayed = (stays: Stay[]): Standout[] =>
  about(
    'note',
    stays.filter(({ transport }) => transport === 'turn' || transport === 'tcp'),
    (many) =>
      `${many} had no way over UDP and came over TCP or TURN: picture and sound may lag there.`,
  )
