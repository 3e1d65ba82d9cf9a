import type { Gate } from './gate.ts'
import { Refusal } from './refusal.ts'
import { splitLivekitRoomName } from './room-names.ts'
import type { JoinClaims, Tokens } from './tokens.ts'

/** What a join token says, and whether it would let somebody in now. */
export interface Inspection {
  /** ours and in time */
  valid: boolean
  /** null for a token that is not ours */
  claims: (JoinClaims & { plainRoom: string }) | null
  admitted: boolean
  code: string | null
  /** in words, for people */
  reason: string
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
    if (!claims || (tenantId !== null && claims.tenantId !== tenantId)) return foreign()
    const named = { ...claims, plainRoom: splitLivekitRoomName(claims.room)?.room ?? claims.room }
    const untimely = gate.untimely(claims)
    if (untimely) return refused(named, untimely, false)
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

const refused = (
  claims: JoinClaims & { plainRoom: string },
  { code, sentence }: Refusal,
  valid: boolean,
): Inspection => ({ valid, claims, admitted: false, code, reason: sentence })

const foreign = (): Inspection => ({
  valid: false,
  claims: null,
  admitted: false,
  code: 'token_invalid',
  reason: 'this token was not issued by this server for this tenant, or was changed',
})
