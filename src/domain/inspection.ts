import type { Gate } from './gate.ts'
import { Refusal } from './refusal.ts'
import { splitLivekitRoomName } from './room-names.ts'
import type { JoinClaims, Tokens } from './tokens.ts'

/** What a join token says, and whether it would let somebody in now. */
export interface Inspection {
  /** ours and in time */
  valid: boolean
  /** null for a token that is not ours */
  claims: NamedClaims | null
  admitted: boolean
  code: string | null
  /** in words, for people */
  reason: string
}

/** Claims with the names that people know. */
interface NamedClaims extends JoinClaims {
  plainRoom: string
  /** null for a check call, which belongs to no tenant */
  tenantSlug: string | null
}

interface Deps {
  gate: Gate
  tokens: Tokens
}

/** Asks the gate without joining. */
export class Inspector {
  readonly #deps: Deps

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /** @param tenantId tokens of others are as unknown as forged ones; null for who may see all */
  async inspect(token: string, tenantId: string | null): Promise<Inspection> {
    const { gate, tokens } = this.#deps
    const claims = tokens.verify(token)
    if (!claims) return foreign(tenantId)
    if (tenantId !== null && claims.tenantId !== tenantId) return foreign(tenantId)
    const named = withNames(claims)
    const untimely = gate.untimely(claims)
    const refusal = gate.away() ?? untimely
    if (refusal) return refused(named, refusal, untimely === null)
    const verdict = await gate.check(claims, null)
    if (verdict instanceof Refusal) return refused(named, verdict, true)
    return {
      valid: true,
      claims: { ...named, ...verdict.claims },
      admitted: true,
      code: null,
      reason: `${claims.identity} would be let into ${named.plainRoom} now`,
    }
  }
}

const withNames = (claims: JoinClaims): NamedClaims => {
  const names = splitLivekitRoomName(claims.room)
  return { ...claims, plainRoom: names?.room ?? claims.room, tenantSlug: names?.slug ?? null }
}

const refused = (claims: NamedClaims, { code, sentence }: Refusal, valid: boolean): Inspection => ({
  valid,
  claims,
  admitted: false,
  code,
  reason: sentence,
})

const foreign = (tenantId: string | null): Inspection => ({
  valid: false,
  claims: null,
  admitted: false,
  code: 'token_invalid',
  reason:
    tenantId === null
      ? 'this token was not issued by this server, or was changed'
      : 'this token was not issued by this server for this tenant, or was changed',
})
