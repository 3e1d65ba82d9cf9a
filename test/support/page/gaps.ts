import type { Room } from 'livekit-client'
import type { Gap, Received } from '../page-api.ts'

const SAMPLE_MS = 100
const HUNG_MS = 1000
/** Opus is always decoded at 48 kHz. */
const SAMPLES_PER_MS = 48

interface Sample extends Received {
  /** Sum of the squared delays between decoded pictures, in s²; 0 for audio. */
  squaredDelays: number
}

interface Flow extends Sample {
  grown: number
  changedAt: number
  longestMs: number
}

interface Inbound {
  type: string
  kind: 'audio' | 'video'
  framesDecoded?: number
  totalSquaredInterFrameDelay?: number
  totalSamplesReceived?: number
  concealedSamples?: number
  totalAudioEnergy?: number
}

/** Everything that is decoded in this page right now, from the browser's own counters. */
export const received = async (room: Room): Promise<Sample[]> => {
  const tracks = [...room.remoteParticipants.values()].flatMap((person) =>
    [...person.trackPublications.values()].map((one) => ({
      from: person.identity,
      track: one.track,
    })),
  )
  const answers = tracks.map(async ({ from, track }) =>
    inbound(from, await track?.getRTCStatsReport()),
  )
  return (await Promise.all(answers)).flat()
}

const inbound = (from: string, report: RTCStatsReport | undefined): Sample[] => {
  const found: Sample[] = []
  report?.forEach((one: Inbound) => {
    if (one.type !== 'inbound-rtp') return
    // Samples made up to hide a hole are no sign of life.
    const heard = (one.totalSamplesReceived ?? 0) - (one.concealedSamples ?? 0)
    found.push({
      from,
      kind: one.kind,
      frames: one.kind === 'video' ? (one.framesDecoded ?? 0) : heard,
      energy: one.totalAudioEnergy ?? 0,
      squaredDelays: one.totalSquaredInterFrameDelay ?? 0,
    })
  })
  return found
}

/** Watches how steadily frames come in: every stream, sampled each 100 ms. */
export class GapWatch {
  readonly #room: Room
  readonly #flows = new Map<string, Flow>()
  #sampling: Promise<void> | null = null

  constructor(room: Room) {
    this.#room = room
    setInterval(() => void this.#sampleOnce(), SAMPLE_MS)
  }

  mark(): void {
    for (const flow of this.#flows.values()) Object.assign(flow, { longestMs: 0, grown: 0 })
  }

  async gaps(): Promise<Gap[]> {
    await this.#sampleOnce()
    return [...this.#flows.values()].map(({ from, kind, grown, longestMs, changedAt }) => ({
      from,
      kind,
      grown,
      longestMs: Math.round(Math.max(longestMs, performance.now() - changedAt)),
    }))
  }

  #sampleOnce(): Promise<void> {
    this.#sampling ??= this.#sample().finally(() => {
      this.#sampling = null
    })
    return this.#sampling
  }

  async #sample(): Promise<void> {
    // A PeerConnection that is being replaced may never answer; the next sample asks the new one.
    const late = new Promise<Sample[]>((done) => setTimeout(() => done([]), HUNG_MS))
    for (const one of await Promise.race([received(this.#room), late])) this.#note(one)
  }

  #note(sample: Sample): void {
    const now = performance.now()
    const flow = this.#flows.get(sample.from + sample.kind)
    if (!flow) {
      this.#start(sample, now)
      return
    }
    if (sample.frames === flow.frames || sample.frames === 0) return
    // A smaller count is a new track of the same person: it counts from zero.
    const fresh = sample.frames < flow.frames
    const still = now - flow.changedAt
    flow.grown += fresh ? sample.frames : sample.frames - flow.frames
    flow.longestMs = Math.max(
      flow.longestMs,
      fresh ? still : Math.min(still, longest(flow, sample, still)),
    )
    Object.assign(flow, sample, { changedAt: now })
  }

  #start(sample: Sample, now: number): void {
    if (sample.frames === 0) return
    this.#flows.set(sample.from + sample.kind, {
      ...sample,
      grown: 0,
      changedAt: now,
      longestMs: 0,
    })
  }
}

/**
 * At most how long the stream stood still between two samples, in milliseconds. This page's timer
 * is late on a busy machine while the decoder is not, so the decoder's own counters have the word.
 */
const longest = (was: Sample, is: Sample, elapsedMs: number): number =>
  is.kind === 'video'
    ? Math.sqrt(is.squaredDelays - was.squaredDelays) * 1000
    : elapsedMs - (is.frames - was.frames) / SAMPLES_PER_MS
