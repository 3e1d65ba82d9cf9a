import { z } from 'zod'
import { constantTimeEqual, sha256Base64 } from '../lib/crypto.ts'
import { verifyJwt } from '../lib/jwt.ts'

/** Where livekit-server posts its events on our own loopback port. */
export const HOOK_PATH = '/livekit/webhook'

/** What livekit-server is to report. */
export const HOOK_EVENTS = [
  'participant_joined',
  'participant_left',
  'participant_connection_aborted',
  'track_published',
  'track_unpublished',
  'room_finished',
]

/** Seconds; the sender has this machine's clock. */
const LEEWAY = 5

/** protobuf's JSON leaves out what has its default, and writes 64-bit numbers as text. */
const schema = z.object({
  event: z.string(),
  /** seconds */
  createdAt: z.coerce.number().default(0),
  room: z.object({ name: z.string(), sid: z.string().default('') }).optional(),
  participant: z
    .object({
      identity: z.string(),
      sid: z.string(),
      name: z.string().default(''),
      joinedAtMs: z.coerce.number().default(0),
      disconnectReason: z.string().default('UNKNOWN_REASON'),
    })
    .optional(),
  track: z
    .object({
      sid: z.string(),
      type: z.string().default('AUDIO'),
      source: z.string().default('UNKNOWN'),
    })
    .optional(),
})

/** What we read of livekit-server's WebhookEvent (livekit_webhook.proto, as protobuf's JSON). */
export type WebhookEvent = z.output<typeof schema>

/**
 * The event in a webhook request, or null when it is not livekit-server's: the token in the
 * `Authorization` header (no "Bearer") must be signed with our key and name the hash of these bytes.
 * By hand, since the SDK's receiver uses WebCrypto, whose thread hops cost more than all the rest.
 */
export const verifyWebhook = (
  body: string,
  authorization: string | null,
  { apiKey, apiSecret }: { apiKey: string; apiSecret: string },
): WebhookEvent | null => {
  const claims = verifyJwt(authorization ?? '', Buffer.from(apiSecret))
  if (!claims || claims.iss !== apiKey || !isNow(claims)) return null
  const { sha256 } = claims
  if (typeof sha256 !== 'string' || !constantTimeEqual(sha256, sha256Base64(body))) return null
  try {
    return schema.parse(JSON.parse(body))
  } catch {
    return null
  }
}

const isNow = ({ exp, nbf }: Record<string, unknown>): boolean => {
  const now = Date.now() / 1000
  if (typeof exp !== 'number' || exp + LEEWAY <= now) return false
  return nbf === undefined || (typeof nbf === 'number' && nbf - LEEWAY <= now)
}
