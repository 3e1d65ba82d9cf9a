import type { About } from '../openapi.ts'

const MEANING: Record<string, string> = {
  200: 'Done.',
  201: 'Created.',
  202: 'It will be done.',
  204: 'Done; there is nothing to say.',
  400: '`malformed_json` or `malformed_request`: this is not a request we can read.',
  401: '`missing_credentials`, `invalid_credentials` (the token) or `session_ended`.',
  403: '`forbidden`: beyond what the token may do; `password_required`: a sign-in link was used and no password chosen yet; `bad_origin`: a page of another site asks.',
  410: '`events_expired`: these events are no longer kept; the first that is there is `first_seq`.',
  413: '`body_too_large`: more than 64 KiB.',
  415: '`unsupported_media_type`: send `Content-Type: application/json`.',
  422: '`validation_failed`, with every wrong field under `errors`, or `invalid_cursor`.',
  429: '`rate_limited`: too many failures from this place; wait as `Retry-After` says.',
  500: '`internal_error`: our fault; the log has more under the `request_id`.',
  503: '`media_unavailable`, `storage_full` or `server_stopping`: `hint` says what holds by then; try again.',
}

const SPECIAL = {
  beginCheck: {
    429: '`rate_limited`: too many check calls run, or too many failures from this place; wait as `Retry-After` says.',
    503: '`media_unavailable`, `server_full` or `server_stopping`: try again as `Retry-After` says.',
  },
  signIn: {
    401: '`invalid_credentials`, alike for an unknown address and a wrong password, or `invalid_link`.',
    403: '`bad_origin`: a page of another site asks.',
    429: '`rate_limited`: too many failures from this place, or of this account from many places.',
  },
  changePassword: {
    403: '`wrong_password`: `current_password` is not it; `forbidden`: a token has no password; `bad_origin`: a page of another site asks.',
  },
  createAdmin: { 409: '`admin_exists`.' },
  createToken: { 404: '`tenant_not_found`, or `not_found` as everywhere.' },
  createTenant: {
    409: '`tenant_exists`, or `slug_recently_used`: it was deleted less than 24 hours ago.',
  },
  createTenantKey: { 409: '`key_limit_reached`.' },
  createTenantRoom: {
    409: '`room_exists`, with the existing room under `room`, or `room_limit_reached`.',
  },
  createTenantRoomToken: {
    404: '`tenant_not_found`, `room_not_found`, or `key_not_found`: no key of the tenant works.',
  },
  redeliverForTenant: {
    409: '`webhook_disabled`, or `replay_limit_reached`: too many are under way.',
    410: '`events_expired`: no longer kept; `first_seq` is the first that is.',
  },
  restartLivekit: {
    202: 'It was restarted.',
    409: '`calls_running`: send `{"force": true}` to restart all the same.',
  },
}

const ALSO = {
  getTenantUsage: 'text/csv',
  getLedger: 'text/csv',
  listTenantEvents: 'text/event-stream',
} as const

const TAGS = [
  { name: 'Sign-in', description: 'Sessions of people, by cookie.' },
  { name: 'Access', description: "Operators' accounts, and tokens for scripts." },
  { name: 'Tenants', description: 'The customers of this server.' },
  { name: 'Keys', description: "Credentials of the tenants' backends." },
  { name: 'Rooms', description: "The tenants' rooms." },
  { name: 'Webhooks', description: 'What tenants are told of, and whether it arrives.' },
  { name: 'History', description: 'What happened in calls, and what it used.' },
  { name: 'Server', description: 'What goes on, and what went on.' },
]

const DESCRIPTION = `Operate this server: tenants, their keys, live calls, who may do what and who did.

People sign in and are known by a session cookie; what changes anything must then come from a page of this server. Scripts send \`Authorization: Bearer lka_…\`: such a token may be for reading only, and for one tenant only, which is all below \`/admin/tenants/{slug}\` and what join tokens of that tenant would do. On the machine itself the same API is on the unix socket \`<data_dir>/golive.sock\`, for whoever may open it.

Bodies are JSON in UTF-8, names are \`snake_case\`, times are RFC 3339 in UTC. Unknown fields are refused; \`null\` on create is the same as absent, on PATCH it clears. Every answer carries \`X-Request-Id\`. Errors are RFC 9457 problem details with a stable \`code\`. Every change is on record in the audit log.`

/** What the document at /admin/openapi.json says beside routes and schemas. */
export const ADMIN_API: Omit<About, 'version' | 'operatorContact'> = {
  title: 'GoLive admin API',
  description: DESCRIPTION,
  tags: TAGS,
  securitySchemes: {
    cookie: {
      type: 'apiKey',
      in: 'cookie',
      name: '__Host-golive',
      description:
        'Set by `POST /admin/session`. It is called `golive` where the server is `http://localhost` or `http://127.0.0.1`.',
    },
    bearer: { type: 'http', scheme: 'bearer', description: 'An `lka_…` token.' },
  },
  limited: false,
  meaning: MEANING,
  notFound: (codes) =>
    [...codes, "`not_found`: the operator's API is not for this network or host name."].join(
      ', or ',
    ),
  special: SPECIAL,
  also: ALSO,
}
