import type { Clock } from '../lib/clock.ts'
import type { Store } from '../store/db.ts'
import { findKey } from '../store/keys.ts'
import { findRoom } from '../store/rooms.ts'
import { findTenant } from '../store/tenants.ts'
import type { Calls } from './calls.ts'
import { checkRoom } from './checks.ts'
import type { Credentials } from './credentials.ts'
import type { Minutes } from './minutes.ts'
import type { Moderation } from './moderation.ts'
import type { Presence } from './presence.ts'
import { Refusal } from './refusal.ts'
import { isRevoked } from './revocation.ts'
import { type Room, roomOf } from './room.ts'
import { livekitRoomName, NO_TENANT, splitLivekitRoomName } from './room-names.ts'
import { banOf, effective, isTokenRevoked, NO_RULES, type RoomRules } from './room-rules.ts'
import type { Rooms } from './rooms.ts'
import type { Seat, SeatSocket } from './seat.ts'
import { type Tenant, tenantOf } from './tenants.ts'
import type { JoinClaims, Tokens } from './tokens.ts'

export interface Admission {
  claims: JoinClaims
  room: Room
}

/** What a valid token stands on. */
interface Ground {
  tenantId: string
  limits: Pick<
    Tenant['limits'],
    'max_participants_per_room' | 'max_concurrent_participants' | 'participant_minutes_per_month'
  >
  room: Room
  rules: RoomRules
}

/** Whoever checks a connection is alone. */
const ALONE: Ground['limits'] = {
  max_participants_per_room: 1,
  max_concurrent_participants: null,
  participant_minutes_per_month: null,
}

/** Seconds by which a client's idea of our time may be off (tokens are made with our own clock). */
const EXPIRY_LEEWAY = 5
const START_LEEWAY = 60
/** How often a decision is made anew because somebody was put out meanwhile. */
const MOST_DECISIONS = 5
/** Milliseconds of silence after which a connection does not keep a second one of its identity out. */
const SILENT_MS = 10_000

interface Deps {
  store: Store
  clock: Clock
  tokens: Tokens
  credentials: Credentials
  rooms: Rooms
  presence: Presence
  calls: Calls
  moderation: Moderation
  minutes: Minutes
  maxParticipants: () => number
}

/** Decides who may join: on every connect and every reconnect, by what holds now. */
export class Gate {
  readonly #deps: Deps

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /** The claims of a token that is ours and in time. */
  read(token: string | null): JoinClaims | Refusal {
    const away = this.away()
    if (away) return away
    if (token === null) {
      return new Refusal(
        'token_missing',
        'the address has no access_token; get one from POST /api/v1/rooms/{room}/tokens',
      )
    }
    const claims = this.#deps.tokens.verify(token)
    if (!claims) return new Refusal('token_invalid', 'this token was not issued by this server')
    return this.untimely(claims) ?? claims
  }

  /** While the media server is away every other refusal would end calls that only have to wait. */
  away(): Refusal | null {
    return this.#deps.calls.ready ? null : mediaUnavailable()
  }

  /** Null for a token that is in time. */
  untimely(claims: JoinClaims): Refusal | null {
    const now = this.#deps.clock() / 1000
    const end = Math.min(claims.expiresAt, claims.ejectAt ?? Number.POSITIVE_INFINITY)
    if (end + EXPIRY_LEEWAY <= now)
      return new Refusal('token_expired', 'this token has expired; get a new one')
    if (claims.notBefore - START_LEEWAY > now)
      return new Refusal('token_not_yet_valid', 'this token is not valid yet')
    return null
  }

  /**
   * Would these claims be admitted now, and as what? Takes nothing.
   * @param stay sid of the stay that the client wants to go on with
   */
  async check(claims: JoinClaims, stay: string | null): Promise<Admission | Refusal> {
    const standing = await this.#standing(claims)
    if (standing instanceof Refusal) return standing
    await this.#hear(claims)
    const { room, rules } = standing
    return this.#decide(claims, standing, stay) ?? { claims: effective(rules, claims), room }
  }

  /**
   * Takes a seat if these claims are admitted now; it is the caller's to open or give back. `epoch`
   * tells later whether anybody was put out since.
   */
  async admit(
    claims: JoinClaims,
    stay: string | null,
  ): Promise<(Admission & { seat: Seat; epoch: number }) | Refusal> {
    const { presence } = this.#deps
    for (let tries = 0; tries < MOST_DECISIONS; tries++) {
      const { epoch } = presence
      const standing = await this.#standing(claims)
      if (claims.onDuplicate === 'reject') await this.#hear(claims)
      if (presence.epoch !== epoch) continue
      // From here to `take` nothing is awaited: two people cannot be given the last seat.
      if (standing instanceof Refusal) return standing
      const refusal = this.#decide(claims, standing, stay)
      if (refusal) return refusal
      const { room, rules } = standing
      const seat = presence.take(placeOf(room), claims)
      return { claims: effective(rules, claims), room, seat, epoch }
    }
    return mediaUnavailable()
  }

  /** Whether tenant, key and room still stand behind the token. */
  #standing(claims: JoinClaims): Promise<Ground | Refusal> | Ground | Refusal {
    if (claims.tenantId === NO_TENANT) return checkGround(claims)
    return this.#remembered(claims) ?? this.#read(claims)
  }

  /** Out of memory for who minted lately: three reads are a tenth of a join. Only to say yes. */
  #remembered(claims: JoinClaims): Ground | null {
    const known = this.#deps.credentials.recall(claims.apiKey)
    if (!known || known.tenant.id !== claims.tenantId || known.tenant.status !== 'active')
      return null
    const { tenant, tokensRevokedBefore } = known
    if (isRevoked(claims.issuedAt, tenant.tokensRevokedBefore)) return null
    if (isRevoked(claims.issuedAt, tokensRevokedBefore)) return null
    const names = splitLivekitRoomName(claims.room)
    const room = names && this.#deps.rooms.remembered(tenant, names.room)
    if (!room || room.id !== claims.roomId) return null
    const rules = this.#deps.moderation.recall(room)
    return rules ? { tenantId: tenant.id, limits: tenant.limits, room, rules } : null
  }

  async #read(claims: JoinClaims): Promise<Ground | Refusal> {
    const { db } = this.#deps.store
    const tenantRow = await findTenant(db, claims.tenantId)
    if (!tenantRow) return revoked('the tenant of this token was deleted')
    const tenant = tenantOf(tenantRow)
    if (tenant.status !== 'active')
      return new Refusal('tenant_deactivated', 'calls of this tenant are switched off')
    if (isRevoked(claims.issuedAt, tenant.tokensRevokedBefore))
      return revoked('this token was revoked; get a new one')
    const key = await findKey(db, claims.apiKey)
    if (!key || isRevoked(claims.issuedAt, key.tokens_revoked_before)) {
      return revoked('the key that made this token was deleted or replaced; get a new token')
    }
    const names = splitLivekitRoomName(claims.room)
    const row = names && (await findRoom(db, tenant.id, names.room))
    if (!row) return roomNotFound()
    if (row.id !== claims.roomId)
      return revoked('this room was deleted and made anew; get a new token')
    const room = roomOf(row, livekitRoomName(tenant.slug, row.name))
    const rules = await this.#deps.moderation.of(room)
    return { tenantId: tenant.id, limits: tenant.limits, room, rules }
  }

  /** Whoever would be kept out by a connection of the same identity may ask whether it still lives. */
  async #hear({ room, identity, onDuplicate }: JoinClaims): Promise<void> {
    const socket = this.#deps.presence.seat(room, identity)?.socket
    if (onDuplicate === 'reject' && socket && this.#isSilent(socket)) await socket.probe()
  }

  #isSilent({ heardAt }: SeatSocket): boolean {
    return this.#deps.clock() - heardAt > SILENT_MS
  }

  /** Null means: let in. */
  #decide(claims: JoinClaims, ground: Ground, stay: string | null): Refusal | null {
    const { presence, clock } = this.#deps
    const { room, rules } = ground
    const now = clock()
    const away = this.away()
    if (away) return away
    if (isTokenRevoked(rules, claims)) return revoked('this token was revoked; get a new one')
    const ban = banOf(rules, claims.identity, now)
    if (ban) return banned(ban.endsAt)
    if (room.closesAt !== null && room.closesAt <= now)
      return new Refusal('room_closed', 'this room is closed')
    // Who has a seat is coming back, whatever the address says of reconnecting.
    const seat = presence.seat(room.livekitName, claims.identity)
    if (seat) return this.#duplicate(claims, seat, stay)
    // So is who lost the call with livekit-server: only their seat was free for others meanwhile.
    if (presence.cutOff.has({ livekitName: room.livekitName, identity: claims.identity }))
      return this.#full(claims.identity, ground)
    return notNow(room, now) ?? this.#overdrawn(ground) ?? this.#full(claims.identity, ground)
  }

  /** A second connection takes the place of the first, unless its token says that it must not. */
  #duplicate({ onDuplicate }: JoinClaims, seat: Seat, stay: string | null): Refusal | null {
    const isOther = seat.sid === null || seat.sid !== stay
    // Who began first is not known to be through yet: asking again tells.
    if (onDuplicate === 'reject' && seat.pending > 0 && !seat.socket) return mediaUnavailable()
    if (onDuplicate === 'replace' || !isOther || !seat.socket || this.#isSilent(seat.socket))
      return null
    return new Refusal(
      'duplicate_identity',
      'this person is in the room already, on another device or in another tab',
    )
  }

  #overdrawn({ tenantId, limits }: Ground): Refusal | null {
    if (!this.#deps.minutes.areUsedUp(tenantId, limits)) return null
    return new Refusal(
      'minutes_exhausted',
      'the minutes of this month are used up; calls are possible again next month',
    )
  }

  #full(identity: string, { limits, room }: Ground): Refusal | null {
    const full = this.#deps.presence.full(placeOf(room), identity, {
      room: Math.min(
        room.maxParticipants ?? limits.max_participants_per_room,
        limits.max_participants_per_room,
      ),
      tenant: limits.max_concurrent_participants ?? Number.POSITIVE_INFINITY,
      server: this.#deps.maxParticipants(),
    })
    if (full === 'room_full') return new Refusal('room_full', 'this room is full')
    if (full === 'tenant_full')
      return new Refusal('tenant_full', 'as many people as allowed are in calls already')
    if (full === 'server_full') return new Refusal('server_full', 'this server is full', 5)
    return null
  }
}

/** Why nobody new can come in at this time. */
const notNow = ({ locked, opensAt }: Room, now: number): Refusal | null => {
  if (locked) return new Refusal('room_locked', 'this room is locked; nobody new can join now')
  if (opensAt === null || opensAt <= now) return null
  return new Refusal('room_not_open', `this room opens at ${new Date(opensAt).toISOString()}`)
}

const banned = (endsAt: number | null): Refusal =>
  new Refusal(
    'identity_banned',
    endsAt === null
      ? 'this person may not join this room any more'
      : `this person may not join this room before ${new Date(endsAt).toISOString()}`,
  )

/** Its token and its room say all that there is to know of a check call. */
const checkGround = ({ room: name }: JoinClaims): Ground | Refusal => {
  const room = checkRoom(name)
  return room ? { tenantId: room.tenantId, limits: ALONE, room, rules: NO_RULES } : roomNotFound()
}

const placeOf = (room: Room) => ({
  tenantId: room.tenantId,
  roomId: room.id,
  livekitName: room.livekitName,
})

const revoked = (sentence: string): Refusal => new Refusal('token_revoked', sentence)

/** livekit-client stops trying at once on this very text and otherwise hammers for seconds. */
const roomNotFound = (): Refusal => new Refusal('room_not_found', 'requested room does not exist')

export const mediaUnavailable = (): Refusal =>
  new Refusal('media_unavailable', 'the media server is restarting; try again', 1)
