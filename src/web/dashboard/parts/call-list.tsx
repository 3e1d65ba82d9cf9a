import { Badge } from '@mantine/core'
import { Link, tenantPath } from '../router.tsx'
import { plural } from '../text.ts'
import type { LiveCall } from '../types.ts'
import { Empty } from './states.tsx'
import { Time } from './time.tsx'

const MOST_PEOPLE = 100

/** Calls with the people in them; the newest people last. */
export const CallList = ({ calls, isOneTenant }: { calls: LiveCall[]; isOneTenant?: boolean }) => {
  if (calls.length === 0) {
    return (
      <Empty icon="camera" title="No call is running">
        A call appears here as soon as somebody joins a room.
      </Empty>
    )
  }
  return (
    <ul className="calls">
      {calls.map((call) => (
        <Call key={call.livekit_name} call={call} isOneTenant={isOneTenant ?? false} />
      ))}
    </ul>
  )
}

const Call = ({ call, isOneTenant }: { call: LiveCall; isOneTenant: boolean }) => {
  const { tenant, room, participants } = call
  const hidden = participants.length - MOST_PEOPLE
  return (
    <li className="call-item" data-room={room}>
      <div className="call-head">
        <p className="call-room">{room}</p>
        {!isOneTenant && (
          <Link className="call-tenant" to={tenantPath(tenant)}>
            {tenant}
          </Link>
        )}
        <Badge className="call-count" color="blue" variant="light">
          {plural(participants.length, 'person', 'people')}
        </Badge>
      </div>
      <ul className="call-people" aria-label={`People in ${room}`}>
        {participants.slice(0, MOST_PEOPLE).map(({ identity, since }) => (
          <li key={identity}>
            <bdi className="call-person">{identity}</bdi>
            <span className="soft">
              joined <Time at={since} />
            </span>
          </li>
        ))}
        {hidden > 0 && <li className="soft">and {plural(hidden, 'more', 'more')}</li>}
      </ul>
    </li>
  )
}
