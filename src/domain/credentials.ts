import type { Clock } from '../lib/clock.ts'
import { constantTimeEqual } from '../lib/crypto.ts'
import type { Store } from '../store/db.ts'
import { findKey, type KeyRow, updateKey } from '../store/keys.ts'
import { findTenant } from '../store/tenants.ts'
import { GoLiveError } from './errors.ts'
import type { SecretBox } from './keys.ts'
import { type Tenant, tenantOf } from './tenants.ts'

/** Tells where a request comes from; null where that cannot be known. */
export type Address = () => string | null

/** Who calls the tenant API. */
export interface Principal {
  readonly tenant: Tenant
  readonly apiKey: string
}

/** What stands behind the tokens of a key. */
export interface Standing extends Principal {
  readonly tokensRevokedBefore: number | null
}

/** One key as it is compared with, kept in memory so that a request costs no read and no decryption. */
interface Known {
  principal: Principal
  secret: string
  previous: { secret: string; expiresAt: number; lastUsedAt: number | null } | null
  expiresAt: number | null
  lastUsedAt: number | null
  lastUsedFrom: string | null
  /** when that was asked for */
  addressAt: number
  tokensRevokedBefore: number | null
  /** used since it was last written down */
  used: boolean
}

/** To find out a caller's address is a system call, too dear for every request of a busy key. */
const ADDRESS_EVERY_MS = 1000

const MOST_KNOWN = 10_000
/** Compared with when there is no such key, so that unknown and wrong take the same way. */
const NOBODY = 'lks_00000000000000000000000000000000000000000000000000'

interface Deps {
  store: Store
  clock: Clock
  box: SecretBox
}

export class Credentials {
  readonly #deps: Deps
  readonly #known = new Map<string, Known>()
  /** Counts changes of keys and tenants: a read that began before one must not be remembered. */
  #changes = 0

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /**
   * Answers at once for a key in memory, else after one read.
   * @throws GoLiveError secret_sent_as_key, invalid_credentials, tenant_deactivated
   */
  authenticate(
    apiKey: string,
    apiSecret: string,
    address: Address,
  ): Principal | Promise<Principal> {
    if (apiKey.startsWith('lks_')) throw secretAsKey()
    const known = this.#known.get(apiKey)
    return known ? this.#admit(known, apiSecret, address) : this.#load(apiKey, apiSecret, address)
  }

  /** Tenant and revocation of a key in memory, for the gate. Whatever changes them forgets the key. */
  recall(apiKey: string): Standing | undefined {
    const known = this.#known.get(apiKey)
    return known && { ...known.principal, tokensRevokedBefore: known.tokensRevokedBefore }
  }

  async #load(apiKey: string, apiSecret: string, address: Address): Promise<Principal> {
    const { store, box } = this.#deps
    const changes = this.#changes
    const row = await findKey(store.db, apiKey)
    const tenant =
      row && row.deleted_at === null ? await findTenant(store.db, row.tenant_id) : undefined
    if (!row || !tenant) {
      constantTimeEqual(apiSecret, NOBODY)
      throw invalid()
    }
    const known = knownOf(row, tenantOf(tenant), box)
    if (changes === this.#changes) this.#remember(apiKey, known)
    return this.#admit(known, apiSecret, address)
  }

  #admit(known: Known, apiSecret: string, address: Address): Principal {
    const now = this.#deps.clock()
    const { previous } = known
    const current = constantTimeEqual(apiSecret, known.secret)
    const old =
      !current &&
      previous !== null &&
      constantTimeEqual(apiSecret, previous.secret) &&
      previous.expiresAt > now
    if (!current && !old) throw invalid()
    if (known.expiresAt !== null && known.expiresAt <= now) throw invalid()
    if (known.principal.tenant.status !== 'active') throw deactivated()
    if (old) previous.lastUsedAt = now
    known.lastUsedAt = now
    if (now - known.addressAt >= ADDRESS_EVERY_MS) {
      known.lastUsedFrom = address()
      known.addressAt = now
    }
    known.used = true
    return known.principal
  }

  #remember(apiKey: string, known: Known): void {
    if (this.#known.size >= MOST_KNOWN) {
      const oldest = this.#known.entries().next().value
      if (oldest && !oldest[1].used) this.#known.delete(oldest[0])
    }
    if (this.#known.size < MOST_KNOWN) this.#known.set(apiKey, known)
  }

  forgetKey(apiKey: string): void {
    this.#changes++
    this.#known.delete(apiKey)
  }

  forgetTenant(tenantId: string): void {
    this.#changes++
    for (const [apiKey, known] of this.#known) {
      if (known.principal.tenant.id === tenantId) this.#known.delete(apiKey)
    }
  }

  /** Writes down when and from where keys were used; called once a minute and at the end. */
  async writeUse(): Promise<void> {
    const used = [...this.#known].filter(([, known]) => known.used)
    if (used.length === 0) return
    // One transaction: with many busy keys, a sync to disk for each would hold up everything.
    await this.#deps.store.transaction(async (tx) => {
      for (const [apiKey, known] of used) {
        known.used = false
        await updateKey(tx, apiKey, {
          last_used_at: known.lastUsedAt,
          last_used_from: known.lastUsedFrom,
          ...(known.previous ? { previous_last_used_at: known.previous.lastUsedAt } : {}),
        })
      }
    })
  }
}

const knownOf = (row: KeyRow, tenant: Tenant, box: SecretBox): Known => {
  const open = (sealed: Uint8Array) => box.unseal(row.tenant_id, row.api_key, sealed)
  return {
    principal: { tenant, apiKey: row.api_key },
    secret: open(row.sealed_secret),
    previous:
      row.previous_sealed_secret && row.previous_expires_at !== null
        ? {
            secret: open(row.previous_sealed_secret),
            expiresAt: row.previous_expires_at,
            lastUsedAt: row.previous_last_used_at,
          }
        : null,
    tokensRevokedBefore: row.tokens_revoked_before,
    expiresAt: row.expires_at,
    lastUsedAt: row.last_used_at,
    lastUsedFrom: row.last_used_from,
    addressAt: 0,
    used: false,
  }
}

const invalid = (): GoLiveError =>
  new GoLiveError('invalid_credentials', 'the api_key or api_secret is wrong', {
    hint: 'Send both as HTTP Basic credentials: api_key as the user name, api_secret as the password.',
  })

const secretAsKey = (): GoLiveError =>
  new GoLiveError(
    'secret_sent_as_key',
    'an api_secret (lks_…) arrived where the api_key (lkv_…) belongs',
    {
      hint: 'Swap the two. If the secret was logged on the way, rotate the key.',
    },
  )

const deactivated = (): GoLiveError =>
  new GoLiveError('tenant_deactivated', 'this tenant is deactivated', {
    hint: 'Ask the operator of this server to activate it.',
  })
