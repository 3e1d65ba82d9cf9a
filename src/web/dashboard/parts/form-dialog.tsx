import { Button, Group } from '@mantine/core'
import type { FormEvent, ReactNode } from 'react'
import type { ApiError } from '../api.ts'
import { Dialog } from './dialog.tsx'
import { Trouble } from './states.tsx'

interface FormDialogProps {
  title: string
  size?: 'md' | 'lg'
  action: string
  color?: 'blue' | 'red'
  /** keeps the button from working */
  isWaiting?: boolean
  /** where nothing is to be filled in, the button that changes nothing has the focus */
  isCancelFirst?: boolean
  /** which tell by themselves what is wrong with them */
  fields?: string[]
  act: { mutate: () => void; isPending: boolean; error: ApiError | null }
  onClose: () => void
  children: ReactNode
}

/** Something to fill in, or to agree to, in front of the page. */
export const FormDialog = ({
  title,
  size = 'md',
  action,
  color = 'blue',
  isWaiting = false,
  isCancelFirst = false,
  fields = [],
  act,
  onClose,
  children,
}: FormDialogProps) => {
  const submit = (event: FormEvent) => {
    event.preventDefault()
    act.mutate()
  }
  const wrong = Object.keys(act.error?.fields ?? {})
  const isTold = wrong.length > 0 && wrong.every((field) => fields.includes(field))
  return (
    <Dialog size={size} onClose={onClose} title={title}>
      <form className="stack" onSubmit={submit}>
        {children}
        {act.error && !isTold && <Trouble error={act.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose} data-autofocus={isCancelFirst || undefined}>
            Cancel
          </Button>
          <Button type="submit" color={color} loading={act.isPending} disabled={isWaiting}>
            {action}
          </Button>
        </Group>
      </form>
    </Dialog>
  )
}
