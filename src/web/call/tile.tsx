import {
  isTrackReference,
  ParticipantTile,
  TrackRefContext,
  type TrackReferenceOrPlaceholder,
  useConnectionQualityIndicator,
  useIsMuted,
  useParticipantInfo,
  useParticipantTracks,
  useTrackRefContext,
  VideoTrack,
} from '@livekit/components-react'
import { ConnectionQuality, Track } from 'livekit-client'
import { createContext, useContext } from 'react'
import { Avatar } from './avatar.tsx'
import { Icon } from './icons.tsx'
import { keyOf } from './placement.ts'

export const PinContext = createContext<{ pinned: string | null; toggle: (key: string) => void }>({
  pinned: null,
  toggle: () => undefined,
})

export const TileOf = ({ track }: { track: TrackReferenceOrPlaceholder }) => (
  <TrackRefContext.Provider value={track} key={keyOf(track)}>
    <Tile />
  </TrackRefContext.Provider>
)

/** One person or one shared screen; which one comes from the context around it. */
export const Tile = () => {
  const track = useTrackRefContext()
  const { identity, name } = useParticipantInfo({ participant: track.participant })
  const label = name || identity || ''
  const isScreen = track.source === Track.Source.ScreenShare
  return (
    <ParticipantTile className="tile" data-identity={identity}>
      {isTrackReference(track) && <VideoTrack trackRef={track} aria-label={label} />}
      {!isScreen && (
        <div className="tile-avatar">
          <Avatar name={label} />
        </div>
      )}
      <div className="tile-bar">
        <Name label={label} track={track} isScreen={isScreen} />
        <WeakConnection track={track} />
      </div>
      <PinButton track={track} label={label} />
    </ParticipantTile>
  )
}

interface NameProps {
  label: string
  track: TrackReferenceOrPlaceholder
  isScreen: boolean
}

const Name = ({ label, track, isScreen }: NameProps) => {
  const { participant } = track
  const [microphone] = useParticipantTracks([Track.Source.Microphone], participant.identity)
  const paused = useIsMuted({ participant, source: Track.Source.Microphone })
  const muted = !microphone || paused
  return (
    <p className="tile-name">
      {muted && !isScreen && (
        <span className="tile-muted">
          <Icon name="microphoneOff" />
          <span className="hidden">Muted: </span>
        </span>
      )}
      {isScreen && <Icon name="screen" />}
      <span className="cut">
        {isScreen ? `${label} · screen` : participant.isLocal ? 'You' : label}
      </span>
    </p>
  )
}

const WeakConnection = ({ track }: { track: TrackReferenceOrPlaceholder }) => {
  const { quality } = useConnectionQualityIndicator({ participant: track.participant })
  if (quality !== ConnectionQuality.Poor && quality !== ConnectionQuality.Lost) return null
  return (
    <span className="tile-weak" title="Weak connection">
      <Icon name="signal" />
      <span className="hidden">Weak connection</span>
    </span>
  )
}

const PinButton = ({ track, label }: Omit<NameProps, 'isScreen'>) => {
  const { pinned, toggle } = useContext(PinContext)
  const key = keyOf(track)
  return (
    <button
      type="button"
      className="round glass pin"
      aria-label={`Keep ${label} large`}
      aria-pressed={pinned === key}
      title={pinned === key ? 'Unpin' : 'Keep large'}
      onClick={() => toggle(key)}
    >
      <Icon name="pin" />
    </button>
  )
}
