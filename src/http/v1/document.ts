import type { About } from '../openapi.ts'

const MEANING: Record<string, string> = {
  200: 'Done.',
  201: 'Created.',
  202: 'Sent, or it will be.',
  204: 'Done; there is nothing to say.',
  400: '`malformed_json` or `malformed_request`: this is not a request we can read.',
  401: '`missing_credentials`, `invalid_credentials`, `secret_sent_as_key` or `tenant_deactivated`.',
  410: '`events_expired`: these events are no longer kept; the first that is there is `first_seq`.',
  412: '`precondition_failed`: the room was changed meanwhile, or exists, or does not.',
  413: '`body_too_large`: more than 64 KiB.',
  415: '`unsupported_media_type`: send `Content-Type: application/json`.',
  422: '`validation_failed`, with every wrong field under `errors`, or `invalid_cursor`.',
  429: '`rate_limited`: wait as `Retry-After` says.',
  500: '`internal_error`: our fault; tell the operator the `request_id`.',
  503: '`media_unavailable`, `storage_full` or `server_stopping`: `hint` says what holds by then; try again.',
}

const REPLAY = {
  409: '`webhook_disabled`, or `replay_limit_reached`: too many are under way.',
  410: '`events_expired`: no longer kept; `first_seq` is the first that is.',
}

const SPECIAL = {
  eraseIdentity: {
    202: 'It will be done.',
    429: '`rate_limited`: wait as `Retry-After` says; also while 1000 people of yours wait to be erased.',
  },
  createRoom: {
    409: '`room_exists`, with the existing room under `room`, or `room_limit_reached`.',
  },
  putRoom: { 409: '`room_limit_reached`.' },
  createKey: { 409: '`key_limit_reached`.' },
  updateParticipant: { 409: '`member_limit_reached`.' },
  removeParticipant: { 409: '`member_limit_reached`.' },
  muteParticipant: {
    403: '`unmute_not_allowed`: the operator does not let anybody be unmuted.',
    404: '`room_not_found`, `participant_not_found` or `track_not_found`.',
  },
  createToken: { 404: '`room_not_found` or `role_not_found`: none of yours has this name.' },
  sendData: {
    413: '`body_too_large`: more than 96 KiB.',
    404: '`room_not_found`, or `participant_not_found`: one of `identities` is not in the call.',
  },
  callParticipant: {
    502: '`rpc_failed`: the participant answered with an error, its number is in `rpc_code`.',
    504: '`rpc_timeout`: the participant did not answer in time.',
  },
  revokeTokens: {
    404: '`key_not_found`: none of yours has this name.',
    409: '`revocation_limit_reached`.',
  },
  revokeRoomTokens: {
    404: '`room_not_found` or `key_not_found`: none of yours has this name.',
    409: '`revocation_limit_reached`.',
  },
  putRole: { 409: '`role_limit_reached` or `role_built_in`.' },
  deleteRole: { 409: '`role_built_in`.' },
  deleteKey: { 409: '`last_key`: no other key of yours works.' },
  createWebhook: { 409: '`webhook_limit_reached`.' },
  redeliver: REPLAY,
  replayEvents: REPLAY,
}

const ALSO = { getUsage: 'text/csv', listEvents: 'text/event-stream' } as const

const TAGS = [
  { name: 'Tenant', description: 'Who the credentials belong to.' },
  { name: 'Rooms', description: 'Rooms are named by you and stay until you delete them.' },
  { name: 'Tokens', description: 'What lets people in.' },
  { name: 'Participants', description: 'People in calls, and who is kept out.' },
  { name: 'Sessions', description: 'Calls that run or ran, and who was in them.' },
  { name: 'Usage', description: 'What calls used, for invoices.' },
  { name: 'Events', description: 'What happened, in one sequence without gaps.' },
  { name: 'Roles', description: 'Presets of what a token allows.' },
  {
    name: 'Keys',
    description: 'Credentials of your backends: one for each, and a new secret now and then.',
  },
  { name: 'Webhooks', description: 'Endpoints of yours that are told what happens.' },
]

const DESCRIPTION = `Create rooms and mint the tokens that let people join them.

Credentials are an \`api_key\` and its \`api_secret\` as HTTP Basic user name and password: call this API from your backend, never from a browser or an app. Bodies are JSON in UTF-8, names are \`snake_case\`, times are RFC 3339 in UTC. Unknown fields are refused; \`null\` on create is the same as absent, on PATCH it clears.

Every answer carries \`X-Request-Id\`. Errors are RFC 9457 problem details with a stable \`code\`. Reads, writes and token requests are limited separately; \`RateLimit-Limit\`, \`RateLimit-Remaining\` and \`RateLimit-Reset\` tell how much is left.`

/** What the document at /api/v1/openapi.json says beside routes and schemas. */
export const TENANT_API: Omit<About, 'version' | 'operatorContact'> = {
  title: 'GoLive tenant API',
  description: DESCRIPTION,
  tags: TAGS,
  securitySchemes: {
    basic: {
      type: 'http',
      scheme: 'basic',
      description: '`api_key` as user name, `api_secret` as password.',
    },
  },
  limited: true,
  meaning: MEANING,
  notFound: (codes) => `${codes.join(' or ')}: none of yours has this name.`,
  special: SPECIAL,
  also: ALSO,
}
