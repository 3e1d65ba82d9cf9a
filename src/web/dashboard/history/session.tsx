import { Alert } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Fragment } from 'react'
import { type ApiError, at, call } from '../api.ts'
import { CopyIcon } from '../parts/copy.tsx'
import { Facts } from '../parts/facts.tsx'
import { Icon } from '../parts/icons.tsx'
import { Moment, zone } from '../parts/moment.tsx'
import { Page, Panel } from '../parts/page.tsx'
import { Empty, Loaded } from '../parts/states.tsx'
import { LIVE_MS, useWhole } from '../queries.ts'
import { Link, tenantPath } from '../router.tsx'
import { minutes, number, span } from '../text.ts'
import { CallEnd, lengthOf } from './call-table.tsx'
import { RefusalTable, useRefusals } from './refusals.tsx'
import { type Standout, standoutsOf } from './standouts.ts'
import { StayTable } from './stays.tsx'
import { Timeline } from './timeline.tsx'
import { boundsOf, rowsOf } from './timeline-model.ts'
import type { CallSession, RefusedJoin, Stay } from './types.ts'

const MOST_PAGES = 50

/** One call: what happened in it, to whom, and why. */
export const CallPage = ({ slug, id }: { slug: string; id: string }) => {
  const path = `/tenants${at(slug)}/sessions${at(id)}`
  const session = useQuery<CallSession, ApiError>({
    queryKey: [path],
    queryFn: () => call('GET', path),
    refetchInterval: ({ state }) => (state.data?.ended_at ? false : LIVE_MS),
  })
  const found = session.data
  return (
    <Page
      title={found?.room ?? 'Call'}
      tab={found ? `Call in ${found.room}` : 'Call'}
      above={
        <Link className="back" to={tenantPath(slug, 'calls')}>
          <Icon name="back" />
          Calls of {slug}
        </Link>
      }
      lead={found && <CallLead found={found} />}
    >
      <Loaded query={session} rows={6}>
        {(found) => <CallBody path={path} found={found} />}
      </Loaded>
    </Page>
  )
}

const CallLead = ({ found }: { found: CallSession }) => (
  <>
    <Moment at={found.started_at} />
    {found.ended_at === null ? ' until now' : ' to '}
    {found.ended_at && <Moment at={found.ended_at} />}
  </>
)

const CallBody = ({ path, found }: { path: string; found: CallSession }) => {
  const stays = useWhole<Stay>(`${path}/participants`, {
    isOver: found.ended_at !== null,
    most: MOST_PAGES,
  })
  const refusals = useRefusals(path, found)
  const refused = refusals.data?.data ?? []
  return (
    <>
      <CallFacts found={found} stays={stays.data?.data} />
      <Loaded query={stays} rows={4}>
        {({ data, isCut, at }) => (
          <>
            <Standouts
              found={standoutsOf(found, data, refused)}
              isSure={refusals.data !== undefined}
            />
            <Picture found={found} stays={data} refusals={refused} now={at} />
            <Panel title="People" lead="A row for each time that somebody came.">
              {isCut && <Cut many={data.length} />}
              <StayTable stays={data} />
            </Panel>
          </>
        )}
      </Loaded>
      <Panel
        title="Refused joins"
        lead="To this room, from ten minutes before the call to ten minutes after it. Whoever tries again at once stands here once a minute."
      >
        <Loaded query={refusals}>
          {({ data, isCut }) =>
            data.length > 0 ? (
              <>
                {isCut && <Cut many={data.length} />}
                <RefusalTable call={found} refusals={data} />
              </>
            ) : (
              <Empty icon="check" title="No join was refused" />
            )
          }
        </Loaded>
      </Panel>
    </>
  )
}

const Cut = ({ many }: { many: number }) => (
  <Alert color="yellow" mb="md">
    These are the first {number(many)} rows; the API has all of them.
  </Alert>
)

const CallFacts = ({ found, stays }: { found: CallSession; stays: Stay[] | undefined }) => {
  const people = stays && new Set(stays.map(({ identity }) => identity)).size
  return (
    <Panel title="Facts">
      <Facts
        facts={[
          [found.ended_at === null ? 'State' : 'How it ended', <CallEnd key="end" call={found} />],
          ['Lasted', lengthOf(found)],
          ['People', people === undefined ? '…' : number(people)],
          ['At most at once', number(found.peak_participants)],
          ['Participant minutes', minutes(found.participant_seconds)],
          ['End known', accuracyOf(found)],
          [
            'LiveKit’s id',
            <span className="with-copy" key="sid">
              <code className="break">{found.livekit_sid}</code>
              <CopyIcon text={found.livekit_sid} what="LiveKit’s id of the call" />
            </span>,
          ],
        ]}
      />
    </Panel>
  )
}

const accuracyOf = ({ ended_at, end_accuracy_seconds }: CallSession): string => {
  if (ended_at === null) return '—'
  return end_accuracy_seconds === 0 ? 'to the moment' : `to within ${span(end_accuracy_seconds)}`
}

/** @param isSure whether it is known who was refused */
const Standouts = ({ found, isSure }: { found: Standout[]; isSure: boolean }) => (
  <Panel title="What stands out">
    {found.length === 0 ? (
      <p className="calm">
        <Icon name="check" />
        {isSure
          ? 'Nothing does: everybody who asked got in, and nobody was lost.'
          : 'Nobody was lost. Whether a join was refused is not known yet.'}
      </p>
    ) : (
      <ul className="standouts">
        {found.map(({ tone, text, people }) => (
          <li key={text} data-tone={tone}>
            <Icon name={tone === 'bad' ? 'warning' : 'people'} />
            <span>
              {text}
              {people.length > 0 && <Names people={people} />}
            </span>
          </li>
        ))}
      </ul>
    )}
  </Panel>
)

/** Each by itself: names are written from the left or from the right. */
const Names = ({ people }: { people: string[] }) => (
  <span className="soft sub break">
    {people.map((name, n) => (
      <Fragment key={name}>
        {n > 0 && ', '}
        <bdi>{name}</bdi>
      </Fragment>
    ))}
  </span>
)

interface PictureProps {
  found: CallSession
  stays: Stay[]
  refusals: RefusedJoin[]
  now: number
}

const Picture = ({ found, stays, refusals, now }: PictureProps) => {
  const bounds = boundsOf(found, stays, now)
  const rows = rowsOf(stays, refusals, bounds)
  return (
    <Panel
      title="Timeline"
      lead={`On your clock (${zone()}). A row for each person; who never got in stands last.`}
    >
      <Timeline rows={rows} bounds={bounds} />
    </Panel>
  )
}
