import type { Clock } from '../lib/clock.ts'
import type { Store } from '../store/db.ts'
import { findKey } from '../store/keys.ts'
import type { Calls } from './calls.ts'
import { GoLiveError } from './errors.ts'
import type { Moderation } from './moderation.ts'
import type { Presence } from './presence.ts'
import { afterInstant, isRevoked } from './revocation.ts'
import type { Room } from './room.ts'
import type { Seat } from './seat.ts'

/** Whose tokens are taken back; null is everybody's. */
export interface Whose {
  identity: string | null
  apiKey: string | null
  /** tokens first issued before; null is now */
  issuedBefore: number | null
}

export interface Revocation {
  id: string
  room: string | null
  identity: string | null
  apiKey: string | null
  issuedBefore: number
  /** people in calls who held such a token */
  putOut: number
}

interface Deps {
  store: Store
  clock: Clock
  presence: Presence
  calls: Calls
  moderation: Moderation
}

/** Takes tokens back: they are refused from now on, and who is in a call with one is put out. */
export class Revocations {
  readonly #deps: Deps

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /**
   * @param room null for all rooms of the tenant.
   * @throws validation_failed for a time to come, key_not_found
   */
  async create(tenant: { id: string }, room: Room | null, whose: Whose): Promise<Revocation> {
    const { clock, presence, calls, moderation } = this.#deps
    const now = clock()
    const { identity, apiKey, issuedBefore } = whose
    if (issuedBefore !== null && issuedBefore > now) throw notYet()
    if (apiKey !== null) await this.#checkKey(tenant, apiKey)
    // "Before" leaves the instant itself out; what is taken back now includes this millisecond.
    const revokedBefore = issuedBefore === null ? now : issuedBefore - 1
    const where = { tenantId: tenant.id, roomId: room?.id ?? null }
    const id = await moderation.revoke(where, { identity, apiKey, revokedBefore })
    const match = (seat: Seat): boolean =>
      seat.tenantId === where.tenantId &&
      (where.roomId === null || seat.roomId === where.roomId) &&
      (identity === null || seat.identity === identity) &&
      (apiKey === null || seat.claims?.apiKey === apiKey) &&
      isRevoked(seat.claims?.issuedAt ?? seat.since, revokedBefore)
    const putOut = presence.matching(match).length
    await calls.putOut(match)
    if (issuedBefore === null) await afterInstant(clock, now)
    return {
      id,
      room: room?.name ?? null,
      identity,
      apiKey,
      issuedBefore: issuedBefore ?? now,
      putOut,
    }
  }
  /** Who takes back what a key minted must not be told "done" for another one. It may be deleted already. */
  async #checkKey({ id }: { id: string }, apiKey: string): Promise<void> {
    const key = await findKey(this.#deps.store.db, apiKey)
    if (key?.tenant_id !== id)
      throw new GoLiveError('key_not_found', 'there is no key of this name')
  }
}

const notYet = (): GoLiveError => {
  const message = 'must not be in the future'
  return new GoLiveError('validation_failed', `issued_before: ${message}`, {
    errors: [{ path: 'issued_before', message }],
  })
}
