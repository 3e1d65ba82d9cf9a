import {
  useConnectionState,
  useParticipants,
  useRoomContext,
  useStartAudio,
} from '@livekit/components-react'
import { ConnectionState, type Participant, RoomEvent } from 'livekit-client'
import { useEffect, useState } from 'react'
import { Icon } from './icons.tsx'

interface Props {
  title: string
  problem: string | null
  onDismiss: () => void
}

/** Which call this is, who comes and goes, and what is wrong. */
export const Header = ({ title, problem, onDismiss }: Props) => {
  const room = useRoomContext()
  const count = useParticipants().length
  const { mergedProps: startAudio, canPlayAudio } = useStartAudio({ room, props: {} })
  return (
    <header className="call-header">
      <h1>{title || 'Call'}</h1>
      <span className="chip" title="People in this call">
        <Icon name="people" />
        <span className="hidden">People in this call: </span>
        {count}
      </span>
      <div className="toasts">
        <Connection />
        {!canPlayAudio && (
          <button {...startAudio} style={undefined} type="button" className="toast action">
            Your browser holds the sound back. Tap to hear the others.
          </button>
        )}
        {problem && (
          <p className="toast" data-tone="warning" role="alert">
            <Icon name="warning" /> {problem}
            <button
              type="button"
              className="round quiet tiny"
              aria-label="Dismiss"
              onClick={onDismiss}
            >
              <Icon name="close" />
            </button>
          </p>
        )}
      </div>
      <ComingAndGoing />
    </header>
  )
}

const RECONNECTING = [ConnectionState.Reconnecting, ConnectionState.SignalReconnecting]

const Connection = () => {
  const lost = RECONNECTING.includes(useConnectionState())
  return (
    <div role="status">
      {lost && (
        <p className="toast" data-tone="warning">
          <span className="spinner" aria-hidden="true" /> Connection lost. Reconnecting…
        </p>
      )}
    </div>
  )
}

/** Says it to a screen reader; others see the tiles change. */
const ComingAndGoing = () => {
  const room = useRoomContext()
  const [news, setNews] = useState('')
  useEffect(() => {
    const came = (who: Participant) => setNews(`${who.name || who.identity} joined`)
    const went = (who: Participant) => setNews(`${who.name || who.identity} left`)
    room.on(RoomEvent.ParticipantConnected, came).on(RoomEvent.ParticipantDisconnected, went)
    return () => {
      room.off(RoomEvent.ParticipantConnected, came).off(RoomEvent.ParticipantDisconnected, went)
    }
  }, [room])
  return (
    <p className="hidden" aria-live="polite">
      {news}
    </p>
  )
}
