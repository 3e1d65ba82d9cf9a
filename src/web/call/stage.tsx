import { CarouselLayout, FocusLayoutContainer, GridLayout } from '@livekit/components-react'
import { useMemo } from 'react'
import type { Arrangement } from './arrange.ts'
import type { Placed, Placement } from './placement.ts'
import { PinContext, Tile, TileOf } from './tile.tsx'

/** The pictures of a call, in the arrangement it is given. */
export const Stage = ({ arrangement, pinned, togglePin }: Placement) => {
  // biome-ignore lint/correctness/useExhaustiveDependencies: the function only ever sets state
  const pin = useMemo(() => ({ pinned, toggle: togglePin }), [pinned])
  const { stage, others } = arrangement
  return (
    <PinContext.Provider value={pin}>
      <section className="stage" aria-label="People in this call">
        <Tiles {...arrangement} />
        {stage === null && others.every((tile) => tile.participant.isLocal) && (
          <p className="alone" role="status">
            You are the only one here. Others appear as they join.
          </p>
        )}
      </section>
    </PinContext.Provider>
  )
}

const Tiles = ({ stage, others, floating }: Arrangement<Placed>) => {
  const [own] = others
  if (stage === null) {
    return (
      <GridLayout tracks={others}>
        <Tile />
      </GridLayout>
    )
  }
  if (floating && own) {
    return (
      <div className="duo">
        <TileOf track={stage} />
        <div className="own">
          <TileOf track={own} />
        </div>
      </div>
    )
  }
  return (
    <FocusLayoutContainer>
      <CarouselLayout tracks={others}>
        <Tile />
      </CarouselLayout>
      <TileOf track={stage} />
    </FocusLayoutContainer>
  )
}
