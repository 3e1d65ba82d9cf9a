import type { Attendee, DiaryLine } from './crowd.ts'
import type { Written } from './record.ts'

/** livekit-server ended, by the clock of this machine in milliseconds. */
export interface Death {
  at: number
  /** a control plane was there to see it */
  seen: boolean
}

/** Who was there, and what was done to them. */
export interface Told {
  crowd: Attendee[]
  deaths: Death[]
  /** no control plane was there to pass a goodbye on */
  outages: Span[]
}

/** What livekit-server's log knows of a stay. */
export interface Logged {
  identity: string
  /** LiveKit's name of the room */
  room: string
  /** when it is named first, by the clock of this machine in milliseconds */
  since: number
  /** its media was up */
  wasActive: boolean
}

/** Between the two it was, as far as the one who wrote it down knows; milliseconds. */
export interface Span {
  from: number
  to: number
}

interface Ending extends Span {
  how: string
  /** how far from it the record may be; null where only what the record itself says counts */
  withinMs: number | null
}

interface Stay {
  sid: string
  who: Attendee
  joined: Span
  end: Ending
}

const PROMPT_MS = 2000
const VANISHED_MS = 25_000
/** After a reconnect the SDK needs a moment to learn by which id it is known now. */
const UNTOLD_MS = 1000

/**
 * What the record says wrongly of calls, against what the people in them wrote down themselves.
 * @param logged by LiveKit's id of the stay. A stay whose signaling breaks off before its media is up is
 * ended at once, which the SDK may take for one; and a server may die before the SDK has told its id
 */
export const wrongsOf = (told: Told, written: Written, logged: Logs): string[] => {
  const { crowd } = told
  const stays = crowd.flatMap((who) => staysOf(who, told, logged))
  const known = new Map(written.stays.map((row) => [row.sid, row]))
  const wrongs = stays.flatMap((stay) => {
    const row = known.get(stay.sid)
    const wasNone = logged.get(stay.sid)?.wasActive === false
    const found = row ? wrongsOfStay(stay, row) : wasNone ? [] : ['not written down']
    return found.map(
      (wrong) => `${wrong}\n  diary: ${diaryOf(stay)}\n  record: ${JSON.stringify(row)}`,
    )
  })
  const claimed = new Set(stays.map((stay) => stay.sid))
  for (const row of written.stays) {
    if (claimed.has(row.sid) || wasOnTheWay(crowd, row)) continue
    wrongs.push(`nobody knows of this stay: ${JSON.stringify(row)}`)
  }
  return wrongs
}

type StayRow = Written['stays'][number]

const wrongsOfStay = (stay: Stay, row: StayRow): string[] => {
  if (row.left_at === null) return ['has no end']
  const wrongs: string[] = []
  const off = distance(row.left_at, stay.end)
  if (off > row.end_accuracy_ms) wrongs.push(`ends ${off} ms off, outside its stated accuracy`)
  if (stay.end.withinMs !== null && off > stay.end.withinMs) wrongs.push(`ends ${off} ms off`)
  if (distance(row.joined_at, stay.joined) > PROMPT_MS) wrongs.push('begins at another time')
  if (row.identity !== stay.who.identity) wrongs.push('is of somebody else')
  return wrongs
}

const distance = (at: number, { from, to }: Span): number => Math.max(from - at, at - to, 0)

type Logs = ReadonlyMap<string, Logged>

const staysOf = (who: Attendee, { deaths, outages }: Told, logged: Logs): Stay[] => {
  const lines = who.diary
  return lines.flatMap((line, at) => {
    if (line.what !== 'in') return []
    const since = begunAt(line, logged)
    const ends = [
      ...ownEnds(who, lines.slice(at + 1), outages),
      ...deaths.filter(({ at }) => at >= since).map((death) => endByDeath(death, outages)),
      ...takeovers(who, since, logged),
    ].map((end) => lostBefore(end, lines.slice(at + 1)))
    const end = ends.sort((a, b) => a.to - b.to)[0]
    if (!end) throw new Error(`${who.identity} is still in the call`)
    return [{ sid: line.sid as string, who, joined: beginning(lines, at, since), end }]
  })
}

/** When livekit-server let them in, which the SDK tells at once, or after a long way back. */
const begunAt = ({ at, sid = '' }: DiaryLine, logged: Logs): number =>
  Math.min(at, logged.get(sid)?.since ?? at)

/** By the SDK alone, but for a new id after a reconnect: it tells that late. */
const beginning = (lines: DiaryLine[], at: number, since: number): Span => {
  const { at: to } = lines[at] as DiaryLine
  const wasAway = lines[at - 1]?.what !== 'joining'
  return wasAway ? { from: since, to: since } : { from: to, to }
}

const ownEnds = (who: Attendee, after: DiaryLine[], outages: Span[]): Ending[] => {
  const ends: Ending[] = []
  const again = after.find((line) => line.what === 'in')
  const leaving = after.find((line) => line.what === 'leaving')
  const out = after.find((line) => line.what === 'out')
  if (again) ends.push({ how: 'came again', from: again.at, to: again.at, withinMs: PROMPT_MS })
  if (leaving) ends.push(goodbye(who, after, leaving, outages))
  if (out && !leaving)
    ends.push({ how: 'was out', from: out.at, to: out.at, withinMs: VANISHED_MS })
  const gone = who.vanishedAt
  if (gone !== null) ends.push({ how: 'vanished', from: gone, to: gone, withinMs: VANISHED_MS })
  return ends
}

/** Heard by nobody while no control plane is there; and who knows what an SDK still sent that hung. */
const goodbye = (
  { vanishedAt, diary }: Attendee,
  after: DiaryLine[],
  leaving: DiaryLine,
  outages: Span[],
): Ending => {
  const { at } = leaving
  const out = after.find((line) => line.what === 'out')
  const to = out ? at : (vanishedAt ?? at)
  const isLost = outages.some((one) => one.from <= (out?.at ?? to) && one.to >= at)
  const isHeard = to === at && !isLost && isConnected(diary, leaving)
  return { how: 'left', from: at, to, withinMs: isHeard ? PROMPT_MS : VANISHED_MS }
}

/** A control plane that dies right behind it has not written it down. */
const endByDeath = ({ at, seen }: Death, outages: Span[]): Ending => {
  const isKnown = seen && !outages.some(({ from }) => from >= at && from - at < PROMPT_MS)
  return { how: 'livekit-server ended', from: at, to: at, withinMs: isKnown ? PROMPT_MS : null }
}

/** Somebody of the same identity came into the same room, be it themselves whose SDK did not tell. */
const takeovers = ({ identity, room }: Attendee, since: number, logged: Logs): Ending[] =>
  [...logged.values()]
    .filter((one) => one.identity === identity && one.room.endsWith(`__${room}`))
    .filter((one) => one.since > since)
    .map(({ since: at }) => ({ how: 'was superseded', from: at, to: at, withinMs: PROMPT_MS }))

/** Who looked for the way back was, for all the server knows, gone from then on. */
const lostBefore = (end: Ending, after: DiaryLine[]): Ending => {
  const until = after.filter((line) => line.at <= end.to)
  const lost = until.findLast((line) => line.what === 'reconnecting' || line.what === 'reconnected')
  return lost?.what === 'reconnecting' || end.how === 'came again'
    ? { ...end, from: Math.min(end.from, lastLoss(until) ?? end.from) }
    : end
}

/** Since when they looked for it; a way back that was lost before its id was told was none. */
const lastLoss = (lines: DiaryLine[]): number | undefined => {
  const at = lines.findLastIndex((line) => line.what === 'reconnecting')
  const [loss, before] = [lines[at], lines[at - 1]]
  const wasBack = before?.what === 'reconnected' && (loss?.at ?? 0) - before.at < UNTOLD_MS
  return wasBack ? (lastLoss(lines.slice(0, at)) ?? loss?.at) : loss?.at
}

/** An SDK may tell its new id and still be on its way back. */
const isConnected = (diary: DiaryLine[], until: DiaryLine): boolean => {
  const before = diary.slice(0, diary.indexOf(until))
  const last = before.findLast((line) => /reconnect/.test(line.what))
  return last?.what !== 'reconnecting'
}

/** The server let them in, and they were gone before their SDK knew. */
const wasOnTheWay = (crowd: Attendee[], { identity, joined_at }: StayRow): boolean =>
  crowd.some(
    (who) =>
      who.identity === identity &&
      who.diary.some((line, at, lines) => {
        if (line.what !== 'joining' && line.what !== 'reconnecting') return false
        const next = lines.slice(at + 1).find((one) => /^(in|out|failed)$/.test(one.what))
        const until = Math.min(next?.at ?? Infinity, who.vanishedAt ?? Infinity)
        return distance(joined_at, { from: line.at, to: until }) <= PROMPT_MS
      }),
  )

const diaryOf = ({ who, joined, end }: Stay): string =>
  `${who.identity} in ${who.room} from ${joined.to}, ${end.how} ${end.from}–${end.to} ` +
  `${JSON.stringify(who.diary)} vanished ${who.vanishedAt}`
