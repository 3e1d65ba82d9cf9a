import type { Clock } from '../lib/clock.ts'
import type { Db, Store } from '../store/db.ts'
import { listOpenStays } from '../store/session-participants.ts'
import { listTenantsAndDeleted } from '../store/tenants.ts'
import * as rows from '../store/usage.ts'
import { type FieldError, GoLiveError } from './errors.ts'
import { cutByDay, dayOf } from './usage-days.ts'

/** What calls used: the time of all people together, who came, and calls that began. */
export interface Amount {
  participantMs: number
  participants: number
  sessions: number
}

/** Days in UTC such as 2026-11-25, both included. */
export interface Range {
  from: string
  to: string
}

export interface Report<Row extends object> extends Range {
  rows: (Row & Amount)[]
  total: Amount
}

/** One tenant's line in the ledger. */
export interface Account {
  tenant: string
  name: string | null
  createdAt: number
  deletedAt: number | null
}

const DAY_MS = 24 * 3600_000
const MOST_DAYS = 400
/** More rooms than anybody reads, and few enough to answer with. */
const MOST_ROOMS = 10_000

interface Deps {
  store: Store
  clock: Clock
}

type Owner = { id: string }

/** What calls used, those that run included, by days in UTC. Nothing is rounded. */
export class Usage {
  readonly #deps: Deps

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /** This month so far, unless told otherwise. @throws validation_failed */
  range(asked: { from?: string | undefined; to?: string | undefined }): Range {
    const to = asked.to ?? dayOf(this.#deps.clock())
    const from = asked.from ?? `${to.slice(0, 7)}-01`
    const errors = rangeErrors(from, to)
    if (errors.length === 0) return { from, to }
    throw new GoLiveError('validation_failed', errors.map(sentence).join('; '), { errors })
  }

  /** The days on which something was used. */
  byDay(tenant: Owner, range: Range): Promise<Report<{ day: string }>> {
    return this.#report(
      range,
      async (tx, open) => {
        const used = await rows.listUsageDays(tx, tenant.id, range)
        return sumUp('day', used, open)
      },
      tenant.id,
    )
  }

  /** The rooms that were used. @throws validation_failed when they are too many for one answer */
  byRoom(tenant: Owner, range: Range): Promise<Report<{ room: string }>> {
    return this.#report(
      range,
      async (tx, open) => {
        const used = await rows.sumUsageByRoom(tx, tenant.id, wholeMonths(range), MOST_ROOMS + 1)
        if (used.length > MOST_ROOMS) throw tooManyRooms()
        return sumUp('room', used, open)
      },
      tenant.id,
    )
  }

  /** What each tenant used in a month, such as 2026-11; those deleted since included. */
  async ledger(month: string): Promise<Report<Account>> {
    const range = monthOf(month)
    return this.#report(range, async (tx, open) => {
      const used = sumUp('tenant_id', await rows.sumUsageByTenant(tx, range), open)
      const amounts = new Map(used.map(({ tenant_id, ...amount }) => [tenant_id, amount]))
      const tenants = await listTenantsAndDeleted(tx, [...amounts.keys()])
      return tenants
        .filter((row) => amounts.has(row.id) || dayOf(row.created_at) <= range.to)
        .map((row) => ({ ...accountOf(row), ...(amounts.get(row.id) ?? NOTHING) }))
    })
  }

  /** In one transaction: somebody who leaves between two reads would count twice or not at all. */
  async #report<Row extends object>(
    range: Range,
    read: (tx: Db, open: OpenPart[]) => Promise<(Row & Amount)[]>,
    tenantId: string | null = null,
  ): Promise<Report<Row>> {
    const { store, clock } = this.#deps
    const found = await store.transaction(async (tx) =>
      read(tx, openParts(await listOpenStays(tx, tenantId), range, clock())),
    )
    return { ...range, rows: found, total: totalOf(found) }
  }
}

const NOTHING: Amount = { participantMs: 0, participants: 0, sessions: 0 }

/** The first and the last day of a month such as 2026-11. */
export const monthOf = (month: string): Range => {
  const first = Date.parse(`${month}-01T00:00:00.000Z`)
  const after = new Date(first).setUTCMonth(new Date(first).getUTCMonth() + 1)
  return { from: `${month}-01`, to: dayOf(after - DAY_MS) }
}

const dayBefore = (day: string): string => dayOf(Date.parse(day) - DAY_MS)
const dayAfter = (day: string): string => dayOf(Date.parse(day) + DAY_MS)

/** The range as its whole months and the days around them. */
export const wholeMonths = ({ from, to }: Range): rows.MonthsAndDays => {
  const first = from.endsWith('-01') ? from : dayAfter(monthOf(from.slice(0, 7)).to)
  const end = monthOf(to.slice(0, 7)).to
  const last = to === end ? to : dayBefore(`${to.slice(0, 7)}-01`)
  const none = { from: to, to: dayBefore(to) }
  if (first > last) return { months: { from: '9', to: '0' }, before: { from, to }, after: none }
  return {
    months: { from: first.slice(0, 7), to: last.slice(0, 7) },
    before: { from, to: dayBefore(first) },
    after: { from: dayAfter(last), to },
  }
}

const rangeErrors = (from: string, to: string): FieldError[] => {
  if (from > to) return [{ path: 'to', message: 'must not be before from' }]
  const days = (Date.parse(to) - Date.parse(from)) / DAY_MS + 1
  if (days <= MOST_DAYS) return []
  return [{ path: 'from', message: `must be at most ${MOST_DAYS} days before to` }]
}

const sentence = ({ path, message }: FieldError): string => `${path}: ${message}`

/** What of a stay that goes on falls on one day. */
interface OpenPart {
  tenant_id: string
  room: string
  day: string
  ms: number
}

type OpenStay = Awaited<ReturnType<typeof listOpenStays>>[number]

const openParts = (stays: OpenStay[], { from, to }: Range, now: number): OpenPart[] =>
  stays.flatMap(({ tenant_id, room, joined_at }) => {
    const start = Math.max(joined_at, Date.parse(from))
    const end = Math.min(now, Date.parse(to) + DAY_MS)
    return cutByDay(start, end).map((part) => ({ tenant_id, room, ...part }))
  })

type UsedRow = Pick<rows.UsageRoomRow, 'participant_ms' | 'participants' | 'sessions'>

/** Rows by one of their columns, with the time that is not over added to its own. */
const sumUp = <Column extends 'day' | 'room' | 'tenant_id'>(
  column: Column,
  used: (UsedRow & Record<Column, string>)[],
  open: OpenPart[],
): (Record<Column, string> & Amount)[] => {
  const amounts = new Map(used.map((row): [string, Amount] => [row[column], amountOf(row)]))
  for (const part of open) {
    const before = amounts.get(part[column]) ?? NOTHING
    const participantMs = before.participantMs + part.ms
    amounts.set(part[column], { ...before, participantMs })
  }
  return [...amounts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, amount]) => ({ [column]: name, ...amount }) as Record<Column, string> & Amount)
}

const amountOf = (row: UsedRow): Amount => ({
  participantMs: row.participant_ms,
  participants: row.participants,
  sessions: row.sessions,
})

const totalOf = (all: readonly Amount[]): Amount => {
  const total = { ...NOTHING }
  for (const one of all) {
    total.participantMs += one.participantMs
    total.participants += one.participants
    total.sessions += one.sessions
  }
  return total
}

const accountOf = (row: {
  slug: string
  name: string | null
  created_at: number
  deleted_at: number | null
}): Account => ({
  tenant: row.slug,
  name: row.name,
  createdAt: row.created_at,
  deletedAt: row.deleted_at,
})

const tooManyRooms = (): GoLiveError => {
  const message = `more than ${MOST_ROOMS} rooms were used between these days: ask for fewer days`
  return new GoLiveError('validation_failed', message, { errors: [{ path: 'from', message }] })
}
