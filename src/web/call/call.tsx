import { RoomAudioRenderer, RoomContext } from '@livekit/components-react'
import type { Room } from 'livekit-client'
import { useState } from 'react'
import { Chat } from './chat.tsx'
import { Controls, type Panel } from './controls.tsx'
import { Header } from './header.tsx'
import { useMessages } from './messages.ts'
import { usePlacement } from './placement.ts'
import { Settings } from './settings.tsx'
import { Stage } from './stage.tsx'
import { useWakeLock } from './wake-lock.ts'

interface Props {
  room: Room
  title: string
}

/** The running call. */
export const Call = ({ room, title }: Props) => (
  <RoomContext.Provider value={room}>
    <CallScreen title={title} />
    <RoomAudioRenderer />
  </RoomContext.Provider>
)

const CallScreen = ({ title }: { title: string }) => {
  const placement = usePlacement()
  const [panel, setPanel] = useState<Panel>(null)
  const [problem, setProblem] = useState<string | null>(null)
  const { messages, unread, send } = useMessages(panel === 'chat')
  useWakeLock()
  return (
    <main className="call" data-panel={panel ?? 'none'}>
      <Header title={title} problem={problem} onDismiss={() => setProblem(null)} />
      <Stage {...placement} />
      {panel === 'chat' && (
        <Chat messages={messages} onSend={send} onClose={() => setPanel(null)} />
      )}
      {panel === 'settings' && <Settings onClose={() => setPanel(null)} />}
      <Controls
        placement={placement}
        panel={panel}
        onPanel={setPanel}
        unread={unread}
        onProblem={setProblem}
      />
    </main>
  )
}
