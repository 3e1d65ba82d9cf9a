import { Button, NativeSelect, TextInput } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { Dash } from '../parts/dash.tsx'
import { Page, Panel } from '../parts/page.tsx'
import { Empty, Loaded, More } from '../parts/states.tsx'
import { DataTable } from '../parts/table.tsx'
import { Time } from '../parts/time.tsx'
import { useList } from '../queries.ts'
import { Link, tenantPath } from '../router.tsx'
import type { AuditEntry } from '../types.ts'

/** What is recorded, as it is told to people. */
const ACTIONS: Record<string, string> = {
  'tenant.created': 'Created tenant',
  'tenant.updated': 'Changed tenant',
  'tenant.deactivated': 'Deactivated tenant',
  'tenant.activated': 'Activated tenant',
  'tenant.deleted': 'Deleted tenant',
  'key.created': 'Created key',
  'key.rotated': 'Rotated key',
  'key.deleted': 'Deleted key',
  'secret.shown': 'Secret shown',
  'webhook.created': 'Created webhook',
  'webhook.updated': 'Changed webhook',
  'webhook.rotated': 'Rotated webhook secret',
  'webhook.deleted': 'Deleted webhook',
  'webhook.disabled': 'Disabled webhook',
  'webhook.replayed': 'Sent events again',
  'admin.created': 'Created admin',
  'admin.reset': 'Reset admin',
  'password.changed': 'Changed password',
  'session.created': 'Signed in',
  'session.failed': 'Failed sign-in',
  'session.deleted': 'Ended session',
  'sign_in_link.used': 'Used sign-in link',
  'token.created': 'Created admin token',
  'token.deleted': 'Deleted admin token',
  'livekit.restarted': 'Restarted media server',
  'identity.erased': 'Erased a person',
}

type Filters = Record<'tenant' | 'actor' | 'action', string | null>
const NO_FILTERS: Filters = { tenant: null, actor: null, action: null }

/** Who did what; nothing here can be changed or removed. */
export const AuditPage = () => {
  const [filters, setFilters] = useState(NO_FILTERS)
  const entries = useList<AuditEntry>('/audit', filters)
  const isFiltered = Object.values(filters).some((value) => value !== null)
  return (
    <Page title="Audit log" lead="Every change and every sign-in. Entries cannot be altered.">
      <Panel title="Entries">
        <FilterForm onFilter={setFilters} />
        <Loaded query={entries} rows={5}>
          {(found) =>
            found.length > 0 ? (
              <Entries entries={found} />
            ) : (
              <Empty
                icon="audit"
                title={isFiltered ? 'Nothing fits these filters' : 'Nothing has happened yet'}
              />
            )
          }
        </Loaded>
        <More query={entries} />
      </Panel>
    </Page>
  )
}

const FilterForm = ({ onFilter }: { onFilter: (filters: Filters) => void }) => {
  const [filters, setFilters] = useState(NO_FILTERS)
  const set = (name: keyof Filters, value: string) =>
    setFilters({ ...filters, [name]: value.trim() || null })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    onFilter(filters)
  }
  return (
    <form className="filters" onSubmit={submit}>
      <TextInput
        label="Tenant"
        placeholder="acme"
        maxLength={40}
        onChange={(event) => set('tenant', event.currentTarget.value)}
      />
      <TextInput
        label="Who"
        placeholder="admin:you@example.com"
        maxLength={400}
        onChange={(event) => set('actor', event.currentTarget.value)}
      />
      <NativeSelect
        label="What"
        data={[
          { value: '', label: 'Everything' },
          ...Object.entries(ACTIONS).map(([value, label]) => ({ value, label })),
        ]}
        onChange={(event) => set('action', event.currentTarget.value)}
      />
      <Button type="submit" variant="default">
        Filter
      </Button>
    </form>
  )
}

const Entries = ({ entries }: { entries: AuditEntry[] }) => (
  <DataTable
    caption="Audit log, newest first"
    rows={entries}
    id={({ id }) => id}
    columns={[
      { name: 'When', cell: ({ at }) => <Time at={at} /> },
      {
        name: 'Who',
        cell: ({ actor, address }) => (
          <>
            <span className="break wide">{actor}</span>
            {address && <span className="soft sub">{address}</span>}
          </>
        ),
      },
      {
        name: 'What',
        cell: ({ action, target }) => (
          <>
            {ACTIONS[action] ?? action}
            <span className="soft sub mono break wide">{target}</span>
          </>
        ),
      },
      {
        name: 'Tenant',
        cell: ({ tenant }) =>
          tenant === null ? <Dash /> : <Link to={tenantPath(tenant)}>{tenant}</Link>,
      },
      { name: 'Change', cell: (entry) => <Change entry={entry} /> },
    ]}
  />
)

const Change = ({ entry: { before, after } }: { entry: AuditEntry }) => {
  const isChange = before !== null && after !== null
  const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])].filter(
    (name) => isChange || isGiven((after ?? before)?.[name]),
  )
  if (names.length === 0) return <Dash />
  return (
    <ul className="change">
      {names.map((name) => (
        <li key={name}>
          <span className="soft">{name.replaceAll('_', ' ')}</span>{' '}
          {isChange ? (
            <>
              {shown(before[name])} <span aria-hidden="true">→</span>
              <span className="hidden">becomes</span> {shown(after[name])}
            </>
          ) : (
            shown((after ?? before)?.[name])
          )}
        </li>
      ))}
    </ul>
  )
}

const isGiven = (value: unknown): boolean => value !== null && value !== undefined

const shown = (value: unknown): string => {
  if (!isGiven(value)) return 'none'
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
