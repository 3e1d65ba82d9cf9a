import { Alert, Progress } from '@mantine/core'
import type { ReactNode } from 'react'
import { CallList } from '../parts/call-list.tsx'
import { Icon, type IconName } from '../parts/icons.tsx'
import { Page, Panel } from '../parts/page.tsx'
import { Loaded } from '../parts/states.tsx'
import { ChildBadge } from '../parts/status-badge.tsx'
import { Time } from '../parts/time.tsx'
import { useLive, useStatus } from '../queries.ts'
import { Link } from '../router.tsx'
import { bytes, capital, duration, number, plural } from '../text.ts'
import type { List, LiveCall, Status } from '../types.ts'

/** Is everything well, and what is going on now. */
export const OverviewPage = () => {
  const status = useStatus()
  const calls = useLive<List<LiveCall>>('/calls')
  return (
    <Page title="Overview">
      <Loaded query={status} rows={6}>
        {(status) => (
          <>
            <Warnings warnings={status.warnings} />
            <Figures status={status} />
            <Health status={status} />
          </>
        )}
      </Loaded>
      <Panel
        title="Live calls"
        actions={
          <Link className="quiet-link" to="/ui/calls">
            All live calls
          </Link>
        }
      >
        <Loaded query={calls}>{({ data }) => <CallList calls={data.slice(0, 5)} />}</Loaded>
      </Panel>
    </Page>
  )
}

export const Warnings = ({ warnings }: { warnings: Status['warnings'] }) =>
  warnings.map(({ code, message, hint }) => (
    <Alert key={code} color="yellow" icon={<Icon name="warning" />} title={capital(message)}>
      {hint}
    </Alert>
  ))

const Figures = ({ status }: { status: Status }) => {
  const { calls, usage } = status
  const taken =
    calls.max_participants === 0 ? 0 : (calls.participants / calls.max_participants) * 100
  return (
    <div className="figures">
      <Figure icon="camera" name="Calls now" value={number(calls.rooms)} />
      <Figure icon="people" name="People now" value={number(calls.participants)} />
      <Figure
        icon="clock"
        name="Minutes this month"
        value={number(usage.participant_minutes_this_month)}
        note="of all people together"
      />
      <Figure
        icon="server"
        name="Capacity used"
        value={`${Math.round(taken)} %`}
        note={`of ${plural(calls.max_participants, 'seat')}`}
      >
        <Progress value={taken} color={taken >= 80 ? 'red' : 'blue'} aria-label="Capacity used" />
      </Figure>
    </div>
  )
}

interface FigureProps {
  icon: IconName
  name: string
  value: string
  note?: string
  children?: ReactNode
}

const Figure = ({ icon, name, value, note, children }: FigureProps) => (
  <section className="figure" aria-label={name}>
    <p className="figure-name">
      <Icon name={icon} />
      {name}
    </p>
    <p className="figure-value">{value}</p>
    {note && <p className="figure-note">{note}</p>}
    {children}
  </section>
)

const Health = ({ status }: { status: Status }) => {
  const { livekit, disk, database } = status
  return (
    <Panel
      title="Health"
      actions={
        <Link className="quiet-link" to="/ui/status">
          Status
        </Link>
      }
    >
      <ul className="health">
        <HealthLine icon="server" name="Media server" value={<ChildBadge state={livekit.state} />}>
          {livekit.started_at && (
            <>
              started <Time at={livekit.started_at} />, {plural(livekit.restarts, 'restart')}
            </>
          )}
        </HealthLine>
        <HealthLine icon="shield" name="Certificate" value={certificateState(status)}>
          {certificateNote(status)}
        </HealthLine>
        <HealthLine icon="disk" name="Disk" value={disk ? `${bytes(disk.free_bytes)} free` : '—'}>
          {disk && `of ${bytes(disk.total_bytes)}, holding ${disk.path}`}
        </HealthLine>
        <HealthLine icon="database" name="Database" value={database.ok ? 'OK' : 'Cannot be read'}>
          {`server up for ${duration(status.uptime_seconds)}`}
        </HealthLine>
      </ul>
    </Panel>
  )
}

const isOwnMachine = ({ public_url }: Status): boolean => public_url.startsWith('http://')

export const certificateState = (status: Status): ReactNode => {
  const { certificate } = status
  if (certificate?.temporary) return 'None yet'
  if (certificate) return <Time at={certificate.not_after} />
  return isOwnMachine(status) ? 'Not needed' : '—'
}

const certificateNote = (status: Status): string | null => {
  const { certificate } = status
  if (certificate?.last_error) return certificate.last_error
  if (certificate?.temporary) return 'the certificate authority is being asked'
  if (certificate) return `expires; for ${certificate.names.join(', ')}`
  return isOwnMachine(status) ? 'this server is reached without TLS' : 'kept outside of GoLive'
}

interface HealthLineProps {
  icon: IconName
  name: string
  value: ReactNode
  children: ReactNode
}

const HealthLine = ({ icon, name, value, children }: HealthLineProps) => (
  <li className="health-line">
    <span className="health-icon">
      <Icon name={icon} />
    </span>
    <span className="health-name">{name}</span>
    <span className="health-value">{value}</span>
    <span className="health-note">{children}</span>
  </li>
)
