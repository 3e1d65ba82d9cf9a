import { Badge, Button, TextInput } from '@mantine/core'
import { type FormEvent, useEffect, useState } from 'react'
import { at } from '../api.ts'
import { Icon } from '../parts/icons.tsx'
import { Moment } from '../parts/moment.tsx'
import { Panel } from '../parts/page.tsx'
import { Empty, Loaded, More } from '../parts/states.tsx'
import { DataTable } from '../parts/table.tsx'
import { Time } from '../parts/time.tsx'
import { useList } from '../queries.ts'
import { Link, tenantPath, useAsked } from '../router.tsx'
import { minutes, number, span } from '../text.ts'
import type { CallSession } from './types.ts'
import { endWords, isFailedEnd } from './words.ts'

/** The calls of a tenant, those that run first of all: they are the newest. */
export const CallHistory = ({ slug }: { slug: string }) => {
  const [room, setRoom] = useAsked('room')
  const path = `/tenants${at(slug)}/sessions`
  const calls = useList<CallSession>(path, { room })
  return (
    <Panel
      title="Calls"
      lead="From the first who came into a room to the last who left, newest first."
      actions={<RoomFilter room={room} onFilter={setRoom} />}
    >
      <Loaded query={calls} rows={5}>
        {(found) => (found.length > 0 ? <CallTable slug={slug} calls={found} /> : none(room))}
      </Loaded>
      <More query={calls} />
    </Panel>
  )
}

const none = (room: string | null) =>
  room === null ? (
    <Empty icon="camera" title="There was no call yet">
      Each call will stand here with who was in it, when, on what connection, and how it ended.
    </Empty>
  ) : (
    <Empty icon="search" title={`There was no call in “${room}”`}>
      The name must be the whole name of the room.
    </Empty>
  )

interface RoomFilterProps {
  room: string | null
  onFilter: (room: string | null) => void
}

const RoomFilter = ({ room, onFilter }: RoomFilterProps) => {
  const [text, setText] = useState('')
  useEffect(() => setText(room ?? ''), [room])
  const submit = (event: FormEvent) => {
    event.preventDefault()
    onFilter(text.trim() || null)
  }
  return (
    <form className="one-filter" onSubmit={submit}>
      <TextInput
        type="search"
        aria-label="Room"
        placeholder="Name of a room"
        maxLength={128}
        leftSection={<Icon name="search" />}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      <Button type="submit" variant="default">
        Filter
      </Button>
      {room !== null && (
        <Button variant="subtle" color="gray" onClick={() => onFilter(null)}>
          All rooms
        </Button>
      )}
    </form>
  )
}

const CallTable = ({ slug, calls }: { slug: string; calls: CallSession[] }) => (
  <DataTable
    caption="Calls, newest first"
    rows={calls}
    id={({ id }) => id}
    columns={[
      {
        name: 'Room',
        cell: ({ id, room }) => (
          <Link className="strong-link" to={tenantPath(slug, 'calls', id)}>
            <span className="break room-name">{room}</span>
          </Link>
        ),
      },
      {
        name: 'Began',
        cell: ({ started_at }) => (
          <>
            <Moment at={started_at} />
            <span className="soft sub">
              <Time at={started_at} />
            </span>
          </>
        ),
      },
      { name: 'Lasted', cell: (call) => <span className="whole">{lengthOf(call)}</span> },
      { name: 'People at most', cell: ({ peak_participants }) => number(peak_participants) },
      {
        name: 'Participant minutes',
        cell: ({ participant_seconds }) => minutes(participant_seconds),
      },
      { name: 'How it ended', cell: (call) => <CallEnd call={call} /> },
    ]}
  />
)

export const lengthOf = ({ started_at, ended_at }: CallSession): string =>
  span(((ended_at === null ? Date.now() : Date.parse(ended_at)) - Date.parse(started_at)) / 1000)

/** How a call ended, and how surely that is known. */
export const CallEnd = ({ call }: { call: CallSession }) => {
  const { ended_at, end_reason, end_accuracy_seconds, reconstructed } = call
  if (ended_at === null) {
    return (
      <Badge color="teal" variant="light">
        Running
      </Badge>
    )
  }
  return (
    <>
      <span className="why" data-tone={isFailedEnd(end_reason) ? 'lost' : undefined}>
        {endWords(end_reason)}
      </span>
      {reconstructed && (
        <span className="sub">
          <Badge color="yellow" variant="light" size="sm">
            Concluded
          </Badge>{' '}
          {end_accuracy_seconds > 0 && (
            <span className="soft">to within {span(end_accuracy_seconds)}</span>
          )}
        </span>
      )}
    </>
  )
}
