import { NativeSelect, TextInput } from '@mantine/core'
import { useState } from 'react'
import { at, call } from '../api.ts'
import { FormDialog } from '../parts/form-dialog.tsx'
import { useAct } from '../queries.ts'
import type { Key, Secret } from '../types.ts'
import { SecretShown } from './secret-shown.tsx'

interface CreateKeyProps {
  slug: string
  onClose: () => void
}

/** One more key, as for a second backend. */
export const CreateKey = ({ slug, onClose }: CreateKeyProps) => {
  const [label, setLabel] = useState('')
  const create = useAct(() =>
    call<Key & Secret>('POST', `/tenants${at(slug)}/keys`, { label: label.trim() || null }),
  )
  if (create.data)
    return <SecretShown title="The key is ready" secret={create.data} onClose={onClose} />
  return (
    <FormDialog
      title={`New API key for ${slug}`}
      action="Create key"
      fields={['label']}
      act={create}
      onClose={onClose}
    >
      <TextInput
        label="Label"
        description="What uses it; may be left empty"
        placeholder="production backend"
        maxLength={128}
        data-autofocus
        value={label}
        error={create.error?.fields.label}
        onChange={(event) => setLabel(event.currentTarget.value)}
      />
    </FormDialog>
  )
}

const OVERLAPS = [
  { value: '3600', label: '1 hour' },
  { value: '86400', label: '1 day' },
  { value: '604800', label: '7 days' },
  { value: '0', label: 'Stop it at once' },
]

interface RotateKeyProps extends CreateKeyProps {
  apiKey: Key
}

/** A new secret for the same key; both work for a while, so that nothing has to stop. */
export const RotateKey = ({ slug, apiKey, onClose }: RotateKeyProps) => {
  const [overlap, setOverlap] = useState('86400')
  const rotate = useAct(() =>
    call<Key & Secret>('POST', `/tenants${at(slug)}/keys${at(apiKey.api_key)}/rotate`, {
      overlap_seconds: Number(overlap),
    }),
  )
  if (rotate.data)
    return <SecretShown title="The new secret" secret={rotate.data} onClose={onClose} />
  const isAtOnce = overlap === '0'
  return (
    <FormDialog
      title="Rotate this key"
      action="Rotate key"
      color={isAtOnce ? 'red' : 'blue'}
      act={rotate}
      onClose={onClose}
    >
      <p>
        <code className="break">{apiKey.api_key}</code> gets a new secret.
        {apiKey.previous_secret && ' The secret before the present one stops now.'}
      </p>
      <NativeSelect
        label="The present secret works on for"
        data={OVERLAPS}
        data-autofocus
        value={overlap}
        onChange={(event) => setOverlap(event.currentTarget.value)}
      />
      <p className="soft">
        {isAtOnce
          ? 'The tenant’s backend is refused until it has the new secret. Join tokens made so far are revoked, and people who joined with them are put out of their calls.'
          : 'Until then both work. This page shows when the old one was last used.'}
      </p>
    </FormDialog>
  )
}
