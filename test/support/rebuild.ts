import type { Written } from './record.ts'

/** An event as `GET /api/v1/events` answers it. */
export interface WireEvent {
  seq: number
  type: string
  at: string
  // biome-ignore lint/suspicious/noExplicitAny: as a consumer in JavaScript sees it
  data: any
}

interface Stay {
  sid: string
  session_id: string
  identity: string
  joined_at: number
  left_at: number | null
  leave_reason: string | null
  end_accuracy_ms: number
}

interface Session {
  id: string
  room: string
  livekit_sid: string
  started_at: number
  ended_at: number | null
  end_reason: string | null
  end_accuracy_ms: number
  peak_participants: number
  participant_ms: number
}

interface Track {
  participant_sid: string
  sid: string
  kind: string
  source: string
  published_at: number
  unpublished_at: number | null
}

interface Usage {
  room: string
  day: string
  participant_ms: number
  participants: number
  sessions: number
}

/** What events, sessions, usage and tracks have in common, in an order that both sides share. */
export interface Rebuilt {
  sessions: Session[]
  stays: Stay[]
  tracks: Track[]
  usage: Usage[]
}

const DAY_MS = 24 * 3600_000

/** What a consumer that reads the events from the first knows of calls. */
export const rebuilt = (events: WireEvent[]): Rebuilt => {
  const books: Books = { sessions: new Map(), stays: new Map(), tracks: new Map() }
  for (const event of events) take(books, event)
  for (const session of books.sessions.values()) addUp(session, staysOf(books, session))
  return {
    sessions: sorted([...books.sessions.values()], 'id'),
    stays: sorted([...books.stays.values()], 'sid'),
    tracks: sorted([...books.tracks.values()], 'sid'),
    usage: usageOf(books),
  }
}

interface Books {
  sessions: Map<string, Session>
  stays: Map<string, Stay>
  tracks: Map<string, Track>
}

const take = ({ sessions, stays, tracks }: Books, { type, data }: WireEvent): void => {
  const session = sessions.get(data.session_id)
  if (type === 'session.started') sessions.set(data.session_id, started(data))
  else if (type === 'session.ended' && session) {
    session.end_reason = data.end_reason
    session.end_accuracy_ms = Math.round(data.end_accuracy_seconds * 1000)
    session.ended_at = Date.parse(data.ended_at)
  } else if (type === 'participant.joined' && session) {
    stays.set(data.sid, joined(data))
    const present = staysOf({ sessions, stays, tracks }, session).filter((one) => !one.left_at)
    const people = new Set(present.map((one) => one.identity)).size
    session.peak_participants = Math.max(session.peak_participants, people)
  } else if (type === 'participant.left' || type === 'participant.superseded') {
    const stay = stays.get(data.sid)
    if (!stay || stay.left_at !== null) throw new Error(`${data.sid} ends twice or never began`)
    stay.left_at = Date.parse(data.left_at)
    stay.leave_reason = data.leave_reason
    stay.end_accuracy_ms = Math.round(data.end_accuracy_seconds * 1000)
  } else if (type === 'track.published' || type === 'track.unpublished')
    tracks.set(`${data.participant_sid} ${data.sid}`, trackOf(data))
}

const started = (data: WireEvent['data']): Session => ({
  ...{ id: data.session_id, room: data.room, livekit_sid: data.livekit_sid },
  ...{ started_at: Date.parse(data.started_at), ended_at: null, end_reason: null },
  ...{ end_accuracy_ms: 0, peak_participants: 0, participant_ms: 0 },
})

const joined = (data: WireEvent['data']): Stay => ({
  ...{ sid: data.sid, session_id: data.session_id, identity: data.identity },
  ...{ joined_at: Date.parse(data.joined_at), left_at: null, leave_reason: null },
  end_accuracy_ms: 0,
})

const trackOf = (data: WireEvent['data']): Track => ({
  ...{ participant_sid: data.participant_sid, sid: data.sid, kind: data.kind, source: data.source },
  published_at: Date.parse(data.published_at),
  unpublished_at: data.unpublished_at === undefined ? null : Date.parse(data.unpublished_at),
})

const staysOf = ({ stays }: Books, { id }: Pick<Session, 'id'>): Stay[] =>
  [...stays.values()].filter((stay) => stay.session_id === id)

const addUp = (session: Session, stays: Stay[]): void => {
  session.started_at = Math.min(session.started_at, ...stays.map((stay) => stay.joined_at))
  for (const { joined_at, left_at } of stays)
    session.participant_ms += (left_at ?? joined_at) - joined_at
  if (session.ended_at === null) return
  session.ended_at = Math.max(session.ended_at, ...stays.map((stay) => stay.left_at ?? 0))
}

const usageOf = ({ sessions, stays }: Books): Usage[] => {
  const days = new Map<string, Usage>()
  const on = (at: number, room: string): Usage => {
    const day = new Date(at).toISOString().slice(0, 10)
    const empty = { room, day, participant_ms: 0, participants: 0, sessions: 0 }
    const row = days.get(`${day} ${room}`) ?? empty
    days.set(`${day} ${room}`, row)
    return row
  }
  for (const { started_at, room } of sessions.values()) on(started_at, room).sessions++
  for (const { session_id, joined_at, left_at } of stays.values()) {
    const room = sessions.get(session_id)?.room ?? ''
    on(joined_at, room).participants++
    for (let at = joined_at; at < (left_at ?? joined_at); ) {
      const next = Math.min(left_at as number, (Math.floor(at / DAY_MS) + 1) * DAY_MS)
      on(at, room).participant_ms += next - at
      at = next
    }
  }
  return [...days.values()].sort((a, b) => order(`${a.day} ${a.room}`, `${b.day} ${b.room}`))
}

/** The same of the tables. */
export const asRebuilt = ({ sessions, stays, tracks, rooms }: Written): Rebuilt => ({
  sessions: sorted(
    sessions.map(({ tenant_id: _, reconstructed: __, ...row }) => row),
    'id',
  ),
  stays: sorted(
    stays.map(
      ({ sid, session_id, identity, joined_at, left_at, leave_reason, end_accuracy_ms }) => ({
        ...{ sid, session_id, identity, joined_at, left_at, leave_reason, end_accuracy_ms },
      }),
    ),
    'sid',
  ),
  tracks: sorted(
    tracks.map(({ mutes: _, ...row }) => row),
    'sid',
  ),
  usage: rooms
    .map(({ tenant_id: _, ...row }) => row)
    .sort((a, b) => order(`${a.day} ${a.room}`, `${b.day} ${b.room}`)),
})

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

const sorted = <T>(rows: T[], by: keyof T): T[] =>
  rows.sort((a, b) => order(String(a[by]), String(b[by])))
