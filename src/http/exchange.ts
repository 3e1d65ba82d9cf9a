import { type Actor, tenantActor } from '../domain/actors.ts'
import type { AdminSession } from '../domain/admin-sessions.ts'
import type { AdminToken, Scope } from '../domain/admin-tokens.ts'
import type { Address, Principal } from '../domain/credentials.ts'
import type { GoLiveError } from '../domain/errors.ts'
import { newRequestId } from '../lib/ids.ts'
import type { Quota } from './limits.ts'
import { problemResponse, refusalOf } from './problem.ts'
import type { Route } from './routes.ts'

/** Who calls the operator's API. */
export interface Caller {
  readonly actor: Actor
  readonly scope: Scope
  /** slug of the one tenant it may touch; null is all */
  readonly tenant: string | null
  /** null for who came by the unix socket or with a token */
  readonly session: AdminSession | null
  readonly token: AdminToken | null
}

/** One request on its way to its answer: what is known of it outside of the handler. */
export interface Exchange {
  readonly id: string
  readonly startedAt: number
  /** asked for only where it is used, since it costs a system call */
  readonly address: Address
  /** called when who asks has shown valid credentials; null where nobody wants to know */
  readonly proven: (() => void) | null
  /** as they were sent; read once, because the request makes them anew each time */
  readonly method: string
  readonly path: string
  readonly hasQuery: boolean
  /** null when nothing has this path */
  readonly route: Route | null
  /** who asks of the tenant API */
  principal: Principal | null
  /** who asks of the operator's API */
  caller: Caller | null
  quota: Quota | null
  /** Asks once more whether a request is let in, for answers that go on; rejects when not. */
  readonly admitAgain: (request: Request, exchange: Exchange) => Promise<void>
  refusal: GoLiveError | null
  /** its answer was made with {@link ownHeaders} in it */
  headed: boolean
}

/** What every answer carries. A bucket is full again within one second, however empty it is. */
export const ownHeaders = ({ id, quota }: Exchange): Record<string, string> =>
  quota
    ? {
        'x-request-id': id,
        'ratelimit-limit': String(quota.limit),
        'ratelimit-remaining': String(quota.remaining),
        'ratelimit-reset': '1',
      }
    : { 'x-request-id': id }

/** Names exchanges. Random once, then counted: unique, at a twentieth of a random id's price. */
export class RequestIds {
  readonly #series = newRequestId()
  #count = 0

  next(): string {
    return `${this.#series}-${(++this.#count).toString(36)}`
  }
}

/** Finds the exchange again where Elysia hands on nothing but the request. */
export class Exchanges {
  readonly #open = new WeakMap<Request, Exchange>()

  put(request: Request, exchange: Exchange): void {
    this.#open.set(request, exchange)
  }

  of(request: Request): Exchange {
    const exchange = this.#open.get(request)
    if (!exchange) throw new Error('a request reached the application without passing the door')
    return exchange
  }

  /** Who asks; only for routes that need credentials. */
  principal(request: Request): Principal {
    return principalOf(this.of(request))
  }

  /** The operator who asks; only for routes of the operator's API that need credentials. */
  caller(request: Request): Caller {
    const { caller } = this.of(request)
    if (!caller) throw new Error('a route that needs credentials was reached without')
    return caller
  }

  /** Whom the audit log names for what this request does. */
  actor(request: Request): Actor {
    const { caller, principal, address } = this.of(request)
    if (principal) return tenantActor(principal.tenant.slug, principal.apiKey, address())
    return (caller ?? this.caller(request)).actor
  }
}

export const principalOf = ({ principal }: Exchange): Principal => {
  if (!principal) throw new Error('a route that needs credentials was reached without')
  return principal
}

/** Turns whatever was thrown into the exchange's answer. */
export const refuse = (exchange: Exchange, thrown: unknown): Response => {
  exchange.refusal = refusalOf(thrown)
  return problemResponse(exchange.refusal, exchange.id)
}
