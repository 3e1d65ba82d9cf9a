import type { Clock } from '../lib/clock.ts'
import { seal, unseal } from '../lib/crypto.ts'
import { newApiKey, newApiSecret } from '../lib/ids.ts'
import type { Db, Store } from '../store/db.ts'
import * as rows from '../store/keys.ts'
import type { Calls } from './calls.ts'
import type { Credentials } from './credentials.ts'
import { GoLiveError } from './errors.ts'
import { afterInstant } from './revocation.ts'

export interface Key {
  apiKey: string
  tenantId: string
  label: string | null
  createdAt: number
  expiresAt: number | null
  lastUsedAt: number | null
  lastUsedFrom: string | null
  previousSecret: { expiresAt: number; lastUsedAt: number | null } | null
}

/** A key whose secret is known for this one answer and never again. */
export interface NewKey extends Key {
  apiSecret: string
}

const keyOf = (row: rows.KeyRow, now: number): Key => ({
  apiKey: row.api_key,
  tenantId: row.tenant_id,
  label: row.label,
  createdAt: row.created_at,
  expiresAt: row.expires_at,
  lastUsedAt: row.last_used_at,
  lastUsedFrom: row.last_used_from,
  previousSecret:
    row.previous_expires_at !== null && row.previous_expires_at > now
      ? { expiresAt: row.previous_expires_at, lastUsedAt: row.previous_last_used_at }
      : null,
})

/** Seals api secrets so that a row cannot be moved to another tenant or key. */
export class SecretBox {
  readonly #key: Uint8Array

  constructor(key: Uint8Array) {
    this.#key = key
  }

  seal(tenantId: string, apiKey: string, secret: string): Uint8Array {
    return seal(this.#key, secret, `${tenantId}/${apiKey}`)
  }

  unseal(tenantId: string, apiKey: string, sealed: Uint8Array): string {
    return unseal(this.#key, sealed, `${tenantId}/${apiKey}`)
  }
}

interface Deps {
  store: Store
  clock: Clock
  box: SecretBox
  credentials: Credentials
  calls: Calls
}

type Owner = { id: string }

export class Keys {
  readonly #deps: Deps

  constructor(deps: Deps) {
    this.#deps = deps
  }

  async list(tenant: Owner): Promise<Key[]> {
    const { store, clock, credentials } = this.#deps
    await credentials.writeUse()
    const found = await rows.listKeys(store.db, tenant.id)
    return found.map((row) => keyOf(row, clock()))
  }

  create(
    tenant: Owner,
    input: { label?: string | null; expiresAt?: number | null },
  ): Promise<NewKey> {
    return this.insert(this.#deps.store.db, tenant.id, {
      label: input.label ?? null,
      expiresAt: input.expiresAt ?? null,
    })
  }

  /** Makes a key inside the caller's transaction. */
  async insert(
    db: Db,
    tenantId: string,
    input: { label: string | null; expiresAt: number | null },
  ): Promise<NewKey> {
    const { clock, box } = this.#deps
    const apiKey = newApiKey()
    const apiSecret = newApiSecret()
    const row: rows.KeyRow = {
      api_key: apiKey,
      tenant_id: tenantId,
      label: input.label,
      sealed_secret: box.seal(tenantId, apiKey, apiSecret),
      previous_sealed_secret: null,
      previous_expires_at: null,
      previous_last_used_at: null,
      tokens_revoked_before: null,
      created_at: clock(),
      expires_at: input.expiresAt,
      last_used_at: null,
      last_used_from: null,
      deleted_at: null,
    }
    await rows.insertKey(db, row)
    return { ...keyOf(row, clock()), apiSecret }
  }

  /**
   * Gives the key a new secret. The old one works for `overlapSeconds` more; with 0 it stops at
   * once, and so do the tokens it minted unless `keepTokens`.
   */
  async rotate(
    tenant: Owner,
    apiKey: string,
    options: { overlapSeconds: number; keepTokens: boolean },
  ): Promise<NewKey> {
    const { store, clock, box } = this.#deps
    const row = await this.#own(tenant, apiKey)
    const now = clock()
    const apiSecret = newApiSecret()
    const overlap = options.overlapSeconds > 0
    const revokes = !overlap && !options.keepTokens
    const changes = {
      sealed_secret: box.seal(tenant.id, apiKey, apiSecret),
      previous_sealed_secret: overlap ? row.sealed_secret : null,
      previous_expires_at: overlap ? now + options.overlapSeconds * 1000 : null,
      previous_last_used_at: null,
      ...(revokes ? { tokens_revoked_before: now } : {}),
    }
    await rows.updateKey(store.db, apiKey, changes)
    await this.#changed(apiKey, revokes ? now : null)
    return { ...keyOf({ ...row, ...changes }, now), apiSecret }
  }

  /** Refused from now on, with the tokens it minted unless `keepTokens`. */
  async delete(tenant: Owner, apiKey: string, options: { keepTokens: boolean }): Promise<void> {
    const { store, clock } = this.#deps
    await this.#own(tenant, apiKey)
    const now = clock()
    await rows.updateKey(store.db, apiKey, {
      deleted_at: now,
      ...(options.keepTokens ? {} : { tokens_revoked_before: now }),
    })
    await this.#changed(apiKey, options.keepTokens ? null : now)
  }

  async #own(tenant: Owner, apiKey: string): Promise<rows.KeyRow> {
    const row = await rows.findKey(this.#deps.store.db, apiKey)
    if (!row || row.tenant_id !== tenant.id || row.deleted_at !== null) {
      throw new GoLiveError('key_not_found', 'there is no key of this name')
    }
    return row
  }

  async #changed(apiKey: string, revokedAt: number | null): Promise<void> {
    this.#deps.credentials.forgetKey(apiKey)
    if (revokedAt === null) return
    await this.#deps.calls.putOut((seat) => seat.apiKey === apiKey)
    await afterInstant(this.#deps.clock, revokedAt)
  }
}
