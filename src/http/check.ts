import { RateLimiterMemory } from 'rate-limiter-flexible'
import type { CheckCall, Checks } from '../domain/checks.ts'
import { GoLiveError } from '../domain/errors.ts'
import { rfc3339 } from '../lib/clock.ts'
import { newRequestId } from '../lib/ids.ts'
import { householdOf } from '../lib/ip.ts'
import { problemResponse, refusalOf } from './problem.ts'

const PATH = '/check/session'
/** One for each time that somebody presses the button, for a few people behind one address. */
const BEGUN_PER_MINUTE = 6

export interface CheckDoor {
  handles(path: string): boolean
  /** Never throws. */
  handle(request: Request, address: string | null): Promise<Response>
}

export const toCheckCallWire = ({ token, wsUrl, expiresAt }: CheckCall) => ({
  token,
  ws_url: wsUrl,
  expires_at: rfc3339(expiresAt),
})

/** Where the page /check begins its call. Nobody has to say who they are, so little is given. */
export const checkDoor = (checks: Checks): CheckDoor => {
  const begun = new RateLimiterMemory({ points: BEGUN_PER_MINUTE, duration: 60 })
  const begin = async (request: Request, address: string | null): Promise<Response> => {
    refuseOthers(request)
    const { consumedPoints, msBeforeNext } = await begun.penalty(householdOf(address ?? ''))
    if (consumedPoints > BEGUN_PER_MINUTE) throw tooMany(msBeforeNext)
    return Response.json(toCheckCallWire(checks.begin('visitor')), { status: 201 })
  }
  return {
    handles: (path) => path === PATH,
    async handle(request, address) {
      const requestId = newRequestId()
      const response = await begin(request, address).catch((thrown) =>
        problemResponse(refusalOf(thrown), requestId),
      )
      if (response.status === 405) response.headers.set('allow', 'POST')
      response.headers.set('x-request-id', requestId)
      response.headers.set('cache-control', 'no-store')
      return response
    },
  }
}

/** @throws what is not the page's own request */
const refuseOthers = (request: Request): void => {
  const { method, headers, body } = request
  if (method !== 'POST')
    throw new GoLiveError('method_not_allowed', `${method} is not allowed here`)
  const site = headers.get('sec-fetch-site')
  if (site !== null && site !== 'same-origin')
    throw new GoLiveError('bad_origin', 'a page of another site may not do this')
  if (body !== null) throw new GoLiveError('malformed_request', 'this takes no body')
}

const tooMany = (ms: number): GoLiveError =>
  new GoLiveError('rate_limited', 'too many checks were begun from this address', {
    hint: 'Wait as Retry-After says.',
    retryAfterSeconds: Math.max(1, Math.ceil(ms / 1000)),
  })
