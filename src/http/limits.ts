import { RateLimiterMemory } from 'rate-limiter-flexible'
import { GoLiveError } from '../domain/errors.ts'
import type { Tenant } from '../domain/tenants.ts'
import { householdOf } from '../lib/ip.ts'

/** Each has its own bucket, so that a storm of token requests cannot starve moderation. */
export type Kind = 'reads' | 'writes' | 'mints'

/** What the RateLimit headers of one answer say. */
export interface Quota {
  readonly limit: number
  readonly remaining: number
}

interface Bucket {
  tokens: number
  at: number
}

const MOST_BUCKETS = 10_000

/**
 * Token buckets by tenant and kind: full they hold one second's worth, and they fill up within one
 * second. Own code because the mint path must stay synchronous: a RateLimiterMemory answers by
 * promise only.
 */
export class RequestLimits {
  readonly #buckets: Record<Kind, Map<string, Bucket>> = {
    reads: new Map(),
    writes: new Map(),
    mints: new Map(),
  }

  /** Takes one request from the bucket. @param now monotonic milliseconds */
  take(tenant: Tenant, kind: Kind, now: number): Quota & { allowed: boolean } {
    const limit =
      kind === 'mints'
        ? tenant.limits.token_mints_per_second
        : tenant.limits.api_requests_per_second
    const bucket = bucketOf(this.#buckets[kind], tenant.id, limit, now)
    bucket.tokens = Math.min(limit, bucket.tokens + ((now - bucket.at) / 1000) * limit)
    bucket.at = now
    const allowed = bucket.tokens >= 1
    if (allowed) bucket.tokens--
    return { limit, remaining: Math.floor(bucket.tokens), allowed }
  }
}

const bucketOf = (buckets: Map<string, Bucket>, id: string, limit: number, now: number): Bucket => {
  const known = buckets.get(id)
  if (known) return known
  if (buckets.size >= MOST_BUCKETS) forgetIdle(buckets, now)
  const bucket = { tokens: limit, at: now }
  buckets.set(id, bucket)
  return bucket
}

/** A bucket not touched for a second is full again: as good as none. */
const forgetIdle = (buckets: Map<string, Bucket>, now: number): void => {
  for (const [id, bucket] of buckets) if (now - bucket.at >= 1000) buckets.delete(id)
}

export const rateLimited = (kind: Kind): GoLiveError =>
  new GoLiveError('rate_limited', `this tenant's limit of ${kind} per second is reached`, {
    hint: 'Wait as Retry-After says; the operator can raise the limit of the tenant.',
    retryAfterSeconds: 1,
  })

const FAILURES_PER_MINUTE = 60

/**
 * Slows down who guesses credentials. Only failures count, and they are counted after the
 * comparison: whoever holds the right secret is never held up by a neighbour on the same address.
 */
export class FailureThrottle {
  readonly #failures = new RateLimiterMemory({ points: FAILURES_PER_MINUTE, duration: 60 })
  readonly #hint: string

  constructor(hint: string) {
    this.#hint = hint
  }

  /** Counts one failure. The refusal to answer with instead, once there were too many; else null. */
  async count(address: string): Promise<GoLiveError | null> {
    const { consumedPoints, msBeforeNext } = await this.#failures.penalty(householdOf(address))
    if (consumedPoints <= FAILURES_PER_MINUTE) return null
    return new GoLiveError('rate_limited', 'too many failed authentications from this address', {
      hint: this.#hint,
      retryAfterSeconds: Math.max(1, Math.ceil(msBeforeNext / 1000)),
    })
  }
}
