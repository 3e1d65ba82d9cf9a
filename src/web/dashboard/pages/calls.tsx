import { InspectToken } from '../calls/inspect-token.tsx'
import { CallList } from '../parts/call-list.tsx'
import { Page, Panel } from '../parts/page.tsx'
import { Loaded } from '../parts/states.tsx'
import { useLive } from '../queries.ts'
import { plural } from '../text.ts'
import type { List, LiveCall } from '../types.ts'

/** Who talks with whom now, over all tenants. */
export const CallsPage = () => {
  const calls = useLive<List<LiveCall>>('/calls')
  return (
    <Page title="Live calls" lead="All tenants, as it is this moment.">
      <Panel title={calls.data ? summary(calls.data.data) : 'Calls'}>
        <Loaded query={calls}>{({ data }) => <CallList calls={data} />}</Loaded>
      </Panel>
      <InspectToken />
    </Page>
  )
}

const summary = (calls: LiveCall[]): string => {
  const people = calls.reduce((sum, { participants }) => sum + participants.length, 0)
  return `${plural(calls.length, 'call')}, ${plural(people, 'person', 'people')}`
}
