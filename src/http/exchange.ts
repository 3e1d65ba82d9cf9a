import type { Principal } from '../domain/credentials.ts'
import type { GoLiveError } from '../domain/errors.ts'
import { newRequestId } from '../lib/ids.ts'
import { problemResponse, refusalOf } from './problem.ts'
import type { Quota } from './limits.ts'

/** One request on its way to its answer: what is known of it outside of the handler. */
export interface Exchange {
  readonly id: string
  readonly startedAt: number
  readonly address: string | null
  principal: Principal | null
  quota: Quota | null
  /** the pattern that matched, one of few: safe as a metric's label */
  route: string
  refusal: GoLiveError | null
}

/** Finds the exchange again where Elysia hands on nothing but the request. */
export class Exchanges {
  readonly #open = new WeakMap<Request, Exchange>()

  begin(request: Request, address: string | null): Exchange {
    const exchange: Exchange = {
      id: newRequestId(),
      startedAt: performance.now(),
      address,
      principal: null,
      quota: null,
      route: 'none',
      refusal: null,
    }
    this.#open.set(request, exchange)
    return exchange
  }

  of(request: Request): Exchange {
    const exchange = this.#open.get(request)
    if (!exchange) throw new Error('a request reached the application without passing the door')
    return exchange
  }

  /** Who asks; only for routes that need credentials. */
  principal(request: Request): Principal {
    const { principal } = this.of(request)
    if (!principal) throw new Error('a route that needs credentials was reached without')
    return principal
  }
}

/** Turns whatever was thrown into the exchange's answer. */
export const refuse = (exchange: Exchange, thrown: unknown): Response => {
  exchange.refusal = refusalOf(thrown)
  return problemResponse(exchange.refusal, exchange.id)
}
