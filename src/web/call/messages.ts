import { type ReceivedChatMessage, useChat } from '@livekit/components-react'
import { useEffect, useState } from 'react'

/** As many as are kept on screen; a long call must not grow the page without end. */
const SHOWN = 300

interface Messages {
  messages: ReceivedChatMessage[]
  unread: number
  send: (text: string) => Promise<unknown>
}

/** The chat of this call: nothing of it is stored anywhere. */
export const useMessages = (open: boolean): Messages => {
  const { chatMessages, send } = useChat()
  const [seen, setSeen] = useState(0)
  useEffect(() => {
    if (open) setSeen(chatMessages.length)
  }, [open, chatMessages.length])
  const unread = open ? 0 : Math.max(0, chatMessages.length - seen)
  return { messages: chatMessages.slice(-SHOWN), unread, send }
}
