import { leaves, loadConfig } from './load.ts'
import { type Config, configSchema } from './schema.ts'

/** Read at each use, so that a running server takes them up at once. All other keys need a restart. */
const LIVE = new Set([
  'server.trusted_proxies',
  'livekit.max_participants',
  'webhooks.allow_private',
  'admin.allow_cidrs',
  'admin.host',
  'retention.events_days',
  'retention.sessions_days',
  'retention.deliveries_days',
  'retention.audit_days',
  'retention.addresses_days',
  'log.level',
])

/** The keys that differ from what the server ran with until now. */
export interface Reloaded {
  applied: string[]
  restartNeeded: string[]
}

/** The configuration of a running server, part of which changes when its file is read again. */
export class LiveConfig {
  #current: Config
  #restartNeeded: string[] = []

  constructor(config: Config) {
    this.#current = config
  }

  /** What holds now. Not to be kept where one of the live keys matters. */
  get current(): Config {
    return this.#current
  }

  /** Keys that have another value in the file than in this server. */
  get restartNeeded(): string[] {
    return this.#restartNeeded
  }

  /** Reads the file again. @throws ConfigError, and everything stays as it was */
  reload(env: Record<string, string | undefined>): Reloaded {
    const next = loadConfig(this.#current.source ?? undefined, env)
    const changed = KEYS.filter(
      (path) => !Bun.deepEquals(valueAt(this.#current, path), valueAt(next, path)),
    )
    const applied = changed.filter((path) => LIVE.has(path))
    this.#restartNeeded = changed.filter((path) => !LIVE.has(path))
    this.#current = applied.reduce((config, path) => withKey(config, path, next), this.#current)
    return { applied, restartNeeded: this.#restartNeeded }
  }
}

const KEYS = leaves(configSchema).map(({ path }) => path.join('.'))

type Section = Record<string, unknown>

const valueAt = (config: Config, path: string): unknown =>
  path.split('.').reduce<unknown>((at, name) => (at as Section)[name], config)

/** One key of a section taken from another configuration. */
const withKey = (config: Config, path: string, from: Config): Config => {
  const [section = '', name = ''] = path.split('.')
  const old = (config as unknown as Section)[section] as Section
  return Object.freeze({
    ...config,
    [section]: Object.freeze({ ...old, [name]: valueAt(from, path) }),
  })
}
