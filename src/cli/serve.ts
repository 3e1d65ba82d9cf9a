import { endLeftLivekit, type Running, startServer } from '../app.ts'
import type { Config } from '../config/schema.ts'
import { ownCommand } from '../lib/own-program.ts'
import { execInPlace } from '../lib/posix.ts'

/**
 * Runs the server until SIGTERM, SIGINT or `golive stop`; SIGHUP reads the configuration again, and
 * `golive restart` puts a fresh process in its place that keeps pid and terminal. Answers the exit
 * code.
 */
export const serve = async (config: Config): Promise<number> => {
  process.umask(0o077)
  reachOurselves(process.env)
  // Asked for now: the kernel gives a program that was replaced another name.
  const command = ownCommand(process.argv.slice(2))
  const starting = startServer(config, process.env)
  const wasTold = listenToSignals(starting)
  const running = await starting
  if ((await running.done) === 'stopped') return 0
  if (wasTold.toStop) {
    // It came while the control plane was on its way to a new one, which would know nothing of it.
    await endLeftLivekit(config.data_dir)
    return 0
  }
  return execInPlace(command[0] as string, command, ownEnvironment())
}

/**
 * From the first moment on: one that is not listened to would end this process and leave
 * livekit-server behind. A terminal that goes away sends SIGHUP, too, and must not end calls.
 */
const listenToSignals = (starting: Promise<Running>): { readonly toStop: boolean } => {
  const told = { toStop: false }
  const tell = (what: (running: Running) => void) => () => void starting.then(what, () => undefined)
  const stop = tell((running) => running.stop())
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.on(signal, () => {
      told.toStop = true
      stop()
    })
  process.on(
    'SIGHUP',
    tell((running) => running.reload()),
  )
  return told
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

const ownEnvironment = (): Record<string, string> =>
  Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value]],
    ),
  )
