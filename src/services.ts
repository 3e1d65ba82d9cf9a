import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import type { LiveConfig } from './config/reload.ts'
import type { Config } from './config/schema.ts'
import type { DataDir } from './data-dir.ts'
import { AdminSessions } from './domain/admin-sessions.ts'
import { AdminTokens } from './domain/admin-tokens.ts'
import { Admins } from './domain/admins.ts'
import { Audit } from './domain/audit.ts'
import { Calls, type Child } from './domain/calls.ts'
import { Checks } from './domain/checks.ts'
import { Control } from './domain/control.ts'
import { Credentials } from './domain/credentials.ts'
import { Deliverer } from './domain/deliverer.ts'
import { Deliveries } from './domain/deliveries.ts'
import { DeliveryRecorder } from './domain/delivery-recorder.ts'
import { askDoctor, Examination } from './domain/doctor/examination.ts'
import { Ejections } from './domain/ejections.ts'
import { Erasures } from './domain/erasures.ts'
import { EventLog } from './domain/events.ts'
import { Gate } from './domain/gate.ts'
import { Inspector } from './domain/inspection.ts'
import { Keys, SecretBox } from './domain/keys.ts'
import { Minutes } from './domain/minutes.ts'
import { Moderation } from './domain/moderation.ts'
import { Participants } from './domain/participants.ts'
import { Passwords } from './domain/passwords.ts'
import { Presence } from './domain/presence.ts'
import { Problems } from './domain/problems.ts'
import { Recorder } from './domain/recorder.ts'
import { Refusals } from './domain/refusals.ts'
import { Retention } from './domain/retention.ts'
import { Revocations } from './domain/revocations.ts'
import { Roles } from './domain/roles.ts'
import { Rooms } from './domain/rooms.ts'
import { Sessions } from './domain/sessions.ts'
import { type CertificateView, Status } from './domain/status.ts'
import { StreamMark } from './domain/stream-mark.ts'
import { TenantExport } from './domain/tenant-export.ts'
import { Tenants } from './domain/tenants.ts'
import { Tokens } from './domain/tokens.ts'
import { Usage } from './domain/usage.ts'
import { WebhookSender } from './domain/webhook-sender.ts'
import { Webhooks } from './domain/webhooks.ts'
import type { HttpDeps } from './http/deps.ts'
import { EventStreams } from './http/event-streams.ts'
import { Metrics } from './http/metrics.ts'
import { type Clock, systemClock } from './lib/clock.ts'
import { diskSpace } from './lib/disk.ts'
import type { Logger } from './lib/log.ts'
import { type Addresses, publicUrl } from './livekit/addresses.ts'
import { CallLog } from './livekit/call-log.ts'
import { LivekitClient } from './livekit/client.ts'
import type { LivekitKey } from './livekit/grants.ts'
import type { ChildStatus } from './livekit/supervisor.ts'
import type { Store } from './store/db.ts'
import { VERSION } from './version.ts'

/** A rough guide from what an SFU forwards per core; an operator who measured sets it. */
const PEOPLE_PER_CORE = 100

/** The one pair that livekit-server knows, the same as long as the master key is. */
export const livekitKey = ({ secrets }: DataDir): LivekitKey => ({
  apiKey: 'golive',
  apiSecret: secrets.livekit.toString('base64url'),
})

export interface Outside {
  addresses: Addresses
  log: Logger
  child: () => Child
  childStatus: () => ChildStatus
  livekitOrigin: () => string
  /** null where TLS does not end here */
  certificates: CertificateView | null
  restartChild: () => Promise<void>
  restart: () => void
  stop: () => void
}

export interface Services extends HttpDeps {
  calls: Calls
  ejections: Ejections
  gate: Gate
  minutes: Minutes
  recorder: Recorder
  streamMark: StreamMark
  refusals: Refusals
  deliverer: Deliverer
  attempts: DeliveryRecorder
  retention: Retention
}

/** Builds every rule of the product from a data dir and what is outside of it. */
export const createServices = (live: LiveConfig, data: DataDir, outside: Outside): Services => {
  const config = live.current
  const { store, secrets } = data
  const { log, child } = outside
  const clock = systemClock
  const maxParticipants = () => capacity(live.current)
  const origin = publicUrl(config, outside.addresses)
  const wsUrl = origin.replace(/^http/, 'ws')
  const audit = new Audit({ store, clock })
  const box = new SecretBox(secrets.seal)
  const presence = new Presence(clock)
  const livekit = new LivekitClient({ url: outside.livekitOrigin, ...livekitKey(data) })
  const record = recordOf(data, { store, clock, log, presence })
  const { events, recorder } = record
  const calls = new Calls({ store, clock, log, presence, livekit, recorder, child })
  const problems = new Problems(clock)
  const credentials = new Credentials({ store, clock, box, problems })
  const keys = new Keys({ store, clock, box, credentials, calls, audit })
  const tenants = new Tenants({ store, clock, keys, credentials, calls, audit })
  const rooms = new Rooms({ store, clock, events, presence, calls })
  const admission = admissionTo(config, data, livekit, {
    ...{ store, clock, keys, credentials, rooms, presence, calls, wsUrl, maxParticipants },
    ...record,
  })
  const { tokens, minutes } = admission
  const control = new Control({ store, audit, presence, ...outside })
  const urls = { publicUrl: origin, wsUrl }
  const status = new Status({
    ...{ config, store, clock, presence, calls, minutes, maxParticipants, ...urls },
    ...aboutMachine(live, data, outside),
  })
  return {
    ...operators(origin, { store, clock, audit }),
    ...admission,
    ...sendingTo(live, { store, clock, log, events, audit, problems, box }),
    ...record,
    ...keeping(live, { store, clock, audit, problems, credentials, tenants, ...admission }),
    get config() {
      return live.current
    },
    log,
    audit,
    ...readers(events, { store, clock }),
    tenants,
    keys,
    rooms,
    ...{ credentials, presence, problems, status },
    control,
    checks: new Checks({ clock, tokens, calls, presence, wsUrl, maxParticipants }),
    examination: new Examination(() => examineOurselves(config)),
    calls,
    metrics: new Metrics(),
    version: VERSION,
    ...urls,
  }
}

type Telling = Pick<HttpDeps, 'log' | 'events' | 'audit' | 'problems'> & {
  store: Store
  clock: Clock
  box: SecretBox
}

/** How tenants' endpoints are told of events. */
const sendingTo = (live: LiveConfig, told: Telling) => {
  const parts = { ...told, allowPrivate: () => live.current.webhooks.allow_private }
  const sender = new WebhookSender({ ...parts, version: VERSION })
  const attempts = new DeliveryRecorder(parts)
  const deliverer = new Deliverer({ ...parts, sender, attempts })
  return {
    deliverer,
    attempts,
    webhooks: new Webhooks({ ...parts, sender, deliverer }),
    deliveries: new Deliveries({ ...parts, deliverer }),
  }
}

/** What the status tells of it. */
const aboutMachine = (live: LiveConfig, data: DataDir, outside: Outside) => ({
  child: outside.childStatus,
  version: VERSION,
  dataDir: data.path,
  reserve: data.reserve,
  addresses: outside.addresses,
  disk: diskSpace,
  certificates: outside.certificates,
  restartNeeded: () => live.restartNeeded,
})

/** What writes down what happens. */
const recordOf = (
  data: DataDir,
  base: { store: Store; clock: Clock; log: Logger; presence: Presence },
) => {
  const events = new EventLog(base)
  const callLog = new CallLog(join(data.path, 'livekit', 'livekit.log'))
  const recorder = new Recorder({ ...base, events, callLog })
  const refusals = new Refusals({ ...base, events })
  const streamMark = new StreamMark({ ...base, events, path: join(data.path, 'events.mark') })
  return { events, callLog, recorder, refusals, streamMark }
}

interface Known {
  store: Store
  clock: Clock
  events: EventLog
  keys: Keys
  credentials: Credentials
  rooms: Rooms
  presence: Presence
  calls: Calls
  callLog: CallLog
  wsUrl: string
  maxParticipants: () => number
}

/** Who may join, and what people in calls may do. */
const admissionTo = (config: Config, data: DataDir, livekit: LivekitClient, known: Known) => {
  const { store, clock, events, calls, presence } = known
  const roles = new Roles({ store, clock })
  const moderation = new Moderation({ store, clock, events })
  const minutes = new Minutes({ store, clock, presence, calls, events })
  const tokens = new Tokens({ ...known, joinKey: data.secrets.join, roles })
  const gate = new Gate({ ...known, tokens, moderation, minutes })
  const participants = new Participants({
    ...{ clock, presence, calls, moderation, livekit },
    callLog: known.callLog,
    remoteUnmute: config.livekit.remote_unmute,
  })
  return {
    roles,
    moderation,
    minutes,
    tokens,
    gate,
    participants,
    revocations: new Revocations({ store, clock, presence, calls, moderation }),
    ejections: new Ejections({ clock, presence, calls }),
    inspector: new Inspector({ gate, tokens }),
  }
}

interface Kept {
  store: Store
  clock: Clock
  audit: Audit
  problems: Problems
  credentials: Credentials
  tenants: Tenants
  moderation: Moderation
}

/** What is kept of people and tenants, for how long, and who may have it. */
const keeping = (live: LiveConfig, kept: Kept) => ({
  retention: new Retention({ ...kept, days: () => live.current.retention }),
  erasures: new Erasures(kept),
  exports: new TenantExport(kept),
})

/** `golive doctor` for the configuration that this server was started with. */
const examineOurselves = ({ source }: Config): Promise<string> => {
  const { GOLIVE_MASTER_KEY: _, ...env } = process.env
  return askDoctor(source, env)
}

/** People in calls at once on this machine. */
const capacity = ({ livekit }: Config): number =>
  livekit.max_participants === 'auto'
    ? availableParallelism() * PEOPLE_PER_CORE
    : livekit.max_participants

/** What tells of what happened. */
const readers = (events: EventLog, base: { store: Store; clock: Clock }) => ({
  events,
  streams: new EventStreams(events),
  callSessions: new Sessions(base),
  usage: new Usage(base),
})

/** Who may use the operator's API. */
const operators = (origin: string, base: { store: Store; clock: Clock; audit: Audit }) => ({
  admins: new Admins({ ...base, publicUrl: origin }),
  sessions: new AdminSessions({ ...base, passwords: new Passwords() }),
  adminTokens: new AdminTokens(base),
})
