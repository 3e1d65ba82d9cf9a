import type { Command } from 'commander'
import { sleep } from '../lib/clock.ts'
import type { AdminClient } from './client.ts'
import { CliError, EXIT } from './exit.ts'
import { example } from './help.ts'
import { count } from './output.ts'
import type { Cli } from './session.ts'
import { type Status, took } from './status.ts'

const DEADLINE_MS = 30_000
const POLL_MS = 50

/** `golive restart` and `golive stop` */
export const addControlCommands = (program: Command, cli: Cli): void => {
  addRestart(program, cli)
  addStop(program, cli)
}

const addRestart = (program: Command, cli: Cli): void => {
  const restart = program
    .command('restart')
    .description('restart the control plane with its configuration read anew; calls go on')
    .action((_: object, command: Command) => {
      cli.refuseUrl(command)
      return cli.run(command, 'running', async ({ api, out, now }) => {
        const before = await api.get<Status>('/admin/status')
        await api.post('/admin/restart')
        const after = await untilBack(api, before, now)
        const ms = Date.now() - now
        await out.result({ ...after, restart_ms: ms }, () => [
          `The control plane is back after ${took(ms)}.`,
          livekitSentence(before, after),
        ])
      })
    })
  example(restart, 'golive restart')
}

/**
 * Polls until a younger server answers and knows what runs, or that livekit-server has given up; at
 * last takes what it says.
 */
const untilBack = async (api: AdminClient, before: Status, askedAt: number): Promise<Status> => {
  const { waits } = api
  let wasGone = false
  let back: Status | null = null
  while (Date.now() < askedAt + DEADLINE_MS) {
    await sleep(POLL_MS)
    const status = await statusOrNull(api)
    // The socket is away for a moment, of which a question that waits for it shows nothing else.
    wasGone ||= status === null || api.waits > waits
    if (status === null) continue
    if (!wasGone && status.uptime_seconds >= before.uptime_seconds) continue
    if (settled(status)) return status
    back = status
  }
  if (back !== null) return back
  throw new CliError(EXIT.unreachable, {
    code: 'server_unreachable',
    detail: `the server was told to restart and is not back after ${DEADLINE_MS / 1000} seconds`,
    hint: 'Its log says why.',
  })
}

const settled = ({ livekit, calls }: Status): boolean =>
  (livekit.state === 'running' && calls.counted) || livekit.state === 'degraded'

const statusOrNull = async (api: AdminClient): Promise<Status | null> => {
  try {
    return await api.get<Status>('/admin/status')
  } catch (error) {
    if (error instanceof CliError && error.exit === EXIT.unreachable) return null
    throw error
  }
}

/** What became of the calls. */
export const livekitSentence = (before: Status, after: Status): string => {
  const { pid } = after.livekit
  if (pid === null) return 'livekit-server does not run: see golive status.'
  if (pid === before.livekit.pid) {
    const calls = after.calls.counted
      ? callsThat('went on', after)
      : 'its calls are not counted yet'
    return `livekit-server ran on (pid ${pid}); ${calls}.`
  }
  return `livekit-server was started anew (pid ${pid}); ${callsThat('had to reconnect', before)}.`
}

const callsThat = (verb: string, { calls: { rooms, participants } }: Status): string =>
  rooms === 0
    ? 'no calls were running'
    : `${count(rooms, 'call')} with ${count(participants, 'person', 'people')} ${verb}`

const addStop = (program: Command, cli: Cli): void => {
  const stop = program
    .command('stop')
    .description('stop the server and livekit-server; all calls end')
    .action((_: object, command: Command) => {
      cli.refuseUrl(command)
      return cli.run(command, 'running', async ({ api, out, now }) => {
        const before = await api.get<Status>('/admin/status')
        await api.post('/admin/stop')
        await untilGone(api, now)
        const ms = Date.now() - now
        await out.result({ stopped: true, stop_ms: ms }, () => [
          `The server has stopped after ${took(ms)}; ${callsThat('ended', before)}.`,
        ])
      })
    })
  example(stop, 'golive stop')
}

/** Gone means that another server could start: nobody listens, and nobody holds the data dir. */
const untilGone = async (api: AdminClient, askedAt: number): Promise<void> => {
  while (Date.now() < askedAt + DEADLINE_MS) {
    await sleep(POLL_MS)
    if (await isGone(api)) return
  }
  throw new CliError(EXIT.failed, {
    code: 'still_running',
    detail: `the server was told to stop and still runs after ${DEADLINE_MS / 1000} seconds`,
    hint: 'Its log says why.',
  })
}

const isGone = async (api: AdminClient): Promise<boolean> => {
  try {
    await api.get('/admin/status')
    return false
  } catch (error) {
    if (!(error instanceof CliError) || error.exit !== EXIT.unreachable) throw error
    return error.problem.code === 'server_not_running'
  }
}
