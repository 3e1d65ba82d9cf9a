import { userInfo } from 'node:os'
import { adminActor, localActor, tokenActor } from '../../domain/actors.ts'
import { sessionEnded } from '../../domain/admin-sessions.ts'
import { GoLiveError } from '../../domain/errors.ts'
import { withinNetworks } from '../../lib/networks.ts'
import type { HttpDeps } from '../deps.ts'
import type { Caller, Exchange } from '../exchange.ts'
import { FailureThrottle } from '../limits.ts'
import { SessionCookie } from './cookies.ts'
import { INSPECT_PATTERN } from './inspection.ts'

/** Finds out which operator asks, and refuses what that operator may not do. */
export interface Guard {
  admit(request: Request, exchange: Exchange): Promise<void>
}

const LOCAL_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}$/

/**
 * Whoever can open the unix socket may do everything: its file mode has decided already. The
 * kernel's word on the user does not reach us, so the name is what the caller says.
 */
export class LocalGuard implements Guard {
  async admit(request: Request, exchange: Exchange): Promise<void> {
    const said = request.headers.get('x-golive-user') ?? ''
    const actor = localActor(LOCAL_NAME.test(said) ? said : ownName())
    exchange.caller = { actor, scope: 'write', tenant: null, session: null, token: null }
  }
}

/** There are containers without a name for their user. */
const ownName = (): string => {
  try {
    return userInfo().username
  } catch {
    return String(process.getuid?.() ?? 'unknown')
  }
}

/** What only who is on the machine may do; elsewhere it does not exist. */
const LOCAL_ONLY = new Set([
  'POST /admin/stop',
  'POST /admin/restart',
  'POST /admin/admins',
  'POST /admin/admins/:email/reset',
])

/** How somebody signs in. */
const SIGN_IN = 'POST /admin/session'
/** All that a session begun by a sign-in link may do before a password is chosen. */
const BEFORE_PASSWORD = new Set([
  'GET /admin/session',
  'DELETE /admin/session',
  'PUT /admin/password',
])
/** Asks in a body what must stand in no address. */
const ASKS = `POST ${INSPECT_PATTERN}`
/** What a token tied to a tenant may call outside of that: these answer of its tenant alone. */
const OF_ANY_CALLER = new Set(['GET /admin/session', ASKS])
const OF_A_TENANT = '/admin/tenants/:slug'
const MOST_CHARACTERS = 200

/** The operator's API over HTTP: for people by session cookie, for scripts by token. */
export class RemoteGuard implements Guard {
  readonly #deps: HttpDeps
  readonly #cookie: SessionCookie
  readonly #throttle = new FailureThrottle('Check the token. A right one is answered at any time.')

  constructor(deps: HttpDeps) {
    this.#deps = deps
    this.#cookie = new SessionCookie(deps.publicUrl)
  }

  /** @throws GoLiveError */
  async admit(request: Request, exchange: Exchange): Promise<void> {
    const call = callOf(exchange)
    if (!this.#isHere(request, exchange) || LOCAL_ONLY.has(call)) throw nothingHere()
    const cookie = this.#cookie.read(request)
    if (isUnsafe(exchange)) this.#checkOrigin(request, cookie !== null && !hasBearer(request))
    if (call === SIGN_IN || (exchange.method === 'OPTIONS' && exchange.route)) return
    exchange.caller = await this.#identify(request, exchange, cookie)
    checkReach(exchange.caller, exchange, call)
  }

  #isHere(request: Request, { address }: Exchange): boolean {
    const { allow_cidrs, host } = this.#deps.config.admin
    if (host !== null && hostNameOf(request) !== host.toLowerCase()) return false
    return allow_cidrs.length === 0 || withinNetworks(allow_cidrs)(address() ?? '')
  }

  /**
   * A page of another site can make a browser send its cookie along (SameSite does not hold for
   * other ports of this host), but not say where the request comes from.
   */
  #checkOrigin(request: Request, byCookie: boolean): void {
    const origin = request.headers.get('origin')
    const site = request.headers.get('sec-fetch-site')
    if (origin === null && site === null && !byCookie) return
    if (origin !== null && origin === new URL(this.#deps.publicUrl).origin) return
    if (site === 'same-origin' && (origin === null || isOwn(origin, request))) return
    throw new GoLiveError('bad_origin', 'a page of another site may not do this', {
      hint: `Open the dashboard at ${this.#deps.publicUrl}/ui, or call with an lka_ token.`,
    })
  }

  async #identify(request: Request, { address }: Exchange, cookie: string | null): Promise<Caller> {
    if (hasBearer(request)) return this.#byToken(bearerOf(request), address())
    if (cookie === null) throw await this.#missing()
    const session =
      cookie.length <= MOST_CHARACTERS ? await this.#deps.sessions.authenticate(cookie) : null
    if (!session) throw sessionEnded()
    const actor = adminActor(session.admin.email, address())
    return { actor, scope: 'write', tenant: null, session, token: null }
  }

  /** Failures are counted after the comparison: a right token is never held up. */
  async #byToken(text: string, address: string | null): Promise<Caller> {
    try {
      const token = await this.#deps.adminTokens.authenticate(text, address)
      const actor = tokenActor(token.id, address)
      return { actor, scope: token.scope, tenant: token.tenant, session: null, token }
    } catch (error) {
      if (!(error instanceof GoLiveError) || error.code !== 'invalid_credentials') throw error
      throw (address === null ? null : await this.#throttle.count(address)) ?? error
    }
  }

  async #missing(): Promise<GoLiveError> {
    return new GoLiveError('missing_credentials', 'this call needs a session or a token', {
      hint: 'Sign in, or send Authorization: Bearer lka_….',
      // The sign-in page of a fresh server says what to run instead of asking for a password.
      extra: { has_admins: await this.#deps.admins.exist() },
    })
  }
}

/** The method and the pattern of its route, HEAD as GET. */
const callOf = ({ method, route }: Exchange): string =>
  `${method === 'HEAD' ? 'GET' : method} ${route?.pattern ?? ''}`

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS'])

const isUnsafe = ({ method }: Exchange): boolean => !SAFE.has(method)

const hasBearer = (request: Request): boolean => request.headers.has('authorization')

const bearerOf = (request: Request): string => {
  const [, token] = /^bearer +(\S+)$/i.exec(request.headers.get('authorization') ?? '') ?? []
  if (token !== undefined && token.length <= MOST_CHARACTERS) return token
  throw new GoLiveError('invalid_credentials', 'the Authorization header holds no token', {
    hint: 'Send Authorization: Bearer lka_….',
  })
}

const hostNameOf = (request: Request): string =>
  (request.headers.get('host') ?? new URL(request.url).host).replace(/:\d+$/, '').toLowerCase()

/** Whatever name this server was reached by: browsers alone set Sec-Fetch-Site. */
const isOwn = (origin: string, request: Request): boolean =>
  URL.canParse(origin) && new URL(origin).hostname === hostNameOf(request)

/** @throws forbidden, password_required */
const checkReach = (caller: Caller, exchange: Exchange, call: string): void => {
  const { scope, tenant, session } = caller
  if (session?.byLink && !BEFORE_PASSWORD.has(call)) {
    throw new GoLiveError('password_required', 'choose a password first', {
      hint: 'PUT /admin/password {"password": "…"}',
    })
  }
  if (scope === 'read' && isUnsafe(exchange) && call !== ASKS) {
    throw new GoLiveError('forbidden', 'this token may only read')
  }
  if (tenant === null || OF_ANY_CALLER.has(call) || isOfTenant(tenant, exchange)) return
  throw new GoLiveError('forbidden', `this token is only for tenant ${tenant}`, {
    hint: `Its calls are those below /admin/tenants/${tenant}.`,
  })
}

const isOfTenant = (slug: string, { route, path }: Exchange): boolean =>
  route !== null &&
  (route.pattern === OF_A_TENANT || route.pattern.startsWith(`${OF_A_TENANT}/`)) &&
  route.firstParameter(path) === slug

const nothingHere = (): GoLiveError => new GoLiveError('not_found', 'there is nothing at this path')
