import { Badge, Button } from '@mantine/core'
import { useState } from 'react'
import { at, call } from '../api.ts'
import { Confirm } from '../parts/confirm.tsx'
import { Panel } from '../parts/page.tsx'
import { Loaded } from '../parts/states.tsx'
import { DataTable } from '../parts/table.tsx'
import { Time } from '../parts/time.tsx'
import { useAct, useLive } from '../queries.ts'
import { browserName } from '../text.ts'
import type { AdminSession, List } from '../types.ts'

/** Where admins are signed in. */
export const Sessions = () => {
  const [ending, setEnding] = useState<AdminSession | null>(null)
  const sessions = useLive<List<AdminSession>>('/sessions')
  return (
    <Panel title="Sessions" lead="Where admins are signed in now.">
      <Loaded query={sessions}>
        {({ data }) => <SessionTable sessions={data} onEnd={setEnding} />}
      </Loaded>
      {ending && <EndSession session={ending} onClose={() => setEnding(null)} />}
    </Panel>
  )
}

interface SessionTableProps {
  sessions: AdminSession[]
  onEnd: (session: AdminSession) => void
}

const SessionTable = ({ sessions, onEnd }: SessionTableProps) => (
  <DataTable
    caption="Sessions"
    rows={sessions}
    id={({ id }) => id}
    columns={[
      { name: 'Admin', cell: ({ admin }) => <span className="break">{admin.email}</span> },
      { name: 'Browser', cell: ({ user_agent }) => browserName(user_agent) },
      { name: 'Address', cell: ({ address }) => address ?? '—' },
      { name: 'Last seen', cell: ({ last_seen_at }) => <Time at={last_seen_at} /> },
      {
        name: 'Actions',
        isQuiet: true,
        cell: (session) =>
          session.current ? (
            <Badge color="teal" variant="light">
              this browser
            </Badge>
          ) : (
            <Button variant="default" size="xs" onClick={() => onEnd(session)}>
              End
              <span className="hidden"> the session of {session.admin.email}</span>
            </Button>
          ),
      },
    ]}
  />
)

const EndSession = ({ session, onClose }: { session: AdminSession; onClose: () => void }) => {
  const end = useAct(() => call('DELETE', `/sessions${at(session.id)}`), onClose)
  return (
    <Confirm title="End this session?" action="End session" act={end} onClose={onClose}>
      <p>
        {session.admin.email} is signed out of {browserName(session.user_agent)} at once and has to
        sign in again there.
      </p>
    </Confirm>
  )
}
