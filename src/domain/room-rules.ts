import { type GrantChanges, withChanges } from '../livekit/grants.ts'
import { isRevoked } from './revocation.ts'
import type { JoinClaims } from './tokens.ts'

/** What a tenant changed of somebody in a room. An attribute that is empty is removed. */
export interface MemberChanges {
  name?: string | undefined
  metadata?: string | undefined
  attributes?: Record<string, string> | undefined
  permissions?: GrantChanges | undefined
}

/** What was decided about one person in one room. */
export interface Member {
  bannedAt: number | null
  /** null for good */
  banEndsAt: number | null
  tokensRevokedBefore: number | null
  changes: MemberChanges | null
  /** tokens first issued later know better than the changes */
  changedAt: number | null
  ejectAt: number | null
}

interface Revocation {
  identity: string | null
  apiKey: string | null
  revokedBefore: number
}

/** All that is to be asked before somebody may join a room, besides tenant, key and room. */
export interface RoomRules {
  readonly members: ReadonlyMap<string, Member>
  readonly revocations: readonly Revocation[]
}

/** Where nobody decided anything. */
export const NO_RULES: RoomRules = { members: new Map(), revocations: [] }

/** Was this token taken back, in whatever way? */
export const isTokenRevoked = (rules: RoomRules, claims: JoinClaims): boolean => {
  const { identity, apiKey, issuedAt } = claims
  const member = rules.members.get(identity)
  if (member && isRevoked(issuedAt, member.tokensRevokedBefore)) return true
  return rules.revocations.some(
    (one) =>
      (one.identity === null || one.identity === identity) &&
      (one.apiKey === null || one.apiKey === apiKey) &&
      isRevoked(issuedAt, one.revokedBefore),
  )
}

/** The end of a ban that holds now, null for one without; undefined when there is none. */
export const banOf = (
  rules: RoomRules,
  identity: string,
  now: number,
): { endsAt: number | null } | undefined => {
  const member = rules.members.get(identity)
  return isBanned(member, now) ? { endsAt: member?.banEndsAt ?? null } : undefined
}

/** Whether somebody is kept out now. */
export const isBanned = (member: Member | undefined, now: number): boolean =>
  member !== undefined &&
  member.bannedAt !== null &&
  (member.banEndsAt === null || member.banEndsAt > now)

/** What holds now for who holds this token: what it says, and over it what was changed since. */
export const effective = (rules: RoomRules, claims: JoinClaims): JoinClaims => {
  const member = rules.members.get(claims.identity)
  if (!member?.changes || !isRevoked(claims.issuedAt, member.changedAt)) return claims
  const { name, metadata, attributes, permissions } = member.changes
  return {
    ...claims,
    ...(name === undefined ? {} : { name }),
    ...(metadata === undefined ? {} : { metadata }),
    ...(attributes === undefined
      ? {}
      : { attributes: present({ ...claims.attributes, ...attributes }) }),
    grants: withChanges(claims.grants, permissions ?? {}),
  }
}

const present = (attributes: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== ''))
