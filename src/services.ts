import { availableParallelism } from 'node:os'
import { terminatesTls } from './config/check.ts'
import type { Config } from './config/schema.ts'
import type { DataDir } from './data-dir.ts'
import { AdminSessions } from './domain/admin-sessions.ts'
import { AdminTokens } from './domain/admin-tokens.ts'
import { Admins } from './domain/admins.ts'
import { Audit } from './domain/audit.ts'
import { Calls, type Child } from './domain/calls.ts'
import { Control } from './domain/control.ts'
import { Credentials } from './domain/credentials.ts'
import { Gate } from './domain/gate.ts'
import { Keys, SecretBox } from './domain/keys.ts'
import { Passwords } from './domain/passwords.ts'
import { Presence } from './domain/presence.ts'
import { Problems } from './domain/problems.ts'
import { Rooms } from './domain/rooms.ts'
import { Status } from './domain/status.ts'
import { Tenants } from './domain/tenants.ts'
import { Tokens } from './domain/tokens.ts'
import type { HttpDeps } from './http/deps.ts'
import { Metrics } from './http/metrics.ts'
import { type Clock, systemClock } from './lib/clock.ts'
import { diskSpace } from './lib/disk.ts'
import type { Logger } from './lib/log.ts'
import { LivekitClient } from './livekit/client.ts'
import type { LivekitKey } from './livekit/grants.ts'
import type { ChildStatus } from './livekit/supervisor.ts'
import type { Store } from './store/db.ts'
import { VERSION } from './version.ts'

/** A rough guide from what an SFU forwards per core; an operator who measured sets it. */
const PEOPLE_PER_CORE = 100

/** The origin that people and SDKs use, as configured or as it follows from the mode. */
export const publicUrl = (config: Config): string => {
  const { server, tls } = config
  if (server.public_url !== null) return server.public_url
  if (!terminatesTls(config)) return `http://${inUrl(server.host)}:${server.port}`
  const port = tls.https_port === 443 ? '' : `:${tls.https_port}`
  return `https://${inUrl(tls.domain ?? mediaIp(config))}${port}`
}

const inUrl = (host: string): string => (host.includes(':') ? `[${host}]` : host)

/** What SDKs connect to. */
const wsUrl = (config: Config): string => publicUrl(config).replace(/^http/, 'ws')

/** Where clients send media to. */
export const mediaIp = ({ livekit: { node_ip } }: Config): string =>
  node_ip === 'auto' ? '127.0.0.1' : node_ip

/** The one pair that livekit-server knows, the same as long as the master key is. */
export const livekitKey = ({ secrets }: DataDir): LivekitKey => ({
  apiKey: 'golive',
  apiSecret: secrets.livekit.toString('base64url'),
})

export interface Outside {
  log: Logger
  child: () => Child
  childStatus: () => ChildStatus
  livekitOrigin: () => string
  restartChild: () => Promise<void>
  restart: () => void
  stop: () => void
}

export interface Services extends HttpDeps {
  calls: Calls
  gate: Gate
}

/** Builds every rule of the product from a data dir and what is outside of it. */
export const createServices = (config: Config, data: DataDir, outside: Outside): Services => {
  const { store, secrets } = data
  const { log, child } = outside
  const clock = systemClock
  const maxParticipants = capacity(config)
  const audit = new Audit({ store, clock })
  const box = new SecretBox(secrets.seal)
  const presence = new Presence(clock)
  const livekit = new LivekitClient({ url: outside.livekitOrigin, ...livekitKey(data) })
  const calls = new Calls({ store, clock, log, presence, livekit, child })
  const problems = new Problems(clock)
  const credentials = new Credentials({ store, clock, box, problems })
  const keys = new Keys({ store, clock, box, credentials, calls, audit })
  const tenants = new Tenants({ store, clock, keys, credentials, calls, audit })
  const rooms = new Rooms({ store, clock, presence, calls })
  const tokens = new Tokens({ clock, joinKey: secrets.join, wsUrl: wsUrl(config), rooms, keys })
  const known = { store, clock, tokens, credentials, rooms, presence, calls }
  const gate = new Gate({ ...known, maxParticipants })
  const control = new Control({ store, audit, presence, ...outside })
  const status = new Status({
    store,
    clock,
    presence,
    calls,
    child: outside.childStatus,
    version: VERSION,
    dataDir: data.path,
    publicUrl: publicUrl(config),
    wsUrl: wsUrl(config),
    mediaIp: mediaIp(config),
    maxParticipants,
    disk: diskSpace,
  })
  return {
    ...operators(config, { store, clock, audit }),
    config,
    log,
    audit,
    tenants,
    keys,
    rooms,
    tokens,
    credentials,
    presence,
    problems,
    status,
    control,
    calls,
    gate,
    metrics: new Metrics(),
    version: VERSION,
    publicUrl: publicUrl(config),
    wsUrl: wsUrl(config),
  }
}

/** People in calls at once on this machine. */
const capacity = ({ livekit }: Config): number =>
  livekit.max_participants === 'auto'
    ? availableParallelism() * PEOPLE_PER_CORE
    : livekit.max_participants

/** Who may use the operator's API. */
const operators = (config: Config, base: { store: Store; clock: Clock; audit: Audit }) => ({
  admins: new Admins({ ...base, publicUrl: publicUrl(config) }),
  sessions: new AdminSessions({ ...base, passwords: new Passwords() }),
  adminTokens: new AdminTokens(base),
})
