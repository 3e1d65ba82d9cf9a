import { type Clock, rfc3339OrNull } from '../lib/clock.ts'
import { seal, unseal } from '../lib/crypto.ts'
import { newApiKey, newApiSecret } from '../lib/ids.ts'
import type { Db, Store } from '../store/db.ts'
import * as rows from '../store/keys.ts'
import { lockTenant } from '../store/tenants.ts'
import type { Actor } from './actors.ts'
import type { Action, Audit } from './audit.ts'
import type { Calls } from './calls.ts'
import type { Credentials } from './credentials.ts'
import { GoLiveError } from './errors.ts'
import { afterInstant } from './revocation.ts'

/** Evidence of a secret's use, for who waits with taking it back until nobody needs it. */
export interface Use {
  lastUsedAt: number | null
  lastUsedFrom: string | null
}

/** Its use is that of the present secret; the one before has its own as long as it works. */
export interface Key extends Use {
  apiKey: string
  tenantId: string
  label: string | null
  createdAt: number
  expiresAt: number | null
  previousSecret: (Use & { expiresAt: number }) | null
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
      ? {
          expiresAt: row.previous_expires_at,
          lastUsedAt: row.previous_last_used_at,
          lastUsedFrom: row.previous_last_used_from,
        }
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
  audit: Audit
}

/** Lists of keys have one page. */
const MOST_KEYS = 100

type Owner = { id: string }

export class Keys {
  readonly #deps: Deps

  constructor(deps: Deps) {
    this.#deps = deps
  }

  async list(tenant: Owner): Promise<Key[]> {
    const { store, clock, credentials } = this.#deps
    const found = await rows.listKeys(store.db, tenant.id)
    return found.map((row) => keyOf(credentials.withUse(row), clock()))
  }

  /** @throws key_limit_reached, validation_failed for an expiry that has passed */
  create(
    tenant: Owner,
    input: { label?: string | null; expiresAt?: number | null },
    actor: Actor,
  ): Promise<NewKey> {
    const { store, clock } = this.#deps
    const { label = null, expiresAt = null } = input
    if (expiresAt !== null && expiresAt <= clock()) throw alreadyExpired()
    return store.transaction(async (tx) => {
      await lockTenant(tx, tenant.id)
      if ((await rows.listKeys(tx, tenant.id)).length >= MOST_KEYS) throw tooMany()
      return this.insert(tx, tenant.id, { label, expiresAt }, actor)
    })
  }

  /** Makes a key inside the caller's transaction. */
  async insert(
    db: Db,
    tenantId: string,
    input: { label: string | null; expiresAt: number | null },
    actor: Actor,
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
      previous_last_used_from: null,
      tokens_revoked_before: null,
      created_at: clock(),
      expires_at: input.expiresAt,
      last_used_at: null,
      last_used_from: null,
      deleted_at: null,
    }
    await rows.insertKey(db, row)
    await this.#record(db, row, 'key.created', actor, { after: descriptionOf(row) })
    await this.#record(db, row, 'secret.shown', actor, {})
    return { ...keyOf(row, clock()), apiSecret }
  }

  /**
   * Gives the key a new secret. The old one works for `overlapSeconds` more; with 0 it stops at
   * once, and so do the tokens it minted unless `keepTokens`. One that was still overlapping stops.
   */
  async rotate(
    tenant: Owner,
    apiKey: string,
    options: { overlapSeconds: number; keepTokens: boolean },
    actor: Actor,
  ): Promise<NewKey> {
    const { store, clock, box, credentials } = this.#deps
    const now = clock()
    const apiSecret = newApiSecret()
    const sealed = box.seal(tenant.id, apiKey, apiSecret)
    const revokes = options.overlapSeconds === 0 && !options.keepTokens
    const row = await store.transaction(async (tx) => {
      const old = credentials.withUse(await this.#own(tx, tenant, apiKey))
      const changes = {
        ...rotation(old, sealed, now, options.overlapSeconds),
        ...(revokes ? { tokens_revoked_before: now } : {}),
      }
      await rows.updateKey(tx, apiKey, changes)
      const after = { overlap_seconds: options.overlapSeconds, tokens_revoked: revokes }
      await this.#record(tx, old, 'key.rotated', actor, { after })
      await this.#record(tx, old, 'secret.shown', actor, {})
      credentials.forgetKey(apiKey)
      return { ...old, ...changes }
    })
    await this.#changed(apiKey, revokes ? now : null)
    return { ...keyOf(row, now), apiSecret }
  }

  /**
   * Refused from now on, with the tokens it minted unless `keepTokens`.
   * @throws last_key when no other would work and it is not the operator who asks
   */
  async delete(
    tenant: Owner,
    apiKey: string,
    options: { keepTokens: boolean; keepLast: boolean },
    actor: Actor,
  ): Promise<void> {
    const { store, clock } = this.#deps
    const now = clock()
    const revokes = !options.keepTokens
    await store.transaction(async (tx) => {
      await lockTenant(tx, tenant.id)
      const row = await this.#own(tx, tenant, apiKey)
      const others = (await rows.listKeys(tx, tenant.id)).filter((one) => one.api_key !== apiKey)
      if (options.keepLast && !others.some((one) => works(one, now))) throw lastKey()
      await rows.updateKey(tx, apiKey, {
        deleted_at: now,
        ...(revokes ? { tokens_revoked_before: now } : {}),
      })
      await this.#record(tx, row, 'key.deleted', actor, {
        before: descriptionOf(row),
        after: { tokens_revoked: revokes },
      })
    })
    await this.#changed(apiKey, revokes ? now : null)
  }

  async #own(db: Db, tenant: Owner, apiKey: string): Promise<rows.KeyRow> {
    const row = await rows.findKey(db, apiKey)
    if (!row || row.tenant_id !== tenant.id || row.deleted_at !== null) {
      throw new GoLiveError('key_not_found', 'there is no key of this name')
    }
    return row
  }

  #record(
    db: Db,
    row: rows.KeyRow,
    action: Action,
    actor: Actor,
    change: { before?: object; after?: object },
  ): Promise<void> {
    const { api_key: target, tenant_id: tenantId } = row
    return this.#deps.audit.write(db, { actor, action, target, tenantId, ...change })
  }

  async #changed(apiKey: string, revokedAt: number | null): Promise<void> {
    this.#deps.credentials.forgetKey(apiKey)
    if (revokedAt === null) return
    await this.#deps.calls.putOut((seat) => seat.claims?.apiKey === apiKey)
    await afterInstant(this.#deps.clock, revokedAt)
  }
}

/** The columns of a key whose secret becomes its previous one, together with the evidence of its use. */
const rotation = (old: rows.KeyRow, sealed: Uint8Array, now: number, overlapSeconds: number) => {
  const overlaps = overlapSeconds > 0
  return {
    sealed_secret: sealed,
    last_used_at: null,
    last_used_from: null,
    previous_sealed_secret: overlaps ? old.sealed_secret : null,
    previous_expires_at: overlaps ? now + overlapSeconds * 1000 : null,
    previous_last_used_at: overlaps ? old.last_used_at : null,
    previous_last_used_from: overlaps ? old.last_used_from : null,
  }
}

const works = ({ expires_at }: rows.KeyRow, now: number): boolean =>
  expires_at === null || expires_at > now

/** What the audit log says of a key besides its name. */
const descriptionOf = ({ label, expires_at }: rows.KeyRow) => ({
  label,
  expires_at: rfc3339OrNull(expires_at),
})

const alreadyExpired = (): GoLiveError => {
  const message = 'must be in the future'
  return new GoLiveError('validation_failed', `expires_at: ${message}`, {
    errors: [{ path: 'expires_at', message }],
  })
}

const tooMany = (): GoLiveError =>
  new GoLiveError('key_limit_reached', `a tenant can have ${MOST_KEYS} keys`, {
    hint: 'Delete keys that are not used any more; each tells when it last was.',
  })

const lastKey = (): GoLiveError =>
  new GoLiveError('last_key', 'no other key of this tenant works', {
    hint: 'Create another key first, or rotate this one. The operator of this server can delete it.',
  })
