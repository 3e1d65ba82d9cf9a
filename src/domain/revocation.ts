import { type Clock, sleep } from '../lib/clock.ts'

/**
 * Tokens first issued at or before a revocation are refused; they carry that instant in
 * milliseconds. Null means that nothing was revoked.
 */
export const isRevoked = (issuedAt: number, revokedBefore: number | null): boolean =>
  revokedBefore !== null && issuedAt <= revokedBefore

/** Waits out the revoked millisecond, so that a token minted after the answer is never caught by it. */
export const afterInstant = async (clock: Clock, instant: number): Promise<void> => {
  while (clock() <= instant) await sleep(1)
}
