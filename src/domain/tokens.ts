import type { Clock } from '../lib/clock.ts'
import { decodeJwt, signJwt, verifyJwt } from '../lib/jwt.ts'
import {
  type GrantChanges,
  type Grants,
  grantsOf,
  type Participant,
  videoGrant,
  withChanges,
} from '../livekit/grants.ts'
import type { Principal } from './credentials.ts'
import { GoLiveError } from './errors.ts'
import type { Keys } from './keys.ts'
import { DEFAULT_GRANTS, type Roles } from './roles.ts'
import type { Room } from './room.ts'
import { NO_TENANT } from './room-names.ts'
import type { Rooms } from './rooms.ts'
import type { Tenant } from './tenants.ts'

export interface TokenInput {
  identity: string
  name?: string | undefined
  /** name of a role whose grants hold where none is given */
  role?: string | undefined
  grants: GrantChanges
  metadata?: string | undefined
  attributes?: Record<string, string> | undefined
  /** leave the call when the token ends */
  ejectAtExpiry: boolean
  onDuplicate: OnDuplicate
  ttlSeconds: number
}

/** What happens when an identity joins that is in the room already. */
type OnDuplicate = 'replace' | 'reject'

export interface Minted {
  token: string
  wsUrl: string
  /** LiveKit's name of the room */
  room: string
  identity: string
  /** seconds */
  expiresIn: number
  expiresAt: number
}

/** What a join token proves: who may join which life of which room, by which key, since when. */
export interface JoinClaims extends Participant {
  apiKey: string
  tenantId: string
  roomId: string
  /** first issue, milliseconds; unchanged by renewal */
  issuedAt: number
  /** seconds */
  notBefore: number
  /** seconds */
  expiresAt: number
  onDuplicate: OnDuplicate
  /** seconds; when the holder has to leave, however often the token is renewed */
  ejectAt: number | null
}

const AUDIENCE = 'golive-join'

interface Deps {
  clock: Clock
  joinKey: Uint8Array
  wsUrl: string
  rooms: Rooms
  keys: Keys
  roles: Roles
}

/** Join tokens: signed with our own key, so that livekit-server alone cannot let anybody in. */
export class Tokens {
  readonly #deps: Deps

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /**
   * No write and no call to LiveKit; answers at once for a room, and a role, read lately.
   * @throws room_not_found, role_not_found
   */
  mint(
    { tenant, apiKey }: Principal,
    roomName: string,
    input: TokenInput,
  ): Minted | Promise<Minted> {
    const room = this.#deps.rooms.recall(tenant, roomName)
    const role =
      input.role === undefined ? DEFAULT_GRANTS : this.#deps.roles.recall(tenant, input.role)
    return room instanceof Promise || role instanceof Promise
      ? Promise.all([room, role]).then(([room, role]) => this.#mint(apiKey, room, role, input))
      : this.#mint(apiKey, room, role, input)
  }

  /** For the operator, with the tenant's oldest key that still works. */
  async mintAs(tenant: Tenant, roomName: string, input: TokenInput): Promise<Minted> {
    const now = this.#deps.clock()
    const keys = await this.#deps.keys.list(tenant)
    const key = keys.find(({ expiresAt }) => expiresAt === null || expiresAt > now)
    if (!key)
      throw new GoLiveError('key_not_found', 'this tenant has no working key', {
        hint: `Make one with: golive key create ${tenant.slug}`,
      })
    return this.mint({ tenant, apiKey: key.apiKey }, roomName, input)
  }

  /** For a check call: lets one person be alone in a room of no tenant, with nothing to show. */
  mintForCheck(room: Room, expiresAt: number): string {
    const now = this.#deps.clock()
    return this.#sign({
      apiKey: NO_TENANT,
      tenantId: room.tenantId,
      roomId: room.id,
      issuedAt: now,
      notBefore: Math.floor(now / 1000),
      expiresAt: Math.floor(expiresAt / 1000),
      room: room.livekitName,
      identity: 'check',
      grants: CHECK_GRANTS,
      onDuplicate: 'replace',
      ejectAt: null,
    })
  }

  #mint(apiKey: string, room: Room, role: Grants, input: TokenInput): Minted {
    const now = this.#deps.clock()
    const expiresAt = Math.floor(now / 1000) + input.ttlSeconds
    const token = this.#sign({
      apiKey,
      tenantId: room.tenantId,
      roomId: room.id,
      issuedAt: now,
      notBefore: Math.floor(now / 1000),
      expiresAt,
      room: room.livekitName,
      identity: input.identity,
      name: input.name,
      metadata: input.metadata,
      attributes: input.attributes,
      grants: withChanges(role, input.grants),
      onDuplicate: input.onDuplicate,
      ejectAt: input.ejectAtExpiry ? expiresAt : null,
    })
    return {
      token,
      wsUrl: this.#deps.wsUrl,
      room: room.livekitName,
      identity: input.identity,
      expiresIn: input.ttlSeconds,
      expiresAt: expiresAt * 1000,
    }
  }

  /**
   * Our token in place of LiveKit's refresh token: the same identity, expiry and what holds now,
   * with the ids of the token it came from. @throws when LiveKit's is not for who we let in
   */
  renew(refreshToken: string, held: JoinClaims): string {
    const fresh = decodeJwt(refreshToken)
    if (
      !fresh ||
      fresh.sub !== held.identity ||
      typeof fresh.exp !== 'number' ||
      !isObject(fresh.video)
    ) {
      throw new Error('the refresh token is not for this participant')
    }
    return this.#sign({
      ...held,
      // What LiveKit leaves out is empty now: the first token's must not come back.
      ...{ name: undefined, metadata: undefined, attributes: undefined },
      ...bearable(presentation(fresh)),
      grants: grantsOf(fresh.video),
      notBefore: Math.floor(this.#deps.clock() / 1000),
      expiresAt: fresh.exp,
    })
  }

  /** The claims of a token that we signed, else null. Times are the gate's to judge. */
  verify(token: string): JoinClaims | null {
    const claims = verifyJwt(token, this.#deps.joinKey)
    return claims && claims.aud === AUDIENCE ? claimsOf(claims) : null
  }

  #sign(claims: JoinClaims): string {
    const { identity, name, metadata, attributes } = claims
    return signJwt(
      {
        iss: claims.apiKey,
        aud: AUDIENCE,
        sub: identity,
        name,
        iat: claims.notBefore,
        nbf: claims.notBefore,
        exp: claims.expiresAt,
        video: videoGrant(claims.room, claims.grants),
        metadata,
        attributes,
        golive: {
          tenant: claims.tenantId,
          room: claims.roomId,
          key: claims.apiKey,
          auth_ms: claims.issuedAt,
          on_duplicate: claims.onDuplicate === 'reject' ? 'reject' : undefined,
          eject_at: claims.ejectAt ?? undefined,
        },
      },
      this.#deps.joinKey,
    )
  }
}

/** LiveKit connects whoever may subscribe at once; sending is not what a check needs. */
const CHECK_GRANTS: Grants = {
  canPublish: false,
  canSubscribe: true,
  canPublishData: true,
  canUpdateOwnMetadata: false,
  hidden: false,
}

const claimsOf = (claims: Record<string, unknown>): JoinClaims | null => {
  const { sub, iss, nbf, exp, video, golive } = claims
  if (typeof sub !== 'string' || sub === '' || typeof iss !== 'string') return null
  if (typeof nbf !== 'number' || typeof exp !== 'number') return null
  if (
    !isObject(video) ||
    typeof video.room !== 'string' ||
    video.roomJoin !== true ||
    !isObject(golive)
  )
    return null
  const { tenant, room, key, auth_ms, on_duplicate, eject_at } = golive
  if (
    typeof tenant !== 'string' ||
    typeof room !== 'string' ||
    key !== iss ||
    typeof auth_ms !== 'number'
  )
    return null
  return {
    apiKey: iss,
    tenantId: tenant,
    roomId: room,
    issuedAt: auth_ms,
    notBefore: nbf,
    expiresAt: exp,
    room: video.room,
    identity: sub,
    grants: grantsOf(video),
    onDuplicate: on_duplicate === 'reject' ? 'reject' : 'replace',
    ejectAt: typeof eject_at === 'number' ? eject_at : null,
    ...presentation(claims),
  }
}

/** How a participant shows to others. */
type Shown = Pick<Participant, 'name' | 'metadata' | 'attributes'>

/** As far as a token has it. */
const presentation = (claims: Record<string, unknown>): Shown => ({
  ...(typeof claims.name === 'string' ? { name: claims.name } : {}),
  ...(typeof claims.metadata === 'string' ? { metadata: claims.metadata } : {}),
  ...(isObject(claims.attributes)
    ? { attributes: claims.attributes as Record<string, string> }
    : {}),
})

/** LiveKit takes nobody in with more than 32 KiB; a backend may have 8 of them to give. */
const MOST_ATTRIBUTE_BYTES = 24 * 1024

/** Attributes that somebody sets one by one add up: they come back without them rather than not at all. */
const bearable = ({ attributes, ...shown }: Shown): Shown => {
  const isTooMuch = Buffer.byteLength(JSON.stringify(attributes ?? {})) > MOST_ATTRIBUTE_BYTES
  return isTooMuch ? shown : { ...shown, attributes }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
