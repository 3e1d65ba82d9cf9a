import { gunzipSync } from 'node:zlib'
import { field, numberField } from './frames.ts'

/** livekit-server unpacks no more of a join request, either. */
const MOST_BYTES = 1024 * 1024
const GZIP = 1

/**
 * The sid of the stay that a client wants to go on with, or null when it comes anew. In the query of a
 * signaling address: `/rtc` has it in parameters, `/rtc/v1` in `join_request`, a WrappedJoinRequest
 * (livekit_rtc.proto). What cannot be read is as good as none.
 */
export const stayOf = (query: string): string | null => {
  const parameters = new URLSearchParams(query)
  const wrapped = parameters.get('join_request')
  if (!wrapped) return parameters.get('reconnect') === '1' ? parameters.get('sid') : null
  try {
    return stayIn(unpacked(Buffer.from(wrapped, 'base64url')))
  } catch {
    return null
  }
}

/** WrappedJoinRequest: compression = 1, join_request = 2. */
const unpacked = (wrapped: Uint8Array): Uint8Array | null => {
  const request = field(wrapped, 2)
  if (!request || numberField(wrapped, 1) !== GZIP) return request
  return gunzipSync(request, { maxOutputLength: MOST_BYTES })
}

/** JoinRequest: reconnect = 7, participant_sid = 9. */
const stayIn = (request: Uint8Array | null): string | null => {
  const sid = request && numberField(request, 7) === 1 ? field(request, 9) : null
  return sid && Buffer.from(sid).toString('utf8')
}
