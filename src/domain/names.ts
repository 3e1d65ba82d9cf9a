import { z } from 'zod'

const utf8Bytes = (text: string): number => Buffer.byteLength(text, 'utf8')

/**
 * Characters that do not show or that reorder what shows: control (Cc), format (Cf: zero-width and
 * bidi marks), line and paragraph separators. Two names that look alike must be alike.
 */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u

const visibleText = (schema: z.ZodString): z.ZodString =>
  schema
    .refine((text) => text.isWellFormed(), 'must not contain a lone surrogate')
    .refine(
      (text) => !INVISIBLE.test(text),
      'must not contain control, zero-width or bidirectional characters',
    )
    .refine((text) => text.normalize('NFC') === text, 'must be in Unicode normalization form C')
    .refine((text) => utf8Bytes(text) <= 128, 'must be at most 128 bytes of UTF-8')

/** A tenant's name in URLs and in LiveKit's room names. No underscore, see room-names.ts. */
export const slugSchema = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/, 'must be 1 to 40 of a-z, 0-9 and inner hyphens')

/** A tenant's own name for a room. `.` and `..` cannot occur: URL parsers fold them away. */
export const roomNameSchema = z
  .string()
  .regex(
    /^[A-Za-z0-9_][A-Za-z0-9._:@=+~-]{0,127}$/,
    'must be 1 to 128 of A-Z, a-z, 0-9 and ._:@=+~- and start with a letter, digit or underscore',
  )

/** Who somebody is within a room; opaque, stable. */
export const identitySchema = visibleText(z.string().min(1)).refine(
  (text) => text !== '.' && text !== '..',
  'must not be . or ..',
)

export const displayNameSchema = visibleText(z.string().min(1))

/** A tenant's free text, up to so many bytes of UTF-8. NUL cannot be stored everywhere. */
export const freeText = (maxBytes: number): z.ZodString =>
  z
    .string()
    .refine((text) => text.isWellFormed(), 'must not contain a lone surrogate')
    .refine((text) => !text.includes('\0'), 'must not contain the NUL character')
    .refine((text) => utf8Bytes(text) <= maxBytes, `must be at most ${maxBytes} bytes of UTF-8`)

/** Of somebody's metadata; also of their attributes together. */
export const MAX_METADATA_BYTES = 8192

export const metadataSchema = freeText(MAX_METADATA_BYTES)

/** LiveKit's participant attributes: text to text, together up to 8 KiB. */
export const attributesSchema = z
  .record(freeText(256).min(1), freeText(MAX_METADATA_BYTES))
  .refine(
    (attributes) => utf8Bytes(JSON.stringify(attributes)) <= MAX_METADATA_BYTES,
    `must be at most ${MAX_METADATA_BYTES} bytes together`,
  )
