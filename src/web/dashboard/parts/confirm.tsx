import { TextInput } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import type { ApiError } from '../api.ts'
import { FormDialog } from './form-dialog.tsx'

interface ConfirmProps {
  title: string
  /** what will happen, in words */
  children: ReactNode
  action: string
  /** red, unless nothing is lost by it */
  color?: 'blue' | 'red'
  /** must be typed before the button works */
  typed?: string
  act: { mutate: () => void; isPending: boolean; error: ApiError | null }
  onClose: () => void
}

/** Asks before something that cannot be taken back. */
export const Confirm = ({
  title,
  children,
  action,
  color = 'red',
  typed,
  act,
  onClose,
}: ConfirmProps) => {
  const [text, setText] = useState('')
  return (
    <FormDialog
      title={title}
      action={action}
      color={color}
      isWaiting={typed !== undefined && text !== typed}
      isCancelFirst={typed === undefined}
      act={act}
      onClose={onClose}
    >
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
    </FormDialog>
  )
}
