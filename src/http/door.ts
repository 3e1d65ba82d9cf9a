import type { AnyElysia } from 'elysia'
import type { Address, Principal } from '../domain/credentials.ts'
import { type ErrorCode, GoLiveError } from '../domain/errors.ts'
import type { Problems } from '../domain/problems.ts'
import { nextTurn } from '../lib/give-way.ts'
import type { Logger } from '../lib/log.ts'
import type { Guard } from './admin/auth.ts'
import type { BasicAuth } from './auth.ts'
import { bodyLimit, checkBodyHeaders } from './body.ts'
import { type Exchange, type Exchanges, ownHeaders, RequestIds, refuse } from './exchange.ts'
import { type Kind, RequestLimits, rateLimited } from './limits.ts'
import type { Metrics } from './metrics.ts'
import { type Route, Routes } from './routes.ts'

type Answer = Response | Promise<Response>

interface Options {
  app: AnyElysia
  exchanges: Exchanges
  log: Logger
  metrics: Metrics
  /** where refusals of tenants are remembered for the operator */
  problems: Problems
  /** whom it lets in: tenants by their keys, or operators */
  auth: BasicAuth | { operators: Guard }
  /** patterns of routes that need no credentials */
  open: ReadonlySet<string>
  /** the route with a bucket of its own and quieter logs; answered without the application */
  mint: { pattern: string; respond(request: Request, exchange: Exchange): Answer } | null
}

/**
 * What every API request passes before its route and its body are looked at: request id,
 * credentials, limits, method, content type. Here and not in Elysia's hooks, because there a guard
 * runs after parsing and validation, and a hook that sometimes answers at once cannot be said.
 */
export class Door {
  readonly #options: Options
  readonly #routes: Routes
  readonly #limits = new RequestLimits()
  readonly #ids = new RequestIds()
  /** One for all exchanges: on the mint path even a function that is not called costs. */
  readonly #admitAgain: Exchange['admitAgain'] = async (request, exchange) => {
    const { auth } = this.#options
    if ('operators' in auth) await auth.operators.admit(request, exchange)
    else await auth.authenticate(request, exchange.address)
  }
  /** asked once: on the mint path even building a line that is not written costs */
  readonly #verbose: boolean

  constructor(options: Options) {
    this.#options = options
    this.#routes = new Routes(options.app.routes)
    this.#verbose = options.log.isLevelEnabled('debug')
  }

  /**
   * Answers any request; never throws.
   * @param proven called when the caller has shown valid credentials
   */
  handle(request: Request, address: Address, proven: Exchange['proven'] = null): Answer {
    const exchange = this.#begin(request, address, proven)
    try {
      const answer = this.#enter(request, exchange)
      if (!(answer instanceof Promise)) return this.#leave(exchange, answer)
      return answer.then(
        (response) => this.#leave(exchange, response),
        (error) => this.#leave(exchange, refuse(exchange, error)),
      )
    } catch (error) {
      return this.#leave(exchange, refuse(exchange, error))
    }
  }

  #begin(request: Request, address: Address, proven: Exchange['proven']): Exchange {
    const { method, url } = request
    const path = pathOf(url)
    return {
      id: this.#ids.next(),
      startedAt: performance.now(),
      address,
      proven,
      method,
      path,
      hasQuery: url.includes('?'),
      route: this.#routes.find(path),
      principal: null,
      caller: null,
      quota: null,
      admitAgain: this.#admitAgain,
      refusal: null,
      headed: false,
    }
  }

  #enter(request: Request, exchange: Exchange): Answer {
    const { method, route, address } = exchange
    const { auth, open } = this.#options
    if ('operators' in auth)
      return auth.operators.admit(request, exchange).then(() => {
        if (exchange.caller) exchange.proven?.()
        return this.#dispatch(request, exchange)
      })
    if (route && method === 'OPTIONS') return optionsOf(route)
    if (route && open.has(route.pattern)) return this.#dispatch(request, exchange)
    const principal = auth.authenticate(request, address)
    return principal instanceof Promise
      ? principal.then((who) => this.#admit(request, exchange, who))
      : this.#admit(request, exchange, principal)
  }

  #admit(request: Request, exchange: Exchange, principal: Principal): Answer {
    const kind = this.#kindOf(exchange)
    const quota = this.#limits.take(principal.tenant, kind, exchange.startedAt)
    exchange.proven?.()
    exchange.principal = principal
    exchange.quota = quota
    if (!quota.allowed) throw rateLimited(kind)
    return this.#dispatch(request, exchange)
  }

  #kindOf(exchange: Exchange): Kind {
    if (isRead(exchange)) return 'reads'
    return this.#isMint(exchange) ? 'mints' : 'writes'
  }

  #isMint({ method, route }: Exchange): boolean {
    return method === 'POST' && route !== null && route.pattern === this.#options.mint?.pattern
  }

  #dispatch(request: Request, exchange: Exchange): Answer {
    const { method, route, path } = exchange
    if (!route) throw new GoLiveError('not_found', 'there is nothing at this path')
    if (method === 'OPTIONS') return optionsOf(route)
    if (!route.methods.has(method)) throw notAllowed(method, route)
    checkPath(path)
    if (!isRead(exchange)) checkBodyHeaders(request, bodyLimit(route.pattern))
    const { mint, app, exchanges } = this.#options
    if (mint && this.#isMint(exchange)) return mint.respond(request, exchange)
    exchanges.put(request, exchange)
    // Bun accepts while there is somebody to accept, and does at once what they ask: with two who
    // connect anew for each long answer nobody else would be heard (seen in 1.4.5).
    return nextTurn().then(() => app.handle(request))
  }

  #leave(exchange: Exchange, response: Response): Response {
    const { route, refusal } = exchange
    const { headers, status } = response
    if (!exchange.headed) addAll(headers, ownHeaders(exchange))
    if ('operators' in this.#options.auth) addAll(headers, operatorHeaders(status))
    if (route && refusal?.code === 'method_not_allowed') headers.set('allow', route.allow)
    this.#options.metrics.request(route?.pattern ?? 'none', status)
    const quiet = isRead(exchange) || this.#isMint(exchange)
    if (refusal) this.#remember(exchange, refusal)
    if (status >= 400 || !quiet || this.#verbose) this.#log(exchange, status, quiet)
    return response
  }

  #remember(exchange: Exchange, { code, message }: GoLiveError): void {
    const { principal, route, method, path } = exchange
    if (!principal || EXPECTED.has(code)) return
    this.#options.problems.add(principal.tenant.id, {
      kind: 'api_refused',
      code,
      room: (route?.pattern.includes('/rooms/:room') && route.firstParameter(path)) || null,
      identity: null,
      detail: `${method} ${route?.pattern ?? path}: ${message}`,
    })
  }

  #log(exchange: Exchange, status: number, quiet: boolean): void {
    const { log } = this.#options
    const { principal, caller, refusal, route, path } = exchange
    const line = {
      request_id: exchange.id,
      method: exchange.method,
      // Never the query, nor a person's name: nobody could erase it from a log.
      path: (route?.withoutPerson(path) ?? path).slice(0, 300),
      status,
      ms: Math.round((performance.now() - exchange.startedAt) * 100) / 100,
      address: exchange.address(),
      ...(principal ? { tenant: principal.tenant.slug, api_key: principal.apiKey } : {}),
      ...(caller ? { actor: caller.actor.name } : {}),
      ...(refusal ? { code: refusal.code } : {}),
    }
    if (status >= 500) log.error({ ...line, err: refusal?.details.cause }, 'request failed')
    else if (status >= 400) log.info(line, 'request refused')
    else if (quiet) log.debug(line, 'request answered')
    else log.info(line, 'request answered')
  }
}

/** Answers that well-made backends ask for all the time: "create the room, ignore 409". */
const EXPECTED: ReadonlySet<ErrorCode> = new Set(['room_exists', 'precondition_failed'])

const isRead = ({ method }: Exchange): boolean => method === 'GET' || method === 'HEAD'

const addAll = (headers: Headers, more: Record<string, string>): void => {
  for (const [name, value] of Object.entries(more)) headers.set(name, value)
}

/** A browser asks for a password by itself when a 401 says Basic: the dashboard has its own page. */
const operatorHeaders = (status: number): Record<string, string> => ({
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  ...(status === 401 ? { 'www-authenticate': 'Bearer realm="golive"' } : {}),
})

const optionsOf = ({ allow }: Route): Response =>
  new Response(null, { status: 204, headers: { allow } })

const notAllowed = (method: string, { allow }: Route): GoLiveError =>
  new GoLiveError('method_not_allowed', `${method} is not allowed here`, {
    hint: `Allowed: ${allow}.`,
  })

/** The path as it was sent. The host was checked before: it holds no slash. */
export const pathOf = (url: string): string => {
  const start = url.indexOf('/', 8)
  const query = url.indexOf('?', start)
  return url.slice(start, query < 0 ? undefined : query)
}

/** Bad escapes would reach the handlers as U+FFFD, and NUL can be stored nowhere. */
const checkPath = (path: string): void => {
  if (!path.includes('%')) return
  try {
    if (!decodeURIComponent(path).includes('\0')) return
  } catch {
    // said below
  }
  throw new GoLiveError('malformed_request', 'the path has a percent escape that is not UTF-8 text')
}
