import type { TrackRow } from '../store/tracks.ts'

/** A track that somebody published, as long as it was there; muted or not. */
export interface Track {
  sid: string
  kind: string
  source: string
  publishedAt: number
  unpublishedAt: number | null
  /** from and to, in milliseconds; null for one that lasts */
  mutes: [number, number | null][]
}

/** The sources whose time is reported, by LiveKit's names. */
export const TIMED_SOURCES = ['microphone', 'camera', 'screen_share'] as const

export type TimedSource = (typeof TIMED_SOURCES)[number]

export const trackOf = (row: TrackRow): Track => ({
  sid: row.sid,
  kind: row.kind,
  source: row.source,
  publishedAt: row.published_at,
  unpublishedAt: row.unpublished_at,
  mutes: JSON.parse(row.mutes) as Track['mutes'],
})

/**
 * Milliseconds in which at least one track of the source was published: two at the same moment do
 * not count twice. @param end when whatever is still published stops to count
 */
export const publishedMs = (tracks: readonly Track[], source: TimedSource, end: number): number => {
  const spans = tracks
    .filter((track) => track.source === source)
    .map(({ publishedAt, unpublishedAt }) => ({
      from: publishedAt,
      to: Math.min(unpublishedAt ?? end, end),
    }))
    .sort((a, b) => a.from - b.from)
  let [sum, covered] = [0, 0]
  for (const { from, to } of spans) {
    sum += Math.max(0, to - Math.max(from, covered))
    covered = Math.max(covered, to)
  }
  return sum
}
