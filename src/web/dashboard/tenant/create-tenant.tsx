import { Button, Group, TextInput } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { call } from '../api.ts'
import { Dialog } from '../parts/dialog.tsx'
import { Trouble } from '../parts/states.tsx'
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
  const submit = (event: FormEvent) => {
    event.preventDefault()
    create.mutate()
  }
  const fields = create.error?.fields ?? {}
  return (
    <Dialog onClose={onClose} title="New tenant">
      <form className="stack" onSubmit={submit}>
        {create.error && Object.keys(fields).length === 0 && <Trouble error={create.error} />}
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
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={create.isPending}>
            Create tenant
          </Button>
        </Group>
      </form>
    </Dialog>
  )
}
