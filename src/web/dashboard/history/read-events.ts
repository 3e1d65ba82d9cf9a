import { at, call, withQuery } from '../api.ts'
import type { EventPage, HappenedEvent } from './types.ts'

/** Behind every number there is: what is asked for there is only how long the log is. */
const END = 10 ** 15 - 1
const MOST = 100
const FIRST_WINDOW = 50
const LARGEST_WINDOW = 10_000
const MOST_WINDOWS = 15

const eventsPath = (slug: string): string => `/tenants${at(slug)}/events`

const page = (slug: string, after: number, limit: number, types: string | null) =>
  call<EventPage>(
    'GET',
    withQuery(eventsPath(slug), { after: String(after), limit: String(limit), types }),
  )

/** Events in their order, and from which number on they were looked for. */
export interface Read {
  streamId: string
  from: number
  next: number
  events: HappenedEvent[]
}

/** All of these types behind one number, up to another. */
const readBetween = async (
  slug: string,
  after: number,
  until: number,
  types: string | null,
): Promise<HappenedEvent[]> => {
  const found: HappenedEvent[] = []
  for (let from = after; from < until; ) {
    const { data, next_after } = await page(slug, from, MOST, types)
    found.push(...data.filter(({ seq }) => seq <= until))
    if (next_after <= from) break
    from = next_after
  }
  return found
}

/** The first number that is still kept, less one. */
const firstKept = async (slug: string): Promise<number> => {
  try {
    await page(slug, 0, 1, null)
    return 0
  } catch (error) {
    const first = (error as { firstSeq?: number | null }).firstSeq
    if (!first) throw error
    return first - 1
  }
}

/** The events before a number, the nearest `wanted` of these types or more, as far as they are kept. */
const readBefore = async (
  slug: string,
  before: number,
  wanted: number,
  types: string | null,
): Promise<{ from: number; events: HappenedEvent[] }> => {
  const floor = await firstKept(slug)
  let events: HappenedEvent[] = []
  let from = before
  let window = FIRST_WINDOW
  for (let n = 0; n < MOST_WINDOWS && from > floor && events.length < wanted; n++) {
    const next = Math.max(floor, from - window)
    events = [...(await readBetween(slug, next, from, types)), ...events]
    from = next
    window = Math.min(window * 2, LARGEST_WINDOW)
  }
  return { from: from <= floor ? 0 : from, events }
}

/** The newest events of these types. */
export const readNewest = async (slug: string, types: string | null): Promise<Read> => {
  const { last_seq, stream_id } = await page(slug, END, 1, null)
  const { from, events } = await readBefore(slug, last_seq, MOST / 2, types)
  return { streamId: stream_id, from, next: last_seq, events }
}

/** What came since; anew when the log is another one by now. */
export const readOn = async (slug: string, types: string | null, known: Read): Promise<Read> => {
  const { last_seq, stream_id } = await page(slug, END, 1, null)
  const isFar = last_seq - known.next > LARGEST_WINDOW
  if (stream_id !== known.streamId || last_seq < known.next || isFar) return readNewest(slug, types)
  const events = await readBetween(slug, known.next, last_seq, types)
  return { ...known, next: last_seq, events: [...known.events, ...events] }
}

/** More of what was before. */
export const readEarlier = async (slug: string, types: string | null, known: Read) => {
  const { from, events } = await readBefore(slug, known.from, MOST / 2, types)
  return { ...known, from, events: [...events, ...known.events] }
}

/** The number before the first event at or after a moment: numbers and times grow together. */
const numberAt = async (slug: string, moment: number, last: number): Promise<number> => {
  let low = await firstKept(slug)
  let high = last
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    const { data } = await page(slug, middle, 1, null)
    const [event] = data
    if (event && Date.parse(event.at) < moment) low = middle + 1
    else high = middle
  }
  return low
}

/** Events of these types between two moments; those that were written down late may be missed. */
export const readAround = async (
  slug: string,
  types: string,
  { from, to }: { from: number; to: number },
): Promise<HappenedEvent[]> => {
  const { last_seq } = await page(slug, END, 1, null)
  const [first, last] = await Promise.all([
    numberAt(slug, from, last_seq),
    numberAt(slug, to, last_seq),
  ])
  const found = await readBetween(slug, first, last, types)
  return found.filter(({ at }) => Date.parse(at) >= from && Date.parse(at) <= to)
}
