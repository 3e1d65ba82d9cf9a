import { Button, PasswordInput } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { type FormEvent, useState } from 'react'
import { call } from '../api.ts'
import { Panel } from '../parts/page.tsx'
import { Trouble } from '../parts/states.tsx'
import { useAct } from '../queries.ts'

/** One's own password; changing it signs one out everywhere else. */
export const Password = () => {
  const [current, setCurrent] = useState('')
  const [next, setNext] = useState('')
  const save = useAct(
    () => call('PUT', '/password', { password: next, current_password: current }),
    () => {
      setCurrent('')
      setNext('')
      notifications.show({ color: 'teal', message: 'Your password is changed.' })
    },
  )
  const submit = (event: FormEvent) => {
    event.preventDefault()
    save.mutate()
  }
  return (
    <Panel title="Your password" lead="Changing it ends your sessions in other browsers.">
      <form className="stack narrow" onSubmit={submit}>
        {save.error && !save.error.fields.password && <Trouble error={save.error} />}
        <PasswordInput
          label="Current password"
          autoComplete="current-password"
          required
          withAsterisk={false}
          value={current}
          onChange={(event) => setCurrent(event.currentTarget.value)}
          visibilityToggleButtonProps={{ 'aria-label': 'Show the current password' }}
        />
        <PasswordInput
          label="New password"
          description="At least 12 characters"
          autoComplete="new-password"
          required
          withAsterisk={false}
          minLength={12}
          value={next}
          error={save.error?.fields.password}
          onChange={(event) => setNext(event.currentTarget.value)}
          visibilityToggleButtonProps={{ 'aria-label': 'Show the new password' }}
        />
        <div>
          <Button type="submit" variant="default" loading={save.isPending}>
            Change password
          </Button>
        </div>
      </form>
    </Panel>
  )
}
