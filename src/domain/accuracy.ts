/** livekit-server notices that somebody vanished after up to twenty seconds (ICE, then a grace). */
export const VANISHED_MS = 25_000
/** What livekit-server does is reported within this. */
const PROMPT_MS = 1000

/**
 * Milliseconds: how far from `at` the end of a stay may truly have been.
 * @param heardAt when the client last gave a sign of life; null where that is not known
 */
export const accuracyOf = (reason: string, at: number, heardAt: number | null): number => {
  if (reason === 'client_initiated') return PROMPT_MS
  // Somebody of the same identity came back to another stay: the sign of life was theirs.
  if (reason === 'state_mismatch') return VANISHED_MS
  return heardAt === null ? VANISHED_MS : Math.min(at - heardAt + PROMPT_MS, VANISHED_MS)
}
