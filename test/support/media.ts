import type { Received } from './page-api.ts'

/** @throws unless `frames` pictures and audible sound of that person are among what was received */
export const expectBoth = (received: Received[], identity: string, frames: number): true => {
  const from = received.filter((one) => one.from === identity)
  const sees = from.some((one) => one.kind === 'video' && one.frames >= frames)
  if (sees && from.some((one) => one.kind === 'audio' && one.energy > 0)) return true
  throw new Error(`received only ${JSON.stringify(received)}`)
}
