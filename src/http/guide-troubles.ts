import type { ErrorCode } from '../domain/errors.ts'
import type { RefusalCode } from '../domain/refusal.ts'

/** What somebody notices, and what to do about it. */
export interface Trouble {
  symptom: string
  remedy: string
}

/** Refusals of the join gate: a code without a row does not compile. */
export const GATE_TROUBLES: Record<RefusalCode, Trouble> = {
  token_missing: {
    symptom: 'The app connects without a token.',
    remedy: 'Pass `token` from the answer as it is, as the second argument of `connect`.',
  },
  token_invalid: {
    symptom: 'The token is cut off, changed, or was made elsewhere.',
    remedy:
      'Tokens come from `POST /api/v1/rooms/{room}/tokens` of this server only. Do not sign your own with the `api_secret`.',
  },
  token_expired: {
    symptom: 'Joining worked earlier and no longer does.',
    remedy:
      'Request a token when somebody presses “join”, not in advance; raise `ttl_seconds` (60 to 86400) if links must live longer. Who is in a call stays in it, unless the token has `eject_at_expiry`.',
  },
  token_not_yet_valid: {
    symptom: 'A fresh token is refused.',
    remedy: 'The clock of this server went back. Tell the operator.',
  },
  token_revoked: {
    symptom: 'A token that has not expired is refused.',
    remedy:
      'Its room was deleted and made anew, its key was deleted or replaced, its holder was put out, or you took it back by `POST /api/v1/revocations`. Request a new one.',
  },
  tenant_deactivated: {
    symptom: 'Nobody of yours can join, and calls ended.',
    remedy: 'The operator switched your tenant off. Ask the operator.',
  },
  room_not_found: {
    symptom: 'The token is good, the room is gone.',
    remedy:
      'Create the room, then request a new token. Both calls are cheap: do both before each join.',
  },
  room_locked: {
    symptom: 'Only those who are in the call can get back in.',
    remedy: 'You locked the room: `PATCH /api/v1/rooms/{room}` with `{"locked": false}` opens it.',
  },
  room_not_open: {
    symptom: 'People come too early.',
    remedy: 'The room has an `opens_at`. Show the time, or change it by `PATCH`.',
  },
  room_closed: {
    symptom: 'People come too late, or were put out on time.',
    remedy: 'The room has a `closes_at` that is past. Change it by `PATCH`; `null` takes it away.',
  },
  identity_banned: {
    symptom: 'One person is refused, whatever token they hold.',
    remedy:
      'You banned the identity: `GET /api/v1/rooms/{room}/bans` shows until when, `DELETE …/bans/{identity}` lifts it.',
  },
  duplicate_identity: {
    symptom: 'Somebody cannot join from a second device or tab.',
    remedy:
      'The token says `"on_duplicate": "reject"` and the earlier connection lives. With `replace` the newer one wins; other people need other identities.',
  },
  minutes_exhausted: {
    symptom: 'Nobody new can join until next month.',
    remedy:
      'The minutes of your tenant are used up: `GET /api/v1/me` shows limit and use. Ask the operator for more.',
  },
  room_full: {
    symptom: 'One more person than allowed wants in.',
    remedy: 'Raise `max_participants` of the room, up to the limit that `GET /api/v1/me` shows.',
  },
  tenant_full: {
    symptom: 'New people are refused in every room of yours.',
    remedy: '`max_concurrent_participants` of your tenant is reached. Ask the operator for more.',
  },
  server_full: {
    symptom: 'Joining fails after several tries, for everybody.',
    remedy: 'The whole server is at its limit. SDKs try again by themselves. Tell the operator.',
  },
  media_unavailable: {
    symptom: 'Calls pause for some seconds and come back.',
    remedy:
      'The media server restarts. SDKs reconnect by themselves: show “Reconnecting” and wait.',
  },
  upgrade_required: {
    symptom: 'The API works, but no call connects from anywhere.',
    remedy:
      'A proxy in front of this server drops the `Upgrade` header, or somebody opened a WebSocket address like a page. Tell the operator.',
  },
  request_refused: {
    symptom: 'Only one kind of client fails.',
    remedy:
      'It gives metadata or attributes of its own, and its token has no `can_update_own_metadata`; or what it asked for could not be read: update its SDK.',
  },
}

/** Refusals of /api/v1 that a tenant's backend can meet. */
export const API_TROUBLES: Partial<Record<ErrorCode, Trouble>> = {
  missing_credentials: {
    symptom: 'No `Authorization` header arrives.',
    remedy:
      'Send HTTP Basic: `api_key` as user name, `api_secret` as password. Some HTTP clients drop the header on a redirect.',
  },
  invalid_credentials: {
    symptom: 'Every call is refused after a change of keys.',
    remedy:
      'The key does not exist or the secret is wrong; which of them is not said. Check for a trailing line break in your secret store.',
  },
  secret_sent_as_key: {
    symptom: 'Every call is refused although both values are right.',
    remedy:
      'They are swapped: the key starts with `lkv_`, the secret with `lks_`. As the secret was sent as a user name, look whether a log kept it.',
  },
  tenant_deactivated: {
    symptom: 'Every call is refused from one moment on.',
    remedy: 'The operator switched your tenant off. Ask the operator.',
  },
  room_not_found: {
    symptom: 'A token for a room is refused.',
    remedy:
      'Create the room first, and use its plain name (`team-standup`), not `livekit_name`. Rooms of others look the same: not there.',
  },
  room_exists: {
    symptom: 'Creating a room a second time fails.',
    remedy:
      'Not an error for you: the answer holds the room under `room`. Go on and request the token.',
  },
  room_limit_reached: {
    symptom: 'New rooms are refused, old ones work.',
    remedy: 'Delete rooms that are over, or ask the operator for a higher `max_rooms`.',
  },
  key_not_found: {
    symptom: 'Replacing or deleting a key fails.',
    remedy: '`GET /api/v1/keys` lists the keys that you have.',
  },
  last_key: {
    symptom: 'A key cannot be deleted.',
    remedy:
      'It is the last one that works. Make another, change your systems to it, then delete this one.',
  },
  key_limit_reached: {
    symptom: 'No further key can be made.',
    remedy: 'Delete keys that nobody uses; `last_used_at` tells which.',
  },
  session_not_found: {
    symptom: 'A call that you know of is not found.',
    remedy:
      '`GET /api/v1/sessions` lists those that are kept. Its `id` is meant, not the `livekit_sid`.',
  },
  events_expired: {
    symptom: 'Your reader of events was away for too long.',
    remedy:
      'Go on from `first_seq` of the answer; what happened before is in `GET /api/v1/sessions` and `GET /api/v1/usage`.',
  },
  validation_failed: {
    symptom: 'A request is refused and you cannot see why.',
    remedy:
      'Read `errors`: it names each field. Unknown fields are refused, too, so that a typing error does not pass silently.',
  },
  malformed_json: {
    symptom: 'The body is said to be no JSON.',
    remedy: 'Use a JSON encoder instead of putting text together, and UTF-8.',
  },
  malformed_request: {
    symptom: 'A name with odd characters breaks the address.',
    remedy:
      'Encode names in paths as UTF-8 with percent escapes (`encodeURIComponent` and its like).',
  },
  unsupported_media_type: {
    symptom: 'The body is not looked at.',
    remedy: 'Send `Content-Type: application/json`.',
  },
  body_too_large: {
    symptom: 'Large `metadata` is refused.',
    remedy: 'Keep it small and store the rest with you: everybody in the room receives it.',
  },
  precondition_failed: {
    symptom: 'A change of a room is refused.',
    remedy: 'Somebody else changed it first. Read it again and repeat with the new `ETag`.',
  },
  not_found: {
    symptom: 'No route has this address.',
    remedy: 'Compare it with the table above; every path starts with `/api/v1/`.',
  },
  method_not_allowed: {
    symptom: 'The address is right, the method is not.',
    remedy: 'The header `Allow` of the answer names the right ones.',
  },
  invalid_cursor: {
    symptom: 'A list cannot be continued.',
    remedy: 'Pass `next_cursor` back unchanged, to the same list.',
  },
  rate_limited: {
    symptom: 'Some calls are refused when much happens at once.',
    remedy: 'Wait as many seconds as `Retry-After` says. `RateLimit-Remaining` tells beforehand.',
  },
  media_unavailable: {
    symptom: 'Deleting a room fails for some seconds.',
    remedy: 'The media server restarts, and may still do it: try again.',
  },
  storage_full: {
    symptom: 'Changes fail, calls and tokens work.',
    remedy: 'The disk of this server is full. Tell the operator.',
  },
  server_stopping: {
    symptom: 'One call fails during an update of this server.',
    remedy: 'Nothing was changed: try again.',
  },
  internal_error: {
    symptom: 'The server says that it failed.',
    remedy: 'Our fault. Tell the operator the `request_id`.',
  },
}
