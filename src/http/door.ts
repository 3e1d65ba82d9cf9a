import type { AnyElysia } from 'elysia'
import type { Principal } from '../domain/credentials.ts'
import { GoLiveError } from '../domain/errors.ts'
import type { Logger } from '../lib/log.ts'
import type { BasicAuth } from './auth.ts'
import { checkBodyHeaders } from './body.ts'
import { type Exchange, type Exchanges, refuse } from './exchange.ts'
import { type Kind, RequestLimits, rateLimited } from './limits.ts'
import type { Metrics } from './metrics.ts'
import { type Route, Routes } from './routes.ts'

type Answer = Response | Promise<Response>

interface Options {
  app: AnyElysia
  exchanges: Exchanges
  log: Logger
  metrics: Metrics
  /** null lets in whoever reaches the door: the unix socket's file mode has decided already */
  auth: BasicAuth | null
  /** patterns of routes that need no credentials */
  open: ReadonlySet<string>
  /** the route with a bucket of its own and quieter logs; answered without the application */
  mint: { pattern: string; respond(request: Request, exchange: Exchange, room: string): Answer } | null
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
  /** asked once: on the mint path even building a line that is not written costs */
  readonly #verbose: boolean

  constructor(options: Options) {
    this.#options = options
    this.#routes = new Routes(options.app.routes)
    this.#verbose = options.log.isLevelEnabled('debug')
  }

  /** Answers any request; never throws. */
  handle(request: Request, address: string | null): Answer {
    const exchange = this.#options.exchanges.begin(request, address)
    try {
      const answer = this.#enter(request, exchange)
      if (!(answer instanceof Promise)) return this.#leave(request, exchange, answer)
      return answer.then(
        (response) => this.#leave(request, exchange, response),
        (error) => this.#leave(request, exchange, refuse(exchange, error)),
      )
    } catch (error) {
      return this.#leave(request, exchange, refuse(exchange, error))
    }
  }

  #enter(request: Request, exchange: Exchange): Answer {
    const path = pathOf(request.url)
    const route = this.#routes.find(path)
    if (route) exchange.route = route.pattern
    if (request.method === 'OPTIONS' && route) return new Response(null, { status: 204, headers: { allow: route.allow } })
    const { auth, open } = this.#options
    if (!auth || (route && open.has(route.pattern))) return this.#dispatch(request, exchange, route, path)
    const principal = auth.authenticate(request, exchange.address)
    return principal instanceof Promise
      ? principal.then((who) => this.#admit(request, exchange, route, path, who))
      : this.#admit(request, exchange, route, path, principal)
  }

  #admit(request: Request, exchange: Exchange, route: Route | null, path: string, principal: Principal): Answer {
    exchange.principal = principal
    const kind = this.#kindOf(request, route)
    const { allowed, ...quota } = this.#limits.take(principal.tenant, kind, exchange.startedAt)
    exchange.quota = quota
    if (!allowed) throw rateLimited(kind)
    return this.#dispatch(request, exchange, route, path)
  }

  #kindOf({ method }: Request, route: Route | null): Kind {
    if (method === 'GET' || method === 'HEAD') return 'reads'
    return method === 'POST' && route?.pattern === this.#options.mint?.pattern ? 'mints' : 'writes'
  }

  #dispatch(request: Request, exchange: Exchange, route: Route | null, path: string): Answer {
    if (!route) throw new GoLiveError('not_found', 'there is nothing at this path')
    const { method } = request
    if (!route.methods.has(method)) {
      throw new GoLiveError('method_not_allowed', `${method} is not allowed here`, { hint: `Allowed: ${route.allow}.` })
    }
    checkPath(path)
    if (method !== 'GET' && method !== 'HEAD') checkBodyHeaders(request)
    const { mint, app } = this.#options
    if (mint && method === 'POST' && route.pattern === mint.pattern) {
      return mint.respond(request, exchange, route.firstParameter(path))
    }
    return app.handle(request)
  }

  #leave(request: Request, exchange: Exchange, response: Response): Response {
    const { headers, status } = response
    headers.set('x-request-id', exchange.id)
    if (exchange.quota) {
      headers.set('ratelimit-limit', String(exchange.quota.limit))
      headers.set('ratelimit-remaining', String(exchange.quota.remaining))
      headers.set('ratelimit-reset', '1')
    }
    if (exchange.refusal?.code === 'method_not_allowed') {
      headers.set('allow', this.#routes.find(pathOf(request.url))?.allow ?? '')
    }
    this.#options.metrics.request(exchange.route, status)
    this.#log(request, exchange, status)
    return response
  }

  #log(request: Request, exchange: Exchange, status: number): void {
    const quiet = request.method === 'GET' || request.method === 'HEAD' || exchange.route === this.#options.mint?.pattern
    if (quiet && status < 400 && !this.#verbose) return
    const { log } = this.#options
    const line = {
      request_id: exchange.id,
      method: request.method,
      // Never the query: it may hold what belongs into no log.
      path: pathOf(request.url).slice(0, 300),
      status,
      ms: Math.round((performance.now() - exchange.startedAt) * 100) / 100,
      address: exchange.address,
      ...(exchange.principal ? { tenant: exchange.principal.tenant.slug, api_key: exchange.principal.apiKey } : {}),
      ...(exchange.refusal ? { code: exchange.refusal.code } : {}),
    }
    if (status >= 500) log.error({ ...line, err: exchange.refusal?.details.cause }, 'request failed')
    else if (status >= 400) log.info(line, 'request refused')
    else if (quiet) log.debug(line, 'request answered')
    else log.info(line, 'request answered')
  }
}

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
