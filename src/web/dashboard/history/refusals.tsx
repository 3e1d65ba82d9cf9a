import { useQuery } from '@tanstack/react-query'
import type { ApiError } from '../api.ts'
import { Moment } from '../parts/moment.tsx'
import { DataTable } from '../parts/table.tsx'
import { LIVE_MS } from '../queries.ts'
import { span } from '../text.ts'
import { readAround } from './read-events.ts'
import type { CallSession, RefusedJoin } from './types.ts'

/** Who could not join tries again before, while and after the others talk. */
const AROUND_MS = 10 * 60_000
const SETTLED_MS = 15 * 60_000

/** Joins to the room of a call that were refused while it ran, or shortly before or after. */
export const useRefusals = (slug: string, call: CallSession | undefined) =>
  useQuery<RefusedJoin[], ApiError>({
    queryKey: ['refusals', slug, call?.id, call?.ended_at],
    enabled: call !== undefined,
    queryFn: () => (call ? read(slug, call) : []),
    refetchInterval: isSettled(call) ? false : LIVE_MS * 10,
  })

const isSettled = (call: CallSession | undefined): boolean =>
  !!call?.ended_at && Date.now() - Date.parse(call.ended_at) > SETTLED_MS

const read = async (slug: string, call: CallSession): Promise<RefusedJoin[]> => {
  const from = Date.parse(call.started_at) - AROUND_MS
  const to = (call.ended_at ? Date.parse(call.ended_at) : Date.now()) + AROUND_MS
  const found = await readAround(slug, 'participant.refused', { from, to })
  return found
    .filter(({ data }) => data.room === call.room)
    .map(({ seq, at, data }) => ({
      seq,
      at,
      identity: String(data.identity),
      code: String(data.code),
      reason: String(data.reason),
    }))
}

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
