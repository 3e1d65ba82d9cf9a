import { Button, NativeSelect, TextInput } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useState } from 'react'
import { at, call } from '../api.ts'
import { None } from '../parts/dash.tsx'
import { Facts } from '../parts/facts.tsx'
import { FormDialog } from '../parts/form-dialog.tsx'
import { Panel } from '../parts/page.tsx'
import { useAct } from '../queries.ts'
import { number } from '../text.ts'
import type { Limits, Tenant } from '../types.ts'

type Count = Exclude<keyof Limits, 'participant_minutes_hard'>

const LIMITS: { field: Count; name: string; none?: string }[] = [
  { field: 'max_rooms', name: 'Rooms' },
  { field: 'max_participants_per_room', name: 'People in a room' },
  { field: 'max_concurrent_participants', name: 'People in calls at a time', none: 'no limit' },
  {
    field: 'participant_minutes_per_month',
    name: 'Participant minutes a month',
    none: 'no limit',
  },
  { field: 'api_requests_per_second', name: 'API requests a second' },
  { field: 'token_mints_per_second', name: 'Tokens a second' },
  { field: 'max_webhooks', name: 'Webhooks' },
]

const MINUTES_USED_UP = 'When the minutes are used up'
const SOFT = 'nobody new can join'
const HARD = 'running calls end, too'

/** What the tenant may use. */
export const LimitsPanel = ({ tenant }: { tenant: Tenant }) => {
  const [editing, setEditing] = useState(false)
  return (
    <Panel
      title="Name and limits"
      actions={
        <Button variant="default" onClick={() => setEditing(true)}>
          Edit
        </Button>
      }
    >
      <Facts
        facts={[
          ['Name', tenant.name ?? <None />],
          ...LIMITS.map(({ field, name, none }): [string, string] => {
            const value = tenant.limits[field]
            return [name, value === null ? (none ?? '—') : number(value)]
          }),
          [MINUTES_USED_UP, tenant.limits.participant_minutes_hard ? HARD : SOFT],
        ]}
      />
      {editing && <EditLimits tenant={tenant} onClose={() => setEditing(false)} />}
    </Panel>
  )
}

type Texts = Record<Count, string>

const textsOf = (limits: Limits): Texts =>
  Object.fromEntries(LIMITS.map(({ field }) => [field, String(limits[field] ?? '')])) as Texts

interface Draft {
  name: string
  texts: Texts
  isHard: boolean
}

const draftOf = ({ name, limits }: Tenant): Draft => ({
  name: name ?? '',
  texts: textsOf(limits),
  isHard: limits.participant_minutes_hard,
})

/**
 * Only what was changed here: somebody else may change the rest meanwhile. An emptied field goes back
 * to its default.
 */
const changesOf = (before: Draft, after: Draft) => ({
  ...(after.name === before.name ? {} : { name: after.name.trim() || null }),
  limits: {
    ...Object.fromEntries(
      LIMITS.map(({ field }) => [field, after.texts[field]] as const)
        .filter(([field, text]) => text !== before.texts[field])
        .map(([field, text]) => [field, text === '' ? null : Number(text)]),
    ),
    ...(after.isHard === before.isHard ? {} : { participant_minutes_hard: after.isHard }),
  },
})

const FIELDS = [
  'name',
  'limits.participant_minutes_hard',
  ...LIMITS.map(({ field }) => `limits.${field}`),
]

const EditLimits = ({ tenant, onClose }: { tenant: Tenant; onClose: () => void }) => {
  const [before] = useState(() => draftOf(tenant))
  const [draft, setDraft] = useState(before)
  const put = (change: Partial<Draft>) => setDraft({ ...draft, ...change })
  const save = useAct(
    () => call('PATCH', `/tenants${at(tenant.slug)}`, changesOf(before, draft)),
    () => {
      notifications.show({ color: 'teal', message: `${tenant.slug} is changed.` })
      onClose()
    },
  )
  return (
    <FormDialog
      size="lg"
      title={`Name and limits of ${tenant.slug}`}
      action="Save"
      fields={FIELDS}
      act={save}
      onClose={onClose}
    >
      <Fields draft={draft} onChange={put} wrong={save.error?.fields ?? {}} />
      <p className="soft">
        Empty means no limit where there can be none, and the default elsewhere. Of all limits only
        that of minutes can end running calls.
      </p>
    </FormDialog>
  )
}

interface FieldsProps {
  draft: Draft
  onChange: (change: Partial<Draft>) => void
  /** by the name of the field */
  wrong: Record<string, string>
}

const Fields = ({ draft: { name, texts, isHard }, onChange, wrong }: FieldsProps) => (
  <>
    <TextInput
      label="Name"
      maxLength={128}
      data-autofocus
      value={name}
      error={wrong.name}
      onChange={(event) => onChange({ name: event.currentTarget.value })}
    />
    <div className="fields">
      {LIMITS.map(({ field, name, none }) => (
        <TextInput
          key={field}
          label={name}
          inputMode="numeric"
          pattern="[0-9]{0,15}"
          placeholder={none ?? 'default'}
          value={texts[field]}
          error={wrong[`limits.${field}`]}
          onChange={(event) =>
            onChange({ texts: { ...texts, [field]: event.currentTarget.value } })
          }
        />
      ))}
      <NativeSelect
        label={MINUTES_USED_UP}
        data={[
          { value: 'soft', label: SOFT },
          { value: 'hard', label: HARD },
        ]}
        value={isHard ? 'hard' : 'soft'}
        error={wrong['limits.participant_minutes_hard']}
        onChange={(event) => onChange({ isHard: event.currentTarget.value === 'hard' })}
      />
    </div>
  </>
)
