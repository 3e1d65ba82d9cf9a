import type { CSSProperties } from 'react'
import { at, withQuery } from '../api.ts'
import { Panel } from '../parts/page.tsx'
import { Empty, Loaded } from '../parts/states.tsx'
import { DataTable } from '../parts/table.tsx'
import { useLive } from '../queries.ts'
import { asking, Link, tenantPath } from '../router.tsx'
import { minutes, number, plural } from '../text.ts'
import { daysIn, everyOf, MonthSwitch, monthName, SaveTable, useMonth } from './month.tsx'

interface Amount {
  participant_seconds: number
  participants: number
  sessions: number
}

interface Usage<Row> {
  data: (Row & Amount)[]
  total: Amount
}

const usagePath = (slug: string, month: string, by: 'day' | 'room'): string =>
  withQuery(`/tenants${at(slug)}/usage`, {
    from: `${month}-01`,
    to: `${month}-${daysIn(month)}`,
    group_by: by,
  })

/** What a tenant's calls used in a month: a picture by day, and the rooms. */
export const TenantUsage = ({ slug }: { slug: string }) => {
  const [month, setMonth] = useMonth()
  return (
    <>
      <DaysPanel slug={slug} month={month} onMonth={setMonth} />
      <RoomsPanel slug={slug} month={month} />
    </>
  )
}

interface DaysPanelProps {
  slug: string
  month: string
  onMonth: (month: string) => void
}

const DaysPanel = ({ slug, month, onMonth }: DaysPanelProps) => {
  const path = usagePath(slug, month, 'day')
  const usage = useLive<Usage<{ day: string }>>(path, everyOf(month))
  return (
    <Panel
      title="Usage by day"
      lead="Days and months are in UTC; calls that run count up to now."
      actions={
        <>
          <MonthSwitch month={month} onMonth={onMonth} />
          <SaveTable path={path} what="the days" />
        </>
      }
    >
      <Loaded query={usage} rows={5}>
        {({ data, total }) => (
          <>
            <Totals total={total} />
            {data.length > 0 ? (
              <Days month={month} days={data} />
            ) : (
              <Empty icon="clock" title={`No call ran in ${monthName(month)}`}>
                The minutes that people spend in calls will stand here, day by day.
              </Empty>
            )}
          </>
        )}
      </Loaded>
    </Panel>
  )
}

export const Totals = ({ total }: { total: Amount }) => (
  <dl className="totals">
    <div>
      <dt>Participant minutes</dt>
      <dd>{minutes(total.participant_seconds)}</dd>
    </div>
    <div>
      <dt>Calls</dt>
      <dd>{number(total.sessions)}</dd>
    </div>
    <div>
      <dt>Joins</dt>
      <dd>{number(total.participants)}</dd>
    </div>
  </dl>
)

type Day = { day: string } & Amount

const words = ({ participant_seconds, sessions, participants }: Amount): string =>
  `${minutes(participant_seconds)} min, ${plural(sessions, 'call')}, ${plural(participants, 'join')}`

const Days = ({ month, days }: { month: string; days: Day[] }) => {
  const byDay = new Map(days.map((one) => [one.day, one]))
  const most = Math.max(...days.map((one) => one.participant_seconds), 1)
  const all = Array.from({ length: daysIn(month) }, (_, n) => {
    const day = `${month}-${String(n + 1).padStart(2, '0')}`
    return byDay.get(day) ?? { day, participant_seconds: 0, participants: 0, sessions: 0 }
  })
  return (
    <>
      <div className="chart">
        <span className="chart-most soft">{minutes(most)} min</span>
        <div
          className="chart-bars"
          role="img"
          aria-label={`Participant minutes by day in ${monthName(month)}. The table below says the same.`}
        >
          {all.map((one) => (
            <div key={one.day} className="chart-day" title={`${one.day}: ${words(one)}`}>
              <span
                className="chart-bar"
                style={{ '--part': `${(one.participant_seconds / most) * 100}%` } as CSSProperties}
                data-none={one.participant_seconds === 0 || undefined}
              />
              <span className="chart-name">{Number(one.day.slice(8))}</span>
            </div>
          ))}
        </div>
      </div>
      <details className="as-table">
        <summary>The days as a table</summary>
        <DataTable
          caption={`Usage by day in ${monthName(month)}`}
          rows={days}
          id={({ day }) => day}
          columns={[{ name: 'Day', cell: ({ day }) => day }, ...AMOUNTS]}
        />
      </details>
    </>
  )
}

export const AMOUNTS: { name: string; cell: (row: Amount) => string; isNumber: true }[] = [
  { name: 'Participant minutes', cell: (row) => minutes(row.participant_seconds), isNumber: true },
  { name: 'Calls', cell: (row) => number(row.sessions), isNumber: true },
  { name: 'Joins', cell: (row) => number(row.participants), isNumber: true },
]

const MOST_ROOMS = 200

const RoomsPanel = ({ slug, month }: { slug: string; month: string }) => {
  const path = usagePath(slug, month, 'room')
  const usage = useLive<Usage<{ room: string }>>(path, everyOf(month))
  return (
    <Panel
      title="Usage by room"
      lead={`${monthName(month)}, the most used first.`}
      actions={<SaveTable path={path} what="the rooms" />}
    >
      <Loaded query={usage}>
        {({ data }) =>
          data.length > 0 ? (
            <Rooms slug={slug} rooms={data} />
          ) : (
            <Empty icon="clock" title="No room was used" />
          )
        }
      </Loaded>
    </Panel>
  )
}

const Rooms = ({ slug, rooms }: { slug: string; rooms: ({ room: string } & Amount)[] }) => {
  const sorted = rooms.toSorted((a, b) => b.participant_seconds - a.participant_seconds)
  return (
    <>
      <DataTable
        caption="Usage by room, the most used first"
        rows={sorted.slice(0, MOST_ROOMS)}
        id={({ room }) => room}
        columns={[
          {
            name: 'Room',
            cell: ({ room }) => (
              <Link className="strong-link" to={asking(tenantPath(slug, 'calls'), { room })}>
                <span className="break room-name">{room}</span>
              </Link>
            ),
          },
          ...AMOUNTS,
        ]}
      />
      {sorted.length > MOST_ROOMS && (
        <p className="soft more">
          And {plural(sorted.length - MOST_ROOMS, 'more room')}, which the CSV has, too.
        </p>
      )}
    </>
  )
}
