import { join } from 'node:path'
import {
  endedSessionData,
  leftData,
  participantData,
  sessionData,
} from '../../src/domain/event-data.ts'
import { EventLog, type NewEvent } from '../../src/domain/events.ts'
import { UsageSums } from '../../src/domain/usage-days.ts'
import { openStore } from '../../src/store/db.ts'
import {
  insertParticipant,
  type SessionParticipantRow,
} from '../../src/store/session-participants.ts'
import { insertSession, type SessionRow } from '../../src/store/sessions.ts'
import { findTenantBySlug } from '../../src/store/tenants.ts'
import { insertTrack } from '../../src/store/tracks.ts'

/** A stay as a test tells of it; moments in milliseconds after its call began. */
export interface ToldStay {
  identity: string
  name?: string
  from: number
  to: number
  reason?: string
  reconnects?: number[]
  tracks?: { source: string; from?: number; to?: number; mutes?: [number, number][] }[]
  more?: Partial<SessionParticipantRow>
}

export interface ToldCall {
  tenant: string
  id: string
  room: string
  startedAt: number
  stays: ToldStay[]
  refused?: { at: number; identity: string; code: string; reason: string }[]
  more?: Partial<SessionRow>
}

/** Puts calls that were into the database of a server that does not run. */
export const writeCalls = async (dataDir: string, calls: ToldCall[]): Promise<void> => {
  const store = openStore(join(dataDir, 'golive.db'))
  const log = new EventLog({ store, clock: Date.now })
  try {
    for (const call of calls.toSorted((a, b) => a.startedAt - b.startedAt)) {
      const tenant = await findTenantBySlug(store.db, call.tenant)
      if (!tenant) throw new Error(`there is no tenant ${call.tenant}`)
      await log.write(async (tx, append) => {
        const events: NewEvent[] = []
        await new Told(tx, tenant.id, call, events).write()
        for (const event of events.toSorted((a, b) => (a.at ?? 0) - (b.at ?? 0)))
          await append(tenant.id, event)
      })
    }
  } finally {
    await store.close()
  }
}

type Tx = Parameters<Parameters<EventLog['write']>[0]>[0]

class Told {
  readonly #tx: Tx
  readonly #tenantId: string
  readonly #call: ToldCall
  readonly #events: NewEvent[]
  readonly #usage = new UsageSums()

  constructor(tx: Tx, tenantId: string, call: ToldCall, events: NewEvent[]) {
    this.#tx = tx
    this.#tenantId = tenantId
    this.#call = call
    this.#events = events
  }

  async write(): Promise<void> {
    const { id, room, startedAt, stays, refused = [], more } = this.#call
    const session: SessionRow = {
      ...{ id, tenant_id: this.#tenantId, room, livekit_sid: `RM_${id}`, started_at: startedAt },
      ended_at: startedAt + Math.max(...stays.map(({ to }) => to)),
      ...{ end_reason: 'empty', end_accuracy_ms: 0, peak_participants: stays.length },
      participant_ms: stays.reduce((sum, { from, to }) => sum + to - from, 0),
      ...{ reconstructed: 0 as const, ...more },
    }
    const place = { tenantId: this.#tenantId, room }
    await insertSession(this.#tx, session)
    this.#usage.session(place, startedAt)
    this.#events.push({ type: 'session.started', at: startedAt, data: sessionData(session) })
    for (const [n, stay] of stays.entries()) await this.#stay(session, stay, `PA_${id}_${n}`)
    for (const { at, identity, code, reason } of refused) {
      const data = { room, identity, code, reason }
      this.#events.push({ type: 'participant.refused', at: startedAt + at, identity, data })
    }
    await this.#usage.write(this.#tx)
    const data = endedSessionData(session)
    const reconstructed = session.reconstructed === 1
    this.#events.push({ type: 'session.ended', at: session.ended_at ?? 0, data, reconstructed })
  }

  async #stay(session: SessionRow, stay: ToldStay, sid: string): Promise<void> {
    const { started_at: start, id: session_id, tenant_id, room } = session
    const { identity, name = '', from, to, reason = 'client_initiated', more } = stay
    const row: SessionParticipantRow = {
      ...{ sid, session_id, tenant_id, identity, name },
      ...{ joined_at: start + from, left_at: start + to, leave_reason: reason },
      ...{ end_accuracy_ms: 0, reconstructed: 0 as const },
      reconnected_at: JSON.stringify((stay.reconnects ?? []).map((at) => start + at)),
      ...{ transport: 'udp', sdk: 'js', sdk_version: '2.23.0', os: 'Windows 11' },
      ...{ browser: 'Chrome 141.0.0.0', address: '203.0.113.7', ...more },
    }
    await insertParticipant(this.#tx, row)
    this.#usage.participant({ tenantId: tenant_id, room }, row.joined_at)
    this.#usage.time({ tenantId: tenant_id, room }, start + from, start + to)
    for (const [n, track] of (stay.tracks ?? []).entries())
      await insertTrack(this.#tx, {
        ...{ participant_sid: sid, sid: `TR_${n}`, source: track.source },
        kind: track.source === 'microphone' ? 'audio' : 'video',
        published_at: start + (track.from ?? from),
        unpublished_at: start + (track.to ?? to),
        mutes: JSON.stringify(track.mutes?.map((pair) => pair.map((at) => start + at)) ?? []),
      })
    const about = { identity }
    const joined = { ...about, data: participantData(session, row) }
    this.#events.push({ type: 'participant.joined', at: start + from, ...joined })
    const type =
      reason === 'duplicate_identity'
        ? ('participant.superseded' as const)
        : ('participant.left' as const)
    this.#events.push({ type, at: start + to, ...about, data: leftData(session, row) })
  }
}
