import { describe, expect, test } from 'bun:test'
import { createHmac, createSign, generateKeyPairSync } from 'node:crypto'
import { jwtVerify, SignJWT } from 'jose'
import { decodeJwt, signJwt, verifyJwt } from '../../../src/lib/jwt.ts'

const key = Buffer.alloc(32, 7)
const claims = { sub: 'user-123', name: 'Zoë 😀', exp: 4_102_444_800 }
const base64url = (text: string) => Buffer.from(text).toString('base64url')

/** A token with any header and body, rightly signed by HMAC-SHA256 with `secret`. */
const forge = (header: string, body: string, secret: Uint8Array | string = key): string => {
  const text = `${base64url(header)}.${base64url(body)}`
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`
}

test('what is signed verifies, and nothing of it is lost', () => {
  expect(verifyJwt(signJwt(claims, key), key)).toEqual(claims)
})

test('jose, which is not ours, reads our tokens, and we read those of jose', async () => {
  const { payload } = await jwtVerify(signJwt(claims, key), key, { algorithms: ['HS256'] })
  expect(payload).toEqual(claims)
  const theirs = await new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(key)
  expect(verifyJwt(theirs, key)).toEqual(claims)
})

describe('is refused', () => {
  test('another key', () => {
    expect(verifyJwt(signJwt(claims, Buffer.alloc(32, 8)), key)).toBeNull()
  })

  test.each(['none', 'None', 'HS384', 'RS256', 'hs256', ''])(
    'alg %p, even rightly signed',
    (alg) => {
      expect(verifyJwt(forge(JSON.stringify({ alg }), '{"sub":"x"}'), key)).toBeNull()
    },
  )

  test('alg none without a signature', () => {
    expect(verifyJwt(`${base64url('{"alg":"none"}')}.${base64url('{"sub":"x"}')}.`, key)).toBeNull()
  })

  test('an RS256 token, and an HS256 token made with a public key', () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const text = `${base64url('{"alg":"RS256"}')}.${base64url('{"sub":"x"}')}`
    const rsa = createSign('sha256').update(text).sign(privateKey, 'base64url')
    expect(verifyJwt(`${text}.${rsa}`, key)).toBeNull()
    const pem = publicKey.export({ type: 'spki', format: 'pem' }) as string
    expect(verifyJwt(forge('{"alg":"HS256"}', '{"sub":"x"}', pem), key)).toBeNull()
  })

  test('every single changed character of a token', () => {
    const token = signJwt({ sub: 'a' }, key)
    for (let at = 0; at < token.length; at++) {
      const changed = token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1)
      expect(verifyJwt(changed, key), `position ${at}`).toBeNull()
    }
  })

  test('another spelling of the same signature: spare bits, padding, blanks, the plain alphabet', () => {
    const token = signJwt(claims, key)
    const mac = token.split('.')[2] as string
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const last = alphabet.indexOf(mac.at(-1) as string)
    const spare = token.slice(0, -1) + alphabet[last ^ 1]
    expect(Buffer.from(spare.split('.')[2] as string, 'base64url')).toEqual(
      Buffer.from(mac, 'base64url'),
    )
    for (const spelled of [spare, `${token}=`, `${token}==`, `${token} `, `${token}\n`]) {
      expect(verifyJwt(spelled, key)).toBeNull()
    }
    const tokens = Array.from({ length: 50 }, (_, n) => signJwt({ n }, key)).filter((t) =>
      /[-_]/.test(t.split('.')[2] as string),
    )
    for (const one of tokens)
      expect(verifyJwt(one.replaceAll('-', '+').replaceAll('_', '/'), key)).toBeNull()
  })

  test.each([
    '',
    '.',
    '..',
    '...',
    'a.b',
    'a.b.c.d',
    `${base64url('{"alg":"HS256"}')}..`,
    base64url('{"alg":"HS256"}'),
    'é.ü.ß',
    '\0.\0.\0',
  ])('%p', (token) => {
    expect(verifyJwt(token, key)).toBeNull()
  })

  test.each(['null', '"text"', '[]', '5', '{', ''])('claims or header %p', (body) => {
    expect(verifyJwt(forge('{"alg":"HS256"}', body), key)).toBeNull()
    expect(verifyJwt(forge(body, '{"sub":"x"}'), key)).toBeNull()
  })

  test('a part more at the end', () => {
    expect(verifyJwt(`${signJwt(claims, key)}.x`, key)).toBeNull()
  })
})

test('a claim named __proto__ does not become the prototype', () => {
  const read = verifyJwt(forge('{"alg":"HS256"}', '{"__proto__":{"admin":true}}'), key)
  expect(read?.admin).toBeUndefined()
})

test('decoding without a key never throws', () => {
  expect(decodeJwt(signJwt(claims, key))).toEqual(claims)
  for (const text of ['', 'x', 'a.b.c', 'a.bnVsbA.c']) expect(decodeJwt(text)).toBeNull()
})
