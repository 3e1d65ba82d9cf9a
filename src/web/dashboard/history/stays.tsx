import { Badge } from '@mantine/core'
import { useFirst } from '../parts/first.tsx'
import { Moment } from '../parts/moment.tsx'
import { DataTable } from '../parts/table.tsx'
import { plural, span } from '../text.ts'
import type { Stay } from './types.ts'
import { leaveWords, transportWords } from './words.ts'

/** Everybody who was in a call, each time that they came. */
export const StayTable = ({ stays }: { stays: Stay[] }) => {
  const { shown, rest } = useFirst(stays, 'more row')
  return (
    <>
      <DataTable
        caption="Who was in the call, in the order in which they came"
        rows={shown}
        id={({ sid }) => sid}
        columns={COLUMNS}
      />
      {rest}
    </>
  )
}

const COLUMNS = [
  {
    name: 'Who',
    cell: ({ identity, name }: Stay) => (
      <>
        <bdi className="break">{name || identity}</bdi>
        {name && name !== identity && <bdi className="soft sub break">{identity}</bdi>}
      </>
    ),
  },
  {
    name: 'Joined',
    cell: ({ joined_at, seconds }: Stay) => (
      <>
        <Moment at={joined_at} />
        <span className="soft sub whole">for {span(seconds)}</span>
      </>
    ),
  },
  { name: 'Left', cell: (stay: Stay) => <Leave stay={stay} /> },
  {
    name: 'Connection',
    cell: ({ transport, reconnects, address }: Stay) => (
      <>
        {transportWords(transport)}
        <span className="soft sub whole">
          {reconnects === 0 ? 'no reconnects' : plural(reconnects, 'reconnect')}
        </span>
        {address && <span className="soft sub break">{address}</span>}
      </>
    ),
  },
  {
    name: 'Client',
    cell: (stay: Stay) => (
      <>
        <span className="break">{joined(stay.browser, stay.os, ' on ') ?? 'not known'}</span>
        {stay.sdk && (
          <span className="soft sub break">SDK {joined(stay.sdk, stay.sdk_version, ' ')}</span>
        )}
      </>
    ),
  },
  { name: 'Published', cell: (stay: Stay) => <Published stay={stay} /> },
]

const joined = (one: string | null, other: string | null, between: string): string | null =>
  one && other ? `${one}${between}${other}` : (one ?? other)

const Leave = ({ stay }: { stay: Stay }) => {
  const { text, tone } = leaveWords(stay.leave_reason)
  if (stay.left_at === null) {
    return (
      <Badge color="teal" variant="light">
        In the call
      </Badge>
    )
  }
  return (
    <>
      <Moment at={stay.left_at} />
      <span className="sub why" data-tone={tone}>
        {text}
      </span>
      {stay.end_accuracy_seconds >= 1 && (
        <span className="soft sub">
          right to within {span(stay.end_accuracy_seconds)}
          {stay.reconstructed && ', concluded afterwards'}
        </span>
      )}
    </>
  )
}

const Published = ({ stay: { published, tracks } }: { stay: Stay }) => {
  const kinds: [string, number][] = [
    ['Microphone', published.microphone_seconds],
    ['Camera', published.camera_seconds],
    ['Screen', published.screen_share_seconds],
  ]
  const used = kinds.filter(([, seconds]) => seconds > 0)
  if (used.length === 0)
    return <span className="soft">{tracks.length > 0 ? 'other tracks' : 'nothing'}</span>
  return (
    <ul className="change">
      {used.map(([name, seconds]) => (
        <li key={name}>
          <span className="soft">{name}</span> <span className="whole">{span(seconds)}</span>
        </li>
      ))}
    </ul>
  )
}
