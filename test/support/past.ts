import { leftData, participantData, sessionData } from '../../src/domain/event-data.ts'
import {
  insertParticipant,
  type SessionParticipantRow,
  updateParticipant,
} from '../../src/store/session-participants.ts'
import { insertSession, type SessionRow } from '../../src/store/sessions.ts'
import { insertTrack } from '../../src/store/tracks.ts'
import type { TestApi } from './api.ts'
import { use } from './use.ts'

const HOUR = 3600_000

let count = 0

export const tenantId = async (api: TestApi, slug: string): Promise<string> => {
  const row = api.store.raw
    .query<{ id: string }, [string]>(
      'SELECT id FROM tenants WHERE slug = ? ORDER BY created_at DESC',
    )
    .get(slug)
  if (!row) throw new Error(`no tenant ${slug}`)
  return row.id
}

interface Call {
  tenant: string
  at: number
  people: string[]
  room?: string
  /** false: they are still in it */
  ended?: boolean
}

/** A call of one hour, written down as it is when it really was. */
export const call = async (api: TestApi, what: Call): Promise<SessionRow> => {
  const { tenant, at, people, room = 'daily', ended = true } = what
  const tenant_id = await tenantId(api, tenant)
  const session: SessionRow = {
    ...{ id: `s${count++}`, tenant_id, room, livekit_sid: `RM_${count}`, started_at: at },
    ...{ ended_at: ended ? at + HOUR : null, end_reason: ended ? 'left' : null },
    ...{ end_accuracy_ms: 0, peak_participants: people.length, reconstructed: 0 },
    participant_ms: ended ? people.length * HOUR : 0,
  }
  const place = { tenantId: tenant_id, room }
  await api.deps.events.write(async (tx, append) => {
    await insertSession(tx, session)
    await use(tx, (sums) => sums.session(place, at))
    await append(tenant_id, { type: 'session.started', at, data: sessionData(session) })
  })
  for (const identity of people) await stay(api, session, identity, ended)
  return session
}

const stay = async (
  api: TestApi,
  session: SessionRow,
  identity: string,
  ended: boolean,
): Promise<void> => {
  const { tenant_id, started_at: at } = session
  const row: SessionParticipantRow = {
    ...{ sid: `PA_${count++}`, session_id: session.id, tenant_id, identity, joined_at: at },
    ...{ name: `Name of ${identity}`, left_at: ended ? at + HOUR : null, end_accuracy_ms: 0 },
    ...{ leave_reason: ended ? 'left' : null, reconnected_at: '[]', transport: 'udp', sdk: 'js' },
    ...{ sdk_version: '2', os: null, browser: null, address: '203.0.113.7', reconstructed: 0 },
  }
  const track = { kind: 'audio', source: 'microphone', published_at: at, unpublished_at: null }
  await api.deps.events.write(async (tx, append) => {
    await insertParticipant(tx, row)
    await insertTrack(tx, { participant_sid: row.sid, sid: 'TR_1', mutes: '[]', ...track })
    await use(tx, (sums) => sums.participant({ tenantId: tenant_id, room: session.room }, at))
    const data = participantData(session, row)
    await append(tenant_id, { type: 'participant.joined', at, identity, data })
  })
  if (ended) await leave(api, session, row)
}

/** Somebody who is in a call leaves it after an hour. */
export const leave = async (
  api: TestApi,
  session: SessionRow,
  row: Pick<SessionParticipantRow, 'sid' | 'identity' | 'joined_at' | 'name'>,
): Promise<void> => {
  const left_at = row.joined_at + HOUR
  await api.deps.events.write(async (tx, append) => {
    await updateParticipant(tx, row.sid, { left_at, leave_reason: 'left' })
    await use(tx, (sums) =>
      sums.time({ tenantId: session.tenant_id, room: session.room }, row.joined_at, left_at),
    )
    const data = leftData(session, { ...row, left_at, leave_reason: 'left' } as never)
    const { identity } = row
    await append(session.tenant_id, { type: 'participant.left', at: left_at, identity, data })
  })
}

/** So many events of one type, numbered from the first on, as fast as can be. */
export const manyEvents = async (api: TestApi, slug: string, amount: number): Promise<void> => {
  const id = await tenantId(api, slug)
  const { raw } = api.store
  raw.run(
    `INSERT INTO events (tenant_id, seq, id, type, at, data, reconstructed)
     WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
     SELECT ?, i, 'evt_' || i, 'participant.joined', ?, '{}', 0 FROM n`,
    [amount, id, api.now],
  )
  raw.run('UPDATE tenant_counters SET event_seq = ? WHERE tenant_id = ?', [amount, id])
}

/** An endpoint of a tenant with what it answered to some events, one a millisecond from `at` on. */
export const webhook = async (
  api: TestApi,
  what: { tenant: string; id: string; at: number; deliveries: number; excerpt?: string },
): Promise<void> => {
  const { raw } = api.store
  raw.run(
    `INSERT INTO webhooks (id, tenant_id, url, types, status, sealed_secret, created_at)
     VALUES (?, ?, 'https://example.com', '[]', 'active', x'00', 0)`,
    [what.id, await tenantId(api, what.tenant)],
  )
  raw.run(
    `INSERT INTO webhook_runs (id, webhook_id, next_seq, unfiltered, attempt, created_at)
     VALUES (?, ?, 1, 0, 0, 0)`,
    [`run-${what.id}`, what.id],
  )
  raw.run(
    `INSERT INTO deliveries (id, webhook_id, seq, type, attempt, at, response_excerpt)
     WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
     SELECT ? || '-' || i, ?, i, 'participant.joined', 1, ? + i, ? FROM n`,
    [what.deliveries, what.id, what.id, what.at, what.excerpt ?? null],
  )
}

/** How many rows a table has, of a tenant. */
export const rowsOf = (api: TestApi, table: string, tenant_id: string): number =>
  api.store.raw
    .query<{ n: number }, [string]>(`SELECT count(*) AS n FROM ${table} WHERE tenant_id = ?`)
    .get(tenant_id)?.n ?? -1

/** Every text that the database holds, in one; but for one table. */
export const wholeText = (api: TestApi, without = ''): string => {
  const tables = api.store.raw
    .query<{ name: string }, []>("SELECT name FROM sqlite_master WHERE type = 'table'")
    .all()
    .filter(({ name }) => name !== without)
  return JSON.stringify(
    tables.map(({ name }) => [name, api.store.raw.query(`SELECT * FROM ${name}`).all()]),
  )
}
