/** Why somebody is not let in. http/signaling.ts maps each to its one status. */
export type RefusalCode =
  | 'token_missing'
  | 'token_invalid'
  | 'token_expired'
  | 'token_not_yet_valid'
  | 'token_revoked'
  | 'tenant_deactivated'
  | 'room_locked'
  | 'room_not_open'
  | 'room_closed'
  | 'room_full'
  | 'tenant_full'
  | 'room_not_found'
  | 'identity_banned'
  | 'duplicate_identity'
  | 'minutes_exhausted'
  | 'upgrade_required'
  | 'request_refused'
  | 'media_unavailable'
  | 'server_full'

/** A refusal is an answer, not a failure: its sentence is for the person who wanted to join. */
export class Refusal {
  readonly code: RefusalCode
  readonly sentence: string
  readonly retryAfterSeconds: number | null

  constructor(code: RefusalCode, sentence: string, retryAfterSeconds: number | null = null) {
    this.code = code
    this.sentence = sentence
    this.retryAfterSeconds = retryAfterSeconds
  }
}
