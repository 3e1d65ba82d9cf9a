/** A turn of the event loop that takes less has found nothing to do. */
const IDLE_MS = 0.25

/** Resolves when all that came meanwhile, from the network, too, was heard. */
export const nextTurn = (): Promise<void> => new Promise((done) => setImmediate(done))

/**
 * Lets everybody else who waits for this thread go first. Resolves when nobody does any more, or when
 * they had it for so long. @param mostMs milliseconds
 */
export const giveWay = async (mostMs: number): Promise<void> => {
  for (let used = 0; used < mostMs; ) {
    const began = performance.now()
    await nextTurn()
    const turn = performance.now() - began
    if (turn < IDLE_MS) return
    used += turn
  }
}
