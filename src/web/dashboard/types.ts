/** What the admin API answers, as far as the dashboard shows it. Times are RFC 3339. */

export interface List<T> {
  data: T[]
  next_cursor: string | null
}

export interface Session {
  actor: string
  admin: { id: string; email: string } | null
  must_set_password: boolean
}

export interface Limits {
  max_rooms: number
  max_participants_per_room: number
  max_concurrent_participants: number | null
  participant_minutes_per_month: number | null
  participant_minutes_hard: boolean
  api_requests_per_second: number
  token_mints_per_second: number
  max_webhooks: number
}

export interface Tenant {
  slug: string
  name: string | null
  status: 'active' | 'deactivated'
  created_at: string
  limits: Limits
}

export interface Key {
  api_key: string
  label: string | null
  created_at: string
  expires_at: string | null
  last_used_at: string | null
  last_used_from: string | null
  previous_secret: { expires_at: string; last_used_at: string | null } | null
}

export interface Secret {
  api_key: string
  api_secret: string
}

export interface LiveCall {
  tenant: string
  room: string
  livekit_name: string
  participants: { identity: string; sid: string | null; since: string }[]
}

export interface Permissions {
  can_publish: boolean
  can_subscribe: boolean
  can_publish_data: boolean
  /** empty for all, if it may publish */
  can_publish_sources: string[]
  can_update_own_metadata: boolean
  hidden: boolean
}

export interface TokenClaims {
  /** null for a check call */
  tenant: string | null
  room: string
  identity: string
  name: string | null
  api_key: string
  first_issued_at: string
  expires_at: string
  on_duplicate: 'replace' | 'reject'
  eject_at: string | null
  permissions: Permissions
}

export interface Inspection {
  claims: TokenClaims | null
  admitted: boolean
  code: string | null
  reason: string
}

export interface Problem {
  at: string
  times?: number
  kind: 'join_refused' | 'api_refused'
  code: string
  room: string | null
  identity: string | null
  detail: string
}

export interface AuditEntry {
  id: string
  at: string
  actor: string
  address: string | null
  action: string
  target: string
  tenant: string | null
  before: Record<string, unknown> | null
  after: Record<string, unknown> | null
}

export interface AdminAccount {
  id: string
  email: string
  created_at: string
  last_sign_in_at: string | null
  has_password: boolean
}

export interface AdminSession {
  id: string
  admin: { email: string }
  created_at: string
  last_seen_at: string
  address: string | null
  user_agent: string | null
  current: boolean
}

export interface AdminToken {
  id: string
  label: string
  scope: 'read' | 'write'
  tenant: string | null
  created_at: string
  created_by: string
  expires_at: string | null
  last_used_at: string | null
  last_used_from: string | null
}

export interface Finding {
  id: string
  title: string
  state: 'ok' | 'warn' | 'fail' | 'skipped'
  detail: string
  fix: string | null
}

export interface DoctorReport {
  data: Finding[]
  verdict: string
}

export type ChildState = 'starting' | 'running' | 'restarting' | 'degraded' | 'stopped'

export interface Status {
  version: string
  uptime_seconds: number
  data_dir: string
  public_url: string
  livekit: {
    state: ChildState
    pid: number | null
    version: string
    restarts: number
    started_at: string | null
    restart_needed: boolean
    last_exit: { at: string; code: number | null; signal: string | null; asked: boolean } | null
    last_lines: string[]
  }
  calls: { rooms: number; participants: number; max_participants: number }
  usage: { participant_minutes_this_month: number }
  database: { ok: boolean }
  disk: { path: string; free_bytes: number; total_bytes: number } | null
  certificate: {
    names: string[]
    not_after: string
    issuer: string
    source: 'acme' | 'files' | 'internal'
    /** until there is one that browsers believe */
    temporary: boolean
    last_error: string | null
    next_attempt: string | null
  } | null
  addresses: {
    public_url: string
    ws_url: string
    media: { ip: string; udp_port: number; tcp_port: number }
    host: string
    ipv6: string | null
    source: 'config' | 'interface' | 'stun' | 'https' | 'remembered' | 'loopback'
    hairpin: boolean | null
    relay: { offered: boolean; reason: string | null }
  }
  warnings: { code: string; message: string; hint: string }[]
}
