import { join } from 'node:path'
import { EventLog } from '../../src/domain/events.ts'
import { Usage } from '../../src/domain/usage.ts'
import { openStore, type Store } from '../../src/store/db.ts'
import { migrate } from '../../src/store/migrate.ts'
import { insertTenant } from '../../src/store/tenants.ts'
import type { Bench } from './bench.ts'
import { type Result, spread } from './report.ts'

const EVENTS = 1_000_000
const DAYS = 366
const NOW = Date.parse('2026-11-25T12:00:00.000Z')
const DAY_MS = 24 * 3600_000
const REPEATS = 30
const PAGE = 100

/** Tenants by how many rooms they use each day. */
const BUSY = { hundred: 100, thousand: 1000 } as const

const dayAt = (n: number): string => new Date(NOW - n * DAY_MS).toISOString().slice(0, 10)
const RANGE = { from: dayAt(DAYS - 1), to: dayAt(0) }

const tenantRow = (id: string) => ({
  ...{ id, slug: id, name: null, status: 'active' as const, limits: '{}' },
  ...{ tokens_revoked_before: null, created_at: NOW - DAYS * DAY_MS, deleted_at: null },
})

const fillEvents = ({ raw }: Store): void => {
  const insert = raw.prepare('INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, 0)')
  const data = JSON.stringify({
    ...{ session_id: '01kb1x8w3nq7f2e9', room: 'team-standup', identity: 'user-123', name: 'Jane' },
    ...{ sid: 'PA_6zQ9rTkNqWmB', joined_at: '2026-11-25T10:00:00.000Z' },
  })
  for (let seq = 1; seq <= EVENTS; seq++) {
    const type = seq % 50 === 0 ? 'session.started' : 'participant.joined'
    insert.run('hundred', seq, `evt_${seq}`, type, NOW - EVENTS + seq, 'user-123', data)
  }
  raw.run(`UPDATE tenant_counters SET event_seq = ${EVENTS} WHERE tenant_id = 'hundred'`)
}

const fillUsage = ({ raw }: Store): void => {
  const days = raw.prepare('INSERT INTO usage_days VALUES (?, ?, ?, ?, ?)')
  const rooms = raw.prepare('INSERT INTO usage_rooms VALUES (?, ?, ?, ?, ?, ?)')
  // As it grows: day by day, tenants mixed.
  for (let n = DAYS - 1; n >= 0; n--)
    for (const [tenant, many] of Object.entries(BUSY)) {
      days.run(tenant, dayAt(n), many * 3_600_123, many * 10, many * 2)
      for (let room = 0; room < many; room++)
        rooms.run(tenant, dayAt(n), `room-${room}`, 3_600_123, 10, 2)
    }
  raw.run(`INSERT INTO usage_room_months
    SELECT tenant_id, substr(day, 1, 7), room, sum(participant_ms), sum(participants), sum(sessions)
    FROM usage_rooms GROUP BY 1, 2, 3`)
}

const filled = async (folder: string): Promise<Store> => {
  const store = openStore(join(folder, 'truth.db'))
  migrate(store, join(folder, 'backups'), NOW)
  await store.transaction(async (tx) => {
    for (const id of Object.keys(BUSY)) await insertTenant(tx, tenantRow(id))
    fillEvents(store)
    fillUsage(store)
  })
  return store
}

/** Milliseconds of each run; the first warms up. */
const times = async (work: (n: number) => Promise<unknown>): Promise<number[]> => {
  const all: number[] = []
  for (let n = 0; n <= REPEATS; n++) {
    const before = performance.now()
    await work(n)
    all.push(performance.now() - before)
  }
  return all.slice(1)
}

const result = (id: string, what: string, aim: number, all: number[]): Result => {
  const measured = spread(all)
  return {
    ...{ id, what, against: '–', target: `aim ≤ ${aim} ms`, unit: 'ms' },
    ...measured,
    reached: measured.median <= aim,
    details: { repeats: REPEATS },
  }
}

const usageRows = async (usage: Usage): Promise<Result[]> => {
  const results: Result[] = []
  for (const [id, rooms] of Object.entries(BUSY)) {
    const byDay = await times(() => usage.byDay({ id }, RANGE))
    results.push(result(`usage-days-${rooms}`, `a year by day, ${rooms} rooms a day`, 50, byDay))
    const byRoom = await times(() => usage.byRoom({ id }, RANGE))
    results.push(result(`usage-rooms-${rooms}`, `a year by room, ${rooms} rooms a day`, 50, byRoom))
  }
  const ledger = await times(() => usage.ledger(RANGE.to.slice(0, 7)))
  results.push(result('ledger', 'the ledger of a month', 50, ledger))
  return results
}

const eventRows = async (events: EventLog): Promise<Result[]> => {
  const from = (n: number) => Math.floor((EVENTS / (REPEATS + 2)) * n)
  const all = { limit: PAGE, types: null }
  const pages = await times((n) => events.list('hundred', { ...all, after: from(n) }))
  const rare = { limit: PAGE, types: ['session.started' as const] }
  const some = await times((n) => events.list('hundred', { ...rare, after: from(n) }))
  const none = { limit: PAGE, types: ['room.deleted' as const] }
  const never = await times((n) => events.list('hundred', { ...none, after: from(n) }))
  return [
    result('events-page', `${PAGE} events of a million`, 5, pages),
    result('events-some', `${PAGE} events of a type that each fiftieth has`, 5, some),
    result('events-none', 'events of a type that none of a million has', 5, never),
  ]
}

/** How long the questions take that read what happened in calls, with a year of it there. */
export const truth: Bench = {
  id: 'truth',
  async measure({ dir }) {
    const store = await filled(dir)
    const deps = { store, clock: () => NOW }
    try {
      return [...(await eventRows(new EventLog(deps))), ...(await usageRows(new Usage(deps)))]
    } finally {
      await store.close()
    }
  },
}
