import { expect, test } from 'bun:test'
import { arrange, type Placeable } from '../../src/web/call/arrange.ts'

const tile = (identity: string, source = 'camera'): Placeable => ({
  key: `${identity}|${source}`,
  source,
  participant: { identity, isLocal: identity === 'me' },
})

const [me, ana, bo] = [tile('me'), tile('ana'), tile('bo')]
const auto = { view: 'auto', pinned: null, speaker: null } as const

test('one alone and three people are shown alike, of two the other one is large', () => {
  expect(arrange([me], auto).stage).toBeNull()
  expect(arrange([me, ana, bo], auto)).toEqual({
    stage: null,
    others: [me, ana, bo],
    floating: false,
  })
  expect(arrange([me, ana], auto)).toEqual({ stage: ana, others: [me], floating: true })
})

test('a shared screen comes before who speaks, a pinned tile before both', () => {
  const screen = tile('ana', 'screen_share')
  const tiles = [me, ana, bo, screen]
  expect(arrange(tiles, { ...auto, speaker: 'bo' }).stage).toBe(screen)
  expect(arrange(tiles, { ...auto, pinned: 'me|camera' }).stage).toBe(me)
  expect(arrange(tiles, { ...auto, view: 'grid' }).stage).toBeNull()
})

test('the speaker is large on request, and somebody is even while nobody speaks or the pinned one left', () => {
  const speaker = { ...auto, view: 'speaker' } as const
  expect(arrange([me, ana, bo], { ...speaker, speaker: 'bo' }).stage).toBe(bo)
  expect(arrange([me, ana, bo], speaker).stage).toBe(ana)
  expect(arrange([me, ana, bo], { ...speaker, speaker: 'gone', pinned: 'gone|camera' }).stage).toBe(
    ana,
  )
})
