import { closeSync, readFileSync } from 'node:fs'
import { get } from 'node:http'
import { constants } from 'node:os'
import { sleep } from '../lib/clock.ts'
import { reapChild } from '../lib/posix.ts'
import { ownsListener, pids } from '../lib/sockets.ts'
import { identify, isSameProcess, type ProcessIdentity } from './record.ts'

const POLL_MS = 250
const STOP_DEADLINE_MS = 5_000
const PROBE_TIMEOUT_MS = 2_000

/** null, null when it ended out of our sight: only a parent learns how. */
export interface Exit {
  code: number | null
  signal: string | null
}

/** A livekit-server process, started by us or by the program that we continue. */
export interface Child {
  readonly pid: number
  readonly exited: Promise<Exit>
  readonly ended: boolean
  kill(signal: NodeJS.Signals): void
  /** Stops watching it: it runs on, and `exited` never settles. */
  release(): void
}

/**
 * Starts a program that outlives us: own session, no pipe to us. Nothing of our environment but what
 * a program needs: livekit-server lets every variable named LIVEKIT_… override its file.
 */
export const spawnChild = (command: string[], cwd: string, logFd: number): Child => {
  const { promise, resolve } = Promise.withResolvers<Exit>()
  let released = false
  try {
    const child = Bun.spawn(command, {
      cwd,
      env: childEnv(process.env),
      stdio: ['ignore', logFd, logFd],
      detached: true,
      onExit: (_, code, signal) => {
        if (!released) resolve({ code, signal: signal === null ? null : signalName(signal) })
      },
    })
    child.unref()
    return {
      pid: child.pid,
      exited: promise,
      get ended() {
        return child.exitCode !== null || child.signalCode !== null
      },
      kill: (signal) => child.kill(signal),
      release: () => {
        released = true
      },
    }
  } finally {
    closeSync(logFd)
  }
}

const childEnv = (env: Record<string, string | undefined>): Record<string, string> =>
  Object.fromEntries(
    ['PATH', 'HOME', 'GOMEMLIMIT'].flatMap((name) => (env[name] ? [[name, env[name]]] : [])),
  )

/** Watches a process that somebody else started, or that we started before we became this program. */
export const watchProcess = (identity: ProcessIdentity): Child => {
  const { promise, resolve } = Promise.withResolvers<Exit>()
  const look = () => {
    if (isSameProcess(identity)) return
    clearInterval(timer)
    const reaped = reapChild(identity.pid)
    const signal = reaped?.signal ?? null
    resolve({ code: reaped?.code ?? null, signal: signal === null ? null : signalName(signal) })
  }
  const timer = setInterval(look, POLL_MS)
  return {
    pid: identity.pid,
    exited: promise,
    get ended() {
      return !isSameProcess(identity)
    },
    kill: (signal) => {
      if (isSameProcess(identity)) sendSignal(identity.pid, signal)
    },
    release: () => clearInterval(timer),
  }
}

const sendSignal = (pid: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(pid, signal)
  } catch (error) {
    // It ended between look and kill.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

const signalName = (signal: number | string): string =>
  Object.entries(constants.signals).find(([, number]) => number === signal)?.[0] ?? String(signal)

/**
 * Ends a child: SIGTERM until it listens (livekit-server swallows one that comes within 150 ms of its
 * start; a second one stops it waiting for participants), SIGKILL after five seconds.
 */
export const terminate = async (child: Child): Promise<void> => {
  const deadline = Date.now() + STOP_DEADLINE_MS
  let gone = false
  const exited = child.exited.then(() => {
    gone = true
  })
  while (!gone) {
    child.kill(Date.now() < deadline ? 'SIGTERM' : 'SIGKILL')
    await Promise.race([exited, sleep(POLL_MS)])
  }
}

/** True when the child, and not somebody else on its port, answers that it is well. */
export const isReady = async (child: Child, port: number): Promise<boolean> =>
  !child.ended && ownsListener(child.pid, port) && (await isHealthy(port))

/** Asks livekit-server's `GET /`. By node:http: fetch would go through an HTTP_PROXY. */
export const isHealthy = (port: number): Promise<boolean> =>
  new Promise((answer) => {
    const request = get({
      host: '127.0.0.1',
      port,
      path: '/',
      agent: false,
      timeout: PROBE_TIMEOUT_MS,
    })
    request.on('response', (response) => {
      response.resume()
      answer(response.statusCode === 200)
    })
    request.on('timeout', () => request.destroy(new Error('timeout')))
    request.on('error', () => answer(false))
  })

/** Processes that run with exactly these arguments after their program's name. */
export const findByArguments = (args: string[]): ProcessIdentity[] => {
  const wanted = `\0${args.join('\0')}\0`
  return pids()
    .filter((pid) => commandLine(pid).endsWith(wanted))
    .map(identify)
    .filter((identity) => identity !== null)
}

const commandLine = (pid: number): string => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}
