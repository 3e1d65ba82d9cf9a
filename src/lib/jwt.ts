import { timingSafeEqual } from 'node:crypto'
import { hmacSha256 } from './crypto.ts'

const HEADER = Buffer.from('{"alg":"HS256","typ":"JWT"}').toString('base64url')

/** Signs claims as a JWT (RFC 7519) with HS256. */
export const signJwt = (claims: object, key: Uint8Array): string => {
  const body = `${HEADER}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`
  return `${body}.${keyed(key).copy().update(body).digest('base64url')}`
}

/** HMACs that have taken in their key. There are as many as keys of ours, and each signs a lot. */
const keyedHmacs = new WeakMap<Uint8Array, Bun.CryptoHasher>()

/** Synchronous: WebCrypto costs a thread hop per token, half the mint rate (measured). */
const keyed = (key: Uint8Array): Bun.CryptoHasher => {
  const known = keyedHmacs.get(key)
  if (known) return known
  const hmac = new Bun.CryptoHasher('sha256', key)
  keyedHmacs.set(key, hmac)
  return hmac
}

/**
 * The claims of a JWT whose HS256 signature holds, else null. Times are not judged here.
 * The header must name HS256: a token may never choose its own algorithm (RFC 8725 §3.1).
 */
export const verifyJwt = (token: string, key: Uint8Array): Record<string, unknown> | null => {
  const parts = token.split('.')
  if (parts.length !== 3) return null
  const [head, body, mac] = parts as [string, string, string]
  if (parseObject(head)?.alg !== 'HS256') return null
  const expected = hmacSha256(key, `${head}.${body}`)
  const given = Buffer.from(mac, 'base64url')
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return null
  // Base64url decoding ignores stray characters and spare bits: one signature, one spelling.
  if (given.toString('base64url') !== mac) return null
  return parseObject(body)
}

/** The claims of a JWT that we trust by its way here (our own child's), unverified. */
export const decodeJwt = (token: string): Record<string, unknown> | null =>
  parseObject(token.split('.')[1] ?? '')

const parseObject = (part: string): Record<string, unknown> | null => {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null
  } catch {
    return null
  }
}
