import {
  type TrackReferenceOrPlaceholder,
  useLocalParticipantPermissions,
  useSpeakingParticipants,
  useTracks,
} from '@livekit/components-react'
import { RoomEvent, Track } from 'livekit-client'
import { useEffect, useState } from 'react'
import { type Arrangement, arrange, type View } from './arrange.ts'

export type Placed = TrackReferenceOrPlaceholder & { key: string }

export interface Placement {
  arrangement: Arrangement<Placed>
  pinned: string | null
  togglePin: (key: string) => void
  /** Large speaker or all alike: the other of the two than what is shown now. */
  toggleView: () => void
}

/** Stays the same while a camera goes off and on. */
export const keyOf = ({ participant, source }: TrackReferenceOrPlaceholder): string =>
  `${participant.identity}|${source}`

/** Who is seen, how large, and the wishes that led to it. */
export const usePlacement = (): Placement => {
  const tiles = useTiles()
  const speaker = useLastSpeaker()
  const [view, setView] = useState<View>('auto')
  const [pinned, setPinned] = useState<string | null>(null)
  const arrangement = arrange(tiles, { view, pinned, speaker })
  return {
    arrangement,
    pinned,
    togglePin: (key) => setPinned((now) => (now === key ? null : key)),
    toggleView: () => {
      setPinned(null)
      setView(arrangement.stage ? 'grid' : 'speaker')
    },
  }
}

/** One's own shared screen is left out (it would show itself), and so is a mere onlooker's own tile. */
const useTiles = (): Placed[] => {
  const mayPublish = useLocalParticipantPermissions()?.canPublish === true
  const tracks = useTracks(
    [
      { source: Track.Source.Camera, withPlaceholder: true },
      { source: Track.Source.ScreenShare, withPlaceholder: false },
    ],
    { updateOnlyOn: [RoomEvent.ActiveSpeakersChanged], onlySubscribed: false },
  )
  return tracks
    .filter(({ participant, source }) =>
      participant.isLocal ? mayPublish && source === Track.Source.Camera : true,
    )
    .map((track) => ({ ...track, key: keyOf(track) }))
}

/** The remote participant who spoke last: the picture must not jump back when they pause. */
const useLastSpeaker = (): string | null => {
  const [last, setLast] = useState<string | null>(null)
  const speaking = useSpeakingParticipants().find((participant) => !participant.isLocal)?.identity
  useEffect(() => {
    if (speaking !== undefined) setLast(speaking)
  }, [speaking])
  return last
}
