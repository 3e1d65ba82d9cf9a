/** livekit-server notices that somebody vanished after up to twenty seconds (ICE, then a grace). */
export const VANISHED_MS = 25_000
/** What livekit-server does is reported within this. */
const PROMPT_MS = 1000

/** Somebody of the same identity came: the last sign of life may have been theirs. */
const BY_ANOTHER: ReadonlySet<string> = new Set(['duplicate_identity', 'state_mismatch'])

/**
 * Milliseconds: how far from `at` the end of a stay may truly have been.
 * @param heardAt when the client last gave a sign of life; null where that is not known
 */
export const accuracyOf = (reason: string, at: number, heardAt: number | null): number => {
  if (reason === 'client_initiated') return PROMPT_MS
  if (BY_ANOTHER.has(reason)) return VANISHED_MS
  return heardAt === null ? VANISHED_MS : Math.min(at - heardAt + PROMPT_MS, VANISHED_MS)
}
