import { startServer } from '../app.ts'
import type { Config } from '../config/schema.ts'
import { execInPlace } from '../lib/posix.ts'

/**
 * Runs the server until SIGTERM, SIGINT or `golive stop`; `golive restart` puts a fresh process in
 * its place that keeps pid and terminal. Answers the exit code.
 */
export const serve = async (config: Config): Promise<number> => {
  process.umask(0o077)
  reachOurselves(process.env)
  const running = await startServer(config, process.env)
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => running.stop())
  // A terminal that goes away must not end calls.
  process.on('SIGHUP', () => {})
  if ((await running.done) === 'stopped') return 0
  return execInPlace(process.execPath, ownArguments(), ownEnvironment())
}

/**
 * With HTTP_PROXY set, Bun's fetch would ask the proxy for our own child on 127.0.0.1, too. Bun takes
 * the lower-case name over the other, so both are set.
 */
const reachOurselves = (env: Record<string, string | undefined>): void => {
  const hosts = [env.no_proxy ?? env.NO_PROXY, '127.0.0.1', 'localhost'].filter(Boolean).join(',')
  env.NO_PROXY = hosts
  env.no_proxy = hosts
}

/** A compiled executable sees its embedded entry as second argument; a new one must not get it. */
const ownArguments = (): string[] => {
  const [, entry = '', ...rest] = process.argv
  return [process.execPath, ...(entry.startsWith('/$bunfs/') ? [] : [entry]), ...rest]
}

const ownEnvironment = (): Record<string, string> =>
  Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value]],
    ),
  )
