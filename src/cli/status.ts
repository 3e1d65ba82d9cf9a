import type { Command } from 'commander'
import { example } from './help.ts'
import { count, duration, fields, moment, printable, relative } from './output.ts'
import type { Cli } from './session.ts'

/** GET /admin/status */
export interface Status {
  version: string
  uptime_seconds: number
  data_dir: string
  public_url: string
  livekit: {
    pid: number | null
    version: string
    state: 'starting' | 'running' | 'restarting' | 'degraded' | 'stopped'
    restarts: number
    started_at: string | null
    adopted: boolean
    restart_needed: boolean
    last_exit: { at: string; code: number | null; signal: string | null; asked: boolean } | null
    last_lines: string[]
  }
  calls: { rooms: number; participants: number; max_participants: number; counted: boolean }
  database: { ok: boolean }
  disk: { free_bytes: number; total_bytes: number } | null
  warnings: { code: string; message: string; hint: string }[]
}

/** `golive status` */
export const addStatusCommand = (program: Command, cli: Cli): void => {
  const status = program
    .command('status')
    .description('show whether the server is well, its calls, and what to do about its warnings')
    .action((_: object, command: Command) =>
      cli.run(command, 'running', async ({ api, out, now }) => {
        const found = await api.get<Status>('/admin/status')
        await out.result(found, () => statusLines(found, now))
      }),
    )
  example(status, 'golive status')
}

/** The status as a person reads it. @param now milliseconds since the epoch */
export const statusLines = (status: Status, now: number): string[] => {
  const since = new Date(now - status.uptime_seconds * 1000).toISOString()
  return [
    `golive ${status.version} is up at ${status.public_url}`,
    ...fields([
      ['since', moment(since, now, '')],
      ['data', `${status.data_dir}${status.database.ok ? '' : ' (the database does not answer)'}`],
      ...disk(status),
      ['calls', calls(status)],
      ...livekit(status.livekit, now),
    ]),
    ...warnings(status),
    ...lastLines(status.livekit),
  ]
}

const disk = ({ disk }: Status): [string, string][] =>
  disk === null
    ? []
    : [['disk', `${gigabytes(disk.free_bytes)} free of ${gigabytes(disk.total_bytes)}`]]

const gigabytes = (bytes: number): string =>
  `${(bytes / 1e9).toLocaleString('en-US', { maximumFractionDigits: 1 })} GB`

/** `2 calls with 5 people` */
const calls = ({ calls, livekit }: Status): string => {
  const { rooms, participants, max_participants, counted } = calls
  const now = `${count(rooms, 'call')} with ${count(participants, 'person', 'people')}`
  const known = counted || livekit.state !== 'running' ? now : 'not counted yet'
  return `${known}, room for ${max_participants.toLocaleString('en-US')}`
}

const livekit = (child: Status['livekit'], now: number): [string, string][] => {
  const pid = child.pid === null ? '' : `, pid ${child.pid}`
  const up = child.started_at === null ? '' : `, up since ${moment(child.started_at, now, '')}`
  const lines: [string, string][] = [
    ['livekit', `${child.version} ${child.state}${pid}${up}`],
    ['', restarts(child, now)],
  ]
  if (child.adopted) lines.push(['', 'taken over running from the control plane before this one'])
  if (child.restart_needed) {
    lines.push([
      '',
      'runs with older settings: they take effect after golive stop and golive serve',
    ])
  }
  return lines
}

const restarts = ({ restarts, last_exit }: Status['livekit'], now: number): string => {
  const times = restarts === 0 ? 'never restarted' : `restarted ${count(restarts, 'time')}`
  if (last_exit === null || last_exit.asked) return times
  const how = last_exit.signal ?? `exit code ${last_exit.code ?? 'unknown'}`
  return `${times}, last died ${relative(last_exit.at, now, '')} (${how})`
}

const warnings = (status: Status): string[] =>
  status.warnings.flatMap(({ message, hint }) => [
    '',
    `Warning: ${printable(message)}`,
    `  What to do: ${printable(hint)}`,
  ])

const lastLines = ({ state, last_lines }: Status['livekit']): string[] =>
  state === 'running' || last_lines.length === 0
    ? []
    : ['', 'Last lines of livekit-server:', ...last_lines.map((line) => `  ${printable(line)}`)]

/** How long something took, to a tenth of a second. */
export const took = (ms: number): string =>
  ms < 10_000 ? `${(ms / 1000).toFixed(1)} seconds` : duration(ms)
