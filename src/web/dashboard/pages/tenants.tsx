import { Button, TextInput } from '@mantine/core'
import { useState } from 'react'
import { Icon } from '../parts/icons.tsx'
import { Page, Panel } from '../parts/page.tsx'
import { Empty, Loaded, More } from '../parts/states.tsx'
import { TenantStatus } from '../parts/status-badge.tsx'
import { DataTable } from '../parts/table.tsx'
import { TenantLink } from '../parts/tenant-link.tsx'
import { Time } from '../parts/time.tsx'
import { useList } from '../queries.ts'
import { CreateTenant } from '../tenant/create-tenant.tsx'
import { number } from '../text.ts'
import type { Tenant } from '../types.ts'

/** The customers of this server. */
export const TenantsPage = () => {
  const [search, setSearch] = useState('')
  const [creating, setCreating] = useState(false)
  const asked = search.trim()
  const tenants = useList<Tenant>('/tenants', { q: asked || null })
  const create = (
    <Button leftSection={<Icon name="plus" />} onClick={() => setCreating(true)}>
      New tenant
    </Button>
  )
  return (
    <Page
      title="Tenants"
      lead="Each has rooms, keys and limits of its own; none sees another's."
      actions={create}
    >
      <Panel title="All tenants" actions={<Search value={search} onChange={setSearch} />}>
        <Loaded query={tenants}>
          {(found) =>
            found.length > 0 ? (
              <TenantTable tenants={found} />
            ) : asked ? (
              <Empty icon="search" title={`No tenant begins with “${asked}”`} />
            ) : (
              <Empty icon="tenants" title="There is no tenant yet">
                Create one: it gets the key and secret that its backend calls the API with.
              </Empty>
            )
          }
        </Loaded>
        <More query={tenants} />
      </Panel>
      {creating && <CreateTenant onClose={() => setCreating(false)} />}
    </Page>
  )
}

const Search = ({ value, onChange }: { value: string; onChange: (value: string) => void }) => (
  <TextInput
    type="search"
    aria-label="Search tenants"
    placeholder="Slug or name"
    maxLength={100}
    leftSection={<Icon name="search" />}
    value={value}
    onChange={(event) => onChange(event.currentTarget.value)}
  />
)

const TenantTable = ({ tenants }: { tenants: Tenant[] }) => (
  <DataTable
    caption="Tenants"
    rows={tenants}
    id={({ slug }) => slug}
    columns={[
      {
        name: 'Tenant',
        cell: ({ slug, name }) => <TenantLink slug={slug} name={name} />,
      },
      { name: 'Status', cell: ({ status }) => <TenantStatus status={status} /> },
      { name: 'Rooms at most', cell: ({ limits }) => number(limits.max_rooms) },
      {
        name: 'People a room',
        cell: ({ limits }) => number(limits.max_participants_per_room),
      },
      { name: 'Created', cell: ({ created_at }) => <Time at={created_at} /> },
    ]}
  />
)
