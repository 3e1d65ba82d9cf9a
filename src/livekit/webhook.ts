import { type WebhookEvent, WebhookReceiver } from 'livekit-server-sdk'

/** Where livekit-server posts its events on our own loopback port. */
export const HOOK_PATH = '/livekit/webhook'

/** The ends of a stay; the second is the end of one whose media never came up. */
export const HOOK_EVENTS = ['participant_left', 'participant_connection_aborted']

/**
 * The event in a webhook request, or null when it is not livekit-server's: the token in the
 * `Authorization` header (no "Bearer") must be signed with our key and name the hash of these bytes.
 */
export const verifyWebhook = async (
  body: string,
  authorization: string | null,
  { apiKey, apiSecret }: { apiKey: string; apiSecret: string },
): Promise<WebhookEvent | null> => {
  if (authorization === null) return null
  try {
    return await new WebhookReceiver(apiKey, apiSecret).receive(body, authorization)
  } catch {
    return null
  }
}
