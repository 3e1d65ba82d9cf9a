import { Badge } from '@mantine/core'
import { at } from '../api.ts'
import { CallHistory } from '../history/call-table.tsx'
import { Events } from '../history/events.tsx'
import { CallList } from '../parts/call-list.tsx'
import { CopyIcon } from '../parts/copy.tsx'
import { Icon } from '../parts/icons.tsx'
import { Page, Panel } from '../parts/page.tsx'
import { Empty, Loaded } from '../parts/states.tsx'
import { TenantStatus } from '../parts/status-badge.tsx'
import { DataTable } from '../parts/table.tsx'
import { Time } from '../parts/time.tsx'
import { useLive } from '../queries.ts'
import { Link, tenantPath } from '../router.tsx'
import type { List, LiveCall, Problem, Tenant } from '../types.ts'
import { TenantUsage } from '../usage/tenant-usage.tsx'
import { Webhooks } from '../webhooks/webhooks.tsx'
import { Danger } from './danger.tsx'
import { Keys } from './keys.tsx'
import { LimitsPanel } from './limits.tsx'

const PARTS = {
  '': 'Overview',
  calls: 'Calls',
  usage: 'Usage',
  events: 'Events',
  webhooks: 'Webhooks',
} as const

type Part = keyof typeof PARTS

export const isTenantPart = (name: string): name is Part => Object.hasOwn(PARTS, name)

/** One customer: what it has, what goes on, what went wrong and what was. */
export const TenantPage = ({ slug, part }: { slug: string; part: Part }) => {
  const tenant = useLive<Tenant>(`/tenants${at(slug)}`)
  const found = tenant.data
  return (
    <Page
      title={found?.name ?? slug}
      tab={part === '' ? slug : `${slug}: ${part}`}
      above={
        <Link className="back" to="/ui/tenants">
          <Icon name="back" />
          Tenants
        </Link>
      }
      lead={
        <span className="tenant-lead">
          <code>{slug}</code>
          <CopyIcon text={slug} what="the slug" />
          {found && <TenantStatus status={found.status} />}
          {found && (
            <span className="soft">
              created <Time at={found.created_at} />
            </span>
          )}
        </span>
      }
    >
      <Loaded query={tenant} rows={6}>
        {(tenant) => (
          <>
            <Parts slug={slug} current={part} />
            <Shown part={part} tenant={tenant} />
          </>
        )}
      </Loaded>
    </Page>
  )
}

const Parts = ({ slug, current }: { slug: string; current: Part }) => (
  <nav className="parts" aria-label={`Pages of ${slug}`}>
    {(Object.keys(PARTS) as Part[]).map((part) => (
      <Link
        key={part}
        className="parts-link"
        to={part === '' ? tenantPath(slug) : tenantPath(slug, part)}
        aria-current={part === current ? 'page' : undefined}
      >
        {PARTS[part]}
      </Link>
    ))}
  </nav>
)

const Shown = ({ part, tenant }: { part: Part; tenant: Tenant }) => {
  const { slug } = tenant
  switch (part) {
    case 'calls':
      return <CallHistory slug={slug} />
    case 'usage':
      return <TenantUsage slug={slug} />
    case 'events':
      return <Events slug={slug} />
    case 'webhooks':
      return <Webhooks slug={slug} />
    case '':
      return (
        <>
          <LiveRooms slug={slug} />
          <Keys tenant={tenant} />
          <LimitsPanel tenant={tenant} />
          <Problems slug={slug} />
          <Danger tenant={tenant} />
        </>
      )
  }
}

const LiveRooms = ({ slug }: { slug: string }) => {
  const calls = useLive<List<LiveCall>>('/calls')
  return (
    <Panel title="Live rooms">
      <Loaded query={calls}>
        {({ data }) => (
          <CallList isOneTenant calls={data.filter(({ tenant }) => tenant === slug)} />
        )}
      </Loaded>
    </Panel>
  )
}

const Problems = ({ slug }: { slug: string }) => {
  const problems = useLive<List<Problem>>(`/tenants${at(slug)}/problems`)
  return (
    <Panel
      title="Recent problems"
      lead="Joins and API calls that were refused since the last start."
    >
      <Loaded query={problems}>
        {({ data }) =>
          data.length > 0 ? (
            <ProblemTable problems={data} />
          ) : (
            <Empty icon="check" title="Nothing was refused" />
          )
        }
      </Loaded>
    </Panel>
  )
}

const PROBLEM_OF: Record<Problem['kind'], string> = {
  join_refused: 'a join',
  api_refused: 'an API call',
  webhook_failed: 'a webhook',
}

const ProblemTable = ({ problems }: { problems: Problem[] }) => (
  <DataTable
    caption="Recent problems, newest first"
    rows={problems}
    id={({ kind, code, room, identity, detail }) =>
      JSON.stringify([kind, code, room, identity, detail])
    }
    columns={[
      { name: 'When', cell: ({ at }) => <Time at={at} /> },
      {
        name: 'What',
        cell: ({ kind, code, times = 1 }) => (
          <>
            <code>{code}</code>
            <span className="soft sub">
              {PROBLEM_OF[kind]}
              {times > 1 && (
                <Badge className="times" size="sm" color="gray" variant="light">
                  {times} times
                </Badge>
              )}
            </span>
          </>
        ),
      },
      {
        name: 'Where',
        cell: ({ room, identity }) => (
          <>
            <span className="break">{room ?? '—'}</span>
            {identity && <span className="soft sub break">{identity}</span>}
          </>
        ),
      },
      { name: 'Why', cell: ({ detail }) => <span className="break">{detail}</span> },
    ]}
  />
)
