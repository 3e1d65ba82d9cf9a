import type { Clock } from '../lib/clock.ts'
import { sha256Hex } from '../lib/crypto.ts'
import { isDiskFull } from '../lib/disk.ts'
import { newBearer, newId } from '../lib/ids.ts'
import * as rows from '../store/admin-sessions.ts'
import * as accounts from '../store/admins.ts'
import type { Db, Store } from '../store/db.ts'
import { type Actor, adminActor, SYSTEM } from './actors.ts'
import { normalEmail } from './admins.ts'
import type { Audit } from './audit.ts'
import { GoLiveError } from './errors.ts'
import type { Passwords } from './passwords.ts'

/** One browser in which an operator is signed in. */
export interface AdminSession {
  id: string
  admin: { id: string; email: string }
  /** signed in by a link: may do nothing but choose a password */
  byLink: boolean
  createdAt: number
  lastSeenAt: number
  expiresAt: number
  address: string | null
  userAgent: string | null
}

/** A session with what its cookie holds, known for this one answer and never again. */
export interface NewSession {
  session: AdminSession
  cookie: string
}

/** The browser that signs in. */
export interface Browser {
  address: string | null
  userAgent: string | null
  /** the cookie that it came with: that session ends, so no id from before is worth anything */
  cookie: string | null
}

/** A working day. */
export const SESSION_MS = 12 * 3600_000
/** An open dashboard asks all the time: idle means closed. */
const IDLE_MS = 2 * 3600_000
const SEEN_EVERY_MS = 60_000
const MOST_PER_ADMIN = 50
const MOST_LISTED = 1000
const MOST_USER_AGENT = 200

interface Deps {
  store: Store
  clock: Clock
  audit: Audit
  passwords: Passwords
}

const sessionOf = (row: rows.SessionWithEmail): AdminSession => ({
  id: row.id,
  admin: { id: row.admin_id, email: row.email },
  byLink: row.by_link === 1,
  createdAt: row.created_at,
  lastSeenAt: row.last_seen_at,
  expiresAt: row.expires_at,
  address: row.address,
  userAgent: row.user_agent,
})

export class AdminSessions {
  readonly #deps: Deps

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /** @throws invalid_credentials, alike for an unknown address and a wrong password; rate_limited */
  async signIn(input: { email: string; password: string }, browser: Browser): Promise<NewSession> {
    const { store, passwords } = this.#deps
    const email = normalEmail(input.email)
    const admin = await accounts.findAdminByEmail(store.db, email)
    const right = await passwords.verify(input.password, admin?.password_hash ?? null)
    if (!right || !admin) return this.#refuse(email, browser, wrongPassword())
    return store.transaction(async (tx) => {
      // The password may have been changed while it was compared.
      const now = await accounts.findAdmin(tx, admin.id)
      if (now?.password_hash !== admin.password_hash) throw wrongPassword()
      return this.#begin(tx, admin, browser, false)
    })
  }

  /** By a sign-in link, which works once. @throws invalid_link */
  async signInByLink(link: string, browser: Browser): Promise<NewSession> {
    const { store, clock, audit } = this.#deps
    const begun = await store.transaction(async (tx) => {
      const adminId = await accounts.spendSignInLink(tx, sha256Hex(link), clock())
      const admin = adminId === undefined ? undefined : await accounts.findAdmin(tx, adminId)
      if (!admin) return null
      const actor = adminActor(admin.email, browser.address)
      await audit.write(tx, { actor, action: 'sign_in_link.used', target: admin.email })
      return this.#begin(tx, admin, browser, true)
    })
    return begun ?? this.#refuse('sign-in link', browser, invalidLink())
  }

  /** Whose cookie this is, or null when the session ended. */
  async authenticate(cookie: string): Promise<AdminSession | null> {
    const { store, clock } = this.#deps
    const row = await rows.findSessionByHash(store.db, sha256Hex(cookie))
    const now = clock()
    if (!row || row.expires_at <= now || row.last_seen_at <= now - IDLE_MS) return null
    if (now - row.last_seen_at >= SEEN_EVERY_MS) {
      // A full disk keeps nobody from looking.
      await rows.updateSession(store.db, row.id, { last_seen_at: now }).catch(() => {})
    }
    return sessionOf(row)
  }

  /** Those of all operators, newest first. */
  async list(): Promise<AdminSession[]> {
    const { store, clock } = this.#deps
    const now = clock()
    const found = (await rows.listSessions(store.db, MOST_LISTED)).map(sessionOf)
    return found.filter((one) => one.expiresAt > now && one.lastSeenAt > now - IDLE_MS)
  }

  /** Also how somebody signs out. @throws session_not_found */
  async delete(id: string, actor: Actor): Promise<void> {
    const { store, audit } = this.#deps
    await store.transaction(async (tx) => {
      const row = await rows.findSession(tx, id)
      if (!row) throw new GoLiveError('session_not_found', 'there is no session of this id')
      await rows.deleteSession(tx, id)
      await audit.write(tx, {
        actor,
        action: 'session.deleted',
        target: row.email,
        before: { id },
      })
    })
  }

  /**
   * Ends all other sessions of the account. @param current null only after a sign-in link
   * @throws wrong_password, rate_limited
   */
  async changePassword(
    session: AdminSession,
    passwords: { current: string | null; next: string },
    actor: Actor,
  ): Promise<void> {
    const { store, audit } = this.#deps
    const admin = await accounts.findAdmin(store.db, session.admin.id)
    const before = admin?.password_hash ?? null
    if (!session.byLink) await this.#prove(passwords.current, before)
    const hash = await this.#deps.passwords.hash(passwords.next)
    await store.transaction(async (tx) => {
      const [now, own] = [
        await accounts.findAdmin(tx, session.admin.id),
        await rows.findSession(tx, session.id),
      ]
      // Reset or signed out meanwhile.
      if (!own || now?.password_hash !== before) throw sessionEnded()
      await accounts.updateAdmin(tx, session.admin.id, { password_hash: hash })
      await rows.updateSession(tx, session.id, { by_link: 0 })
      await rows.deleteSessionsOf(tx, session.admin.id, session.id)
      await audit.write(tx, { actor, action: 'password.changed', target: session.admin.email })
    })
  }

  async #prove(password: string | null, hash: string | null): Promise<void> {
    if (await this.#deps.passwords.verify(password ?? '', hash)) return
    throw new GoLiveError('wrong_password', 'current_password is not the password of this account')
  }

  async #begin(
    tx: Db,
    admin: accounts.AdminRow,
    browser: Browser,
    byLink: boolean,
  ): Promise<NewSession> {
    const { audit, clock } = this.#deps
    const now = clock()
    const cookie = newBearer()
    const row: rows.AdminSessionRow = {
      id: newId(now),
      hash: sha256Hex(cookie),
      admin_id: admin.id,
      by_link: byLink ? 1 : 0,
      address: browser.address,
      user_agent: browser.userAgent?.slice(0, MOST_USER_AGENT) ?? null,
      created_at: now,
      last_seen_at: now,
      expires_at: now + SESSION_MS,
    }
    await this.#tidy(tx, admin.id, browser.cookie, now)
    await rows.insertSession(tx, row)
    await accounts.updateAdmin(tx, admin.id, { last_sign_in_at: now })
    await audit.write(tx, {
      actor: adminActor(admin.email, browser.address),
      action: 'session.created',
      target: admin.email,
      after: { id: row.id },
    })
    return { session: sessionOf({ ...row, email: admin.email }), cookie }
  }

  async #tidy(tx: Db, adminId: string, cookie: string | null, now: number): Promise<void> {
    const earlier =
      cookie === null ? undefined : await rows.findSessionByHash(tx, sha256Hex(cookie))
    if (earlier) await rows.deleteSession(tx, earlier.id)
    await rows.deleteEndedSessions(tx, now, now - IDLE_MS)
    await rows.deleteOldestSessions(tx, adminId, MOST_PER_ADMIN - 1)
  }

  /** On record with where it came from; who it was is not known. */
  async #refuse(target: string, browser: Browser, error: GoLiveError): Promise<never> {
    const { store, audit } = this.#deps
    const actor: Actor = { ...SYSTEM, address: browser.address }
    try {
      await audit.write(store.db, { actor, action: 'session.failed', target })
    } catch (failure) {
      // Who guesses is refused and counted all the same.
      if (!isDiskFull(failure)) throw failure
    }
    throw error
  }
}

const wrongPassword = (): GoLiveError =>
  new GoLiveError('invalid_credentials', 'the e-mail address or the password is wrong', {
    hint: 'On the server, `golive admin reset <email>` prints a new sign-in link.',
  })

const invalidLink = (): GoLiveError =>
  new GoLiveError('invalid_link', 'this sign-in link was used already, or is too old', {
    hint: 'On the server, `golive admin reset <email>` prints a new one.',
  })

export const sessionEnded = (): GoLiveError =>
  new GoLiveError('session_ended', 'this session has ended', { hint: 'Sign in again.' })
