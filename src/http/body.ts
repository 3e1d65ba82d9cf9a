import { GoLiveError } from '../domain/errors.ts'

export const MAX_BODY_BYTES = 64 * 1024

/** Refuses by the headers alone what would be refused anyway. @throws GoLiveError */
export const checkBodyHeaders = (request: Request): void => {
  if (Number(request.headers.get('content-length') ?? 0) > MAX_BODY_BYTES) throw tooLarge()
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

/** The body as text. @throws GoLiveError body_too_large */
export const readText = (request: Request): Promise<string> =>
  request.headers.has('content-length') ? request.text() : readChunked(request)

/** The body as JSON. @throws GoLiveError body_too_large, malformed_json */
export const readJson = async (request: Request): Promise<unknown> =>
  parseJson(await readText(request))

/**
 * What a route with a body gives Elysia as `parse`. The function does the work, whatever the
 * content type: that was checked before. The word tells the OpenAPI document what is accepted.
 */
export const jsonBody = [({ request }: { request: Request }) => readJson(request), 'json' as const]

/** The same for a route whose body may be left out. */
export const optionalJsonBody = [
  ({ request }: { request: Request }) => readJsonOrNothing(request),
  'json' as const,
]

const readJsonOrNothing = async (request: Request): Promise<unknown> => {
  const text = await readText(request)
  return text === '' ? {} : parseJson(text)
}

/** @throws GoLiveError malformed_json; the parser's own text is dropped, it quotes the body */
export const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    throw new GoLiveError(
      'malformed_json',
      text === '' ? 'the body is empty' : 'the body is not valid JSON',
      {
        hint: 'Send one JSON object.',
      },
    )
  }
}

/** Without a length announced only counting tells when to stop. */
const readChunked = async (request: Request): Promise<string> => {
  if (!request.body) return ''
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of request.body) {
    bytes += chunk.byteLength
    if (bytes > MAX_BODY_BYTES) throw tooLarge()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

const tooLarge = (): GoLiveError =>
  new GoLiveError('body_too_large', `the body must be at most ${MAX_BODY_BYTES} bytes`)
