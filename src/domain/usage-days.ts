import type { Db } from '../store/db.ts'
import { addUsage, type UsageRoomRow } from '../store/usage.ts'

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

type Amounts = Pick<UsageRoomRow, 'participant_ms' | 'participants' | 'sessions'>

/** What calls used, summed up until it is written: many add to the same day at once. */
export class UsageSums {
  readonly #rows = new Map<string, UsageRoomRow>()

  session(place: Place, at: number): void {
    this.#add(place, dayOf(at), { participant_ms: 0, participants: 0, sessions: 1 })
  }

  /** A session began earlier than it was counted. */
  earlier(place: Place, counted: number, at: number): void {
    this.#add(place, dayOf(counted), { participant_ms: 0, participants: 0, sessions: -1 })
    this.session(place, at)
  }

  participant(place: Place, at: number): void {
    this.#add(place, dayOf(at), { participant_ms: 0, participants: 1, sessions: 0 })
  }

  /** The time that somebody was in a call, when it is over. Milliseconds, never rounded. */
  time(place: Place, from: number, to: number): void {
    for (const { day, ms } of cutByDay(from, to))
      this.#add(place, day, { participant_ms: ms, participants: 0, sessions: 0 })
  }

  write(tx: Db): Promise<void> {
    return addUsage(tx, [...this.#rows.values()])
  }

  #add({ tenantId, room }: Place, day: string, more: Amounts): void {
    const key = `${tenantId} ${day} ${room}`
    const row = this.#rows.get(key)
    if (row) increase(row, more)
    else this.#rows.set(key, { tenant_id: tenantId, room, day, ...more })
  }
}

const increase = (sum: Amounts, more: Amounts): void => {
  sum.participant_ms += more.participant_ms
  sum.participants += more.participants
  sum.sessions += more.sessions
}
