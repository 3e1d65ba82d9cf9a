import type { Room } from 'livekit-client'
import type { Gap, Received } from '../page-api.ts'

const SAMPLE_MS = 100

interface Flow {
  from: string
  kind: 'audio' | 'video'
  count: number
  grown: number
  changedAt: number
  longestMs: number
}

interface Inbound {
  type: string
  kind: 'audio' | 'video'
  framesDecoded?: number
  totalSamplesReceived?: number
  concealedSamples?: number
  totalAudioEnergy?: number
}

/** Everything that is decoded in this page right now, from the browser's own counters. */
export const received = async (room: Room): Promise<Received[]> => {
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

const inbound = (from: string, report: RTCStatsReport | undefined): Received[] => {
  const found: Received[] = []
  report?.forEach((one: Inbound) => {
    if (one.type !== 'inbound-rtp') return
    // Samples made up to hide a hole are no sign of life.
    const samples = (one.totalSamplesReceived ?? 0) - (one.concealedSamples ?? 0)
    const frames = one.kind === 'video' ? (one.framesDecoded ?? 0) : samples
    found.push({ from, kind: one.kind, frames, energy: one.totalAudioEnergy ?? 0 })
  })
  return found
}

/** Watches how steadily frames come in: every stream, sampled each 100 ms. */
export class GapWatch {
  readonly #room: Room
  #flows = new Map<string, Flow>()
  #busy = false

  constructor(room: Room) {
    this.#room = room
    setInterval(() => void this.#sample(), SAMPLE_MS)
  }

  mark(): void {
    for (const flow of this.#flows.values()) Object.assign(flow, { longestMs: 0, grown: 0 })
  }

  gaps(): Gap[] {
    return [...this.#flows.values()].map(({ from, kind, grown, longestMs, changedAt }) => ({
      from,
      kind,
      grown,
      longestMs: Math.round(Math.max(longestMs, performance.now() - changedAt)),
    }))
  }

  async #sample(): Promise<void> {
    if (this.#busy) return
    this.#busy = true
    try {
      for (const one of await received(this.#room)) this.#note(one)
    } finally {
      this.#busy = false
    }
  }

  #note({ from, kind, frames }: Received): void {
    const now = performance.now()
    const flow = this.#flows.get(from + kind)
    if (!flow) {
      const fresh = { from, kind, count: frames, grown: 0, changedAt: now, longestMs: 0 }
      if (frames > 0) this.#flows.set(from + kind, fresh)
      return
    }
    if (frames === flow.count || frames === 0) return
    // A smaller count is a new track of the same person: it counts from zero.
    flow.grown += frames > flow.count ? frames - flow.count : frames
    flow.longestMs = Math.max(flow.longestMs, now - flow.changedAt)
    flow.count = frames
    flow.changedAt = now
  }
}
