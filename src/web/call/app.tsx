import { type LocalTrack, type Room, RoomEvent } from 'livekit-client'
import { useCallback, useEffect, useRef, useState } from 'react'
import { Call } from './call.tsx'
import type { Link } from './link.ts'
import { Lobby } from './lobby.tsx'
import { NoticeScreen } from './notice-screen.tsx'
import {
  BROKEN_LINK,
  isUnexplained,
  joinFailed,
  left,
  NO_LINK,
  type Notice,
  RELOADED,
} from './notices.ts'
import type { Preview } from './preview.ts'
import { checkLink, connect, type DeviceIds, isOver, newRoom } from './server.ts'

type Screen =
  | { at: 'checking' }
  | { at: 'lobby' }
  | { at: 'call'; room: Room }
  | { at: 'notice'; notice: Notice }

export interface AppProps {
  link: Link | 'broken' | null
  reloaded: boolean
}

/** Everything between opening a link and leaving the call. The token lives in this component only. */
export const App = ({ link, reloaded }: AppProps) => {
  if (link === null) return <NoticeScreen notice={reloaded ? RELOADED : NO_LINK} />
  if (link === 'broken') return <NoticeScreen notice={BROKEN_LINK} />
  return <Visit link={link} />
}

const Visit = ({ link }: { link: Link }) => {
  const [screen, setScreen] = useState<Screen>({ at: 'checking' })
  const devices = useRef<DeviceIds>({})
  const joined = useRef<Room | null>(null)

  const check = useCallback(async () => {
    setScreen({ at: 'checking' })
    const refusal = await checkLink(link.token)
    setScreen(refusal ? { at: 'notice', notice: refusal } : { at: 'lobby' })
  }, [link])

  useEffect(() => {
    void check()
    return () => void joined.current?.disconnect()
  }, [check])
  useEffect(() => {
    document.title = link.room ? `${link.room} · GoLive` : 'Call · GoLive'
  }, [link])

  const join = async (preview: Preview) => {
    devices.current = preview.snapshot().devices
    const room = newRoom(devices.current)
    joined.current = room
    const refusal = await enter(room, link, preview)
    if (refusal) return setScreen({ at: 'notice', notice: refusal })
    room.once(RoomEvent.Disconnected, async (reason) => {
      const asked = isUnexplained(reason) ? await checkLink(link.token) : null
      setScreen({ at: 'notice', notice: asked ?? left(reason) })
    })
    setScreen({ at: 'call', room })
  }

  switch (screen.at) {
    case 'checking':
      return <Waiting />
    case 'lobby':
      return <Lobby link={link} devices={devices.current} onJoin={join} />
    case 'call':
      return <Call room={screen.room} title={link.room} />
    case 'notice':
      return <NoticeScreen notice={screen.notice} onAgain={check} />
  }
}

/** Connects and publishes what the preview holds. @returns why not, or null */
const enter = async (room: Room, link: Link, preview: Preview): Promise<Notice | null> => {
  try {
    await connect(room, link)
  } catch (error) {
    return joinFailed(error)
  }
  const publish = (track: LocalTrack) => room.localParticipant.publishTrack(track)
  // What this token may not publish the server refuses; the call goes on without it.
  await Promise.all(preview.handOver().map((track) => publish(track).catch(() => track.stop())))
  return isOver(room) ? left(undefined) : null
}

const Waiting = () => (
  <main className="screen">
    <p className="waiting" role="status">
      <span className="spinner" aria-hidden="true" /> Checking your link…
    </p>
  </main>
)
