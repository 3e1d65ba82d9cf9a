import { type GrantChanges, withChanges } from '../livekit/grants.ts'
import { isRevoked } from './revocation.ts'
import type { JoinClaims } from './tokens.ts'

/** What a tenant changes of somebody in a room. An attribute that is empty is removed. */
export interface MemberChanges {
  name?: string | undefined
  metadata?: string | undefined
  attributes?: Record<string, string> | undefined
  permissions?: GrantChanges | undefined
}

/** Each with its time, milliseconds: a token that was first issued later knows better. */
type Timed<T> = { [Name in keyof T]?: { value: T[Name]; at: number } }

/** All that was changed of somebody so far. */
export interface KeptChanges {
  shown: Timed<Pick<MemberChanges, 'name' | 'metadata'>>
  attributes: Timed<Record<string, string>>
  permissions: Timed<GrantChanges>
}

/** These changes laid over the earlier ones. */
export const kept = (
  earlier: KeptChanges | null,
  changes: MemberChanges,
  at: number,
): KeptChanges => {
  const { attributes, permissions, ...shown } = changes
  return {
    shown: { ...earlier?.shown, ...timed(shown, at) },
    attributes: { ...earlier?.attributes, ...timed(attributes, at) },
    permissions: { ...earlier?.permissions, ...timed(permissions, at) },
  }
}

const timed = <T extends object>(changes: T | undefined, at: number): Timed<T> =>
  Object.fromEntries(
    Object.entries(changes ?? {})
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, { value, at }]),
  ) as Timed<T>

/** What of it holds for a token that was first issued then. */
const holding = <T extends object>(changes: Timed<T>, issuedAt: number): Partial<T> =>
  Object.fromEntries(
    Object.entries<{ value: unknown; at: number } | undefined>(changes).flatMap(([name, change]) =>
      change && isRevoked(issuedAt, change.at) ? [[name, change.value]] : [],
    ),
  ) as Partial<T>

/** What was decided about one person in one room. */
export interface Member {
  bannedAt: number | null
  /** null for good */
  banEndsAt: number | null
  tokensRevokedBefore: number | null
  changes: KeptChanges | null
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
  if (!member?.changes) return claims
  const { shown, attributes, permissions } = member.changes
  const { issuedAt } = claims
  return {
    ...claims,
    ...holding(shown, issuedAt),
    attributes: present({ ...claims.attributes, ...holding(attributes, issuedAt) }),
    grants: withChanges(claims.grants, holding(permissions, issuedAt)),
  }
}

const present = (attributes: Partial<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(attributes).filter(([, value]) => value)) as Record<
    string,
    string
  >
