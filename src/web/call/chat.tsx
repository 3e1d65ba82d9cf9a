import type { ReceivedChatMessage } from '@livekit/components-react'
import { type FormEvent, useEffect, useRef, useState } from 'react'
import { Icon } from './icons.tsx'

const MAX_MESSAGE = 2000

interface Props {
  messages: ReceivedChatMessage[]
  onSend: (text: string) => Promise<unknown>
  onClose: () => void
}

/** Messages as plain text, never as markup. */
export const Chat = ({ messages, onSend, onClose }: Props) => {
  const list = useRef<HTMLOListElement>(null)
  // biome-ignore lint/correctness/useExhaustiveDependencies: scrolls when a message arrives
  useEffect(() => {
    void list.current?.scrollTo({ top: list.current.scrollHeight })
  }, [messages.length])
  return (
    <aside className="chat" aria-label="Chat">
      <header>
        <h2>Chat</h2>
        <button type="button" className="round quiet" aria-label="Close chat" onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      <ol ref={list} role="log" aria-live="polite">
        {messages.length === 0 && (
          <li className="chat-empty">
            Messages reach who is in the call now, and are gone when it ends.
          </li>
        )}
        {messages.map((message, at) => (
          <Message key={message.id} message={message} follows={messages[at - 1]} />
        ))}
      </ol>
      <Composer onSend={onSend} onClose={onClose} />
    </aside>
  )
}

interface MessageProps {
  message: ReceivedChatMessage
  follows: ReceivedChatMessage | undefined
}

const Message = ({ message, follows }: MessageProps) => {
  const { from } = message
  const name = from?.isLocal ? 'You' : from?.name || from?.identity || 'Someone'
  const grouped =
    follows?.from?.identity === from?.identity &&
    message.timestamp - (follows?.timestamp ?? 0) < 60_000
  return (
    <li data-own={from?.isLocal ?? false} data-grouped={grouped}>
      {!grouped && (
        <p className="chat-from">
          <strong>{name}</strong> <time>{clock(message.timestamp)}</time>
        </p>
      )}
      <p className="chat-text">{message.message}</p>
    </li>
  )
}

const clock = (ms: number): string =>
  new Date(ms).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })

const Composer = ({ onSend, onClose }: Omit<Props, 'messages'>) => {
  const [text, setText] = useState('')
  const [failed, setFailed] = useState(false)
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    if (text.trim() === '') return
    setText('')
    const sent = await onSend(text.trim()).then(
      () => true,
      () => false,
    )
    setFailed(!sent)
    if (!sent) setText(text)
  }
  return (
    <form onSubmit={submit}>
      {failed && <p role="alert">The message was not sent. Try again.</p>}
      <input
        value={text}
        maxLength={MAX_MESSAGE}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => event.key === 'Escape' && onClose()}
        placeholder="Write to everyone"
        aria-label="Message to everyone"
        autoComplete="off"
        // biome-ignore lint/a11y/noAutofocus: opening the chat is the wish to write
        autoFocus
      />
      <button
        type="submit"
        className="round primary"
        aria-label="Send"
        disabled={text.trim() === ''}
      >
        <Icon name="send" />
      </button>
    </form>
  )
}
