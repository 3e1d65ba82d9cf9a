import { randomBytes } from 'node:crypto'

const ALPHABET = '0123456789abcdefghijklmnopqrstuvwxyz'

/** `bytes` random bytes as lower-case base36 text: no look-alike case, safe in URLs and logs. */
const random = (bytes: number): string => {
  let text = ''
  // 252 is the largest multiple of 36 below 256: bytes above it would make some letters likelier.
  while (text.length < bytes * 1.6) {
    for (const byte of randomBytes(bytes)) if (byte < 252) text += ALPHABET[byte % 36]
  }
  return text.slice(0, Math.ceil(bytes * 1.55))
}

/** A row id that sorts by creation: milliseconds in base36, then 50 random bits. */
export const newId = (now: number): string => now.toString(36).padStart(9, '0') + random(7)

/** A request id: unguessable enough to be unique, short enough to read out on the phone. */
export const newRequestId = (): string => `req_${random(8)}`

/** An api_key names a key and is public; 80 random bits. */
export const newApiKey = (): string => `lkv_${random(10)}`

/** An api_secret: 256 random bits. */
export const newApiSecret = (): string => `lks_${random(32)}`

/** A token of the operator's API: 256 random bits. */
export const newAdminToken = (): string => `lka_${random(32)}`

/** What a session cookie or a sign-in link holds: 256 random bits. */
export const newBearer = (): string => randomBytes(32).toString('base64url')
