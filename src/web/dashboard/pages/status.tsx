import { Button } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useState } from 'react'
import { call } from '../api.ts'
import { Confirm } from '../parts/confirm.tsx'
import { CopyField } from '../parts/copy.tsx'
import { None } from '../parts/dash.tsx'
import { Facts } from '../parts/facts.tsx'
import { Icon } from '../parts/icons.tsx'
import { LogLines } from '../parts/log-lines.tsx'
import { Page, Panel } from '../parts/page.tsx'
import { Empty, Loaded } from '../parts/states.tsx'
import { ChildBadge } from '../parts/status-badge.tsx'
import { Time } from '../parts/time.tsx'
import { useAct, useStatus } from '../queries.ts'
import { bytes, duration, plural } from '../text.ts'
import type { Status } from '../types.ts'
import { certificateState, Warnings } from './overview.tsx'

/** How the server and its media server are, in full. */
export const StatusPage = () => {
  const status = useStatus()
  return (
    <Page title="Status">
      <Loaded query={status} rows={6}>
        {(status) => (
          <>
            <Warnings warnings={status.warnings} />
            <MediaServer status={status} />
            <div className="columns">
              <Server status={status} />
              <Addresses status={status} />
            </div>
            {status.certificate && <Certificate certificate={status.certificate} />}
            <LastLines lines={status.livekit.last_lines} />
          </>
        )}
      </Loaded>
    </Page>
  )
}

const MediaServer = ({ status: { livekit, calls } }: { status: Status }) => {
  const [asking, setAsking] = useState(false)
  return (
    <Panel
      title="Media server"
      actions={
        <Button
          variant="default"
          leftSection={<Icon name="rotate" />}
          onClick={() => setAsking(true)}
        >
          Restart
        </Button>
      }
    >
      <Facts
        facts={[
          ['State', <ChildBadge key="state" state={livekit.state} />],
          ['Version', `livekit-server ${livekit.version}`],
          ['Started', <Time key="started" at={livekit.started_at} none="not running" />],
          ['Restarts', livekit.restarts],
          ['Process', livekit.pid ?? '—'],
          ['Last end', <LastExit key="exit" exit={livekit.last_exit} />],
        ]}
      />
      {asking && <Restart people={calls.participants} onClose={() => setAsking(false)} />}
    </Panel>
  )
}

const LastLines = ({ lines }: { lines: string[] }) => (
  <Panel title="Last lines of the media server">
    {lines.length > 0 ? (
      <LogLines lines={lines} />
    ) : (
      <Empty icon="audit" title="It has not written anything yet" />
    )}
  </Panel>
)

const LastExit = ({ exit }: { exit: Status['livekit']['last_exit'] }) =>
  exit === null ? (
    <None />
  ) : (
    <>
      <Time at={exit.at} />, {exit.signal ?? `code ${exit.code ?? 'unknown'}`}
      {exit.asked ? ', as asked' : ', unexpected'}
    </>
  )

/** Calls drop for some seconds: with people in them it must be said and meant. */
const Restart = ({ people, onClose }: { people: number; onClose: () => void }) => {
  const isBusy = people > 0
  const restart = useAct(
    () => call('POST', '/livekit/restart', { force: isBusy }),
    () => {
      notifications.show({ color: 'teal', message: 'The media server restarts.' })
      onClose()
    },
  )
  return (
    <Confirm title="Restart the media server?" action="Restart" act={restart} onClose={onClose}>
      {isBusy ? (
        <p>
          {plural(people, 'person is', 'people are')} in calls. Sound and picture stop for some
          seconds; their apps then reconnect by themselves.
        </p>
      ) : (
        <p>No call is running. Nobody can join for a second or two.</p>
      )}
    </Confirm>
  )
}

const Server = ({ status }: { status: Status }) => {
  const { version, uptime_seconds, data_dir, disk, database, calls } = status
  return (
    <Panel title="Server">
      <Facts
        facts={[
          ['GoLive', version],
          ['Up for', duration(uptime_seconds)],
          ['Capacity', `${calls.participants} of ${plural(calls.max_participants, 'seat')} taken`],
          ['Database', database.ok ? 'OK' : 'cannot be read'],
          ['Disk', disk ? `${bytes(disk.free_bytes)} of ${bytes(disk.total_bytes)} free` : '—'],
          ['Data folder', <code key="dir">{data_dir}</code>],
          ['Certificate', certificateState(status)],
        ]}
      />
    </Panel>
  )
}

const SOURCES = {
  acme: 'a certificate authority, renewed by itself',
  files: 'your own files, read again when they change',
  internal: 'the authority of this server, renewed by itself',
}

const Certificate = ({ certificate }: { certificate: NonNullable<Status['certificate']> }) => {
  const { names, not_after, issuer, source, temporary, last_error, next_attempt } = certificate
  return (
    <Panel title="Certificate">
      <Facts
        facts={[
          ['For', names.join(', ')],
          ['Until', <Time key="until" at={not_after} />],
          ['Issuer', temporary ? 'this server itself, for the time being' : issuer],
          ['From', SOURCES[source]],
          [
            temporary ? 'Next attempt' : 'Next renewal',
            <Time key="next" at={next_attempt} none="when the files change" />,
          ],
          ['Last error', last_error ?? <None />],
        ]}
      />
    </Panel>
  )
}

const Addresses = ({ status: { addresses } }: { status: Status }) => (
  <Panel title="Addresses">
    <div className="stack">
      <CopyField name="Server URL, for backends" value={addresses.public_url} />
      <CopyField name="WebSocket URL, for apps" value={addresses.ws_url} />
      <Facts
        facts={[
          ['Media address', <code key="ip">{addresses.media.ip}</code>],
          ['Media ports', `UDP ${addresses.media.udp_port}, TCP ${addresses.media.tcp_port}`],
          ['Own address', <code key="host">{addresses.host}</code>],
          ['IPv6', addresses.ipv6 ? <code key="ipv6">{addresses.ipv6}</code> : '—'],
          ['Relay', addresses.relay.offered ? 'TURN over TLS' : `No: ${addresses.relay.reason}`],
        ]}
      />
    </div>
  </Panel>
)
