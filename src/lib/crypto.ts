import {
  createCipheriv,
  createDecipheriv,
  createHash,
  hkdfSync,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto'

/** Derives one 32-byte key per purpose from the master key (RFC 5869, SHA-256, no salt). */
export const deriveKey = (master: Uint8Array, label: string): Buffer =>
  Buffer.from(hkdfSync('sha256', master, '', `golive/${label}`, 32))

/** Compares without telling by time where two texts differ. Length is not hidden: ours is public. */
export const constantTimeEqual = (a: string, b: string): boolean => {
  const left = Buffer.from(a)
  const right = Buffer.from(b)
  if (left.length === right.length) return timingSafeEqual(left, right)
  timingSafeEqual(right, right)
  return false
}

export const sha256Hex = (data: string | Uint8Array): string =>
  createHash('sha256').update(data).digest('hex')

export const sha256Base64 = (data: string | Uint8Array): string =>
  createHash('sha256').update(data).digest('base64')

/** Bun's own hasher: node's createHmac costs a stream object more, a microsecond a token (measured). */
export const hmacSha256 = (key: Uint8Array, data: string): Buffer =>
  new Bun.CryptoHasher('sha256', key).update(data).digest()

const SEAL_VERSION = 1
const NONCE_BYTES = 12
const TAG_BYTES = 16

/**
 * Encrypts with AES-256-GCM: `version ‖ nonce ‖ ciphertext ‖ tag`.
 * @param context bound as additional data, so a sealed value moved to another row does not open
 */
export const seal = (key: Uint8Array, plain: string, context: string): Uint8Array => {
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(context))
  const body = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()])
  return Buffer.concat([Buffer.of(SEAL_VERSION), nonce, body, cipher.getAuthTag()])
}

/** Opens what {@link seal} made; throws when key, context or bytes are not the sealed ones. */
export const unseal = (key: Uint8Array, sealed: Uint8Array, context: string): string => {
  if (sealed[0] !== SEAL_VERSION || sealed.length < 1 + NONCE_BYTES + TAG_BYTES) {
    throw new Error('sealed value has an unknown format')
  }
  const nonce = sealed.subarray(1, 1 + NONCE_BYTES)
  const decipher = createDecipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(context))
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES))
  const body = sealed.subarray(1 + NONCE_BYTES, -TAG_BYTES)
  return decipher.update(body, undefined, 'utf8') + decipher.final('utf8')
}
