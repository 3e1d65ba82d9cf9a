import type { Command } from 'commander'
import { path } from './client.ts'
import { example, groupExample } from './help.ts'
import { type Column, count, fields, moment, relative, table } from './output.ts'
import type { Cli } from './session.ts'

interface Room {
  name: string
  livekit_name: string
  max_participants: number | null
  empty_timeout_seconds: number
  departure_timeout_seconds: number
  metadata: string
  locked: boolean
  opens_at: string | null
  closes_at: string | null
  max_duration_seconds: number | null
  participants_now: number
  created_at: string
  updated_at: string
}

interface RoomWithPeople extends Room {
  participants: { identity: string; sid: string | null; since: string }[]
}

/** `golive room …` */
export const addRoomCommands = (program: Command, cli: Cli): void => {
  const room = program.command('room').description('the rooms of a tenant and who is in them')
  groupExample(room, 'golive room list acme')
  addList(room, cli)
  addShow(room, cli)
}

const addList = (room: Command, cli: Cli): void => {
  const list = room
    .command('list')
    .description('list the rooms of a tenant')
    .argument('<tenant>')
    .option('--active', 'only rooms with people in them')
    .action((tenant: string, { active }: { active?: true }, command: Command) =>
      cli.run(command, 'running', async ({ api, out, now }) => {
        const query = active ? { active: 'true' } : {}
        const all = await api.list<Room>(path`/admin/tenants/${tenant}/rooms`, query)
        await out.result(all, (width) =>
          all.data.length === 0
            ? [`Tenant ${tenant} has no ${active ? 'room with people in it' : 'rooms'}.`]
            : table(columns(now), all.data, width),
        )
      }),
    )
  example(list, 'golive room list acme --active')
}

const columns = (now: number): Column<Room>[] => [
  { title: 'ROOM', text: ({ name }) => name },
  { title: 'PEOPLE', text: people },
  { title: 'STATE', text: (room) => state(room, now), cut: true },
  { title: 'CREATED', text: ({ created_at }) => relative(created_at, now, ''), cut: true },
]

const people = ({ participants_now, max_participants }: Room): string =>
  max_participants === null ? `${participants_now}` : `${participants_now} of ${max_participants}`

const state = ({ locked, opens_at, closes_at }: Room, now: number): string => {
  if (closes_at !== null && Date.parse(closes_at) <= now) return 'closed'
  if (opens_at !== null && Date.parse(opens_at) > now) return `opens ${relative(opens_at, now, '')}`
  return locked ? 'locked' : 'open'
}

const addShow = (room: Command, cli: Cli): void => {
  const show = room
    .command('show')
    .description('show a room and who is in it')
    .argument('<tenant>')
    .argument('<room>')
    .action((tenant: string, name: string, _: object, command: Command) =>
      cli.run(command, 'running', async ({ api, out, now }) => {
        const found = await api.get<RoomWithPeople>(path`/admin/tenants/${tenant}/rooms/${name}`)
        await out.result(found, (width) => [
          `Room ${found.name} of tenant ${tenant}`,
          ...details(found, now),
          ...whoIsIn(found, now, width),
        ])
      }),
    )
  example(show, 'golive room show acme team-standup')
}

const details = (room: Room, now: number): string[] =>
  fields([
    ['livekit name', room.livekit_name],
    ['state', state(room, now)],
    ['people', people(room)],
    ['opens', moment(room.opens_at, now, 'at once')],
    ['closes', moment(room.closes_at, now, 'never')],
    ['longest call', seconds(room.max_duration_seconds)],
    ['kept when empty', seconds(room.empty_timeout_seconds)],
    ['kept when all left', seconds(room.departure_timeout_seconds)],
    ['metadata', room.metadata === '' ? 'none' : room.metadata],
    ['created', moment(room.created_at, now, 'unknown')],
    ['updated', moment(room.updated_at, now, 'unknown')],
  ])

const seconds = (value: number | null): string =>
  value === null ? 'no limit' : count(value, 'second')

const whoIsIn = ({ participants }: RoomWithPeople, now: number, width: number): string[] => {
  if (participants.length === 0) return ['Nobody is in it.']
  const columns: Column<RoomWithPeople['participants'][number]>[] = [
    { title: 'IDENTITY', text: ({ identity }) => identity, cut: true },
    { title: 'SINCE', text: ({ since }) => relative(since, now, '') },
    { title: 'SID', text: ({ sid }) => sid ?? 'joining' },
  ]
  return ['', ...table(columns, participants, width)]
}
