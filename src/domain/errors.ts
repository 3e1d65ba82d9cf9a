/** Every way a request can be refused. http/problem.ts maps each to its one status. */
export type ErrorCode =
  | 'missing_credentials'
  | 'invalid_credentials'
  | 'secret_sent_as_key'
  | 'tenant_deactivated'
  | 'not_found'
  | 'method_not_allowed'
  | 'malformed_json'
  | 'malformed_request'
  | 'unsupported_media_type'
  | 'body_too_large'
  | 'validation_failed'
  | 'invalid_cursor'
  | 'rate_limited'
  | 'tenant_not_found'
  | 'tenant_exists'
  | 'slug_recently_used'
  | 'key_not_found'
  | 'last_key'
  | 'key_limit_reached'
  | 'room_not_found'
  | 'room_exists'
  | 'room_limit_reached'
  | 'precondition_failed'
  | 'participant_not_found'
  | 'track_not_found'
  | 'ban_not_found'
  | 'unmute_not_allowed'
  | 'rpc_failed'
  | 'rpc_timeout'
  | 'member_limit_reached'
  | 'revocation_limit_reached'
  | 'role_not_found'
  | 'role_built_in'
  | 'role_limit_reached'
  | 'events_expired'
  | 'webhook_not_found'
  | 'webhook_limit_reached'
  | 'webhook_disabled'
  | 'delivery_not_found'
  | 'replay_limit_reached'
  | 'calls_running'
  | 'session_ended'
  | 'session_not_found'
  | 'invalid_link'
  | 'wrong_password'
  | 'password_required'
  | 'bad_origin'
  | 'forbidden'
  | 'admin_exists'
  | 'admin_not_found'
  | 'token_not_found'
  | 'media_unavailable'
  | 'server_full'
  | 'server_stopping'
  | 'storage_full'
  | 'internal_error'

export interface FieldError {
  path: string
  message: string
}

interface Details {
  /** what to do next */
  hint?: string
  errors?: FieldError[]
  /** further members of the answer's body, such as the room that exists already */
  extra?: Record<string, unknown>
  retryAfterSeconds?: number
  cause?: unknown
}

/** A refusal that people read: `message` is its sentence. The domain never says a status. */
export class GoLiveError extends Error {
  override name = 'GoLiveError'
  readonly code: ErrorCode
  readonly details: Details

  constructor(code: ErrorCode, message: string, details: Details = {}) {
    super(message, { cause: details.cause })
    this.code = code
    this.details = details
  }
}

/** The server cannot start: exit code 3 and one sentence. */
export class StartError extends Error {
  override name = 'StartError'
}
