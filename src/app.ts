import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { LiveConfig } from './config/reload.ts'
import type { Config } from './config/schema.ts'
import { ControlPlane, type Ending } from './control-plane.ts'
import { type DataDir, DataDirBusy, lockDataDir, openDataDir } from './data-dir.ts'
import { StartError } from './domain/errors.ts'
import { buildAdminApi } from './http/server.ts'
import { createLogger, silentLogger } from './lib/log.ts'
import { type Addresses, knownAddresses, publicUrl, resolveAddresses } from './livekit/addresses.ts'
import { endOrphan } from './livekit/orphan.ts'
import { type ChildStatus, PortTakenError } from './livekit/supervisor.ts'
import { LIVEKIT_VERSION } from './livekit/version.ts'
import { createServices } from './services.ts'
import { VERSION } from './version.ts'

export { DataDirBusy }

export const versions = (): { golive: string; livekit: string } => ({
  golive: VERSION,
  livekit: LIVEKIT_VERSION,
})

const LOCK_TRIES = 40
const LOCK_RETRY_MS = 25

export interface Running {
  url: string
  done: Promise<Ending>
  /** reads the configuration again */
  reload(): void
  stop(): void
}

/**
 * Starts everything and resolves when it listens and livekit-server was started.
 * @throws StartError for what an operator must mend: a port, the lock, the key, the database
 */
export const startServer = async (
  config: Config,
  env: Record<string, string | undefined>,
): Promise<Running> => {
  const log = createLogger(config.log.level)
  const data = await openSoon(config.data_dir, env)
  const ending = Promise.withResolvers<Ending>()
  const addresses = await resolveAddresses(config, data.path)
  const live = new LiveConfig(config)
  const controlPlane = new ControlPlane(live, data, addresses, log, ending.resolve)
  try {
    await controlPlane.start()
  } catch (error) {
    await controlPlane.close('stopped')
    throw error instanceof PortTakenError ? new StartError(error.message, { cause: error }) : error
  }
  const done = ending.promise.then(async (how) => {
    await controlPlane.close(how)
    return how
  })
  return {
    url: publicUrl(config, addresses),
    done,
    reload: () => controlPlane.reload(env),
    stop: () => ending.resolve('stopped'),
  }
}

/** Commands that run without a server hold the data dir for a moment; another server does for good. */
const openSoon = async (
  path: string,
  env: Record<string, string | undefined>,
): Promise<DataDir> => {
  for (let left = LOCK_TRIES; ; left--) {
    try {
      return await openDataDir(path, env)
    } catch (error) {
      if (!(error instanceof DataDirBusy) || left === 0) throw error
      await Bun.sleep(LOCK_RETRY_MS)
    }
  }
}

/** Where this machine is, for commands that look at it from outside. */
export const whereabouts = async (
  config: Config,
): Promise<{ publicUrl: string; addresses: Addresses }> => {
  const addresses = await resolveAddresses(config, config.data_dir)
  return { publicUrl: publicUrl(config, addresses), addresses }
}

const NO_CHILD: ChildStatus = {
  state: 'stopped',
  pid: null,
  version: LIVEKIT_VERSION,
  restarts: 0,
  started_at: null,
  adopted: false,
  restart_needed: false,
  last_exit: null,
  last_lines: [],
  ports: { signal: 0, tcp: 0, udp: 0, hook: 0 },
}

/**
 * The admin API in this process, for commands while no server runs. @throws DataDirBusy when one does
 */
export const openOffline = async (
  config: Config,
): Promise<{ handle(request: Request): Promise<Response>; close(): Promise<void> }> => {
  const data = await openDataDir(config.data_dir, process.env)
  const services = createServices(new LiveConfig(config), data, {
    addresses: await knownAddresses(config, data.path),
    log: silentLogger(),
    child: () => ({ up: false, generation: 0 }),
    childStatus: () => NO_CHILD,
    livekitOrigin: () => 'http://127.0.0.1:9',
    certificates: null,
    restartChild: async () => {},
    restart: () => {},
    stop: () => {},
  })
  const api = buildAdminApi(services)
  return { handle: async (request) => api.handle(request), close: () => data.close() }
}

/**
 * Ends a livekit-server that a golive left when it was killed; answers its pid, or null when there is
 * none. @throws DataDirBusy while a server runs on the data dir
 */
export const endLeftLivekit = async (dataDir: string): Promise<number | null> => {
  if (!existsSync(join(dataDir, 'golive.lock'))) return null
  const lock = lockDataDir(dataDir)
  try {
    return await endOrphan(join(dataDir, 'livekit'))
  } finally {
    lock.release()
  }
}
