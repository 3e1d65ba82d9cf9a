import {
  createLocalTracks,
  type LocalAudioTrack,
  type LocalTrack,
  type LocalVideoTrack,
  MediaDeviceFailure,
  Track,
  VideoPresets,
} from 'livekit-client'
import type { DeviceIds } from './server.ts'

export type Kind = 'camera' | 'microphone'
export type Problem = 'blocked' | 'missing' | 'busy' | 'insecure' | 'failed'

type Captured = LocalAudioTrack | LocalVideoTrack

interface Slot<T> {
  on: boolean
  pending: boolean
  track: T | null
  problem: Problem | null
}

export interface PreviewState {
  camera: Slot<LocalVideoTrack>
  microphone: Slot<LocalAudioTrack>
  devices: DeviceIds
}

const off = { on: false, pending: false, track: null, problem: null }

/** Camera and microphone before the call. The tracks it opened are closed by it or handed over, never both. */
export class Preview {
  #state: PreviewState = { camera: off, microphone: off, devices: {} }
  readonly #watchers = new Set<() => void>()
  /** Counts requests per kind: an answer that comes after a newer request is thrown away. */
  readonly #round = { camera: 0, microphone: 0 }

  constructor(devices: DeviceIds) {
    this.#state = { ...this.#state, devices }
  }

  readonly subscribe = (watcher: () => void): (() => void) => {
    this.#watchers.add(watcher)
    return () => this.#watchers.delete(watcher)
  }

  readonly snapshot = (): PreviewState => this.#state

  /** Opens what is named with one permission prompt; if that fails, each on its own. */
  async open(...kinds: Kind[]): Promise<void> {
    const rounds = kinds.map((kind) => this.#begin(kind))
    const tracks = await this.#capture(kinds).catch(problemOf)
    if (typeof tracks === 'string' && kinds.length > 1) {
      for (const [at, kind] of kinds.entries())
        if (this.#round[kind] === rounds[at]) await this.open(kind)
      return
    }
    for (const [at, kind] of kinds.entries()) this.#settle(kind, rounds[at], tracks)
  }

  close(kind: Kind): void {
    this.#round[kind]++
    this.#state[kind].track?.stop()
    this.#put(kind, off)
  }

  async choose(kind: Kind, deviceId: string): Promise<void> {
    this.#state = { ...this.#state, devices: { ...this.#state.devices, [kind]: deviceId } }
    if (this.#state[kind].on) {
      this.close(kind)
      await this.open(kind)
    } else this.#tell()
  }

  /** Gives the open tracks to the caller, who stops them from then on. */
  handOver(): LocalTrack[] {
    const tracks = [this.#state.microphone.track, this.#state.camera.track]
    for (const kind of ['camera', 'microphone'] as const) {
      this.#round[kind]++
      this.#put(kind, off)
    }
    return tracks.filter((track) => track !== null) as LocalTrack[]
  }

  #begin(kind: Kind): number {
    this.#put(kind, { on: true, pending: true, track: null, problem: null })
    return ++this.#round[kind]
  }

  #capture(kinds: Kind[]): Promise<Captured[]> {
    if (!navigator.mediaDevices) return Promise.reject(new Error('insecure'))
    const { devices } = this.#state
    const tracks = createLocalTracks({
      audio: kinds.includes('microphone') && captureFrom(devices.microphone),
      video: kinds.includes('camera') && {
        ...captureFrom(devices.camera),
        resolution: VideoPresets.h720.resolution,
      },
    })
    return tracks as Promise<Captured[]>
  }

  #settle(kind: Kind, round: number | undefined, result: Captured[] | Problem): void {
    const source = kind === 'camera' ? Track.Source.Camera : Track.Source.Microphone
    const track = Array.isArray(result)
      ? (result.find((one) => one.source === source) ?? null)
      : null
    if (this.#round[kind] !== round) {
      track?.stop()
      return
    }
    const problem = track ? null : typeof result === 'string' ? result : 'failed'
    this.#put(kind, { on: track !== null, pending: false, track, problem })
  }

  #put(kind: Kind, slot: Slot<Captured>): void {
    this.#state = { ...this.#state, [kind]: slot }
    this.#tell()
  }

  #tell(): void {
    for (const watcher of this.#watchers) watcher()
  }
}

const captureFrom = (deviceId: string | undefined) => (deviceId ? { deviceId } : {})

const problemOf = (error: unknown): Problem => {
  if (!navigator.mediaDevices) return 'insecure'
  switch (MediaDeviceFailure.getFailure(error as Error)) {
    case MediaDeviceFailure.PermissionDenied:
      return 'blocked'
    case MediaDeviceFailure.NotFound:
      return 'missing'
    case MediaDeviceFailure.DeviceInUse:
      return 'busy'
    default:
      return 'failed'
  }
}
