import type { Command } from 'commander'
import { type List, path } from './client.ts'
import { CliError, EXIT } from './exit.ts'
import { example, groupExample } from './help.ts'
import { type Column, relative, table } from './output.ts'
import type { Cli } from './session.ts'

export interface Admin {
  id: string
  email: string
  created_at: string
  last_sign_in_at: string | null
  has_password: boolean
}

/** An account with the link that signs in once. */
export interface Invitation {
  id: string
  email: string
  sign_in_url: string
  expires_at: string
}

interface LinkOption {
  printLink?: true
}

const PRINT_LINK = [
  '--print-link',
  'print the sign-in link although no terminal shows it: whoever reads the output can sign in',
] as const

/** `golive admin …` */
export const addAdminCommands = (program: Command, cli: Cli): void => {
  const admin = program.command('admin').description('the people who operate this server')
  groupExample(admin, 'golive admin create ops@example.com')
  addCreate(admin, cli)
  addReset(admin, cli)
  addList(admin, cli)
}

const addCreate = (admin: Command, cli: Cli): void => {
  const create = admin
    .command('create')
    .description('add an account and print the link with which it signs in, once')
    .argument('<email>')
    .option(...PRINT_LINK)
    .action((email: string, { printLink }: LinkOption, command: Command) => {
      cli.refuseUrl(command)
      requireTerminal(cli, printLink)
      return cli.run(command, 'anytime', async ({ api, out, now }) => {
        const made = await api.post<Invitation>('/admin/admins', { email })
        await out.result(made, () => [
          `Added an account for ${made.email}.`,
          '',
          ...linkLines(made, now),
        ])
      })
    })
  example(create, 'golive admin create ops@example.com')
}

const addReset = (admin: Command, cli: Cli): void => {
  const reset = admin
    .command('reset')
    .description('end the password and the sessions of an account, and print a new sign-in link')
    .argument('<email>')
    .option(...PRINT_LINK)
    .action((email: string, { printLink }: LinkOption, command: Command) => {
      cli.refuseUrl(command)
      requireTerminal(cli, printLink)
      return cli.run(command, 'anytime', async ({ api, out, now }) => {
        const made = await api.post<Invitation>(path`/admin/admins/${email}/reset`)
        await out.result(made, () => [
          `The password of ${made.email} works no more, and its sessions have ended.`,
          '',
          ...linkLines(made, now),
        ])
      })
    })
  example(reset, 'golive admin reset ops@example.com')
}

/** Journals and pipes keep what they are given. @throws CliError before anything is changed */
const requireTerminal = ({ terminal }: Cli, printLink: true | undefined): void => {
  if (terminal.shown || printLink) return
  throw new CliError(EXIT.usage, {
    code: 'terminal_required',
    detail: 'the sign-in link is shown on a terminal only, and this output goes elsewhere',
    hint: 'Run it on a terminal, or add --print-link where nobody else reads the output.',
  })
}

/** The one place where a sign-in link is printed. */
export const linkLines = ({ sign_in_url, expires_at }: Invitation, now: number): string[] => [
  'Sign in and choose a password with this link:',
  '',
  `  ${sign_in_url}`,
  '',
  `It works once and ends ${relative(expires_at, now, '')}.`,
]

const addList = (admin: Command, cli: Cli): void => {
  const list = admin
    .command('list')
    .description('list the accounts')
    .action((_: object, command: Command) =>
      cli.run(command, 'anytime', async ({ api, out, now }) => {
        const all = await api.get<List<Admin>>('/admin/admins')
        await out.result(all, (width) =>
          all.data.length === 0
            ? ['There are no accounts yet. Add one with: golive admin create <email>']
            : table(columns(now), all.data, width),
        )
      }),
    )
  example(list, 'golive admin list')
}

const columns = (now: number): Column<Admin>[] => [
  { title: 'EMAIL', text: ({ email }) => email },
  { title: 'PASSWORD', text: ({ has_password }) => (has_password ? 'chosen' : 'not chosen yet') },
  {
    title: 'LAST SIGN-IN',
    text: ({ last_sign_in_at }) => relative(last_sign_in_at, now, 'never'),
    cut: true,
  },
  { title: 'CREATED', text: ({ created_at }) => relative(created_at, now, ''), cut: true },
]
