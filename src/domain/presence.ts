import type { Clock } from '../lib/clock.ts'
import { CutOff } from './cut-off.ts'
import { NO_TENANT } from './room-names.ts'
import type { Seat, SeatSocket } from './seat.ts'
import type { JoinClaims } from './tokens.ts'

export interface Place {
  tenantId: string
  roomId: string
  livekitName: string
}

interface LiveRoom extends Place {
  seats: Map<string, Seat>
}

export interface Capacity {
  room: number
  tenant: number
  server: number
}

export type Full = 'room_full' | 'tenant_full' | 'server_full'

const LEFT_REMEMBERED_MS = 60_000
const MOST_LEFT_REMEMBERED = 10_000

/**
 * Who is in which room, in memory, rebuilt from LiveKit after a start. All methods are synchronous:
 * between looking for a free seat and taking it nothing else runs.
 */
export class Presence {
  readonly #clock: Clock
  readonly #rooms = new Map<string, LiveRoom>()
  readonly #byTenant = new Map<string, number>()
  /** sids that left: a list asked for before they did must not bring them back */
  readonly #left = new Map<string, number>()
  readonly cutOff: CutOff
  #total = 0
  /** Counts evictions. What was decided before one must be decided again. */
  epoch = 0

  constructor(clock: Clock) {
    this.#clock = clock
    this.cutOff = new CutOff(clock)
  }

  get total(): number {
    return this.#total
  }

  /** Those in calls of tenants: who only checks a connection has a seat, but is in nobody's call. */
  get inCalls(): number {
    return this.#total - this.tenantNow(NO_TENANT)
  }

  /** A check call has exactly one seat. */
  get roomsActive(): number {
    return this.#rooms.size - this.tenantNow(NO_TENANT)
  }

  /** People in calls, by tenant; only tenants that have some. */
  tenantsNow(): ReadonlyMap<string, number> {
    return this.#byTenant
  }

  tenantNow(tenantId: string): number {
    return this.#byTenant.get(tenantId) ?? 0
  }

  roomNow(place: Pick<Place, 'livekitName'>): number {
    return this.#rooms.get(place.livekitName)?.seats.size ?? 0
  }

  seatsOf(livekitName: string): Seat[] {
    return [...(this.#rooms.get(livekitName)?.seats.values() ?? [])]
  }

  seat(livekitName: string, identity: string): Seat | undefined {
    return this.#rooms.get(livekitName)?.seats.get(identity)
  }

  places(): Place[] {
    return [...this.#rooms.values()]
  }

  activeRoomIds(tenantId: string): string[] {
    return this.places()
      .filter((place) => place.tenantId === tenantId)
      .map((place) => place.roomId)
  }

  matching(match: (seat: Seat) => boolean): Seat[] {
    return this.places().flatMap((place) => this.seatsOf(place.livekitName).filter(match))
  }

  /** True while an open socket proves that LiveKit's room is there. */
  hasSocket(livekitName: string): boolean {
    for (const seat of this.#rooms.get(livekitName)?.seats.values() ?? []) {
      if (seat.socket && seat.sid) return true
    }
    return false
  }

  /** Which limit keeps a newcomer out; who has a seat already is no newcomer. */
  full(place: Place, identity: string, capacity: Capacity): Full | null {
    if (this.seat(place.livekitName, identity)) return null
    if (this.roomNow(place) >= capacity.room) return 'room_full'
    if (this.tenantNow(place.tenantId) >= capacity.tenant) return 'tenant_full'
    return this.#total >= capacity.server ? 'server_full' : null
  }

  /**
   * Takes the seat for an upgrade that begins. It is under way until {@link answered}, or
   * {@link failed}: an earlier stay that ends meanwhile does not take the seat along.
   */
  take(place: Place, claims: JoinClaims): Seat {
    const { identity } = claims
    const seat = this.seat(place.livekitName, identity) ?? this.#add(place, identity, this.#clock())
    seat.pending++
    seat.before = { claims: seat.claims, changedAt: seat.changedAt }
    seat.claims = claims
    seat.changedAt = this.#clock()
    return seat
  }

  opened(seat: Seat, socket: SeatSocket): void {
    seat.socket = socket
    seat.latest = socket
    seat.changedAt = this.#clock()
  }

  /** LiveKit did not take it: who is in is there with what they came with before. */
  failed(seat: Seat): void {
    seat.pending--
    Object.assign(seat, seat.before)
    if (seat.pending === 0 && seat.sid === null && seat.socket === null) this.#remove(seat)
  }

  /** LiveKit's first frame: who this is now, or null when a stay is resumed and keeps its sid. */
  answered(seat: Seat, sid: string | null): void {
    seat.pending--
    seat.changedAt = this.#clock()
    if (sid === null) return
    seat.sid = sid
    this.cutOff.delete(seat)
  }

  closed(seat: Seat, socket: SeatSocket): void {
    if (seat.socket === socket) seat.socket = null
  }

  /**
   * LiveKit says that this stay is over. A later stay of the same identity keeps the seat: when
   * somebody joins twice, LiveKit reports the first one gone after the second one came.
   */
  left(livekitName: string, identity: string, sid: string): void {
    this.#rememberLeft(sid)
    const seat = this.seat(livekitName, identity)
    if (!seat || (seat.sid !== null && seat.sid !== sid)) return
    if (seat.sid === null && seat.socket !== null) return
    seat.sid = null
    if (seat.pending === 0) this.#remove(seat)
  }

  /**
   * What LiveKit lists for a room, asked for at `askedAt`: adds who is missing here, frees the
   * seats of who is not there. What changed since the question is left alone, and so is who has a
   * connection: LiveKit closes it to whom it puts out, but its list (1.13.5) drops an identity when a
   * former stay of it ends, and has it again only when something of the new stay changes.
   */
  observe(
    place: Place,
    listed: { identity: string; sid: string; joinedAtMs: number }[],
    askedAt: number,
  ): void {
    for (const { identity, sid, joinedAtMs } of listed) {
      if (this.#left.has(sid)) continue
      const seat = this.seat(place.livekitName, identity) ?? this.#add(place, identity, joinedAtMs)
      if (seat.pending === 0 && (seat.sid === null || seat.changedAt < askedAt)) seat.sid = sid
    }
    const present = new Set(listed.map((one) => one.identity))
    for (const seat of this.seatsOf(place.livekitName)) {
      if (present.has(seat.identity) || seat.pending > 0 || seat.changedAt >= askedAt) continue
      if (seat.socket === null) this.#remove(seat)
    }
    this.#forgetLeft()
  }

  /** The room is gone with everybody in it. */
  forgetRoom(livekitName: string): void {
    for (const seat of this.seatsOf(livekitName)) this.#remove(seat)
    this.cutOff.forget((seat) => seat.livekitName === livekitName)
  }

  /** livekit-server died and took all calls along. Whose they were may come back. */
  clear(): void {
    const seats = this.matching(() => true)
    for (const seat of seats) this.#remove(seat)
    this.cutOff.add(seats)
  }

  #add(place: Place, identity: string, since: number): Seat {
    let room = this.#rooms.get(place.livekitName)
    if (!room) {
      const { tenantId, roomId, livekitName } = place
      room = { tenantId, roomId, livekitName, seats: new Map() }
      this.#rooms.set(livekitName, room)
    }
    const changedAt = this.#clock()
    const seat: Seat = {
      tenantId: room.tenantId,
      roomId: room.roomId,
      livekitName: room.livekitName,
      identity,
      claims: null,
      before: { claims: null, changedAt },
      sid: null,
      pending: 0,
      since,
      changedAt,
      socket: null,
      latest: null,
    }
    room.seats.set(identity, seat)
    this.#count(room.tenantId, 1)
    return seat
  }

  #remove(seat: Seat): void {
    const room = this.#rooms.get(seat.livekitName)
    if (room?.seats.get(seat.identity) !== seat) return
    room.seats.delete(seat.identity)
    if (room.seats.size === 0) this.#rooms.delete(seat.livekitName)
    this.#count(seat.tenantId, -1)
  }

  #count(tenantId: string, by: number): void {
    this.#total += by
    const now = this.tenantNow(tenantId) + by
    if (now === 0) this.#byTenant.delete(tenantId)
    else this.#byTenant.set(tenantId, now)
  }

  #rememberLeft(sid: string): void {
    if (this.#left.size >= MOST_LEFT_REMEMBERED) this.#forgetLeft()
    if (this.#left.size < MOST_LEFT_REMEMBERED) this.#left.set(sid, this.#clock())
  }

  #forgetLeft(): void {
    const horizon = this.#clock() - LEFT_REMEMBERED_MS
    for (const [sid, at] of this.#left) {
      if (at >= horizon) break
      this.#left.delete(sid)
    }
  }
}
