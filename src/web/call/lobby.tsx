import { useTrackVolume } from '@livekit/components-react'
import type { LocalAudioTrack, LocalVideoTrack } from 'livekit-client'
import { type ReactNode, useEffect, useRef, useState, useSyncExternalStore } from 'react'
import { Avatar } from './avatar.tsx'
import { Brand } from './brand.tsx'
import { DeviceSelect } from './device-select.tsx'
import { Icon } from './icons.tsx'
import type { Link } from './link.ts'
import { type Kind, Preview, type PreviewState, type Problem } from './preview.ts'
import type { DeviceIds } from './server.ts'

interface Props {
  link: Link
  devices: DeviceIds
  onJoin: (preview: Preview) => Promise<void>
}

/** Before the call: see yourself, choose devices, join. A blocked camera never keeps anyone out. */
export const Lobby = ({ link, devices, onJoin }: Props) => {
  const [preview] = useState(() => new Preview(devices))
  const state = useSyncExternalStore(preview.subscribe, preview.snapshot)
  const [joining, setJoining] = useState(false)
  const kinds = (['camera', 'microphone'] as const).filter((kind) => link.publishes[kind])

  // biome-ignore lint/correctness/useExhaustiveDependencies: once, as the lobby opens
  useEffect(() => {
    if (kinds.length > 0) void preview.open(...kinds)
    return () => {
      for (const kind of kinds) preview.close(kind)
    }
  }, [preview])

  const join = () => {
    setJoining(true)
    void onJoin(preview)
  }

  return (
    <main className="screen lobby-screen">
      <Brand />
      <div className="lobby">
        <Mirror state={state} preview={preview} link={link} kinds={kinds} />
        <section className="lobby-side">
          <h1>{kinds.length > 0 ? 'Ready to join?' : 'Ready to watch?'}</h1>
          <Where link={link} listensOnly={kinds.length === 0} />
          <Problems state={state} kinds={kinds} onRetry={(kind) => void preview.open(kind)} />
          <Devices state={state} preview={preview} kinds={kinds} />
          <button type="button" className="button primary wide" disabled={joining} onClick={join}>
            {joining && <span className="spinner" aria-hidden="true" />}
            {joining ? 'Joining…' : joinLabel(state, kinds)}
          </button>
        </section>
      </div>
    </main>
  )
}

const joinLabel = (state: PreviewState, kinds: Kind[]): string => {
  const dark = kinds.includes('camera') && state.camera.problem
  const mute = kinds.includes('microphone') && state.microphone.problem
  if (dark && mute) return 'Join and listen'
  if (dark) return 'Join without camera'
  return mute ? 'Join without microphone' : 'Join call'
}

const Where = ({ link, listensOnly }: { link: Link; listensOnly: boolean }) => (
  <p className="where">
    {link.room && <strong>{link.room}</strong>}
    {link.name && <span>You join as {link.name}</span>}
    {listensOnly && <span>With this link you watch and listen.</span>}
  </p>
)

interface MirrorProps {
  state: PreviewState
  preview: Preview
  link: Link
  kinds: Kind[]
}

const Mirror = ({ state, preview, link, kinds }: MirrorProps) => (
  <div className="mirror">
    {state.camera.track ? (
      <PreviewVideo track={state.camera.track} />
    ) : (
      <div className="mirror-off">
        <Avatar name={link.name} />
        <p role="status">{mirrorText(state, kinds)}</p>
      </div>
    )}
    {state.microphone.track && <Meter track={state.microphone.track} />}
    <div className="mirror-controls">
      {kinds.map((kind) => (
        <PreviewToggle key={kind} kind={kind} state={state} preview={preview} />
      ))}
    </div>
  </div>
)

const mirrorText = (state: PreviewState, kinds: Kind[]): string => {
  if (kinds.length === 0) return ''
  if (state.camera.pending) return 'Your browser may ask to use your camera and microphone'
  return state.camera.problem ? 'No picture' : 'Your camera is off'
}

const PreviewToggle = ({
  kind,
  state,
  preview,
}: Omit<MirrorProps, 'link' | 'kinds'> & { kind: Kind }) => {
  const { on, pending } = state[kind]
  return (
    <button
      type="button"
      className="round glass"
      data-off={!on}
      aria-label={kind === 'camera' ? 'Camera' : 'Microphone'}
      aria-pressed={on}
      title={`Turn ${kind} ${on ? 'off' : 'on'}`}
      disabled={pending}
      onClick={() => (on ? preview.close(kind) : void preview.open(kind))}
    >
      <Icon name={on ? kind : `${kind}Off`} />
    </button>
  )
}

const PreviewVideo = ({ track }: { track: LocalVideoTrack }) => {
  const video = useRef<HTMLVideoElement>(null)
  useEffect(() => {
    const element = video.current
    if (!element) return
    track.attach(element)
    return () => void track.detach(element)
  }, [track])
  return <video ref={video} aria-label="Your camera" playsInline muted />
}

const BARS = [0.04, 0.1, 0.18, 0.28, 0.4]

/** Moves with one's voice, so that a dead microphone shows before the call. */
const Meter = ({ track }: { track: LocalAudioTrack }) => {
  const volume = useTrackVolume(track)
  return (
    <span className="meter" aria-hidden="true">
      {BARS.map((level) => (
        <i key={level} data-lit={volume >= level} />
      ))}
    </span>
  )
}

const WORDS: Record<Problem, (device: string) => ReactNode> = {
  blocked: (device) =>
    `Your browser blocks the ${device}. Allow it beside the address bar, then try again.`,
  missing: (device) => `No ${device} was found.`,
  busy: (device) => `The ${device} is used by another program. Close it, then try again.`,
  insecure: (device) => `The ${device} works on pages opened over https only.`,
  failed: (device) => `The ${device} could not be started.`,
}

interface ProblemsProps {
  state: PreviewState
  kinds: Kind[]
  onRetry: (kind: Kind) => void
}

const Problems = ({ state, kinds, onRetry }: ProblemsProps) => (
  <div role="status">
    {kinds.map((kind) => {
      const { problem } = state[kind]
      return problem ? (
        <p key={kind} className="hint" data-tone="warning">
          <Icon name="warning" />
          <span>{WORDS[problem](kind)}</span>
          {problem !== 'insecure' && (
            <button type="button" className="button small" onClick={() => onRetry(kind)}>
              Try again
            </button>
          )}
        </p>
      ) : null
    })}
  </div>
)

const Devices = ({ state, preview, kinds }: Omit<MirrorProps, 'link'>) => (
  <div className="fields">
    {kinds.map((kind) => (
      <DeviceSelect
        key={kind}
        label={kind === 'camera' ? 'Camera' : 'Microphone'}
        kind={kind === 'camera' ? 'videoinput' : 'audioinput'}
        value={state.devices[kind] ?? idOf(state[kind].track)}
        opened={state[kind].track}
        onChoose={(deviceId) => void preview.choose(kind, deviceId)}
      />
    ))}
  </div>
)

const idOf = (track: LocalVideoTrack | LocalAudioTrack | null): string | undefined =>
  track?.mediaStreamTrack.getSettings().deviceId
