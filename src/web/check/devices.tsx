import { useTrackVolume } from '@livekit/components-react'
import type { LocalAudioTrack, LocalVideoTrack } from 'livekit-client'
import { useEffect, useRef } from 'react'
import { DeviceSelect } from '../call/device-select.tsx'
import { Icon } from '../call/icons.tsx'
import type { Kind, Preview, PreviewState } from '../call/preview.ts'
import type { State } from './checkup.ts'
import { MarkIcon } from './mark.tsx'
import type { DeviceNote } from './report.ts'
import { problemWords } from './words.ts'

interface Props {
  state: PreviewState
  preview: Preview
  heard: boolean
  onHeard: () => void
}

const KINDS = ['camera', 'microphone'] as const
const TITLES: Record<Kind, string> = { camera: 'Camera', microphone: 'Microphone' }

/** Camera and microphone, seen and heard by nobody else. */
export const Devices = ({ state, preview, heard, onHeard }: Props) => (
  <section className="card part devices">
    <h2>Camera and microphone</h2>
    <div className="stage">
      {state.camera.track ? (
        <PreviewVideo track={state.camera.track} />
      ) : (
        <Icon name={state.camera.pending ? 'camera' : 'cameraOff'} />
      )}
      {state.microphone.track && <Meter track={state.microphone.track} onHeard={onHeard} />}
    </div>
    <ul className="lines">
      {KINDS.map((kind) => (
        <DeviceLine key={kind} kind={kind} state={state} preview={preview} heard={heard} />
      ))}
    </ul>
    <Choice state={state} preview={preview} />
  </section>
)

const DeviceLine = ({ kind, state, preview, heard }: Omit<Props, 'onHeard'> & { kind: Kind }) => {
  const { problem } = state[kind]
  return (
    <li data-part={kind} data-state={markOf(state, kind)}>
      <MarkIcon mark={markOf(state, kind)} />
      <span className="what">
        <strong>{TITLES[kind]}</strong>
        <small>
          {problem ? problemWords(problem, kind, navigator.userAgent) : nameOf(state, kind)}
        </small>
        {problem && problem !== 'insecure' && (
          <button type="button" className="button small" onClick={() => void preview.open(kind)}>
            Try the {kind} again
          </button>
        )}
      </span>
      <span className="how">{wordsOf(state, kind, heard)}</span>
    </li>
  )
}

const markOf = (state: PreviewState, kind: Kind): State => {
  const { pending, problem, track } = state[kind]
  if (pending) return 'running'
  if (problem) return 'failed'
  return track ? 'ok' : 'waiting'
}

const wordsOf = (state: PreviewState, kind: Kind, heard: boolean): string => {
  const { pending, problem, track } = state[kind]
  if (pending) return 'Waiting for you'
  if (problem) return 'Not working'
  if (!track) return 'Off'
  if (kind === 'camera') return 'Works'
  return heard ? 'Works · we hear you' : 'On · say something'
}

const nameOf = (state: PreviewState, kind: Kind): string | null =>
  state[kind].track?.mediaStreamTrack.label || null

/** What the report tells of both; a device that was switched off after the check keeps its name. */
export const useNotes = (
  state: PreviewState,
  heard: boolean,
): Record<'camera' | 'microphone', DeviceNote> => {
  const kept = useRef<Partial<Record<Kind, DeviceNote>>>({})
  for (const kind of KINDS) {
    if (!state[kind].track && !state[kind].problem) continue
    const { problem } = state[kind]
    const words = problem ? `does not work: ${problem}` : wordsOf(state, kind, heard)
    kept.current[kind] = { name: nameOf(state, kind), words }
  }
  const none: DeviceNote = { name: null, words: 'not opened' }
  return { camera: kept.current.camera ?? none, microphone: kept.current.microphone ?? none }
}

const Choice = ({ state, preview }: { state: PreviewState; preview: Preview }) => {
  if (!state.camera.track && !state.microphone.track) return null
  const stop = () => {
    preview.close('camera')
    preview.close('microphone')
  }
  return (
    <>
      <div className="fields">
        {KINDS.filter((kind) => state[kind].track).map((kind) => (
          <DeviceSelect
            key={kind}
            label={`Use this ${kind}`}
            kind={kind === 'camera' ? 'videoinput' : 'audioinput'}
            value={state.devices[kind] ?? idOf(state, kind)}
            opened={state[kind].track}
            onChoose={(deviceId) => void preview.choose(kind, deviceId)}
          />
        ))}
      </div>
      <button type="button" className="button small" onClick={stop}>
        Turn camera and microphone off
      </button>
    </>
  )
}

const idOf = (state: PreviewState, kind: Kind): string | undefined =>
  state[kind].track?.mediaStreamTrack.getSettings().deviceId

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

const BARS = [0.02, 0.04, 0.07, 0.1, 0.14, 0.18, 0.23, 0.28, 0.34, 0.4]
/** Louder than a quiet room. */
const VOICE = 0.07

const Meter = ({ track, onHeard }: { track: LocalAudioTrack; onHeard: () => void }) => {
  const volume = useTrackVolume(track)
  const isVoice = volume >= VOICE
  // biome-ignore lint/correctness/useExhaustiveDependencies: once it was heard, it was heard
  useEffect(() => {
    if (isVoice) onHeard()
  }, [isVoice])
  return (
    <span className="level" aria-hidden="true">
      {BARS.map((bar) => (
        <i key={bar} data-lit={volume >= bar} />
      ))}
    </span>
  )
}
