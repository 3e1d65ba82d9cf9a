/** Milliseconds since the Unix epoch. Rules take it as an argument so that tests can move time. */
export type Clock = () => number

export const systemClock: Clock = () => Date.now()

/** RFC 3339 UTC with milliseconds, the one way a time leaves the program. */
export const rfc3339 = (ms: number): string => new Date(ms).toISOString()

export const rfc3339OrNull = (ms: number | null): string | null =>
  ms === null ? null : rfc3339(ms)

export const sleep = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms))
