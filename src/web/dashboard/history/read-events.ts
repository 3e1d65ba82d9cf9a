import { ApiError, at, call, withQuery } from '../api.ts'
import type { EventPage, HappenedEvent, NewestEvents } from './types.ts'

const MOST = '100'
/** Of a rare type a page may be empty ahead of more: so many pages are looked through for one answer. */
const MOST_PAGES = 15
/** Who was away for longer reads anew. */
const FAR = 10_000

/** What is known of a tenant's log: some of its events, in their order. */
export interface Read {
  streamId: string
  /** earlier ones are ahead of this number; null where there are none */
  before: number | null
  /** the last number that was looked at */
  last: number
  events: HappenedEvent[]
}

const eventsPath = (slug: string): string => `/tenants${at(slug)}/events`

/** The newest events of these types, at least one if there is one, ahead of a number or of all. */
const readBack = async (
  slug: string,
  types: string | null,
  before: number | null,
): Promise<Read> => {
  const page = (before: number | null) =>
    call<NewestEvents>(
      'GET',
      withQuery(`${eventsPath(slug)}/newest`, { before: before?.toString() ?? null, types }),
    )
  let found = await page(before)
  const { stream_id: streamId, last_seq: last } = found
  for (let n = 1; n < MOST_PAGES && found.data.length === 0 && found.next_before !== null; n++)
    found = await page(found.next_before)
  return { streamId, last, before: found.next_before, events: found.data.toReversed() }
}

/** The newest events of these types. */
export const readNewest = (slug: string, types: string | null): Promise<Read> =>
  readBack(slug, types, null)

/** More of what was before. */
export const readEarlier = (slug: string, types: string | null, known: Read): Promise<Read> =>
  readBack(slug, types, known.before)

/** What came since; anew when the log is another one by now, or has no beginning any more. */
export const readOn = async (slug: string, types: string | null, known: Read): Promise<Read> => {
  const events: HappenedEvent[] = []
  for (let after = known.last; ; ) {
    const page = await pageBehind(slug, types, after)
    if (page === null || isAnother(page, known)) return readNewest(slug, types)
    events.push(...page.data)
    after = page.next_after
    if (after >= page.last_seq)
      return { ...known, last: after, events: [...known.events, ...events] }
  }
}

/** @returns null when what is asked for is no longer kept */
const pageBehind = async (
  slug: string,
  types: string | null,
  after: number,
): Promise<EventPage | null> => {
  const query = { after: String(after), limit: MOST, types }
  try {
    return await call('GET', withQuery(eventsPath(slug), query))
  } catch (error) {
    if (error instanceof ApiError && error.code === 'events_expired') return null
    throw error
  }
}

const isAnother = ({ stream_id, last_seq }: EventPage, known: Read): boolean =>
  stream_id !== known.streamId || last_seq < known.last || last_seq - known.last > FAR
