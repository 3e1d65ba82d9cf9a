import { type Command, InvalidArgumentError } from 'commander'
import { type List, path } from './client.ts'
import { example, groupExample, YES } from './help.ts'
import { type Column, fields, relative, table } from './output.ts'
import type { Cli } from './session.ts'

interface Key {
  api_key: string
  label: string | null
  created_at: string
  expires_at: string | null
  last_used_at: string | null
  last_used_from: string | null
  previous_secret: { expires_at: string; last_used_at: string | null } | null
}

interface NewKey extends Key {
  api_secret: string
}

/** `golive key …` */
export const addKeyCommands = (program: Command, cli: Cli): void => {
  const key = program.command('key').description("the keys of a tenant's backends")
  groupExample(key, 'golive key list acme')
  addList(key, cli)
  addCreate(key, cli)
  addRotate(key, cli)
  addDelete(key, cli)
}

/** The one place where a secret is printed. */
export const secretLines = (made: { api_key: string; api_secret: string }): string[] => [
  ...fields([
    ['api_key', made.api_key],
    ['api_secret', made.api_secret],
  ]),
  '',
  'The secret is shown this once. Give it to the backend, never to a browser.',
]

const addList = (key: Command, cli: Cli): void => {
  const list = key
    .command('list')
    .description('list the keys of a tenant, never their secrets')
    .argument('<tenant>')
    .action((tenant: string, _: object, command: Command) =>
      cli.run(command, 'anytime', async ({ api, out, now }) => {
        const all = await api.get<List<Key>>(path`/admin/tenants/${tenant}/keys`)
        await out.result(all, (width) =>
          all.data.length === 0
            ? [`Tenant ${tenant} has no keys. Add one with: golive key create ${tenant}`]
            : table(columns(now), all.data, width),
        )
      }),
    )
  example(list, 'golive key list acme')
}

const columns = (now: number): Column<Key>[] => [
  { title: 'API KEY', text: ({ api_key }) => api_key },
  { title: 'LABEL', text: ({ label }) => label ?? '', cut: true },
  { title: 'CREATED', text: ({ created_at }) => relative(created_at, now, ''), cut: true },
  { title: 'EXPIRES', text: ({ expires_at }) => relative(expires_at, now, 'never'), cut: true },
  { title: 'LAST USED', text: (key) => lastUsed(key, now), cut: true },
  { title: 'OLD SECRET', text: (key) => oldSecret(key, now), cut: true },
]

const lastUsed = ({ last_used_at, last_used_from }: Key, now: number): string => {
  const when = relative(last_used_at, now, 'never')
  return last_used_from === null ? when : `${when} from ${last_used_from}`
}

const oldSecret = ({ previous_secret }: Key, now: number): string =>
  previous_secret === null ? '' : `ends ${relative(previous_secret.expires_at, now, '')}`

const addCreate = (key: Command, cli: Cli): void => {
  const create = key
    .command('create')
    .description('add a key; its secret is shown this once')
    .argument('<tenant>')
    .option('--label <label>', 'what the key is for')
    .option('--expires-at <time>', 'when it stops working, such as 2027-01-31T00:00:00Z')
    .action((tenant: string, options: { label?: string; expiresAt?: string }, command: Command) =>
      cli.run(command, 'anytime', async ({ api, out }) => {
        const { label, expiresAt } = options
        const body = { ...(label && { label }), ...(expiresAt && { expires_at: expiresAt }) }
        const made = await api.post<NewKey>(path`/admin/tenants/${tenant}/keys`, body)
        await out.result(made, () => [`Added a key to ${tenant}.`, '', ...secretLines(made)])
      }),
    )
  example(create, 'golive key create acme --label "staging backend"')
}

interface RotateOptions {
  overlap: number
  keepTokens?: true
}

const addRotate = (key: Command, cli: Cli): void => {
  const rotate = key
    .command('rotate')
    .description('give a key a new secret, shown this once; the old one works for a while')
    .argument('<tenant>')
    .argument('<api_key>')
    .option(
      '--overlap <seconds>',
      'how long the old secret works; 0 ends it, and the tokens made with it, at once',
      wholeNumber,
      86_400,
    )
    .option('--keep-tokens', 'with --overlap 0: let tokens made with the old secret live on')
    .action((tenant: string, apiKey: string, options: RotateOptions, command: Command) =>
      cli.run(command, 'running', async ({ api, out, now }) => {
        const made = await api.post<NewKey>(path`/admin/tenants/${tenant}/keys/${apiKey}/rotate`, {
          overlap_seconds: options.overlap,
          ...(options.keepTokens && { keep_tokens: true }),
        })
        await out.result(made, () => [rotated(made, now), '', ...secretLines(made)])
      }),
    )
  example(rotate, 'golive key rotate acme lkv_4x0c6r1mbn5k2j9d --overlap 3600')
}

const rotated = ({ api_key, previous_secret }: NewKey, now: number): string =>
  previous_secret === null
    ? `Key ${api_key} has a new secret; the old one works no more.`
    : `Key ${api_key} has a new secret; the old one ends ${relative(previous_secret.expires_at, now, '')}.`

/** @throws InvalidArgumentError, which becomes a usage error */
export const wholeNumber = (text: string): number => {
  if (/^\d{1,9}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('Expected a whole number.')
}

/** @throws InvalidArgumentError */
export const positiveNumber = (text: string): number => {
  const number = wholeNumber(text)
  if (number > 0) return number
  throw new InvalidArgumentError('Expected a number from 1 on.')
}

interface DeleteOptions {
  yes?: true
  keepTokens?: true
}

const addDelete = (key: Command, cli: Cli): void => {
  const remove = key
    .command('delete')
    .description('delete a key and make the tokens it gave out invalid')
    .argument('<tenant>')
    .argument('<api_key>')
    .option('--keep-tokens', 'let tokens that the key gave out live on')
    .option(...YES)
    .action((tenant: string, apiKey: string, options: DeleteOptions, command: Command) =>
      cli.run(command, 'running', async ({ api, out }) => {
        const { yes, keepTokens } = options
        const keys = path`/admin/tenants/${tenant}/keys`
        await cli.confirm(lossOf(apiKey, keepTokens), yes, () => api.get(keys))
        const query = keepTokens ? '?keep_tokens=true' : ''
        await api.call('DELETE', keys + path`/${apiKey}` + query)
        await out.result({ deleted: apiKey }, () => [`Deleted key ${apiKey}.`])
      }),
    )
  example(remove, 'golive key delete acme lkv_4x0c6r1mbn5k2j9d')
}

const lossOf = (apiKey: string, keepTokens: true | undefined): string =>
  keepTokens
    ? `Deleting key ${apiKey} refuses every backend that uses it.`
    : `Deleting key ${apiKey} refuses every backend that uses it, and puts people whose tokens it made out of their calls.`
