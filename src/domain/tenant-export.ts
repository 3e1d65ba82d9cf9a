import { type Clock, rfc3339, rfc3339OrNull } from '../lib/clock.ts'
import type { Store } from '../store/db.ts'
import { type DeliveryRow, listDeliveries } from '../store/deliveries.ts'
import { lastSeq, listEvents } from '../store/events.ts'
import { type KeyRow, listKeys } from '../store/keys.ts'
import { listMembers, type MemberRow } from '../store/members.ts'
import { listAllRevocations, type RevocationRow } from '../store/revocations.ts'
import { listRoles } from '../store/roles.ts'
import { listRooms } from '../store/rooms.ts'
import { listParticipants, type SessionParticipantRow } from '../store/session-participants.ts'
import { listSessions, type SessionRow } from '../store/sessions.ts'
import { listTracks, type TrackRow } from '../store/tracks.ts'
import { listUsageDays, listUsageRoomMonths, type UsageDayRow } from '../store/usage.ts'
import { listWebhooks, type WebhookRow } from '../store/webhooks.ts'
import { endedSessionData, leftData, roomData, secondsOf } from './event-data.ts'
import { eventOf } from './events.ts'
import { roomOf } from './room.ts'
import { livekitRoomName } from './room-names.ts'
import type { Tenant, Tenants } from './tenants.ts'

/** Rows of one query: what is in memory at once. */
const PAGE = 200
const ALL_DAYS = { from: '0000-01-01', to: '9999-12-31' }

interface Deps {
  store: Store
  clock: Clock
  tenants: Pick<Tenants, 'get'>
}

/** One line of an export: `kind` says what the rest is. */
type Line = { kind: string } & Record<string, unknown>

/** All that is kept of a tenant, but for secrets. */
export class TenantExport {
  readonly #deps: Deps

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /**
   * One thing after the other, read as they are asked for; the last one says how many came before
   * it, so that a torn copy is known for one. @throws tenant_not_found, before the first line
   */
  async lines(slug: string): Promise<AsyncGenerator<Line>> {
    const tenant = await this.#deps.tenants.get(slug)
    return counted(this.#all(tenant))
  }

  async *#all(tenant: Tenant): AsyncGenerator<Line> {
    const { store, clock } = this.#deps
    yield { kind: 'tenant', ...tenantData(tenant), exported_at: rfc3339(clock()) }
    for (const key of await listKeys(store.db, tenant.id)) yield { kind: 'key', ...keyData(key) }
    for (const { name, grants } of await listRoles(store.db, tenant.id))
      yield { kind: 'role', name, grants: JSON.parse(grants) }
    yield* this.#rooms(tenant)
    for (const row of await listAllRevocations(store.db, tenant.id))
      yield { kind: 'revocation', ...revocationData(row) }
    yield* this.#webhooks(tenant)
    yield* this.#sessions(tenant)
    yield* this.#events(tenant)
    yield* this.#usage(tenant)
  }

  async *#rooms({ id, slug }: Tenant): AsyncGenerator<Line> {
    const page = (after: Position | null) =>
      listRooms(this.#deps.store.db, id, { after, limit: PAGE, ids: null })
    for await (const row of paged(page, (row) => ({ createdAt: row.created_at, id: row.id }))) {
      const times = { created_at: rfc3339(row.created_at), updated_at: rfc3339(row.updated_at) }
      yield { kind: 'room', ...roomData(roomOf(row, livekitRoomName(slug, row.name))), ...times }
      for (const member of await listMembers(this.#deps.store.db, row.id))
        yield { kind: 'member', room: row.name, ...memberData(member) }
    }
  }

  async *#webhooks({ id }: Tenant): AsyncGenerator<Line> {
    const { db } = this.#deps.store
    for (const webhook of await listWebhooks(db, id)) {
      yield { kind: 'webhook', ...webhookData(webhook) }
      const page = (after: Position | null) =>
        listDeliveries(db, webhook.id, { after, limit: PAGE, failed: false })
      for await (const row of paged(page, (row) => ({ createdAt: row.at, id: row.id })))
        yield { kind: 'delivery', ...deliveryData(row) }
    }
  }

  async *#sessions({ id }: Tenant): AsyncGenerator<Line> {
    const page = (after: Position | null) =>
      listSessions(this.#deps.store.db, id, { after, limit: PAGE, room: null, open: false })
    for await (const row of paged(page, (row) => ({ createdAt: row.started_at, id: row.id }))) {
      yield { kind: 'session', ...endedSessionData(row), reconstructed: row.reconstructed === 1 }
      yield* this.#participants(row)
    }
  }

  async *#participants(session: SessionRow): AsyncGenerator<Line> {
    const { db } = this.#deps.store
    const page = async (after: Position | null) => {
      const rows = await listParticipants(db, session.id, { after, limit: PAGE })
      const tracks = Map.groupBy(
        await listTracks(
          db,
          rows.map(({ sid }) => sid),
        ),
        (track) => track.participant_sid,
      )
      return rows.map((row) => ({ row, tracks: tracks.get(row.sid) ?? [] }))
    }
    const place = ({ row }: { row: SessionParticipantRow }) => ({
      createdAt: row.joined_at,
      id: row.sid,
    })
    for await (const { row, tracks } of paged(page, place))
      yield { kind: 'participant', ...stayData(session, row), tracks: tracks.map(trackOf) }
  }

  async *#events({ id }: Tenant): AsyncGenerator<Line> {
    const { db } = this.#deps.store
    // What comes while it is sent would be sent for ever.
    const until = await lastSeq(db, id)
    const page = (after: number | null) =>
      listEvents(db, id, { after: after ?? 0, until, limit: PAGE, types: null })
    for await (const row of paged(page, ({ seq }) => seq)) {
      const { at, ...event } = eventOf(row)
      yield { kind: 'event', ...event, at: rfc3339(at) }
    }
  }

  async *#usage({ id }: Tenant): AsyncGenerator<Line> {
    const { db } = this.#deps.store
    for (const { day, ...row } of await listUsageDays(db, id, ALL_DAYS))
      yield { kind: 'usage_day', day, ...usageData(row) }
    const page = (after: { month: string; room: string } | null) =>
      listUsageRoomMonths(db, id, { after, limit: PAGE })
    for await (const { month, room, ...row } of paged(page, (row) => row))
      yield { kind: 'usage_room', month, room, ...usageData(row) }
  }
}

interface Position {
  createdAt: number
  id: string
}

/** Row by row, however many there are. */
async function* paged<Row, At>(
  page: (after: At | null) => Promise<Row[]>,
  placeOf: (row: Row) => At,
): AsyncGenerator<Row> {
  for (let after: At | null = null; ; ) {
    const rows: Row[] = await page(after)
    yield* rows
    const last = rows.at(-1)
    if (last === undefined || rows.length < PAGE) return
    after = placeOf(last)
  }
}

async function* counted(lines: AsyncGenerator<Line>): AsyncGenerator<Line> {
  let count = 0
  for await (const line of lines) {
    count++
    yield line
  }
  yield { kind: 'end', lines: count }
}

const tenantData = ({ slug, name, status, limits, createdAt }: Tenant) => ({
  ...{ slug, name, status, limits },
  created_at: rfc3339(createdAt),
})

const keyData = (row: KeyRow) => ({
  api_key: row.api_key,
  label: row.label,
  created_at: rfc3339(row.created_at),
  expires_at: rfc3339OrNull(row.expires_at),
  last_used_at: rfc3339OrNull(row.last_used_at),
  last_used_from: row.last_used_from,
})

/** What was decided about a person in a room. */
const memberData = (row: MemberRow) => ({
  identity: row.identity,
  banned_at: rfc3339OrNull(row.banned_at),
  ban_ends_at: rfc3339OrNull(row.ban_ends_at),
  tokens_revoked_before: rfc3339OrNull(row.tokens_revoked_before),
  changes: row.changes === null ? null : (JSON.parse(row.changes) as object),
})

const revocationData = (row: RevocationRow & { room: string | null }) => ({
  ...{ room: row.room, identity: row.identity, api_key: row.api_key },
  revoked_before: rfc3339(row.revoked_before),
  created_at: rfc3339(row.created_at),
})

const webhookData = (row: WebhookRow) => ({
  ...{ id: row.id, url: row.url, types: JSON.parse(row.types) as string[], status: row.status },
  disabled_reason: row.disabled_reason,
  created_at: rfc3339(row.created_at),
  last_success_at: rfc3339OrNull(row.last_success_at),
  last_failure_at: rfc3339OrNull(row.last_failure_at),
})

const deliveryData = ({ at, next_attempt_at, ...row }: DeliveryRow) => ({
  ...row,
  at: rfc3339(at),
  next_attempt_at: rfc3339OrNull(next_attempt_at),
})

const stayData = (session: SessionRow, row: SessionParticipantRow) => {
  const { transport, sdk, sdk_version, os, browser, address } = row
  return {
    ...leftData(session, row),
    reconnected_at: (JSON.parse(row.reconnected_at) as number[]).map(rfc3339),
    ...{ transport, sdk, sdk_version, os, browser, address },
    reconstructed: row.reconstructed === 1,
  }
}

const trackOf = ({ sid, kind, source, published_at, unpublished_at, mutes }: TrackRow) => ({
  ...{ sid, kind, source },
  published_at: rfc3339(published_at),
  unpublished_at: rfc3339OrNull(unpublished_at),
  mutes: (JSON.parse(mutes) as [number, number | null][]).map(([from, to]) => ({
    from: rfc3339(from),
    to: rfc3339OrNull(to),
  })),
})

const usageData = (row: Pick<UsageDayRow, 'participant_ms' | 'participants' | 'sessions'>) => ({
  participant_seconds: secondsOf(row.participant_ms),
  participants: row.participants,
  sessions: row.sessions,
})
