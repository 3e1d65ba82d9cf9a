import { Button, Group, NativeSelect, TextInput } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { type FormEvent, useState } from 'react'
import { at, call } from '../api.ts'
import { None } from '../parts/dash.tsx'
import { Dialog } from '../parts/dialog.tsx'
import { Facts } from '../parts/facts.tsx'
import { Panel } from '../parts/page.tsx'
import { Trouble } from '../parts/states.tsx'
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

/** Only what was changed; an emptied field goes back to its default. */
const changesOf = (before: Texts, after: Texts) =>
  Object.fromEntries(
    LIMITS.filter(({ field }) => before[field] !== after[field]).map(({ field }) => [
      field,
      after[field] === '' ? null : Number(after[field]),
    ]),
  )

const EditLimits = ({ tenant, onClose }: { tenant: Tenant; onClose: () => void }) => {
  const [name, setName] = useState(tenant.name ?? '')
  const [before] = useState(() => textsOf(tenant.limits))
  const [texts, setTexts] = useState(before)
  const wasHard = tenant.limits.participant_minutes_hard
  const [isHard, setHard] = useState(wasHard)
  const save = useAct(
    () =>
      call('PATCH', `/tenants${at(tenant.slug)}`, {
        name: name.trim() || null,
        limits: {
          ...changesOf(before, texts),
          ...(isHard === wasHard ? {} : { participant_minutes_hard: isHard }),
        },
      }),
    () => {
      notifications.show({ color: 'teal', message: `${tenant.slug} is changed.` })
      onClose()
    },
  )
  const submit = (event: FormEvent) => {
    event.preventDefault()
    save.mutate()
  }
  const fields = save.error?.fields ?? {}
  return (
    <Dialog size="lg" onClose={onClose} title={`Name and limits of ${tenant.slug}`}>
      <form className="stack" onSubmit={submit}>
        {save.error && Object.keys(fields).length === 0 && <Trouble error={save.error} />}
        <TextInput
          label="Name"
          maxLength={128}
          data-autofocus
          value={name}
          error={fields.name}
          onChange={(event) => setName(event.currentTarget.value)}
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
              error={fields[`limits.${field}`]}
              onChange={(event) => setTexts({ ...texts, [field]: event.currentTarget.value })}
            />
          ))}
          <NativeSelect
            label={MINUTES_USED_UP}
            data={[
              { value: 'soft', label: SOFT },
              { value: 'hard', label: HARD },
            ]}
            value={isHard ? 'hard' : 'soft'}
            error={fields['limits.participant_minutes_hard']}
            onChange={(event) => setHard(event.currentTarget.value === 'hard')}
          />
        </div>
        <p className="soft">
          Empty means no limit where there can be none, and the default elsewhere. Of all limits
          only that of minutes can end running calls.
        </p>
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={save.isPending}>
            Save
          </Button>
        </Group>
      </form>
    </Dialog>
  )
}
