import type { Command } from 'commander'
import { type AdminClient, path } from './client.ts'
import { CliError } from './exit.ts'
import { example, groupExample } from './help.ts'
import { wholeNumber } from './key.ts'
import type { Cli } from './session.ts'
import { addInspect } from './token-inspect.ts'

interface Minted {
  token: string
  ws_url: string
  room: string
  identity: string
  expires_in: number
  expires_at: string
}

interface TokenOptions {
  identity: string
  name?: string
  ttl: number
  createRoom?: true
  link?: true
}

/** `golive token …`; what follows no other of its words is a token to mint. */
export const addTokenCommands = (program: Command, cli: Cli): void => {
  const token = program.command('token').description('tokens to try a call with, and what they do')
  groupExample(token, 'golive token acme team-standup --identity alice')
  addMint(token, cli)
  addInspect(token, cli)
}

/** Backends mint theirs over the tenant API. */
const addMint = (token: Command, cli: Cli): void => {
  const mint = token
    .command('mint', { isDefault: true })
    .description('mint a token, or a link that opens a call in a browser; "mint" may be left out')
    .argument('<tenant>')
    .argument('<room>')
    .requiredOption(
      '--identity <identity>',
      'who joins; the same identity twice is the same person',
    )
    .option('--name <name>', 'the name that others see')
    .option('--ttl <seconds>', 'how long the token admits, 60 to 86400', wholeNumber, 3600)
    .option('--create-room', 'create the room first, unless it exists')
    .option('--link', "print a link to this server's call page instead of the token")
    .action((tenant: string, room: string, options: TokenOptions, command: Command) =>
      cli.run(command, 'running', async ({ api, out }) => {
        if (options.createRoom) await createRoom(api, tenant, room)
        const minted = await api
          .post<Minted>(path`/admin/tenants/${tenant}/rooms/${room}/tokens`, bodyOf(options))
          .catch(withOwnHint)
        const link = callLink(minted)
        await out.result({ ...minted, link }, () => [options.link ? link : minted.token])
      }),
    )
  example(mint, 'golive token mint acme team-standup --identity alice --create-room --link')
}

/** The API's own hint is for backends. */
const withOwnHint = (error: unknown): never => {
  if (!(error instanceof CliError) || error.problem.code !== 'room_not_found') throw error
  const hint = 'Add --create-room to create it first.'
  throw new CliError(error.exit, { ...error.problem, hint }, { cause: error })
}

const createRoom = async (api: AdminClient, tenant: string, name: string): Promise<void> => {
  try {
    await api.post(path`/admin/tenants/${tenant}/rooms`, { name })
  } catch (error) {
    if (!(error instanceof CliError) || error.problem.code !== 'room_exists') throw error
  }
}

const bodyOf = ({ identity, name, ttl }: TokenOptions): object => ({
  identity,
  ttl_seconds: ttl,
  ...(name && { name }),
})

/** The token travels in the fragment, which browsers send to no server. */
export const callLink = ({ ws_url, token }: Pick<Minted, 'ws_url' | 'token'>): string =>
  `${ws_url.replace(/^ws/, 'http').replace(/\/$/, '')}/call#token=${token}`
