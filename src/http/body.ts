import { GoLiveError } from '../domain/errors.ts'

const MAX_BODY_BYTES = 64 * 1024
/** A data message of 64 KiB, written in base64. */
const MAX_DATA_BODY_BYTES = 96 * 1024

/** How large the body of a request to this route may be. */
export const bodyLimit = (pattern: string): number =>
  pattern.endsWith('/data') ? MAX_DATA_BODY_BYTES : MAX_BODY_BYTES

/** Refuses by the headers alone what would be refused anyway. @throws GoLiveError */
export const checkBodyHeaders = (request: Request, limit: number): void => {
  if (Number(request.headers.get('content-length') ?? 0) > limit) throw tooLarge(limit)
  const type = request.headers.get('content-type')
  if (type !== null && isJson(type)) return
  if (request.body === null) return
  throw new GoLiveError('unsupported_media_type', 'the body must be sent as application/json', {
    hint: 'Set the header Content-Type: application/json.',
  })
}

const isJson = (type: string): boolean =>
  type === 'application/json' ||
  /^\s*application\/json\s*(?:;\s*charset\s*=\s*"?utf-?8"?\s*)?;?\s*$/i.test(type)

/** The bytes of the body. @throws GoLiveError body_too_large */
export const readBytes = (request: Request, limit = MAX_BODY_BYTES): Promise<Uint8Array> =>
  request.headers.has('content-length') ? request.bytes() : readChunked(request, limit)

/** Fatal: with U+FFFD in place of what was sent, a name would be stored as another one. */
const utf8 = new TextDecoder('utf-8', { fatal: true })

/** The body as JSON. @throws GoLiveError body_too_large, malformed_json */
const readJson = async (request: Request, limit?: number): Promise<unknown> =>
  parseJson(await readBytes(request, limit))

/**
 * What a route with a body gives Elysia as `parse`. The function does the work, whatever the
 * content type: that was checked before. The word tells the OpenAPI document what is accepted.
 */
export const jsonBody = [({ request }: { request: Request }) => readJson(request), 'json' as const]

/** The same for data messages. */
export const dataBody = [
  ({ request }: { request: Request }) => readJson(request, MAX_DATA_BODY_BYTES),
  'json' as const,
]

/** The same for a route whose body may be left out. */
export const optionalJsonBody = [
  ({ request }: { request: Request }) => readJsonOrNothing(request),
  'json' as const,
]

/** Whether it is what a route gives as `parse`, in Elysia's own form. */
export const isOptionalBody = (parse: unknown): boolean =>
  Array.isArray(parse) && parse.some(({ fn }) => fn === optionalJsonBody[0])

const readJsonOrNothing = async (request: Request): Promise<unknown> => {
  const bytes = await readBytes(request)
  return bytes.byteLength === 0 ? {} : parseJson(bytes)
}

/** @throws GoLiveError malformed_json; the parser's own text is dropped, it quotes the body */
export const parseJson = (bytes: Uint8Array): unknown => {
  const value = decode(bytes)
  checkShape(value)
  return value
}

const decode = (bytes: Uint8Array): unknown => {
  try {
    return JSON.parse(utf8.decode(bytes))
  } catch {
    const empty = bytes.byteLength === 0
    throw new GoLiveError(
      'malformed_json',
      empty ? 'the body is empty' : 'the body is not JSON in UTF-8',
      { hint: 'Send one JSON object.' },
    )
  }
}

/** The deepest that any of our bodies goes is three. */
const MOST_NESTED = 16

/** Names that schemas would drop in silence, since no schema can tell them from an object's own. */
const RESERVED = new Set(['__proto__', 'constructor', 'prototype'])

/**
 * What validation must never see: nesting makes its error messages grow with the square of the
 * body (46 seconds for 60 KB, measured), and reserved names it loses.
 */
const checkShape = (value: unknown): void => {
  const reserved = findReserved(value, MOST_NESTED)
  if (reserved === null) return
  const message = 'is not a name that can be used'
  throw new GoLiveError('validation_failed', `${reserved}: ${message}`, {
    errors: [{ path: reserved, message }],
  })
}

/** The dotted path of the first reserved name, or null. */
const findReserved = (value: unknown, levels: number): string | null => {
  if (typeof value !== 'object' || value === null) return null
  if (levels === 0) {
    throw new GoLiveError('malformed_json', `the body is nested deeper than ${MOST_NESTED} levels`)
  }
  // Object.entries would make lists of all that is walked over, on every token request.
  for (const name in value) {
    if (RESERVED.has(name)) return name
    const inside = findReserved((value as Record<string, unknown>)[name], levels - 1)
    if (inside !== null) return `${name}.${inside}`
  }
  return null
}

/** Without a length announced only counting tells when to stop. */
const readChunked = async (request: Request, limit: number): Promise<Uint8Array> => {
  if (!request.body) return new Uint8Array()
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of request.body) {
    bytes += chunk.byteLength
    if (bytes > limit) throw tooLarge(limit)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

const tooLarge = (limit: number): GoLiveError =>
  new GoLiveError('body_too_large', `the body must be at most ${limit} bytes`)
