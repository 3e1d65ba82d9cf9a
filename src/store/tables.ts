import type { Generated } from 'kysely'

/** A boolean as both SQLite and PostgreSQL can hold it. */
type Flag = 0 | 1

interface SettingRow {
  name: string
  value: string
}

export interface TenantRow {
  id: string
  slug: string
  name: string | null
  status: 'active' | 'deactivated'
  limits: string
  tokens_revoked_before: number | null
  created_at: number
  deleted_at: number | null
}

interface TenantTable extends TenantRow {
  /** when all but its totals was taken away */
  purged_at: Generated<number | null>
}

interface TenantCounterRow {
  tenant_id: string
  rooms: number
  event_seq: Generated<number>
  /** the limit that was last told to be reached, with its month */
  limit_told: Generated<string | null>
}

export interface KeyRow {
  api_key: string
  tenant_id: string
  label: string | null
  sealed_secret: Uint8Array
  previous_sealed_secret: Uint8Array | null
  previous_expires_at: number | null
  previous_last_used_at: number | null
  previous_last_used_from: string | null
  tokens_revoked_before: number | null
  created_at: number
  expires_at: number | null
  last_used_at: number | null
  last_used_from: string | null
  deleted_at: number | null
}

export interface RoomRow {
  id: string
  tenant_id: string
  name: string
  max_participants: number | null
  empty_timeout_seconds: number
  departure_timeout_seconds: number
  metadata: string
  locked: Flag
  opens_at: number | null
  closes_at: number | null
  max_duration_seconds: number | null
  version: number
  created_at: number
  updated_at: number
}

export interface MemberRow {
  room_id: string
  identity: string
  banned_at: number | null
  ban_ends_at: number | null
  tokens_revoked_before: number | null
  changes: string | null
  updated_at: number
}

export interface RevocationRow {
  id: string
  tenant_id: string
  room_id: string | null
  identity: string | null
  api_key: string | null
  revoked_before: number
  created_at: number
}

export interface RoleRow {
  tenant_id: string
  name: string
  grants: string
  updated_at: number
}

export interface EventRow {
  tenant_id: string
  seq: number
  id: string
  type: string
  at: number
  /** whom it is about */
  identity: string | null
  data: string
  reconstructed: Flag
}

export interface SessionRow {
  id: string
  tenant_id: string
  room: string
  livekit_sid: string
  started_at: number
  /** when the last of its people left; null while LiveKit's room is there */
  ended_at: number | null
  end_reason: string | null
  end_accuracy_ms: number
  peak_participants: number
  /** of those who left */
  participant_ms: number
  reconstructed: Flag
}

export interface SessionParticipantRow {
  sid: string
  session_id: string
  tenant_id: string
  identity: string
  name: string
  joined_at: number
  left_at: number | null
  leave_reason: string | null
  end_accuracy_ms: number
  /** JSON: milliseconds */
  reconnected_at: string
  transport: string | null
  sdk: string | null
  sdk_version: string | null
  os: string | null
  browser: string | null
  address: string | null
  reconstructed: Flag
}

export interface TrackRow {
  participant_sid: string
  sid: string
  kind: string
  source: string
  published_at: number
  unpublished_at: number | null
  /** JSON: pairs of milliseconds, from and to; null for one that lasts */
  mutes: string
}

interface Usage {
  tenant_id: string
  /** such as 2026-11-25, UTC */
  day: string
  participant_ms: number
  /** who joined that day */
  participants: number
  /** that began that day */
  sessions: number
}

export type UsageDayRow = Usage

export interface UsageRoomRow extends Usage {
  room: string
}

export interface UsageRoomMonthRow extends Omit<UsageRoomRow, 'day'> {
  /** such as 2026-11, UTC */
  month: string
}

export interface WebhookRow {
  id: string
  tenant_id: string
  url: string
  /** JSON: a list; `*` is all */
  types: string
  status: 'active' | 'disabled'
  disabled_reason: string | null
  sealed_secret: Uint8Array
  previous_sealed_secret: Uint8Array | null
  previous_expires_at: number | null
  created_at: number
  last_success_at: number | null
  last_failure_at: number | null
}

export interface WebhookRunRow {
  id: string
  webhook_id: string
  /** of the log; everything before is delivered */
  next_seq: number
  /** where it ends; null for the one that goes on for ever */
  last_seq: number | null
  /** 1: whatever types the webhook asks for */
  unfiltered: Flag
  /** how often what comes next was tried */
  attempt: number
  first_attempt_at: number | null
  /** not before; null is at once */
  next_attempt_at: number | null
  created_at: number
}

export interface DeliveryRow {
  id: string
  webhook_id: string
  seq: number
  type: string
  attempt: number
  at: number
  /** null where nothing answered, and of what was not sent */
  status_code: number | null
  duration_ms: number | null
  /** null for one that arrived */
  error: string | null
  response_excerpt: string | null
  next_attempt_at: number | null
}

/** Somebody who is to become unrecognisable; gone when that is done. */
export interface ErasureRow {
  tenant_id: string
  identity: string
  pseudonym: string
  requested_at: number
  /** null until it can begin */
  began_at: number | null
  /** the last event that was looked at */
  erased_seq: number
  /** the last event that is to be looked at; null until it can begin */
  until_seq: number | null
}

export interface AdminRow {
  id: string
  email: string
  password_hash: string | null
  created_at: number
  last_sign_in_at: number | null
}

export interface SignInLinkRow {
  hash: string
  admin_id: string
  created_at: number
  expires_at: number
  used_at: number | null
}

export interface AdminSessionRow {
  id: string
  hash: string
  admin_id: string
  by_link: Flag
  address: string | null
  user_agent: string | null
  created_at: number
  last_seen_at: number
  expires_at: number
}

export interface AdminTokenRow {
  id: string
  hash: string
  label: string
  scope: 'read' | 'write'
  tenant_id: string | null
  created_at: number
  created_by: string
  expires_at: number | null
  last_used_at: number | null
  last_used_from: string | null
}

export interface AuditRow {
  id: string
  at: number
  actor: string
  address: string | null
  action: string
  target: string
  tenant_id: string | null
  tenant_slug: string | null
  before: string | null
  after: string | null
}

export interface Tables {
  settings: SettingRow
  tenants: TenantTable
  tenant_counters: TenantCounterRow
  keys: KeyRow
  rooms: RoomRow
  members: MemberRow
  revocations: RevocationRow
  roles: RoleRow
  events: EventRow
  sessions: SessionRow
  session_participants: SessionParticipantRow
  tracks: TrackRow
  usage_days: UsageDayRow
  usage_rooms: UsageRoomRow
  usage_room_months: UsageRoomMonthRow
  webhooks: WebhookRow
  webhook_runs: WebhookRunRow
  deliveries: DeliveryRow
  erasures: ErasureRow
  admins: AdminRow
  sign_in_links: SignInLinkRow
  admin_sessions: AdminSessionRow
  admin_tokens: AdminTokenRow
  audit: AuditRow
}
