import { gunzipSync } from 'node:zlib'
import { field, numberField } from './frames.ts'

/** livekit-server unpacks no more of a join request, either. */
const MOST_BYTES = 1024 * 1024
const GZIP = 1

/** What a client says of itself beside its token, in the query of a signaling address. */
export interface Said {
  /** sid of the stay that it wants to go on with, or null when it comes anew */
  stay: string | null
  /** it gives metadata or attributes of its own, which a token has to allow */
  presentsItself: boolean
}

/**
 * `/rtc` has it in parameters, `/rtc/v1` in `join_request`, a WrappedJoinRequest (livekit_rtc.proto).
 * What cannot be read is as good as nothing.
 */
export const saidIn = (query: string): Said => {
  const parameters = new URLSearchParams(query)
  const wrapped = parameters.get('join_request')
  try {
    if (wrapped) return inRequest(unpacked(Buffer.from(wrapped, 'base64url')))
    const isReconnect = /^(?:1|true)$/.test(parameters.get('reconnect') ?? '')
    return {
      stay: isReconnect ? parameters.get('sid') : null,
      presentsItself: hasAttributes(parameters.get('attributes') ?? ''),
    }
  } catch {
    return { stay: null, presentsItself: false }
  }
}

/** Base64url of a JSON object of texts; livekit-server takes no notice of anything else. */
const hasAttributes = (encoded: string): boolean => {
  if (encoded.length % 4 !== 0 || !/^[\w-]+={0,2}$/.test(encoded)) return false
  try {
    const given: unknown = JSON.parse(Buffer.from(encoded, 'base64url').toString('utf8'))
    if (typeof given !== 'object' || given === null || Array.isArray(given)) return false
    const values = Object.values(given)
    return values.length > 0 && values.every((value) => typeof value === 'string')
  } catch {
    return false
  }
}

/** WrappedJoinRequest: compression = 1, join_request = 2. */
const unpacked = (wrapped: Uint8Array): Uint8Array | null => {
  const request = field(wrapped, 2)
  if (!request || numberField(wrapped, 1) !== GZIP) return request
  return gunzipSync(request, { maxOutputLength: MOST_BYTES })
}

/** JoinRequest: metadata = 3, participant_attributes = 4, reconnect = 7, participant_sid = 9. */
const inRequest = (request: Uint8Array | null): Said => {
  if (!request) return { stay: null, presentsItself: false }
  const sid = numberField(request, 7) === 1 ? field(request, 9) : null
  return {
    stay: sid && Buffer.from(sid).toString('utf8'),
    presentsItself: Boolean(field(request, 3)?.length) || field(request, 4) !== null,
  }
}
