import type { Session } from './trial.ts'

/** Why no check could be begun. */
export type NoSession = 'unreachable' | 'busy' | 'full' | 'restarting'

const ANSWER_MS = 10_000

const REASONS: Record<string, NoSession> = {
  rate_limited: 'busy',
  server_full: 'full',
  media_unavailable: 'restarting',
}

/** Asks the server for a call to check with. The token stays in memory, for two minutes. */
export const beginSession = async (): Promise<Session | NoSession> => {
  try {
    const signal = AbortSignal.timeout(ANSWER_MS)
    const response = await fetch('/check/session', { method: 'POST', credentials: 'omit', signal })
    const body = await response.json()
    if (response.ok) return { token: body.token, wsUrl: ownAddress() }
    return REASONS[body.code] ?? 'restarting'
  } catch {
    return 'unreachable'
  }
}

/** The server that this page came from, by the name it was opened with. */
const ownAddress = (): string => location.origin.replace(/^http/, 'ws')
