import type { Clock } from '../lib/clock.ts'
import { constantTimeEqual } from '../lib/crypto.ts'
import type { Store } from '../store/db.ts'
import { findKey, type KeyRow, updateKey } from '../store/keys.ts'
import { findTenant } from '../store/tenants.ts'
import { type ErrorCode, GoLiveError } from './errors.ts'
import type { SecretBox } from './keys.ts'
import type { Problems } from './problems.ts'
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

/** A secret as it is compared with, and when and from where it was last the right one. */
interface Secret {
  text: string
  lastUsedAt: number | null
  lastUsedFrom: string | null
  /** when that was asked for */
  addressAt: number
}

/** One key, kept in memory so that a request costs no read and no decryption. */
interface Known {
  principal: Principal
  secret: Secret
  previous: (Secret & { expiresAt: number }) | null
  expiresAt: number | null
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
  problems: Problems
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
      if (row) this.#note(row.tenant_id, 'invalid_credentials', `${apiKey} was deleted`)
      throw invalid()
    }
    const known = knownOf(row, tenantOf(tenant), box)
    if (changes === this.#changes) this.#remember(apiKey, known)
    return this.#admit(known, apiSecret, address)
  }

  #admit(known: Known, apiSecret: string, address: Address): Principal {
    const now = this.#deps.clock()
    const { tenant, apiKey } = known.principal
    const secret = rightSecret(known, apiSecret, now)
    if (!secret) {
      this.#note(tenant.id, 'invalid_credentials', `the secret sent with ${apiKey} is wrong`)
      throw invalid()
    }
    if (known.expiresAt !== null && known.expiresAt <= now) {
      this.#note(tenant.id, 'invalid_credentials', `${apiKey} has expired`)
      throw invalid()
    }
    if (tenant.status !== 'active') {
      this.#note(tenant.id, 'tenant_deactivated', 'the tenant is deactivated')
      throw deactivated()
    }
    secret.lastUsedAt = now
    if (now - secret.addressAt >= ADDRESS_EVERY_MS) {
      secret.lastUsedFrom = address()
      secret.addressAt = now
    }
    known.used = true
    return known.principal
  }

  /** The caller learns no more than that it was refused; the operator can see why. */
  #note(tenantId: string, code: ErrorCode, detail: string): void {
    this.#deps.problems.add(tenantId, {
      kind: 'api_refused',
      code,
      room: null,
      identity: null,
      detail,
    })
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

  /** The row with what is not written down yet of the key's use. */
  withUse(row: KeyRow): KeyRow {
    const known = this.#known.get(row.api_key)
    return known ? { ...row, ...usageOf(known) } : row
  }

  /** Of secrets that were last used before then, milliseconds. */
  forgetAddresses(before: number): void {
    for (const { secret, previous } of this.#known.values())
      for (const one of [secret, previous])
        if (one?.lastUsedAt && one.lastUsedAt < before) one.lastUsedFrom = null
  }

  /** Writes down when and from where keys were used; called once a minute and at the end. */
  async writeUse(): Promise<void> {
    const used = [...this.#known].filter(([, known]) => known.used)
    if (used.length === 0) return
    try {
      await this.#write(used)
    } catch (error) {
      for (const [, known] of used) known.used = true
      throw error
    }
  }

  /** In one transaction: with many busy keys, a sync to disk for each would hold up everything. */
  async #write(used: [string, Known][]): Promise<void> {
    await this.#deps.store.transaction(async (tx) => {
      for (const [apiKey, known] of used) {
        // Rotated while this waited for its turn: what it knows is of other secrets.
        if (this.#known.get(apiKey) !== known) continue
        known.used = false
        await updateKey(tx, apiKey, usageOf(known))
      }
    })
  }
}

const knownOf = (row: KeyRow, tenant: Tenant, box: SecretBox): Known => {
  const open = (sealed: Uint8Array) => box.unseal(row.tenant_id, row.api_key, sealed)
  return {
    principal: { tenant, apiKey: row.api_key },
    secret: {
      text: open(row.sealed_secret),
      lastUsedAt: row.last_used_at,
      lastUsedFrom: row.last_used_from,
      addressAt: 0,
    },
    previous:
      row.previous_sealed_secret && row.previous_expires_at !== null
        ? {
            text: open(row.previous_sealed_secret),
            expiresAt: row.previous_expires_at,
            lastUsedAt: row.previous_last_used_at,
            lastUsedFrom: row.previous_last_used_from,
            addressAt: 0,
          }
        : null,
    tokensRevokedBefore: row.tokens_revoked_before,
    expiresAt: row.expires_at,
    used: false,
  }
}

/** Which of the key's secrets this is. */
const rightSecret = ({ secret, previous }: Known, sent: string, now: number): Secret | null => {
  if (constantTimeEqual(sent, secret.text)) return secret
  const isOld = previous !== null && constantTimeEqual(sent, previous.text)
  return isOld && previous.expiresAt > now ? previous : null
}

const usageOf = ({ secret, previous }: Known) => ({
  last_used_at: secret.lastUsedAt,
  last_used_from: secret.lastUsedFrom,
  previous_last_used_at: previous?.lastUsedAt ?? null,
  previous_last_used_from: previous?.lastUsedFrom ?? null,
})

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
