import { describe, expect, test } from 'bun:test'
import {
  attributesSchema,
  displayNameSchema,
  identitySchema,
  metadataSchema,
  roomNameSchema,
  slugSchema,
} from '../../../src/domain/names.ts'

interface Schema {
  safeParse(value: unknown): { success: boolean }
}

const accepts = (schema: Schema, value: unknown): boolean => schema.safeParse(value).success

const notText = [undefined, null, 5, true, {}, [], ['a'], { toString: () => 'a' }].map((value) => ({
  value,
}))

describe('a tenant slug', () => {
  test.each(['a', '7', 'acme', 'a-b', 'a--b', '0-0', 'a'.repeat(40), `a${'-'.repeat(38)}b`])(
    'may be %p',
    (slug) => {
      expect(accepts(slugSchema, slug)).toBe(true)
    },
  )

  test.each([
    '',
    '-',
    '-a',
    'a-',
    'a_b',
    'a__b',
    'Acme',
    'a b',
    'a.b',
    'a/b',
    'ä',
    'a\n',
    '\na',
    'a\0',
    'a'.repeat(41),
    'K', // KELVIN SIGN folds to k in case-insensitive expressions
  ])('may not be %p', (slug) => {
    expect(accepts(slugSchema, slug)).toBe(false)
  })

  test.each(notText)('may not be the value $value', ({ value }) => {
    expect(accepts(slugSchema, value)).toBe(false)
  })
})

describe('a room name', () => {
  test.each([
    'a',
    '_',
    '9',
    'team-standup',
    'A.b',
    'x:y@z=1+2~3',
    '__',
    'a__b',
    '_..',
    'a..b',
    'r'.repeat(128),
  ])('may be %p', (name) => {
    expect(accepts(roomNameSchema, name)).toBe(true)
  })

  test.each([
    '',
    '.',
    '..',
    '-a',
    ':a',
    '@a',
    'a/b',
    'a\\b',
    'a b',
    'a?b',
    'a#b',
    'a%2Fb',
    'ä',
    'a\u0301',
    'a\0',
    'a\n',
    'a\u200b',
    '\ud800',
    'r'.repeat(129),
  ])('may not be %p', (name) => {
    expect(accepts(roomNameSchema, name)).toBe(false)
  })

  test.each(notText)('may not be the value $value', ({ value }) => {
    expect(accepts(roomNameSchema, value)).toBe(false)
  })
})

/** What no name of a person may hold: each makes two names look alike, or breaks a log or a page. */
const forbidden: [string, string][] = [
  ['NUL', '\0'],
  ['line feed', '\n'],
  ['carriage return', '\r'],
  ['tab', '\t'],
  ['escape', '\u001b'],
  ['delete', '\u007f'],
  ['C1 next line', '\u0085'],
  ['zero width space', '\u200b'],
  ['zero width non-joiner', '\u200c'],
  ['zero width joiner', '\u200d'],
  ['word joiner', '\u2060'],
  ['byte order mark', '\ufeff'],
  ['left-to-right mark', '\u200e'],
  ['right-to-left mark', '\u200f'],
  ['Arabic letter mark', '\u061c'],
  ['left-to-right embedding', '\u202a'],
  ['right-to-left override', '\u202e'],
  ['pop directional formatting', '\u202c'],
  ['left-to-right isolate', '\u2066'],
  ['pop directional isolate', '\u2069'],
  ['lone high surrogate', '\ud83d'],
  ['lone low surrogate', '\ude00'],
]

describe.each([
  ['an identity', identitySchema],
  ['a display name', displayNameSchema],
] as [string, Schema][])('%s', (_, schema) => {
  test.each([
    'a',
    'user-123',
    'Jane Doe',
    'Zoë',
    '名前',
    '😀',
    'a/b',
    'a#b',
    '__proto__',
    '...',
    'a'.repeat(128),
  ])('may be %p', (text) => {
    expect(accepts(schema, text)).toBe(true)
  })

  test('is counted in UTF-8 bytes, not in letters', () => {
    expect(accepts(schema, '😀'.repeat(32))).toBe(true)
    expect(accepts(schema, `${'😀'.repeat(32)}a`)).toBe(false)
    expect(accepts(schema, 'é'.repeat(64))).toBe(true)
    expect(accepts(schema, 'é'.repeat(65))).toBe(false)
    expect(accepts(schema, '')).toBe(false)
    expect(accepts(schema, 'x'.repeat(1_048_576))).toBe(false)
  })

  test.each(forbidden)('may not hold %s anywhere', (_name, char) => {
    for (const text of [char, `a${char}`, `${char}a`, `a${char}b`])
      expect(accepts(schema, text)).toBe(false)
  })

  test('has one spelling only: what is not in NFC is refused', () => {
    expect(accepts(schema, 'Zo\u00eb')).toBe(true)
    expect(accepts(schema, 'Zoe\u0308')).toBe(false)
    expect(accepts(schema, '\u212b')).toBe(false) // ANGSTROM SIGN, NFC is Å
  })

  test.each(notText)('may not be the value $value', ({ value }) => {
    expect(accepts(schema, value)).toBe(false)
  })
})

test('an identity may not be . or .., which clients fold out of a path', () => {
  for (const identity of ['.', '..']) expect(accepts(identitySchema, identity)).toBe(false)
})

describe('metadata', () => {
  test('is counted in UTF-8 bytes', () => {
    expect(accepts(metadataSchema, '')).toBe(true)
    expect(accepts(metadataSchema, 'x'.repeat(8192))).toBe(true)
    expect(accepts(metadataSchema, 'x'.repeat(8193))).toBe(false)
    expect(accepts(metadataSchema, 'é'.repeat(4096))).toBe(true)
    expect(accepts(metadataSchema, 'é'.repeat(4097))).toBe(false)
  })

  test('may hold any whole text, but no NUL and no lone surrogate, which not every store can hold', () => {
    expect(accepts(metadataSchema, '{"a":"\\u0000\n\u200d"}')).toBe(true)
    expect(accepts(metadataSchema, 'a\0')).toBe(false)
    expect(accepts(metadataSchema, 'a\ud800')).toBe(false)
    expect(accepts(metadataSchema, { a: 1 })).toBe(false)
  })
})

describe('attributes', () => {
  test('are texts by name', () => {
    expect(accepts(attributesSchema, {})).toBe(true)
    expect(accepts(attributesSchema, { team: 'red', 'a.b': '' })).toBe(true)
    for (const value of [{ a: 1 }, { a: null }, { a: { b: 'c' } }, ['a'], 'a', null]) {
      expect(accepts(attributesSchema, value)).toBe(false)
    }
  })

  test('are bounded together, names and values, in UTF-8 bytes', () => {
    expect(accepts(attributesSchema, { a: 'x'.repeat(8000) })).toBe(true)
    expect(accepts(attributesSchema, { a: 'x'.repeat(8193) })).toBe(false)
    expect(accepts(attributesSchema, { ['n'.repeat(8193)]: '' })).toBe(false)
    expect(accepts(attributesSchema, { a: 'é'.repeat(4097) })).toBe(false)
    const many = Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`name${i}`, 'value']))
    expect(accepts(attributesSchema, many)).toBe(false)
  })

  test('may not hold NUL or a lone surrogate, in names or values', () => {
    expect(accepts(attributesSchema, { a: '\0' })).toBe(false)
    expect(accepts(attributesSchema, { 'a\0': '' })).toBe(false)
    expect(accepts(attributesSchema, { a: '\ud800' })).toBe(false)
    expect(accepts(attributesSchema, { '\ud800': 'a' })).toBe(false)
  })
})
