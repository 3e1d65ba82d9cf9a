import { Button } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useState } from 'react'
import { at, call } from '../api.ts'
import { Confirm } from '../parts/confirm.tsx'
import { Panel } from '../parts/page.tsx'
import { Trouble } from '../parts/states.tsx'
import { useAct } from '../queries.ts'
import { navigate } from '../router.tsx'
import type { Tenant } from '../types.ts'

/** Shutting a tenant out, for a while or for good. */
export const Danger = ({ tenant }: { tenant: Tenant }) => {
  const [asking, setAsking] = useState<'deactivate' | 'delete' | null>(null)
  const close = () => setAsking(null)
  const isActive = tenant.status === 'active'
  return (
    <Panel title="Danger zone" tone="danger">
      <div className="danger-line">
        <div>
          <h3>{isActive ? 'Deactivate' : 'Activate again'}</h3>
          <p className="soft">
            {isActive
              ? 'Ends its calls and refuses its API calls until you activate it again.'
              : 'Its API calls are refused and nobody can join. Activating lets it work again; its backend then makes new join tokens.'}
          </p>
        </div>
        {isActive ? (
          <Button variant="light" color="red" onClick={() => setAsking('deactivate')}>
            Deactivate
          </Button>
        ) : (
          <Activate tenant={tenant} />
        )}
      </div>
      <div className="danger-line">
        <div>
          <h3>Delete</h3>
          <p className="soft">Ends its calls and removes the tenant with its keys and rooms.</p>
        </div>
        <Button variant="light" color="red" onClick={() => setAsking('delete')}>
          Delete
        </Button>
      </div>
      {asking === 'deactivate' && <Deactivate tenant={tenant} onClose={close} />}
      {asking === 'delete' && <Delete tenant={tenant} onClose={close} />}
    </Panel>
  )
}

const Activate = ({ tenant: { slug } }: { tenant: Tenant }) => {
  const activate = useAct(
    () => call('PATCH', `/tenants${at(slug)}`, { status: 'active' }),
    () => notifications.show({ color: 'teal', message: `${slug} is active again.` }),
  )
  return (
    <>
      {activate.error && <Trouble error={activate.error} />}
      <Button variant="default" loading={activate.isPending} onClick={() => activate.mutate()}>
        Activate
      </Button>
    </>
  )
}

interface AskProps {
  tenant: Tenant
  onClose: () => void
}

const Deactivate = ({ tenant: { slug }, onClose }: AskProps) => {
  const deactivate = useAct(
    () => call('PATCH', `/tenants${at(slug)}`, { status: 'deactivated' }),
    onClose,
  )
  return (
    <Confirm title={`Deactivate ${slug}?`} action="Deactivate" act={deactivate} onClose={onClose}>
      <ul>
        <li>Its calls end now and nobody can join any more.</li>
        <li>Its API calls are refused with 401 tenant_deactivated.</li>
        <li>All join tokens made so far are revoked for good.</li>
      </ul>
      <p>Rooms, keys and limits stay. You can activate it again.</p>
    </Confirm>
  )
}

const Delete = ({ tenant: { slug }, onClose }: AskProps) => {
  const remove = useAct(
    () => call('DELETE', `/tenants${at(slug)}?confirm=${encodeURIComponent(slug)}`),
    () => {
      notifications.show({ color: 'teal', message: `${slug} is deleted.` })
      navigate('/ui/tenants')
    },
  )
  return (
    <Confirm
      title={`Delete ${slug}?`}
      action="Delete tenant"
      typed={slug}
      act={remove}
      onClose={onClose}
    >
      <ul>
        <li>Its calls end now; all its keys and join tokens stop working.</li>
        <li>Its rooms and settings are gone. This cannot be taken back.</li>
        <li>Its history is purged after 30 days; its totals stay in the ledger.</li>
        <li>The slug is free again after 24 hours.</li>
      </ul>
    </Confirm>
  )
}
