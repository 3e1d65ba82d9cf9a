const WEEK_MS = 7 * 24 * 3_600_000

/** Seconds, or a date (RFC 9110 §10.2.3). More than a week is taken for a week; null for neither. */
export const retryAfterMs = (header = '', now = Date.now()): number | null => {
  const ms = /^\d{1,9}$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now
  return Number.isNaN(ms) ? null : Math.min(Math.max(0, ms), WEEK_MS)
}
