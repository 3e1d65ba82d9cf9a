import { Button, Group, TextInput } from '@mantine/core'
import { type FormEvent, type ReactNode, useState } from 'react'
import type { ApiError } from '../api.ts'
import { Dialog } from './dialog.tsx'
import { Trouble } from './states.tsx'

interface ConfirmProps {
  title: string
  /** what will happen, in words */
  children: ReactNode
  action: string
  /** must be typed before the button works */
  typed?: string
  act: { mutate: () => void; isPending: boolean; error: ApiError | null }
  onClose: () => void
}

/** Asks before something that cannot be taken back. */
export const Confirm = ({ title, children, action, typed, act, onClose }: ConfirmProps) => {
  const [text, setText] = useState('')
  const submit = (event: FormEvent) => {
    event.preventDefault()
    act.mutate()
  }
  return (
    <Dialog onClose={onClose} title={title}>
      <form className="stack" onSubmit={submit}>
        <div className="prose">{children}</div>
        {typed !== undefined && (
          <TextInput
            label={
              <>
                Type <code>{typed}</code> to confirm
              </>
            }
            value={text}
            autoComplete="off"
            spellCheck={false}
            data-autofocus
            onChange={(event) => setText(event.currentTarget.value)}
          />
        )}
        {act.error && <Trouble error={act.error} />}
        <Group justify="flex-end">
          <Button
            variant="default"
            onClick={onClose}
            data-autofocus={typed === undefined || undefined}
          >
            Cancel
          </Button>
          <Button
            type="submit"
            color="red"
            loading={act.isPending}
            disabled={typed !== undefined && text !== typed}
          >
            {action}
          </Button>
        </Group>
      </form>
    </Dialog>
  )
}
