import { saidIn } from '../livekit/join-request.ts'
import { MAX_METADATA_BYTES } from './names.ts'
import { Refusal } from './refusal.ts'
import type { JoinClaims } from './tokens.ts'

/** What is asked of the gate, without its token. */
export interface Asked {
  path: string
  query: string
  userAgent: string | null
  address: string | null
}

/** An upgrade as it came in. */
export interface JoinRequest extends Asked {
  /** called when the token has turned out to be ours and in time */
  proven: () => void
}

/** The stay to go on with. Asked for only where it decides: to find it can mean to unpack a request. */
export const stayIn = ({ onDuplicate }: JoinClaims, query: string): string | null =>
  onDuplicate === 'reject' ? saidIn(query).stay : null

/** Why somebody may not be shown with what their client says of itself, or null. */
export const selfRefusal = ({ grants }: JoinClaims, query: string): Refusal | null => {
  const { metadataBytes, attributeBytes } = saidIn(query)
  if (metadataBytes + attributeBytes === 0) return null
  if (!grants.canUpdateOwnMetadata) return refusalBy(401)
  if (Math.max(metadataBytes, attributeBytes) <= MAX_METADATA_BYTES) return null
  return new Refusal(
    'request_refused',
    `the client sent metadata or attributes of its own that are larger than ${MAX_METADATA_BYTES} bytes`,
  )
}

/** livekit-server's own no to who was admitted. */
export const refusalBy = (status: 400 | 401): Refusal =>
  new Refusal(
    'request_refused',
    status === 400
      ? 'the media server could not read what the client sent besides its token'
      : 'the media server refused what the client sent besides its token; metadata and attributes need the grant can_update_own_metadata',
  )
