/** What the arrangement needs to know of a tile. */
export interface Placeable {
  key: string
  participant: { identity: string; isLocal: boolean }
  source: string
}

export type View = 'auto' | 'grid' | 'speaker'

export interface Arrangement<T> {
  /** The one big tile; null means that all are equal. */
  stage: T | null
  others: T[]
  /** A call of two: one's own picture floats in the corner of the other's. */
  floating: boolean
}

interface Wishes {
  view: View
  pinned: string | null
  speaker: string | null
}

/** Decides who is big: a pinned tile; unless all shall be alike a shared screen; by view who speaks. */
export const arrange = <T extends Placeable>(tiles: T[], wishes: Wishes): Arrangement<T> => {
  const stage = pickStage(tiles, wishes)
  const others = tiles.filter((tile) => tile !== stage)
  const floating =
    stage?.source === 'camera' && others.length === 1 && others[0]?.participant.isLocal === true
  return { stage, others, floating }
}

const pickStage = <T extends Placeable>(
  tiles: T[],
  { view, pinned, speaker }: Wishes,
): T | null => {
  if (tiles.length < 2) return null
  const pin = tiles.find((tile) => tile.key === pinned)
  if (pin) return pin
  if (view === 'grid') return null
  const screen = tiles.find((tile) => tile.source === 'screen_share')
  if (screen) return screen
  if (view === 'auto' && tiles.length > 2) return null
  const others = tiles.filter((tile) => !tile.participant.isLocal)
  return others.find((tile) => tile.participant.identity === speaker) ?? others[0] ?? null
}
