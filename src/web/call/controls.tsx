import {
  useLocalParticipantPermissions,
  useRoomContext,
  useTrackToggle,
} from '@livekit/components-react'
import { MediaDeviceFailure, Track } from 'livekit-client'
import { Icon, type IconName } from './icons.tsx'
import type { Placement } from './placement.ts'

export type Panel = 'chat' | 'settings' | null

interface Props {
  placement: Placement
  panel: Panel
  onPanel: (panel: Panel) => void
  unread: number
  onProblem: (sentence: string) => void
}

/** The bar at the bottom. What a token does not allow is not offered. */
export const Controls = ({ placement, panel, onPanel, unread, onProblem }: Props) => {
  const room = useRoomContext()
  const may = useMay()
  return (
    <nav className="controls" aria-label="Call controls">
      {may.publish(Track.Source.Microphone) && (
        <Toggle source={Track.Source.Microphone} name="Microphone" onProblem={onProblem} />
      )}
      {may.publish(Track.Source.Camera) && (
        <Toggle source={Track.Source.Camera} name="Camera" onProblem={onProblem} />
      )}
      {may.publish(Track.Source.ScreenShare) && canShareScreen() && (
        <Toggle source={Track.Source.ScreenShare} name="Share screen" onProblem={onProblem} />
      )}
      <ViewToggle {...placement} />
      {may.chat && (
        <button
          type="button"
          className="round"
          aria-label={unread > 0 ? `Chat, ${unread} unread` : 'Chat'}
          aria-pressed={panel === 'chat'}
          title="Chat"
          onClick={() => onPanel(panel === 'chat' ? null : 'chat')}
        >
          <Icon name="chat" />
          {unread > 0 && <span className="badge">{unread > 99 ? '99+' : unread}</span>}
        </button>
      )}
      <button
        type="button"
        className="round"
        aria-label="Devices"
        title="Devices"
        onClick={() => onPanel('settings')}
      >
        <Icon name="settings" />
      </button>
      <button
        type="button"
        className="round leave"
        aria-label="Leave call"
        title="Leave call"
        onClick={() => void room.disconnect()}
      >
        <Icon name="leave" />
      </button>
    </nav>
  )
}

/** Phones' browsers cannot. */
const canShareScreen = (): boolean => typeof navigator.mediaDevices?.getDisplayMedia === 'function'

type Source = Track.Source.Camera | Track.Source.Microphone | Track.Source.ScreenShare

/** TrackSource in LiveKit's protocol, the form in which a participant's permissions name sources. */
const PROTOCOL_SOURCE: Record<Source, number> = {
  [Track.Source.Camera]: 1,
  [Track.Source.Microphone]: 2,
  [Track.Source.ScreenShare]: 3,
}

const useMay = () => {
  const permissions = useLocalParticipantPermissions()
  const sources = permissions?.canPublishSources ?? []
  const publish = (source: Source): boolean =>
    permissions?.canPublish === true &&
    (sources.length === 0 || sources.some((allowed) => Number(allowed) === PROTOCOL_SOURCE[source]))
  return { publish, chat: permissions?.canPublishData === true }
}

const ICONS: Record<Source, { on: IconName; off: IconName }> = {
  [Track.Source.Camera]: { on: 'camera', off: 'cameraOff' },
  [Track.Source.Microphone]: { on: 'microphone', off: 'microphoneOff' },
  [Track.Source.ScreenShare]: { on: 'screen', off: 'screen' },
}

interface ToggleProps {
  source: Source
  name: string
  onProblem: (sentence: string) => void
}

const Toggle = ({ source, name, onProblem }: ToggleProps) => {
  const { enabled, pending, toggle } = useTrackToggle<Source>({
    source,
    onDeviceError: (error) => onProblem(sentenceFor(name, error)),
  })
  const shares = source === Track.Source.ScreenShare
  return (
    <button
      type="button"
      className="round"
      data-off={!shares && !enabled}
      data-live={shares && enabled}
      aria-label={name}
      aria-pressed={enabled}
      aria-disabled={pending}
      title={
        shares
          ? enabled
            ? 'Stop sharing'
            : name
          : `Turn ${name.toLowerCase()} ${enabled ? 'off' : 'on'}`
      }
      onClick={() => pending || void toggle().catch(() => undefined)}
    >
      <Icon name={enabled ? ICONS[source].on : ICONS[source].off} />
    </button>
  )
}

const sentenceFor = (name: string, error: Error): string => {
  if (name === 'Share screen') return 'The screen was not shared.'
  return MediaDeviceFailure.getFailure(error) === MediaDeviceFailure.PermissionDenied
    ? `Your browser blocks the ${name.toLowerCase()}. Allow it beside the address bar.`
    : `The ${name.toLowerCase()} could not be started.`
}

const ViewToggle = ({ arrangement, toggleView }: Placement) => {
  const { stage, others } = arrangement
  if (stage === null && others.length < 2) return null
  const label = stage ? 'Show everyone alike' : 'Show the speaker large'
  return (
    <button type="button" className="round" aria-label={label} title={label} onClick={toggleView}>
      <Icon name={stage ? 'grid' : 'speaker'} />
    </button>
  )
}
