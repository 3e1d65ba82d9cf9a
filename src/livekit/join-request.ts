import { gunzipSync } from 'node:zlib'
import { field, fields, numberField } from './frames.ts'

/** livekit-server unpacks no more of a join request, either. */
const MOST_BYTES = 1024 * 1024
const GZIP = 1

/** What a client says of itself beside its token, in the query of a signaling address. */
export interface Said {
  /** sid of the stay that it wants to go on with, or null when it comes anew */
  stay: string | null
  /** bytes of metadata and of attributes of its own, which a token has to allow; 0 is none */
  metadataBytes: number
  attributeBytes: number
}

const NOTHING: Said = { stay: null, metadataBytes: 0, attributeBytes: 0 }

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
      metadataBytes: 0,
      attributeBytes: bytesOfAttributes(parameters.get('attributes') ?? ''),
    }
  } catch {
    return NOTHING
  }
}

/** Base64url of a JSON object of texts; livekit-server takes no notice of anything else. */
const bytesOfAttributes = (encoded: string): number => {
  if (encoded.length % 4 !== 0 || !/^[\w-]+={0,2}$/.test(encoded)) return 0
  try {
    const json = Buffer.from(encoded, 'base64url')
    const given: unknown = JSON.parse(json.toString('utf8'))
    if (typeof given !== 'object' || given === null || Array.isArray(given)) return 0
    const values = Object.values(given)
    const areTexts = values.length > 0 && values.every((value) => typeof value === 'string')
    return areTexts ? json.length : 0
  } catch {
    return 0
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
  if (!request) return NOTHING
  const sid = numberField(request, 7) === 1 ? field(request, 9) : null
  return {
    stay: sid && Buffer.from(sid).toString('utf8'),
    // The last one counts of what is there once, and all of a map's entries.
    metadataBytes: [...fields(request, 3)].at(-1)?.length ?? 0,
    attributeBytes: [...fields(request, 4)].reduce((sum, { length }) => sum + length + 1, 0),
  }
}
