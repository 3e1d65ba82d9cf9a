import { signJwt } from '../lib/jwt.ts'

/** What a participant may do, in LiveKit's words (its `video` grant). */
export interface Grants {
  canPublish: boolean
  canSubscribe: boolean
  canPublishData: boolean
  /** Narrows publishing to these sources; LiveKit reads an empty list as all. */
  canPublishSources?: string[] | undefined
  canUpdateOwnMetadata: boolean
  hidden: boolean
}

/** Some of them; undefined is as good as absent. */
export type GrantChanges = { [Name in keyof Grants]?: Grants[Name] | undefined }

/** Somebody who may join one room. */
export interface Participant {
  identity: string
  name?: string | undefined
  metadata?: string | undefined
  attributes?: Record<string, string> | undefined
  /** LiveKit's name of the room */
  room: string
  grants: Grants
}

/** The one pair that livekit-server knows; what it signs never leaves this machine. */
export interface LivekitKey {
  apiKey: string
  apiSecret: string
}

/** What is undefined stays out of the token's JSON; spreading it in costs more than signing. */
export const videoGrant = (room: string, grants: Grants): Record<string, unknown> => ({
  room,
  roomJoin: true,
  canPublish: grants.canPublish,
  canSubscribe: grants.canSubscribe,
  canPublishData: grants.canPublishData,
  canPublishSources: grants.canPublishSources?.length ? grants.canPublishSources : undefined,
  canUpdateOwnMetadata: grants.canUpdateOwnMetadata || undefined,
  hidden: grants.hidden || undefined,
})

/**
 * These grants with some of them changed. LiveKit reads an empty list of sources as all of them; here
 * it means that nothing may be published.
 */
export const withChanges = (grants: Grants, changes: GrantChanges): Grants => {
  const canPublishSources = changes.canPublishSources ?? grants.canPublishSources
  return {
    canPublish: (changes.canPublish ?? grants.canPublish) && canPublishSources?.length !== 0,
    canSubscribe: changes.canSubscribe ?? grants.canSubscribe,
    canPublishData: changes.canPublishData ?? grants.canPublishData,
    canPublishSources,
    canUpdateOwnMetadata: changes.canUpdateOwnMetadata ?? grants.canUpdateOwnMetadata,
    hidden: changes.hidden ?? grants.hidden,
  }
}

/** Reads grants back from a `video` claim, with LiveKit's defaults for what it leaves out. */
export const grantsOf = (video: Record<string, unknown>): Grants => {
  const canPublish = video.canPublish !== false
  const sources = video.canPublishSources
  return {
    canPublish,
    canSubscribe: video.canSubscribe !== false,
    canPublishData: typeof video.canPublishData === 'boolean' ? video.canPublishData : canPublish,
    ...(Array.isArray(sources) && sources.length > 0
      ? { canPublishSources: sources.map(String) }
      : {}),
    canUpdateOwnMetadata: video.canUpdateOwnMetadata === true,
    hidden: video.hidden === true,
  }
}

/**
 * The token that opens one signaling connection upstream, built field by field: `recorder`,
 * `agent` and `kind` would walk past seats, `roomCreate` and `roomAdmin` past the room.
 * @param expiresAt seconds; LiveKit's refresh tokens live as long as what is left of it
 */
export const internalJoinToken = (
  who: Participant,
  key: LivekitKey,
  now: number,
  expiresAt: number,
): string =>
  signJwt(
    {
      iss: key.apiKey,
      sub: who.identity,
      nbf: Math.floor(now / 1000) - 5,
      exp: Math.max(expiresAt, Math.floor(now / 1000) + 60),
      ...(who.name === undefined ? {} : { name: who.name }),
      ...(who.metadata === undefined ? {} : { metadata: who.metadata }),
      ...(who.attributes === undefined ? {} : { attributes: who.attributes }),
      video: videoGrant(who.room, who.grants),
    },
    Buffer.from(key.apiSecret),
  )
