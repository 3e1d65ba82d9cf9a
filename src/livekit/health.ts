import type { Clock } from '../lib/clock.ts'
import { isHealthy } from './process.ts'

const POLL_MS = 2_000
const HUNG_MS = 15_000

/**
 * Asks a running livekit-server how it is, every two seconds, until closed.
 * @param each called before each question
 * @param hung called when it has answered badly or not at all for 15 s. Counted from the first
 *   question that failed: after a suspended machine wakes up, it gets its 15 s too
 */
export const watchHealth = (
  port: number,
  now: Clock,
  each: () => Promise<void>,
  hung: () => void,
): { close(): void } => {
  let unwellSince: number | null = null
  let closed = false
  const ask = async () => {
    await each()
    const well = await isHealthy(port)
    if (closed) return
    unwellSince = well ? null : (unwellSince ?? now())
    if (unwellSince !== null && now() - unwellSince >= HUNG_MS) hung()
    timer = setTimeout(() => void ask(), POLL_MS)
  }
  let timer = setTimeout(() => void ask(), POLL_MS)
  return {
    close: () => {
      closed = true
      clearTimeout(timer)
    },
  }
}
