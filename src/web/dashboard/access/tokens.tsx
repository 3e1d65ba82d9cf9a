import { Badge, Button, Group, NativeSelect, TextInput } from '@mantine/core'
import { useState } from 'react'
import { at, call } from '../api.ts'
import { Confirm } from '../parts/confirm.tsx'
import { CodeBlock, CopyField } from '../parts/copy.tsx'
import { Dialog } from '../parts/dialog.tsx'
import { FormDialog } from '../parts/form-dialog.tsx'
import { Icon } from '../parts/icons.tsx'
import { Panel } from '../parts/page.tsx'
import { Empty, Loaded, More } from '../parts/states.tsx'
import { DataTable } from '../parts/table.tsx'
import { Time } from '../parts/time.tsx'
import { useAct, useList } from '../queries.ts'
import type { AdminToken } from '../types.ts'

const DAY_MS = 86_400_000

/** What scripts operate this server with. */
export const Tokens = () => {
  const [creating, setCreating] = useState(false)
  const [deleting, setDeleting] = useState<AdminToken | null>(null)
  const tokens = useList<AdminToken>('/tokens')
  return (
    <Panel
      title="Admin tokens"
      lead="For scripts and for golive --url on another machine."
      actions={
        <Button
          variant="default"
          leftSection={<Icon name="plus" />}
          onClick={() => setCreating(true)}
        >
          New token
        </Button>
      }
    >
      <Loaded query={tokens}>
        {(found) =>
          found.length > 0 ? (
            <TokenTable tokens={found} onDelete={setDeleting} />
          ) : (
            <Empty icon="key" title="There is no token">
              Create one to let a script call the admin API.
            </Empty>
          )
        }
      </Loaded>
      <More query={tokens} />
      {creating && <CreateToken onClose={() => setCreating(false)} />}
      {deleting && <DeleteToken token={deleting} onClose={() => setDeleting(null)} />}
    </Panel>
  )
}

interface TokenTableProps {
  tokens: AdminToken[]
  onDelete: (token: AdminToken) => void
}

const TokenTable = ({ tokens, onDelete }: TokenTableProps) => (
  <DataTable
    caption="Admin tokens"
    rows={tokens}
    id={({ id }) => id}
    columns={[
      {
        name: 'Label',
        cell: ({ label, created_by }) => (
          <>
            <span className="break">{label}</span>
            <span className="soft sub break">by {created_by}</span>
          </>
        ),
      },
      {
        name: 'May',
        cell: ({ scope, tenant }) => (
          <>
            <Badge color={scope === 'write' ? 'yellow' : 'gray'} variant="light">
              {scope === 'write' ? 'read and write' : 'read only'}
            </Badge>
            <span className="soft sub">{tenant === null ? 'everything' : `only ${tenant}`}</span>
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
      {
        name: 'Actions',
        isQuiet: true,
        cell: (token) => (
          <Button variant="default" size="xs" onClick={() => onDelete(token)}>
            Delete<span className="hidden"> the token {token.label}</span>
          </Button>
        ),
      },
    ]}
  />
)

const CreateToken = ({ onClose }: { onClose: () => void }) => {
  const [label, setLabel] = useState('')
  const [scope, setScope] = useState('read')
  const [tenant, setTenant] = useState('')
  const [days, setDays] = useState('90')
  const create = useAct(() =>
    call<AdminToken & { token: string }>('POST', '/tokens', {
      label,
      scope,
      tenant: tenant.trim() || null,
      expires_at: days === '' ? null : new Date(Date.now() + Number(days) * DAY_MS).toISOString(),
    }),
  )
  if (create.data) return <TokenShown token={create.data.token} onClose={onClose} />
  const fields = create.error?.fields ?? {}
  return (
    <FormDialog
      title="New admin token"
      action="Create token"
      fields={['label', 'tenant', 'expires_at']}
      act={create}
      onClose={onClose}
    >
      <TextInput
        label="Label"
        description="What uses it"
        placeholder="backup script"
        required
        withAsterisk={false}
        maxLength={128}
        data-autofocus
        value={label}
        error={fields.label}
        onChange={(event) => setLabel(event.currentTarget.value)}
      />
      <NativeSelect
        label="It may"
        data={[
          { value: 'read', label: 'Read only' },
          { value: 'write', label: 'Read and write' },
        ]}
        value={scope}
        onChange={(event) => setScope(event.currentTarget.value)}
      />
      <TextInput
        label="Only for one tenant"
        description="Its slug; empty for everything"
        placeholder="acme"
        value={tenant}
        error={fields.tenant}
        onChange={(event) => setTenant(event.currentTarget.value)}
      />
      <NativeSelect
        label="Expires"
        data={[
          { value: '7', label: 'In 7 days' },
          { value: '30', label: 'In 30 days' },
          { value: '90', label: 'In 90 days' },
          { value: '365', label: 'In a year' },
          { value: '', label: 'Never' },
        ]}
        value={days}
        error={fields.expires_at}
        onChange={(event) => setDays(event.currentTarget.value)}
      />
    </FormDialog>
  )
}

const TokenShown = ({ token, onClose }: { token: string; onClose: () => void }) => (
  <Dialog size="lg" onClose={onClose} isSticky title="The token is shown this once">
    <div className="stack">
      <p>Keep it where your script finds it. Nobody can show it again, not even this server.</p>
      <CopyField name="Admin token" value={token} />
      <CodeBlock
        what="the command line"
        code={`curl -H 'Authorization: Bearer ${token}' ${location.origin}/admin/status`}
      />
      <Group justify="flex-end">
        <Button onClick={onClose} data-autofocus>
          I have saved it
        </Button>
      </Group>
    </div>
  </Dialog>
)

const DeleteToken = ({ token, onClose }: { token: AdminToken; onClose: () => void }) => {
  const remove = useAct(() => call('DELETE', `/tokens${at(token.id)}`), onClose)
  return (
    <Confirm title="Delete this token?" action="Delete token" act={remove} onClose={onClose}>
      <p>
        Whatever uses <strong>{token.label}</strong> is refused from now on. This cannot be taken
        back.
      </p>
    </Confirm>
  )
}
