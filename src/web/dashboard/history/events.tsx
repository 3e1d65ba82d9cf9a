import { Badge, Button, NativeSelect } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import type { ApiError } from '../api.ts'
import { Dash } from '../parts/dash.tsx'
import { Moment } from '../parts/moment.tsx'
import { Panel } from '../parts/page.tsx'
import { Empty, Loaded, Trouble } from '../parts/states.tsx'
import { DataTable } from '../parts/table.tsx'
import { Link, tenantPath, useAsked } from '../router.tsx'
import { number, span } from '../text.ts'
import { type Read, readEarlier, readNewest, readOn } from './read-events.ts'
import type { HappenedEvent } from './types.ts'
import { endWords, eventWords, leaveWords, sourceWords } from './words.ts'

const FILTERS = [
  { value: '', label: 'Everything' },
  { value: 'participant.refused,participant.banned', label: 'Refused joins and bans' },
  {
    value: 'participant.joined,participant.left,participant.superseded',
    label: 'Joins and leaves',
  },
  { value: 'session.started,session.ended', label: 'Calls' },
  { value: 'track.published,track.unpublished', label: 'Tracks' },
  { value: 'room.created,room.updated,room.deleted', label: 'Rooms' },
  { value: 'usage.limit_reached', label: 'Limits' },
]

/** What is kept on screen while it grows. */
const MOST_SHOWN = 1000

const cut = (read: Read): Read => ({ ...read, events: read.events.slice(-MOST_SHOWN) })

/** What happened in a tenant, the newest first, as it happens. */
export const Events = ({ slug }: { slug: string }) => {
  const [asked, ask] = useAsked('types')
  const types = FILTERS.find(({ value }) => value === asked)?.value ?? ''
  return (
    <Panel
      title="Events"
      lead="What webhooks and the API tell of, newest first; new ones appear by themselves."
      actions={
        <NativeSelect
          aria-label="Which events"
          data={FILTERS}
          value={types}
          onChange={(event) => ask(event.currentTarget.value || null)}
        />
      }
    >
      <Feed key={types} slug={slug} types={types || null} />
    </Panel>
  )
}

interface FeedProps {
  slug: string
  /** with commas, or all */
  types: string | null
}

const Feed = ({ slug, types }: FeedProps) => {
  const { events, earlier } = useFeed({ slug, types })
  return (
    <Loaded query={events} rows={6}>
      {(read) => (
        <>
          {read.events.length > 0 ? (
            <EventTable slug={slug} events={read.events} />
          ) : (
            none(types !== null && read.last > 0)
          )}
          {earlier.error && <Trouble error={earlier.error} />}
          {read.before !== null && read.events.length < MOST_SHOWN && (
            <div className="more">
              <Button
                variant="default"
                loading={earlier.isPending}
                onClick={() => earlier.mutate(read)}
              >
                Show earlier ones
              </Button>
            </div>
          )}
        </>
      )}
    </Loaded>
  )
}

const useFeed = ({ slug, types }: FeedProps) => {
  const client = useQueryClient()
  const key = ['events', slug, types]
  const events = useQuery<Read, ApiError>({
    queryKey: key,
    queryFn: async () => {
      const known = client.getQueryData<Read>(key)
      return known ? cut(await readOn(slug, types, known)) : readNewest(slug, types)
    },
  })
  const earlier = useMutation<Read, ApiError, Read>({
    mutationFn: (known) => readEarlier(slug, types, known),
    onSuccess: (more) =>
      client.setQueryData<Read>(key, (known) =>
        known ? { ...known, before: more.before, events: merged(more.events, known.events) } : more,
      ),
  })
  return { events, earlier }
}

/** New ones may have come while earlier ones were asked for. */
const merged = (one: HappenedEvent[], other: HappenedEvent[]): HappenedEvent[] => [
  ...new Map([...one, ...other].map((event) => [event.seq, event])).values(),
]

const none = (isFiltered: boolean) =>
  isFiltered ? (
    <Empty icon="search" title="None of these happened lately" />
  ) : (
    <Empty icon="status" title="Nothing has happened yet">
      Rooms that are made, calls that begin and end, who joins, leaves or is refused: it will stand
      here.
    </Empty>
  )

const EventTable = ({ slug, events }: { slug: string; events: HappenedEvent[] }) => (
  <DataTable
    caption="Events, newest first"
    rows={events.toReversed()}
    id={({ seq }) => String(seq)}
    columns={[
      { name: 'When', cell: ({ at }) => <Moment at={at} /> },
      {
        name: 'What',
        cell: ({ type, seq, reconstructed }) => (
          <>
            <span className="why" data-tone={type === 'participant.refused' ? 'lost' : undefined}>
              {eventWords(type)}
            </span>
            <span className="soft sub mono">
              {number(seq)} {type}
            </span>
            {reconstructed && (
              <Badge color="yellow" variant="light" size="sm">
                Concluded
              </Badge>
            )}
          </>
        ),
      },
      {
        name: 'Who',
        cell: ({ data }) =>
          data.identity ? <span className="break">{String(data.identity)}</span> : <Dash />,
      },
      {
        name: 'Room',
        cell: ({ data }) =>
          data.room ? <span className="break">{String(data.room)}</span> : <Dash />,
      },
      { name: 'More', cell: (event) => <Details slug={slug} event={event} /> },
    ]}
  />
)

const seconds = (value: unknown): string => span(Number(value))

const DETAILS: Record<string, (data: Record<string, unknown>) => string> = {
  'participant.refused': ({ reason }) => String(reason),
  'participant.left': ({ leave_reason, seconds: all }) =>
    leave_reason === 'client_initiated'
      ? `after ${seconds(all)}`
      : `${leaveWords(String(leave_reason)).text}, after ${seconds(all)}`,
  'participant.superseded': ({ seconds: all }) => `after ${seconds(all)}`,
  'session.ended': ({ end_reason, peak_participants }) =>
    `${endWords(String(end_reason))}; ${peak_participants} at most`,
  'track.published': ({ source }) => sourceWords(source),
  'track.unpublished': ({ source }) => sourceWords(source),
  'usage.limit_reached': ({ limit, value }) => `${String(limit).replaceAll('_', ' ')}: ${value}`,
}

const Details = ({ slug, event: { type, data } }: { slug: string; event: HappenedEvent }) => {
  const text = DETAILS[type]?.(data)
  const session = typeof data.session_id === 'string' ? data.session_id : null
  const link: ReactNode = session && (
    <Link to={tenantPath(slug, 'calls', session)}>
      The call<span className="hidden"> in {String(data.room)}</span>
    </Link>
  )
  if (!text && !link) return <Dash />
  return (
    <>
      {text && <span className="break">{text}</span>}
      {link && <span className="sub">{link}</span>}
    </>
  )
}
