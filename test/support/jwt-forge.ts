import { createHmac, createSign, generateKeyPairSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { deriveKey } from '../../src/lib/crypto.ts'

type Claims = Record<string, unknown>

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/** A point in time as JWTs count it. */
export const secondsFromNow = (offset = 0): number => Math.floor(Date.now() / 1000) + offset

/** The claims of a token, unverified: what an attacker reads who holds it. */
export const claimsOf = (token: string): Claims =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')) as Claims

/** A token with any header and claims, signed by HMAC with any key. */
export const forge = (
  claims: Claims,
  key: Uint8Array | string,
  header: Claims = { alg: 'HS256', typ: 'JWT' },
  hash: 'sha256' | 'sha384' | 'sha512' = 'sha256',
): string => {
  const body = `${part(header)}.${part(claims)}`
  return `${body}.${createHmac(hash, key).update(body).digest('base64url')}`
}

/** `alg: none` in one of its spellings, without a signature. */
export const forgeNone = (claims: Claims, alg = 'none'): string =>
  `${part({ alg, typ: 'JWT' })}.${part(claims)}.`

/** Signed with an RSA key of the attacker's own, whose public half rides in the header. */
export const forgeRs256 = (claims: Claims): string => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const header = { alg: 'RS256', typ: 'JWT', jwk: publicKey.export({ format: 'jwk' }) }
  const body = `${part(header)}.${part(claims)}`
  return `${body}.${createSign('RSA-SHA256').update(body).sign(privateKey, 'base64url')}`
}

/** The signature kept, the claims changed. */
export const tamper = (token: string, change: Claims): string => {
  const [head, , mac] = token.split('.')
  return `${head}.${part({ ...claimsOf(token), ...change })}.${mac}`
}

/** The secrets on a server's disk, as somebody has them who broke in: tests must know what to look for. */
export const secretsOf = (dataDir: string): DiskSecrets => {
  const master = readFileSync(join(dataDir, 'master.key'), 'utf8').trim()
  const keys = parse(readFileSync(join(dataDir, 'livekit', 'keys.yaml'), 'utf8')) as Record<
    string,
    string
  >
  const [livekitKey, livekitSecret] = Object.entries(keys)[0] ?? ['', '']
  const derive = (label: string) => deriveKey(Buffer.from(master, 'hex'), label)
  return { master, join: derive('join'), seal: derive('seal'), livekitKey, livekitSecret }
}

export interface DiskSecrets {
  /** hexadecimal text of the file */
  master: string
  join: Buffer
  seal: Buffer
  livekitKey: string
  livekitSecret: string
}

/** What livekit-server itself would push as a refresh token: right in every way, in the wrong family. */
export const livekitToken = (secrets: DiskSecrets, room: string, identity: string): string =>
  forge(
    {
      iss: secrets.livekitKey,
      sub: identity,
      nbf: secondsFromNow(-5),
      exp: secondsFromNow(600),
      video: { roomJoin: true, room, canPublish: true, canSubscribe: true },
    },
    secrets.livekitSecret,
  )
