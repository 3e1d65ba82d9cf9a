import { Moment } from '../parts/moment.tsx'
import { DataTable } from '../parts/table.tsx'
import { useWhole } from '../queries.ts'
import { span } from '../text.ts'
import type { CallSession, RefusedJoin } from './types.ts'

/** After that no more is told of a call's refused joins. */
const SETTLED_MS = 15 * 60_000
const MOST_PAGES = 20

/** Joins to the room of a call that were refused while it ran, or shortly before or after. */
export const useRefusals = (path: string, { ended_at }: CallSession) =>
  useWhole<RefusedJoin>(`${path}/refusals`, {
    isOver: ended_at !== null && Date.now() - Date.parse(ended_at) > SETTLED_MS,
    most: MOST_PAGES,
  })

export const RefusalTable = ({
  call,
  refusals,
}: {
  call: CallSession
  refusals: RefusedJoin[]
}) => (
  <DataTable
    caption="Refused joins, in their order"
    rows={refusals}
    id={({ seq }) => String(seq)}
    columns={[
      {
        name: 'When',
        cell: ({ at }) => (
          <>
            <Moment at={at} />
            <span className="soft sub">{whenWords(Date.parse(at), call)}</span>
          </>
        ),
      },
      { name: 'Who', cell: ({ identity }) => <span className="break">{identity}</span> },
      {
        name: 'Why',
        cell: ({ code, reason }) => (
          <>
            <span className="break">{reason}</span>
            <span className="soft sub mono">{code}</span>
          </>
        ),
      },
    ]}
  />
)

const whenWords = (at: number, { started_at, ended_at }: CallSession): string => {
  const before = Date.parse(started_at) - at
  if (before > 0) return `${span(before / 1000)} before the call`
  const after = ended_at === null ? 0 : at - Date.parse(ended_at)
  return after > 0 ? `${span(after / 1000)} after the call` : 'during the call'
}
