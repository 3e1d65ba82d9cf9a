import type { Db } from '../store/db.ts'
import { addUsage } from '../store/usage.ts'

const DAY_MS = 24 * 3600_000

/** @returns such as 2026-11-25, UTC */
export const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10)

/** What of the time between the two falls on which day, in UTC; a month's border is a day's, too. */
export const cutByDay = (from: number, to: number): { day: string; ms: number }[] => {
  const parts: { day: string; ms: number }[] = []
  for (let at = from; at < to; ) {
    const next = Math.min(to, (Math.floor(at / DAY_MS) + 1) * DAY_MS)
    parts.push({ day: dayOf(at), ms: next - at })
    at = next
  }
  return parts
}

interface Place {
  tenantId: string
  room: string
}

const addTo = ({ tenantId, room }: Place, day: string) => ({
  ...{ tenant_id: tenantId, room, day },
  ...{ participant_ms: 0, participants: 0, sessions: 0 },
})

export const countSession = (tx: Db, place: Place, at: number): Promise<void> =>
  addUsage(tx, { ...addTo(place, dayOf(at)), sessions: 1 })

export const countParticipant = (tx: Db, place: Place, at: number): Promise<void> =>
  addUsage(tx, { ...addTo(place, dayOf(at)), participants: 1 })

/** The time that somebody was in a call, when it is over. Milliseconds, never rounded. */
export const countTime = async (tx: Db, place: Place, from: number, to: number): Promise<void> => {
  for (const { day, ms } of cutByDay(from, to))
    await addUsage(tx, { ...addTo(place, day), participant_ms: ms })
}
