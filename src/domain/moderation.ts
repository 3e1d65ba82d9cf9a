import { type Clock, rfc3339OrNull } from '../lib/clock.ts'
import { newId } from '../lib/ids.ts'
import type { Db, Store } from '../store/db.ts'
import * as members from '../store/members.ts'
import * as revocations from '../store/revocations.ts'
import { GoLiveError } from './errors.ts'
import type { EventLog, NewEvent } from './events.ts'
import { Recent } from './recent.ts'
import type { Room } from './room.ts'
import {
  isBanned,
  type KeptChanges,
  kept,
  type Member,
  type MemberChanges,
  type RoomRules,
} from './room-rules.ts'

export interface Ban {
  identity: string
  bannedAt: number
  banEndsAt: number | null
}

/**
 * No token that was first issued earlier can still be used: they live a day, renewed ones ten
 * minutes more, and who holds one while it is revoked is put out, so that it is not renewed again.
 */
const TOKENS_LIVE_MS = 25 * 3600_000
const MOST_MEMBERS = 10_000
const MOST_REVOCATIONS = 1000
const MOST_ATTRIBUTE_BYTES = 8192

type Change = (before: members.MemberRow | undefined) => members.MemberColumns

interface Deps {
  store: Store
  events: Pick<EventLog, 'change'>
  clock: Clock
}

/** What tenants decided about people: kept in the database, and in memory for rooms asked about lately. */
export class Moderation {
  readonly #deps: Deps
  /** by room */
  readonly #known = new Recent<{ tenantId: string; rules: RoomRules }>()

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /** The rules of a room that was asked about lately. */
  recall({ id }: Pick<Room, 'id'>): RoomRules | undefined {
    return this.#known.get(id)?.rules
  }

  async of({ id, tenantId }: Pick<Room, 'id' | 'tenantId'>): Promise<RoomRules> {
    const known = this.recall({ id })
    if (known) return known
    const { rules } = await this.#known.keep(id, async () => {
      const { db } = this.#deps.store
      const [people, revoked] = await Promise.all([
        members.listMembers(db, id),
        revocations.listRevocations(db, tenantId, id),
      ])
      return { tenantId, rules: rulesOf(people, revoked) }
    })
    return rules
  }

  /** Lays these changes over the earlier ones. @throws member_limit_reached, validation_failed */
  change(room: Room, identity: string, changes: MemberChanges): Promise<void> {
    return this.#put(room, identity, (before) => {
      const all = kept(changesIn(before), changes, this.#deps.clock())
      if (attributeBytes(all) > MOST_ATTRIBUTE_BYTES) throw tooManyAttributes()
      return { changes: JSON.stringify(all) }
    })
  }

  /** Tokens that the identity holds now admit it no more. */
  async revokeTokensOf(room: Room, identity: string, now: number): Promise<void> {
    await this.#put(room, identity, () => ({ tokens_revoked_before: now }))
  }

  /** Keeps somebody out until then, or for good, whatever token they hold. */
  async ban(room: Room, identity: string, endsAt: number | null): Promise<void> {
    const now = this.#deps.clock()
    const ban = { banned_at: now, ban_ends_at: endsAt, tokens_revoked_before: now }
    const data = { room: room.name, identity, until: rfc3339OrNull(endsAt) }
    await this.#put(room, identity, () => ban, {
      ...{ type: 'participant.banned', at: now, identity, data },
    })
  }

  /** @throws ban_not_found */
  async unban(room: Room, identity: string): Promise<void> {
    const member = (await this.of(room)).members.get(identity)
    if (!isBanned(member, this.#deps.clock()))
      throw new GoLiveError('ban_not_found', 'this identity is not banned from the room')
    await this.#put(room, identity, () => ({ banned_at: null, ban_ends_at: null }))
  }

  /** By identity. */
  async bans(room: Room): Promise<Ban[]> {
    const now = this.#deps.clock()
    return [...(await this.of(room)).members]
      .filter(([, member]) => isBanned(member, now))
      .map(([identity, { bannedAt, banEndsAt }]) => ({
        identity,
        bannedAt: bannedAt as number,
        banEndsAt,
      }))
      .sort((one, other) => (one.identity < other.identity ? -1 : 1))
  }

  /**
   * Refuses tokens first issued at `revokedBefore` or earlier: of a room or of the whole tenant, of
   * an identity or a key or of everybody. @throws revocation_limit_reached
   */
  async revoke(
    where: { tenantId: string; roomId: string | null },
    whose: RoomRules['revocations'][number],
  ): Promise<string> {
    const { store, clock } = this.#deps
    const id = newId(clock())
    await store.transaction(async (tx) => {
      if ((await revocations.countRevocations(tx, where.tenantId)) >= MOST_REVOCATIONS)
        throw tooManyRevocations()
      await revocations.insertRevocation(tx, {
        id,
        tenant_id: where.tenantId,
        room_id: where.roomId,
        identity: whose.identity,
        api_key: whose.apiKey,
        revoked_before: whose.revokedBefore,
        created_at: clock(),
      })
    })
    this.#known.forgetWhere(({ tenantId }) => tenantId === where.tenantId)
    return id
  }

  /**
   * What somebody was called in any room. Bans stay, and so do grants that were taken away: else
   * being erased would undo them. All but bans are forgotten after a day.
   */
  async forgetPerson(tenantId: string, identity: string): Promise<void> {
    await this.#deps.store.transaction(async (tx) => {
      for (const { room_id, changes } of await members.listMembersNamed(tx, tenantId, identity)) {
        const { permissions } = JSON.parse(changes ?? '{}') as KeptChanges
        const left: KeptChanges = { shown: {}, attributes: {}, permissions }
        await members.updateMemberChanges(tx, { room_id, identity }, JSON.stringify(left))
      }
    })
    this.#known.forgetWhere((known) => known.tenantId === tenantId)
  }

  /** Forgets what no token can be caught by any more. Called now and then. */
  async purge(): Promise<void> {
    const { store, clock } = this.#deps
    const now = clock()
    await members.purgeMembers(store.db, now - TOKENS_LIVE_MS, now)
    await revocations.purgeRevocations(store.db, now - TOKENS_LIVE_MS)
    this.#known.forgetWhere(() => true)
  }

  async #put(room: Room, identity: string, change: Change, told?: NewEvent): Promise<void> {
    const { events, clock } = this.#deps
    await events.change(async (tx, append) => {
      const before = await members.findMember(tx, room.id, identity)
      if (!before) await this.#checkRoom(tx, room)
      const place = { roomId: room.id, identity, now: clock() }
      await members.putMember(tx, place, change(before))
      if (told) await append(room.tenantId, told)
    })
    this.#known.forget(room.id)
  }

  async #checkRoom(tx: Db, room: Room): Promise<void> {
    if ((await members.countMembers(tx, room.id)) >= MOST_MEMBERS)
      throw new GoLiveError(
        'member_limit_reached',
        `decisions about ${MOST_MEMBERS} people of this room are kept already`,
        { hint: 'Lift bans that are no longer needed; all else is forgotten after a day.' },
      )
  }
}

const rulesOf = (people: members.MemberRow[], revoked: revocations.RevocationRow[]): RoomRules => ({
  members: new Map(people.map((row) => [row.identity, memberOf(row)])),
  revocations: revoked.map((row) => ({
    identity: row.identity,
    apiKey: row.api_key,
    revokedBefore: row.revoked_before,
  })),
})

const memberOf = (row: members.MemberRow): Member => ({
  bannedAt: row.banned_at,
  banEndsAt: row.ban_ends_at,
  tokensRevokedBefore: row.tokens_revoked_before,
  changes: changesIn(row),
})

const changesIn = (row: members.MemberRow | undefined): KeptChanges | null =>
  row?.changes ? (JSON.parse(row.changes) as KeptChanges) : null

/** Those that were removed count, too: they are kept, so that no older token brings them back. */
const attributeBytes = ({ attributes }: KeptChanges): number => {
  const values = Object.entries(attributes).map(([name, change]) => [name, change?.value])
  return Buffer.byteLength(JSON.stringify(Object.fromEntries(values)))
}

const tooManyAttributes = (): GoLiveError => {
  const message = `must be at most ${MOST_ATTRIBUTE_BYTES} bytes together with those that were changed before`
  return new GoLiveError('validation_failed', `attributes: ${message}`, {
    errors: [{ path: 'attributes', message }],
  })
}

const tooManyRevocations = (): GoLiveError =>
  new GoLiveError(
    'revocation_limit_reached',
    `a tenant can have ${MOST_REVOCATIONS} revocations at once`,
    { hint: 'Each is forgotten after 25 hours. Revoke for a room, a key or everybody at once.' },
  )
