import { NotFoundError, ParseError, ValidationError } from 'elysia'
import type { z } from 'zod'
import { type ErrorCode, type FieldError, GoLiveError } from '../domain/errors.ts'
import { isDiskFull } from '../lib/disk.ts'

/** One code, one status: a new code does not compile until it stands here. */
const PROBLEMS: Record<ErrorCode, { status: number; title: string }> = {
  missing_credentials: { status: 401, title: 'Credentials are missing' },
  invalid_credentials: { status: 401, title: 'Credentials are wrong' },
  secret_sent_as_key: { status: 401, title: 'Key and secret are swapped' },
  tenant_deactivated: { status: 401, title: 'The tenant is deactivated' },
  not_found: { status: 404, title: 'There is nothing here' },
  method_not_allowed: { status: 405, title: 'The method is not allowed here' },
  malformed_json: { status: 400, title: 'The body is not JSON' },
  malformed_request: { status: 400, title: 'The request is malformed' },
  unsupported_media_type: { status: 415, title: 'The content type is not supported' },
  body_too_large: { status: 413, title: 'The body is too large' },
  validation_failed: { status: 422, title: 'The request is not valid' },
  invalid_cursor: { status: 422, title: 'The cursor is not valid' },
  rate_limited: { status: 429, title: 'Too many requests' },
  tenant_not_found: { status: 404, title: 'There is no such tenant' },
  tenant_exists: { status: 409, title: 'The tenant exists already' },
  slug_recently_used: { status: 409, title: 'The slug was used recently' },
  key_not_found: { status: 404, title: 'There is no such key' },
  last_key: { status: 409, title: 'It is the last key' },
  key_limit_reached: { status: 409, title: 'The limit of keys is reached' },
  room_not_found: { status: 404, title: 'There is no such room' },
  room_exists: { status: 409, title: 'The room exists already' },
  room_limit_reached: { status: 409, title: 'The limit of rooms is reached' },
  precondition_failed: { status: 412, title: 'The precondition failed' },
  participant_not_found: { status: 404, title: 'There is no such participant' },
  track_not_found: { status: 404, title: 'There is no such track' },
  ban_not_found: { status: 404, title: 'There is no such ban' },
  unmute_not_allowed: { status: 403, title: 'Unmuting from afar is not allowed' },
  rpc_failed: { status: 502, title: 'The participant did not do it' },
  rpc_timeout: { status: 504, title: 'The participant did not answer in time' },
  member_limit_reached: { status: 409, title: 'Too many people are remembered in this room' },
  revocation_limit_reached: { status: 409, title: 'The limit of revocations is reached' },
  role_not_found: { status: 404, title: 'There is no such role' },
  role_built_in: { status: 409, title: 'The role is built in' },
  role_limit_reached: { status: 409, title: 'The limit of roles is reached' },
  webhook_not_found: { status: 404, title: 'There is no such webhook' },
  webhook_limit_reached: { status: 409, title: 'The limit of webhooks is reached' },
  webhook_disabled: { status: 409, title: 'The webhook is disabled' },
  delivery_not_found: { status: 404, title: 'There is no such delivery' },
  replay_limit_reached: { status: 409, title: 'Too many replays are under way' },
  events_expired: { status: 410, title: 'These events are no longer kept' },
  session_ended: { status: 401, title: 'The session has ended' },
  session_not_found: { status: 404, title: 'There is no such session' },
  invalid_link: { status: 401, title: 'The sign-in link does not work' },
  wrong_password: { status: 403, title: 'The password is wrong' },
  password_required: { status: 403, title: 'A password must be chosen first' },
  bad_origin: { status: 403, title: 'The request comes from another site' },
  forbidden: { status: 403, title: 'This is not allowed' },
  admin_exists: { status: 409, title: 'The account exists already' },
  admin_not_found: { status: 404, title: 'There is no such account' },
  token_not_found: { status: 404, title: 'There is no such token' },
  calls_running: { status: 409, title: 'Calls are running' },
  media_unavailable: { status: 503, title: 'The media server is not available' },
  server_full: { status: 503, title: 'The server is full' },
  server_stopping: { status: 503, title: 'The server is stopping' },
  storage_full: { status: 503, title: 'The disk is full' },
  internal_error: { status: 500, title: 'Something went wrong' },
}

export const statusOf = (code: ErrorCode): number => PROBLEMS[code].status

/** Details repeat names from the request, and a URL may hold 64 KiB. */
const MOST_CHARACTERS = 500

/** The answer to a refusal (RFC 9457); headers that belong to the code are on it. */
export const problemResponse = (error: GoLiveError, requestId: string): Response => {
  const { status, title } = PROBLEMS[error.code]
  const { hint, errors, extra, retryAfterSeconds } = error.details
  const body = {
    type: `urn:golive:problem:${error.code}`,
    title,
    status,
    code: error.code,
    detail: error.message.slice(0, MOST_CHARACTERS),
    ...(hint === undefined ? {} : { hint }),
    ...(errors === undefined ? {} : { errors }),
    ...extra,
    request_id: requestId,
  }
  const headers: Record<string, string> = { 'content-type': 'application/problem+json' }
  if (status === 401) headers['www-authenticate'] = 'Basic realm="golive", charset="UTF-8"'
  if (retryAfterSeconds !== undefined) headers['retry-after'] = String(retryAfterSeconds)
  return new Response(JSON.stringify(body), { status, headers })
}

/** Whatever was thrown, as the refusal it stands for; what nobody expected becomes internal_error. */
export const refusalOf = (thrown: unknown): GoLiveError => {
  if (thrown instanceof GoLiveError) return thrown
  if (thrown instanceof ParseError) return parseRefusal(thrown.cause)
  if (thrown instanceof ValidationError) return validationRefusal(thrown)
  if (thrown instanceof NotFoundError)
    return new GoLiveError('not_found', 'there is nothing at this path')
  if (thrown instanceof Error && thrown.name === 'AbortError') {
    return new GoLiveError('malformed_request', 'the connection ended before the request did')
  }
  if (isDiskFull(thrown)) {
    return new GoLiveError(
      'storage_full',
      'the disk of this server is full: reading, minting and joining go on, changes do not',
      {
        hint: 'Tell the operator of this server.',
        retryAfterSeconds: 30,
        cause: thrown,
      },
    )
  }
  return internalError(thrown)
}

/** Tells the caller nothing; the cause is for the log. */
export const internalError = (cause: unknown): GoLiveError =>
  new GoLiveError(
    'internal_error',
    'the server failed to answer; its log has more under this request_id',
    { cause },
  )

const parseRefusal = (cause: unknown): GoLiveError =>
  cause instanceof GoLiveError
    ? cause
    : new GoLiveError('malformed_json', 'the body is not valid JSON')

/**
 * Elysia keeps of zod's issues only the first; the schema and the value are both on its error, so
 * they are asked again. An answer of ours that does not fit its schema is our fault, not the
 * caller's, and the value in Elysia's message may hold a secret: only the paths are kept.
 */
const validationRefusal = (error: ValidationError): GoLiveError => {
  const { schema } = error.validator as unknown as { schema: z.ZodType }
  const errors = fieldErrors(schema.safeParse(error.value).error?.issues ?? [])
  if (error.type !== 'response') return invalid(errors)
  return internalError(
    new Error(`an answer does not fit its schema: ${errors.map((one) => one.path).join(', ')}`),
  )
}

/** A 422 that names every wrong field. */
export const invalid = (errors: FieldError[]): GoLiveError =>
  new GoLiveError('validation_failed', sentence(errors), { errors })

const sentence = (errors: FieldError[]): string => {
  const first = errors[0]
  if (!first) return 'the request is not valid'
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : ''
  return `${first.path === '' ? 'the body' : first.path}: ${first.message}${more}`
}

/** More would make the answer larger than the request. */
const MOST_ERRORS = 50

/** zod's issues with the dotted path of each field; every unknown field gets its own line. */
export const fieldErrors = (issues: readonly z.core.$ZodIssue[]): FieldError[] =>
  issues.flatMap(toFieldErrors).slice(0, MOST_ERRORS)

const toFieldErrors = (issue: z.core.$ZodIssue): FieldError[] => {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      path: dotted([...issue.path, key]),
      message: 'is not a known field',
    }))
  }
  if (issue.code === 'invalid_key')
    return [{ path: dotted(issue.path), message: issue.issues[0]?.message ?? issue.message }]
  return [{ path: dotted(issue.path), message: issue.message }]
}

/** Keys are the caller's text: cut, or a hostile one would come back in full. */
const dotted = (path: readonly PropertyKey[]): string =>
  path.map((part) => String(part).slice(0, 100)).join('.')
