/** When the certificate authority would like to be asked, as it says itself (RFC 9773). */
export interface RenewalWindow {
  start: number
  end: number
}

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
/** Below it a certificate is renewed at half of its life: Let's Encrypt's short-lived ones have 6 days. */
const SHORT_LIFE_MS = 10 * DAY_MS
/** So that not everybody asks at the same moment. */
const SPREAD = 0.02
/**
 * Part of its life in which a new one is not renewed whatever the authority says: a window that is
 * always over would have us order without an end.
 */
const TOO_YOUNG = 0.01

/**
 * The moment to renew at: a random one of the authority's window, else with a third of the life left,
 * half of a short one. A window that leaves less than half of that is not waited for: tries may fail.
 * @param random from 0 to 1
 */
export const renewAt = (
  { notBefore, notAfter }: { notBefore: number; notAfter: number },
  window: RenewalWindow | null,
  random: number,
): number => {
  const life = notAfter - notBefore
  const left = life < SHORT_LIFE_MS ? life / 2 : life / 3
  if (window) {
    const wished = window.start + random * Math.max(0, window.end - window.start)
    return Math.min(Math.max(wished, notBefore + life * TOO_YOUNG), notAfter - left / 2)
  }
  return notAfter - left - random * SPREAD * life
}

/** Minutes to wait after so many failures in a row; an authority counts them, and bans who hurries. */
const PAUSES = [1, 2, 5, 10, 20, 20, 60, 60, 120, 240, 360]

/** More than any pause: one that is further away was set while the clock was wrong. */
const LONGEST_PAUSE_MS = 8 * DAY_MS

/** @param retryAfterMs what the authority asked for; never less than that */
export const pauseAfter = (
  failures: number,
  retryAfterMs: number | null,
  random: number,
): number => {
  const minutes = PAUSES[Math.min(failures, PAUSES.length) - 1] ?? 1
  const pause = minutes * MINUTE_MS * (1 + random * 0.1)
  return Math.max(pause, retryAfterMs ?? 0)
}

/** The end of a pause; 0 for none. */
export const pauseUntil = (notBefore: number | null, now: number): number =>
  notBefore === null || notBefore > now + LONGEST_PAUSE_MS ? 0 : notBefore
