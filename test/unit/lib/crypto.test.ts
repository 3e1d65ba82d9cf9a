import { describe, expect, test } from 'bun:test'
import {
  constantTimeEqual,
  deriveKey,
  hmacSha256,
  seal,
  sha256Hex,
  unseal,
} from '../../../src/lib/crypto.ts'

const key = deriveKey(Buffer.alloc(32, 1), 'seal')

describe('a sealed value', () => {
  test('opens under its own key and context, whatever the text', () => {
    for (const text of ['', 'lks_abc', 'Zoë 😀', 'x'.repeat(100_000)]) {
      expect(unseal(key, seal(key, text, 'tenant/key'), 'tenant/key')).toBe(text)
    }
  })

  test('does not open in another row, nor under another key', () => {
    const sealed = seal(key, 'secret', 'acme/lkv_1')
    expect(() => unseal(key, sealed, 'acme/lkv_2')).toThrow()
    expect(() => unseal(key, sealed, 'other/lkv_1')).toThrow()
    expect(() => unseal(key, sealed, '')).toThrow()
    expect(() => unseal(deriveKey(Buffer.alloc(32, 1), 'join'), sealed, 'acme/lkv_1')).toThrow()
  })

  test('does not open when any byte of it is changed, or when it is cut', () => {
    const sealed = seal(key, 'secret', 'c')
    for (let at = 0; at < sealed.length; at++) {
      const changed = Uint8Array.from(sealed)
      changed[at] = (changed[at] as number) ^ 1
      expect(() => unseal(key, changed, 'c'), `byte ${at}`).toThrow()
      expect(() => unseal(key, sealed.subarray(0, at), 'c'), `cut at ${at}`).toThrow()
    }
  })

  test('does not show its text, and never looks the same twice', () => {
    const one = Buffer.from(seal(key, 'secret', 'c'))
    expect(one.includes('secret')).toBe(false)
    expect(one.equals(seal(key, 'secret', 'c'))).toBe(false)
  })
})

test('each purpose has a key of its own, and the same purpose always the same', () => {
  const master = Buffer.alloc(32, 1)
  const keys = ['join', 'livekit', 'seal', 'session'].map((label) =>
    deriveKey(master, label).toString('hex'),
  )
  expect(new Set(keys).size).toBe(4)
  expect(deriveKey(master, 'join').toString('hex')).toBe(keys[0] as string)
  expect(deriveKey(master, 'join')).toHaveLength(32)
})

test('texts are equal only when every byte is', () => {
  expect(constantTimeEqual('lks_abc', 'lks_abc')).toBe(true)
  for (const other of ['', 'lks_ab', 'lks_abd', 'lks_abcd', 'LKS_ABC']) {
    expect(constantTimeEqual('lks_abc', other)).toBe(false)
    expect(constantTimeEqual(other, 'lks_abc')).toBe(false)
  }
})

test('digests are those of the published test vectors', () => {
  expect(sha256Hex('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
  // RFC 4231, test case 2
  expect(hmacSha256(Buffer.from('Jefe'), 'what do ya want for nothing?').toString('hex')).toBe(
    '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  )
})
