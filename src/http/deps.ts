import type { Config } from '../config/schema.ts'
import type { AdminSessions } from '../domain/admin-sessions.ts'
import type { AdminTokens } from '../domain/admin-tokens.ts'
import type { Admins } from '../domain/admins.ts'
import type { Audit } from '../domain/audit.ts'
import type { Checks } from '../domain/checks.ts'
import type { Control } from '../domain/control.ts'
import type { Credentials } from '../domain/credentials.ts'
import type { Deliveries } from '../domain/deliveries.ts'
import type { Examination } from '../domain/doctor/examination.ts'
import type { Erasures } from '../domain/erasures.ts'
import type { EventLog } from '../domain/events.ts'
import type { Inspector } from '../domain/inspection.ts'
import type { Keys } from '../domain/keys.ts'
import type { Moderation } from '../domain/moderation.ts'
import type { Participants } from '../domain/participants.ts'
import type { Presence } from '../domain/presence.ts'
import type { Problems } from '../domain/problems.ts'
import type { Revocations } from '../domain/revocations.ts'
import type { Roles } from '../domain/roles.ts'
import type { Rooms } from '../domain/rooms.ts'
import type { Sessions } from '../domain/sessions.ts'
import type { Status } from '../domain/status.ts'
import type { TenantExport } from '../domain/tenant-export.ts'
import type { Tenants } from '../domain/tenants.ts'
import type { Tokens } from '../domain/tokens.ts'
import type { Usage } from '../domain/usage.ts'
import type { Webhooks } from '../domain/webhooks.ts'
import type { Logger } from '../lib/log.ts'
import type { EventStreams } from './event-streams.ts'
import type { Metrics } from './metrics.ts'

/** All that the HTTP edge needs from below. */
export interface HttpDeps {
  /** as it is now: to be read at each use */
  readonly config: Config
  log: Logger
  tenants: Tenants
  keys: Keys
  rooms: Rooms
  tokens: Tokens
  credentials: Credentials
  presence: Presence
  participants: Participants
  moderation: Moderation
  revocations: Revocations
  roles: Roles
  inspector: Inspector
  erasures: Erasures
  exports: TenantExport
  events: EventLog
  webhooks: Webhooks
  deliveries: Deliveries
  streams: EventStreams
  callSessions: Sessions
  usage: Usage
  problems: Problems
  status: Status
  audit: Audit
  admins: Admins
  sessions: AdminSessions
  adminTokens: AdminTokens
  control: Control
  checks: Checks
  examination: Examination
  metrics: Metrics
  version: string
  /** origin under which people and SDKs reach this server */
  publicUrl: string
  /** what SDKs connect to, as it stands in answers to token requests */
  wsUrl: string
}
