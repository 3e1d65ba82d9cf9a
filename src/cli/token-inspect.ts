import type { Command } from 'commander'
import { CliError, EXIT } from './exit.ts'
import { example } from './help.ts'
import { fields, moment, printable } from './output.ts'
import type { Cli } from './session.ts'

interface Permissions {
  can_publish: boolean
  can_subscribe: boolean
  can_publish_data: boolean
  can_publish_sources: string[]
  can_update_own_metadata: boolean
  hidden: boolean
}

interface Claims {
  tenant: string | null
  room: string
  identity: string
  name: string | null
  api_key: string
  first_issued_at: string
  expires_at: string
  on_duplicate: 'replace' | 'reject'
  eject_at: string | null
  permissions: Permissions
}

interface Inspection {
  claims: Claims | null
  admitted: boolean
  code: string | null
  reason: string
}

/** The token comes by standard input: arguments are visible to everybody on the machine. */
export const addInspect = (token: Command, cli: Cli): void => {
  const inspect = token
    .command('inspect')
    .description(
      'tell whether a token would be let in now, and why not; it is asked for or piped in',
    )
    .action((_: object, command: Command) =>
      cli.run(command, 'running', async ({ api, out, now }) => {
        const text = await cli.terminal.secret(
          'Paste the token (it is not shown) and press Enter: ',
        )
        if (text === null) throw nothingGiven()
        const found = await api.post<Inspection>('/admin/join-tokens/inspect', { token: text })
        await out.result(found, () => [
          verdict(found),
          ...(found.claims ? ['', ...fields(details(found.claims, now))] : []),
        ])
      }),
    )
  example(inspect, 'golive token inspect < token.txt')
}

const nothingGiven = (): CliError =>
  new CliError(EXIT.usage, {
    code: 'usage',
    detail: 'no token was given',
    hint: 'Pipe it in, or run this on a terminal and paste it.',
  })

const verdict = ({ admitted, code, reason }: Inspection): string =>
  printable(admitted ? `Admitted: ${reason}.` : `Not admitted: ${reason} (${code}).`)

const details = (claims: Claims, now: number): [string, string][] => [
  ['identity', claims.identity],
  ['name', claims.name ?? 'none'],
  ['room', claims.room],
  ['tenant', claims.tenant ?? 'none: a check call'],
  ['minted by', claims.api_key],
  ['issued', moment(claims.first_issued_at, now, 'unknown')],
  ['expires', moment(claims.expires_at, now, 'unknown')],
  ['must leave', moment(claims.eject_at, now, 'not when it expires')],
  ['may', abilities(claims.permissions)],
  ['second join', TWICE[claims.on_duplicate]],
]

const TWICE = {
  replace: 'ends the first connection',
  reject: 'is refused while the first connection lives',
} as const

const abilities = (may: Permissions): string => {
  const sources = may.can_publish_sources.map((source) => source.replaceAll('_', ' '))
  const able = [
    may.can_publish && `publish ${sources.length === 0 ? 'everything' : sources.join(', ')}`,
    may.can_subscribe && 'see and hear others',
    may.can_publish_data && 'send data',
    may.can_update_own_metadata && 'change its own metadata',
  ].filter((text) => text !== false)
  const all = able.length === 0 ? 'do nothing' : able.join('; ')
  return may.hidden ? `${all}; is not shown to others` : all
}
