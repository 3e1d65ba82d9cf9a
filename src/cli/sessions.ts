import type { Command } from 'commander'
import { path } from './client.ts'
import { example } from './help.ts'
import { positiveNumber } from './key.ts'
import { type Column, fields, length, moment, table } from './output.ts'
import type { Cli, Session } from './session.ts'

interface Call {
  id: string
  room: string
  livekit_sid: string
  started_at: string
  ended_at: string | null
  end_reason: string | null
  peak_participants: number
  participant_seconds: number
  end_accuracy_seconds: number
  reconstructed: boolean
}

interface Stay {
  identity: string
  joined_at: string
  left_at: string | null
  leave_reason: string | null
  seconds: number
  reconnects: number
  transport: string | null
  sdk: string | null
}

interface Options {
  tenant: string
  room?: string
  active?: true
  limit: number
}

/** `golive sessions` */
export const addSessionsCommand = (program: Command, cli: Cli): void => {
  const sessions = program
    .command('sessions')
    .description('list the calls of a tenant, newest first, or show one and who was in it')
    .argument('[session]', 'one of them')
    .requiredOption('--tenant <slug>', 'whose calls')
    .option('--room <room>', 'only those in this room')
    .option('--active', 'only those that run now')
    .option('--limit <number>', 'how many', positiveNumber, 50)
    .action((id: string | undefined, options: Options, command: Command) =>
      cli.run(command, 'anytime', (session) =>
        id === undefined ? list(session, options) : show(session, options.tenant, id),
      ),
    )
  example(sessions, 'golive sessions --tenant acme --active')
}

const list = async ({ api, out, now }: Session, { tenant, room, active, limit }: Options) => {
  const query = { ...(room !== undefined && { room }), ...(active && { active: 'true' }) }
  const found = await api.list<Call>(path`/admin/tenants/${tenant}/sessions`, query, limit)
  await out.result(found, (width) =>
    found.data.length === 0
      ? [`Tenant ${tenant} has no such calls.`]
      : table(callColumns(now), found.data, width),
  )
}

const callColumns = (now: number): Column<Call>[] => [
  { title: 'STARTED (UTC)', text: ({ started_at }) => second(started_at) },
  { title: 'LASTED', text: (call) => lasted(call, now) },
  { title: 'ROOM', text: ({ room }) => room, cut: true },
  { title: 'PEAK', text: ({ peak_participants }) => String(peak_participants), right: true },
  { title: 'ENDED BY', text: ({ end_reason }) => end_reason ?? '', cut: true },
  { title: 'SESSION', text: ({ id }) => id },
]

const second = (time: string): string => `${time.slice(0, 10)} ${time.slice(11, 19)}`

const lasted = ({ started_at, ended_at }: Call, now: number): string =>
  ended_at === null
    ? `${length(now - Date.parse(started_at))}, runs`
    : length(Date.parse(ended_at) - Date.parse(started_at))

const show = async ({ api, out, now }: Session, tenant: string, id: string) => {
  const call = await api.get<Call>(path`/admin/tenants/${tenant}/sessions/${id}`)
  const people = await api.list<Stay>(path`/admin/tenants/${tenant}/sessions/${id}/participants`)
  await out.result({ ...call, participants: people }, (width) => [
    `Session ${call.id} of tenant ${tenant}`,
    ...details(call, now),
    '',
    ...(people.data.length === 0
      ? ['Nobody is known to have been in it.']
      : table(STAYS, people.data, width)),
  ])
}

const details = (call: Call, now: number): string[] =>
  fields([
    ['room', call.room],
    ['livekit sid', call.livekit_sid],
    ['started', moment(call.started_at, now, 'unknown')],
    ['ended', moment(call.ended_at, now, 'it runs')],
    ['ended by', call.end_reason ?? 'nothing yet'],
    ['end known', accuracy(call)],
    ['most at once', String(call.peak_participants)],
    ['minutes of all', (call.participant_seconds / 60).toFixed(1)],
  ])

const accuracy = ({ end_accuracy_seconds: seconds, reconstructed }: Call): string => {
  const within = seconds === 0 ? 'exactly' : `within ${seconds} seconds`
  return reconstructed ? `${within}, in part concluded afterwards` : within
}

const STAYS: Column<Stay>[] = [
  { title: 'IDENTITY', text: ({ identity }) => identity, cut: true },
  { title: 'JOINED (UTC)', text: ({ joined_at }) => second(joined_at) },
  { title: 'STAYED', text: ({ seconds }) => length(seconds * 1000) },
  {
    title: 'LEFT',
    text: ({ left_at, leave_reason }) => leave_reason ?? (left_at ? '' : 'is in it'),
  },
  { title: 'RECONNECTS', text: ({ reconnects }) => String(reconnects), right: true },
  { title: 'MEDIA', text: ({ transport }) => transport ?? '' },
  { title: 'SDK', text: ({ sdk }) => sdk ?? '', cut: true },
]
