import { TextInput } from '@mantine/core'
import { useState } from 'react'
import { call } from '../api.ts'
import { FormDialog } from '../parts/form-dialog.tsx'
import { useAct } from '../queries.ts'
import { navigate, tenantPath } from '../router.tsx'
import type { Secret, Tenant } from '../types.ts'
import { SecretShown } from './secret-shown.tsx'

/** Asks for a slug, then shows the first secret, once. */
export const CreateTenant = ({ onClose }: { onClose: () => void }) => {
  const [slug, setSlug] = useState('')
  const [name, setName] = useState('')
  const create = useAct(() =>
    call<Tenant & Secret>('POST', '/tenants', { slug: slug.trim(), name: name.trim() || null }),
  )
  if (create.data) {
    const made = create.data
    return (
      <SecretShown
        title={`${made.slug} is ready`}
        secret={made}
        onClose={() => navigate(tenantPath(made.slug))}
      />
    )
  }
  const fields = create.error?.fields ?? {}
  return (
    <FormDialog
      title="New tenant"
      action="Create tenant"
      fields={['slug', 'name']}
      act={create}
      onClose={onClose}
    >
      <TextInput
        label="Slug"
        description="Lowercase letters, digits and hyphens. It stays for good."
        placeholder="acme"
        required
        withAsterisk={false}
        maxLength={40}
        autoComplete="off"
        spellCheck={false}
        data-autofocus
        value={slug}
        error={fields.slug}
        onChange={(event) => setSlug(event.currentTarget.value)}
      />
      <TextInput
        label="Name"
        description="For people; may be left empty"
        placeholder="Acme Ltd"
        maxLength={128}
        autoComplete="off"
        value={name}
        error={fields.name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <p className="soft">It starts with the default limits, which you can change any time.</p>
    </FormDialog>
  )
}
