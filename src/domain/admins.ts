import type { Clock } from '../lib/clock.ts'
import { sha256Hex } from '../lib/crypto.ts'
import { newBearer, newId } from '../lib/ids.ts'
import { deleteSessionsOf } from '../store/admin-sessions.ts'
import * as rows from '../store/admins.ts'
import type { Db, Store } from '../store/db.ts'
import type { Actor } from './actors.ts'
import type { Audit } from './audit.ts'
import { GoLiveError } from './errors.ts'

/** An operator's account. */
export interface Admin {
  id: string
  email: string
  createdAt: number
  lastSignInAt: number | null
  hasPassword: boolean
}

/** An account with the link that signs in once, to choose a password. */
export interface Invitation {
  id: string
  email: string
  /** shown this once; only its hash is kept */
  signInUrl: string
  expiresAt: number
}

const LINK_MS = 30 * 60_000

interface Deps {
  store: Store
  clock: Clock
  audit: Audit
  publicUrl: string
}

/** One spelling for one account, whatever the letter case. */
export const normalEmail = (email: string): string => email.trim().toLowerCase()

const adminOf = (row: rows.AdminRow): Admin => ({
  id: row.id,
  email: row.email,
  createdAt: row.created_at,
  lastSignInAt: row.last_sign_in_at,
  hasPassword: row.password_hash !== null,
})

export class Admins {
  readonly #deps: Deps

  constructor(deps: Deps) {
    this.#deps = deps
  }

  async list(): Promise<Admin[]> {
    return (await rows.listAdmins(this.#deps.store.db)).map(adminOf)
  }

  /** False on a fresh server, where nobody can sign in yet. */
  exist(): Promise<boolean> {
    return rows.anyAdmin(this.#deps.store.db)
  }

  /** @throws admin_exists */
  create(address: string, actor: Actor): Promise<Invitation> {
    const { store, clock, audit } = this.#deps
    const email = normalEmail(address)
    const now = clock()
    return store.transaction(async (tx) => {
      if (await rows.findAdminByEmail(tx, email)) throw exists(email)
      const row: rows.AdminRow = {
        id: newId(now),
        email,
        password_hash: null,
        created_at: now,
        last_sign_in_at: null,
      }
      await rows.insertAdmin(tx, row)
      await audit.write(tx, { actor, action: 'admin.created', target: email })
      return this.#invite(tx, row, now)
    })
  }

  /** The password, sessions and earlier links of the account end with it. @throws admin_not_found */
  reset(address: string, actor: Actor): Promise<Invitation> {
    const { store, clock, audit } = this.#deps
    const email = normalEmail(address)
    return store.transaction(async (tx) => {
      const row = await rows.findAdminByEmail(tx, email)
      if (!row) throw notFound(email)
      await rows.updateAdmin(tx, row.id, { password_hash: null })
      await deleteSessionsOf(tx, row.id, null)
      await audit.write(tx, { actor, action: 'admin.reset', target: email })
      return this.#invite(tx, row, clock())
    })
  }

  /** In the fragment of the URL: browsers send it to nobody, so no log on the way holds it. */
  async #invite(tx: Db, { id, email }: rows.AdminRow, now: number): Promise<Invitation> {
    const link = newBearer()
    const expiresAt = now + LINK_MS
    await rows.replaceSignInLink(tx, {
      hash: sha256Hex(link),
      admin_id: id,
      created_at: now,
      expires_at: expiresAt,
      used_at: null,
    })
    return { id, email, signInUrl: `${this.#deps.publicUrl}/ui/#link=${link}`, expiresAt }
  }
}

const exists = (email: string): GoLiveError =>
  new GoLiveError('admin_exists', `there is an account for ${email} already`, {
    hint: `To get a new sign-in link: golive admin reset ${email}`,
  })

const notFound = (email: string): GoLiveError =>
  new GoLiveError('admin_not_found', `there is no account for ${email}`)
