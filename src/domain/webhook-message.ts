import { randomBytes } from 'node:crypto'
import { Webhook as Signer } from 'standardwebhooks'
import { rfc3339 } from '../lib/clock.ts'
import type { Event } from './events.ts'

const SECRET_BYTES = 32

/** What a tenant verifies with, as the Standard Webhooks specification writes it. */
export const newWebhookSecret = (): string =>
  `whsec_${randomBytes(SECRET_BYTES).toString('base64')}`

/** One message, the same at every attempt. */
export interface Message {
  id: string
  body: string
}

export const messageOf = ({ id, type, at, seq, data }: Event): Message => ({
  id,
  body: JSON.stringify({ type, timestamp: rfc3339(at), seq, data }),
})

/** What shows that an endpoint is reached and verifies; it is in no log of events. */
export const testMessage = (id: string, now: number): Message => ({
  id,
  body: JSON.stringify({ type: 'webhook.test', timestamp: rfc3339(now), seq: null, data: {} }),
})

/**
 * The headers of one attempt.
 * @param secrets each signs: while one takes the place of another, either verifies
 */
export const signedHeaders = (
  { id, body }: Message,
  secrets: string[],
  now: number,
): Record<string, string> => {
  const at = new Date(now)
  return {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(now / 1000)),
    'webhook-signature': secrets.map((secret) => new Signer(secret).sign(id, at, body)).join(' '),
  }
}
