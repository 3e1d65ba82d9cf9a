import type { RefusedJoin, Stay, Track } from './types.ts'

/** What the picture of a call draws; all moments in milliseconds. */

export interface Span {
  from: number
  to: number
}

export interface Lane extends Span {
  source: 'microphone' | 'camera' | 'screen'
  mutes: Span[]
}

export interface Bar extends Span {
  sid: string
  /** goes on */
  isOpen: boolean
  leaveReason: string | null
  reconnects: number[]
  lanes: Lane[]
}

/** One person, however often they came; or one who was only refused. */
export interface Row {
  identity: string
  name: string
  bars: Bar[]
  refusals: number[]
}

const LANES: Record<string, Lane['source']> = {
  microphone: 'microphone',
  camera: 'camera',
  screen_share: 'screen',
}

/** A call of no length has a picture, too. */
const LEAST_MS = 1000

/** From the first who came to the last who left, or up to now. */
export const boundsOf = (
  { started_at, ended_at }: { started_at: string; ended_at: string | null },
  stays: Stay[],
  now: number,
): Span => {
  const ends = stays.map(({ left_at }) => (left_at === null ? now : Date.parse(left_at)))
  const from = Math.min(Date.parse(started_at), ...stays.map((stay) => Date.parse(stay.joined_at)))
  const end = ended_at === null ? now : Date.parse(ended_at)
  return { from, to: Math.max(end, from + LEAST_MS, ...ends) }
}

/** In the order in which they came; who never got in stands last. */
export const rowsOf = (stays: Stay[], refusals: RefusedJoin[], { from, to }: Span): Row[] => {
  const rows = new Map<string, Row>()
  const rowOf = (identity: string, name: string): Row => {
    const row = rows.get(identity) ?? { identity, name, bars: [], refusals: [] }
    rows.set(identity, row)
    return row
  }
  for (const stay of stays) rowOf(stay.identity, stay.name).bars.push(barOf(stay, to))
  for (const { identity, at } of refusals) {
    const moment = Date.parse(at)
    if (moment >= from && moment <= to) rowOf(identity, '').refusals.push(moment)
  }
  return [...rows.values()]
}

const barOf = (stay: Stay, end: number): Bar => {
  const to = stay.left_at === null ? end : Date.parse(stay.left_at)
  return {
    sid: stay.sid,
    from: Date.parse(stay.joined_at),
    to,
    isOpen: stay.left_at === null,
    leaveReason: stay.leave_reason,
    reconnects: stay.reconnected_at.map(Date.parse),
    lanes: stay.tracks.flatMap((track) => laneOf(track, to)),
  }
}

const laneOf = (track: Track, end: number): Lane[] => {
  const source = LANES[track.source]
  if (!source) return []
  const to = Math.min(end, track.unpublished_at === null ? end : Date.parse(track.unpublished_at))
  const mutes = track.mutes
    .map((mute) => ({
      from: Date.parse(mute.from),
      to: Math.min(to, mute.to === null ? to : Date.parse(mute.to)),
    }))
    .filter((mute) => mute.to > mute.from)
  return [{ source, from: Date.parse(track.published_at), to, mutes }]
}

/** How far along the picture a moment stands, in percent. */
export const percentOf = (at: number, { from, to }: Span): number =>
  Math.min(100, Math.max(0, ((at - from) / (to - from)) * 100))

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const STEPS = [
  ...[SECOND, 2 * SECOND, 5 * SECOND, 10 * SECOND, 15 * SECOND, 30 * SECOND],
  ...[MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE],
  ...[HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, 24 * HOUR],
]

/**
 * Round moments of the viewer's clock, at most so many.
 * @param offsetMinutes what UTC is ahead of that clock, as getTimezoneOffset says
 */
export const ticksOf = (
  { from, to }: Span,
  most: number,
  offsetMinutes: number,
): { step: number; at: number[] } => {
  const offset = offsetMinutes * MINUTE
  const step =
    STEPS.find((one) => (to - from) / one <= most) ??
    24 * HOUR * Math.ceil((to - from) / (24 * HOUR * most))
  const first = Math.ceil((from - offset) / step) * step + offset
  const at = Array.from({ length: Math.floor((to - first) / step) + 1 }, (_, n) => first + n * step)
  return { step, at }
}
