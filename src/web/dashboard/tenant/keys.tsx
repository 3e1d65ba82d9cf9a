import { Badge, Button, Group } from '@mantine/core'
import { useState } from 'react'
import { at, call } from '../api.ts'
import { Confirm } from '../parts/confirm.tsx'
import { CopyIcon } from '../parts/copy.tsx'
import { None } from '../parts/dash.tsx'
import { Icon } from '../parts/icons.tsx'
import { Panel } from '../parts/page.tsx'
import { Loaded } from '../parts/states.tsx'
import { DataTable } from '../parts/table.tsx'
import { Time } from '../parts/time.tsx'
import { useAct, useLive } from '../queries.ts'
import type { Key, List, Tenant } from '../types.ts'
import { CreateKey, RotateKey } from './key-forms.tsx'

type Open = { to: 'create' } | { to: 'rotate' | 'delete'; key: Key } | null

/** What the tenant's backends call the API with. */
export const Keys = ({ tenant: { slug } }: { tenant: Tenant }) => {
  const [open, setOpen] = useState<Open>(null)
  const keys = useLive<List<Key>>(`/tenants${at(slug)}/keys`)
  const close = () => setOpen(null)
  return (
    <Panel
      title="API keys"
      lead="The tenant's backend signs in with a key and its secret."
      actions={
        <Button
          variant="default"
          leftSection={<Icon name="plus" />}
          onClick={() => setOpen({ to: 'create' })}
        >
          New key
        </Button>
      }
    >
      <Loaded query={keys}>
        {({ data }) => <KeyTable keys={data} onOpen={(to, key) => setOpen({ to, key })} />}
      </Loaded>
      {open?.to === 'create' && <CreateKey slug={slug} onClose={close} />}
      {open?.to === 'rotate' && <RotateKey slug={slug} apiKey={open.key} onClose={close} />}
      {open?.to === 'delete' && <DeleteKey slug={slug} apiKey={open.key} onClose={close} />}
    </Panel>
  )
}

interface KeyTableProps {
  keys: Key[]
  onOpen: (to: 'rotate' | 'delete', key: Key) => void
}

const KeyTable = ({ keys, onOpen }: KeyTableProps) => (
  <DataTable
    caption="API keys"
    rows={keys}
    id={({ api_key }) => api_key}
    columns={[
      {
        name: 'Key',
        cell: ({ api_key, label }) => (
          <>
            <span className="with-copy">
              <code className="break">{api_key}</code>
              <CopyIcon text={api_key} what="the API key" />
            </span>
            {label && <span className="soft sub break">{label}</span>}
          </>
        ),
      },
      {
        name: 'Last used',
        cell: ({ last_used_at, last_used_from }) => (
          <>
            <Time at={last_used_at} />
            {last_used_from && <span className="soft sub">from {last_used_from}</span>}
          </>
        ),
      },
      { name: 'Expires', cell: ({ expires_at }) => <Time at={expires_at} /> },
      { name: 'Earlier secret', cell: (key) => <Previous secret={key.previous_secret} /> },
      {
        name: 'Actions',
        isQuiet: true,
        cell: (key) => (
          <Group gap="xs" wrap="nowrap" justify="flex-end">
            <Button variant="default" size="xs" onClick={() => onOpen('rotate', key)}>
              Rotate<span className="hidden"> {key.api_key}</span>
            </Button>
            <Button variant="default" size="xs" onClick={() => onOpen('delete', key)}>
              Delete<span className="hidden"> {key.api_key}</span>
            </Button>
          </Group>
        ),
      },
    ]}
  />
)

/** During a rotation: says when the old secret stops, and whether something still uses it. */
const Previous = ({ secret }: { secret: Key['previous_secret'] }) => {
  if (secret === null) return <None />
  return (
    <>
      <Badge color="yellow" variant="light">
        still works
      </Badge>
      <span className="soft sub">
        ends <Time at={secret.expires_at} />
      </span>
      <span className="soft sub">
        last used <Time at={secret.last_used_at} />
      </span>
    </>
  )
}

interface DeleteKeyProps {
  slug: string
  apiKey: Key
  onClose: () => void
}

const DeleteKey = ({ slug, apiKey, onClose }: DeleteKeyProps) => {
  const remove = useAct(
    () => call('DELETE', `/tenants${at(slug)}/keys${at(apiKey.api_key)}`),
    onClose,
  )
  return (
    <Confirm title="Delete this key?" action="Delete key" act={remove} onClose={onClose}>
      <p>
        <code className="break">{apiKey.api_key}</code> stops working at once. The join tokens made
        with it are revoked, and people who joined with them are put out of their calls.
      </p>
    </Confirm>
  )
}
