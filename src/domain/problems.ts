import type { Clock } from '../lib/clock.ts'

/** Something of a tenant's that was refused, or failed. */
export interface Problem {
  /** when it last happened */
  at: number
  /** how often it did since it was first remembered */
  times: number
  kind: 'join_refused' | 'api_refused' | 'webhook_failed'
  code: string
  room: string | null
  identity: string | null
  detail: string
}

type NewProblem = Omit<Problem, 'at' | 'times'>

const MOST_TENANTS = 500
const MOST_PROBLEMS = 100
/** Names and details come from requests, which may be long. */
const MOST_CHARACTERS = 200

/**
 * The latest refusals of each tenant, in memory: what an operator looks at when a customer says
 * that it does not work. Clients try again and again, so the same refusal is kept once and counted.
 */
export class Problems {
  readonly #clock: Clock
  /** newest last, both the tenants and the problems of each */
  readonly #byTenant = new Map<string, Problem[]>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  add(tenantId: string, problem: NewProblem): void {
    const cut = shortened(problem)
    const all = this.#byTenant.get(tenantId) ?? []
    const at = all.findLastIndex((known) => isSame(known, cut))
    const times = at < 0 ? 1 : (all.splice(at, 1)[0]?.times ?? 0) + 1
    all.push({ ...cut, at: this.#clock(), times })
    if (all.length > MOST_PROBLEMS) all.shift()
    this.#byTenant.delete(tenantId)
    this.#byTenant.set(tenantId, all)
    if (this.#byTenant.size > MOST_TENANTS) this.#forgetOldest()
  }

  /** Those that name this person. */
  forget(tenantId: string, identity: string): void {
    const all = this.#byTenant.get(tenantId)
    const short = identity.slice(0, MOST_CHARACTERS)
    if (all)
      this.#byTenant.set(
        tenantId,
        all.filter((one) => one.identity !== short),
      )
  }

  /** Newest first. */
  list(tenantId: string): Problem[] {
    return [...(this.#byTenant.get(tenantId) ?? [])].reverse()
  }

  #forgetOldest(): void {
    const oldest = this.#byTenant.keys().next().value
    if (oldest !== undefined) this.#byTenant.delete(oldest)
  }
}

const shortened = (problem: NewProblem): NewProblem => ({
  ...problem,
  room: problem.room?.slice(0, MOST_CHARACTERS) ?? null,
  identity: problem.identity?.slice(0, MOST_CHARACTERS) ?? null,
  detail: problem.detail.slice(0, MOST_CHARACTERS),
})

const isSame = (one: NewProblem, other: NewProblem): boolean =>
  one.code === other.code &&
  one.kind === other.kind &&
  one.room === other.room &&
  one.identity === other.identity &&
  one.detail === other.detail
