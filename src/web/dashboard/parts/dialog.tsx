import { Modal } from '@mantine/core'
import { type ReactNode, useEffect } from 'react'

interface DialogProps {
  title: string
  size?: 'md' | 'lg'
  /** closed by its own button only: neither Escape nor a click beside it */
  isSticky?: boolean
  onClose: () => void
  children: ReactNode
}

/** In front of the page; afterwards the focus is where it was before. */
export const Dialog = ({
  title,
  size = 'md',
  isSticky = false,
  onClose,
  children,
}: DialogProps) => {
  useEffect(() => {
    const before = document.activeElement
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus()
    }
  }, [])
  return (
    <Modal
      opened
      centered
      // Its way of locking the scroll makes a style element; the style sheet does it instead.
      lockScroll={false}
      size={size}
      radius="lg"
      title={title}
      onClose={onClose}
      withCloseButton={!isSticky}
      closeOnClickOutside={!isSticky}
      closeOnEscape={!isSticky}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {children}
    </Modal>
  )
}
