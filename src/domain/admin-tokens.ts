import type { Clock } from '../lib/clock.ts'
import { sha256Hex } from '../lib/crypto.ts'
import { newAdminToken, newId } from '../lib/ids.ts'
import * as rows from '../store/admin-tokens.ts'
import type { Store } from '../store/db.ts'
import { findTenantBySlug } from '../store/tenants.ts'
import type { Actor } from './actors.ts'
import type { Audit } from './audit.ts'
import { GoLiveError } from './errors.ts'
import { decodeCursor, type Page, pageOf } from './page.ts'

/** `read` looks and changes nothing. */
export type Scope = 'read' | 'write'

/** What a script calls the operator's API with. */
export interface AdminToken {
  id: string
  label: string
  scope: Scope
  /** slug of the one tenant that it may touch; null is all */
  tenant: string | null
  createdAt: number
  createdBy: string
  expiresAt: number | null
  lastUsedAt: number | null
  lastUsedFrom: string | null
}

/** A token whose text is known for this one answer and never again. */
export interface NewAdminToken extends AdminToken {
  token: string
}

interface NewToken {
  label: string
  scope: Scope
  tenant: string | null
  expiresAt: number | null
}

const USED_EVERY_MS = 60_000

interface Deps {
  store: Store
  clock: Clock
  audit: Audit
}

const tokenOf = (row: rows.TokenWithSlug): AdminToken => ({
  id: row.id,
  label: row.label,
  scope: row.scope,
  tenant: row.slug,
  createdAt: row.created_at,
  createdBy: row.created_by,
  expiresAt: row.expires_at,
  lastUsedAt: row.last_used_at,
  lastUsedFrom: row.last_used_from,
})

export class AdminTokens {
  readonly #deps: Deps

  constructor(deps: Deps) {
    this.#deps = deps
  }

  async list(query: { cursor?: string | undefined; limit: number }): Promise<Page<AdminToken>> {
    const after = decodeCursor(query.cursor)
    const found = await rows.listTokens(this.#deps.store.db, after, query.limit + 1)
    return pageOf(found.map(tokenOf), query.limit)
  }

  /** @throws tenant_not_found, validation_failed */
  async create(input: NewToken, actor: Actor): Promise<NewAdminToken> {
    const { store, clock, audit } = this.#deps
    const token = newAdminToken()
    const now = clock()
    if (input.expiresAt !== null && input.expiresAt <= now) throw past()
    return store.transaction(async (tx) => {
      const { label, scope, tenant: slug, expiresAt } = input
      const tenant = slug === null ? null : await findTenantBySlug(tx, slug)
      if (tenant === undefined) {
        throw new GoLiveError('tenant_not_found', `there is no tenant named ${slug}`)
      }
      const row: rows.AdminTokenRow = {
        id: newId(now),
        hash: sha256Hex(token),
        label,
        scope,
        tenant_id: tenant?.id ?? null,
        created_at: now,
        created_by: actor.name,
        expires_at: expiresAt,
        last_used_at: null,
        last_used_from: null,
      }
      await rows.insertToken(tx, row)
      const about = { actor, target: row.id, tenantId: row.tenant_id }
      await audit.write(tx, {
        ...about,
        action: 'token.created',
        after: { label, scope, tenant: slug, expires_at: expiresAt },
      })
      await audit.write(tx, { ...about, action: 'secret.shown' })
      return { ...tokenOf({ ...row, slug }), token }
    })
  }

  /** @throws token_not_found */
  async delete(id: string, actor: Actor): Promise<void> {
    const { store, audit } = this.#deps
    await store.transaction(async (tx) => {
      const row = await rows.findToken(tx, id)
      if (!row) throw new GoLiveError('token_not_found', 'there is no token of this id')
      await rows.deleteToken(tx, id)
      await audit.write(tx, {
        actor,
        action: 'token.deleted',
        target: id,
        tenantId: row.tenant_id,
        before: { label: row.label, scope: row.scope, tenant: row.slug },
      })
    })
  }

  /** @throws invalid_credentials, alike for unknown, expired and tied to a deleted tenant */
  async authenticate(token: string, address: string | null): Promise<AdminToken> {
    const { store, clock } = this.#deps
    const row = await rows.findTokenByHash(store.db, sha256Hex(token))
    const now = clock()
    const expired = row !== undefined && row.expires_at !== null && row.expires_at <= now
    if (!row || expired || (row.tenant_id !== null && row.slug === null)) throw invalid()
    if (row.last_used_at === null || now - row.last_used_at >= USED_EVERY_MS) {
      const use = { last_used_at: now, last_used_from: address }
      // A full disk keeps nobody from looking.
      await rows.updateToken(store.db, row.id, use).catch(() => {})
    }
    return tokenOf(row)
  }
}

const past = (): GoLiveError =>
  new GoLiveError('validation_failed', 'expires_at: must lie in the future', {
    errors: [{ path: 'expires_at', message: 'must lie in the future' }],
  })

const invalid = (): GoLiveError =>
  new GoLiveError('invalid_credentials', 'this token is unknown, or has expired', {
    hint: 'Make another in the dashboard or with the operator API, and send it as Authorization: Bearer lka_….',
  })
