import { Badge } from '@mantine/core'
import { capital } from '../text.ts'
import type { ChildState, Tenant } from '../types.ts'

export const TenantStatus = ({ status }: { status: Tenant['status'] }) =>
  status === 'active' ? (
    <Badge color="teal" variant="light">
      Active
    </Badge>
  ) : (
    <Badge color="gray" variant="light">
      Deactivated
    </Badge>
  )

const COLORS: Record<ChildState, string> = {
  running: 'teal',
  starting: 'yellow',
  restarting: 'yellow',
  degraded: 'red',
  stopped: 'red',
}

export const ChildBadge = ({ state }: { state: ChildState }) => (
  <Badge color={COLORS[state]} variant="light">
    {capital(state)}
  </Badge>
)
