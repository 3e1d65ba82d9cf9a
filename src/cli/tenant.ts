import type { Command } from 'commander'
import { path } from './client.ts'
import { CliError, EXIT } from './exit.ts'
import { example, groupExample, YES } from './help.ts'
import { secretLines } from './key.ts'
import { type Column, fields, moment, relative, table } from './output.ts'
import type { Cli } from './session.ts'
import { addTenantExport } from './tenant-export.ts'
import { type LimitOptions, limitOptions, limitsOf } from './tenant-limits.ts'

interface Tenant {
  slug: string
  name: string | null
  status: 'active' | 'deactivated'
  created_at: string
  limits: Record<string, number | boolean | null>
}

interface NewTenant extends Tenant {
  api_key: string
  api_secret: string
}

interface YesOption {
  yes?: true
}

/** `golive tenant …` */
export const addTenantCommands = (program: Command, cli: Cli): void => {
  const tenant = program
    .command('tenant')
    .description('the customers whose backends use this server')
  groupExample(tenant, 'golive tenant create acme --name "Acme Inc."')
  addCreate(tenant, cli)
  addList(tenant, cli)
  addShow(tenant, cli)
  addUpdate(tenant, cli)
  addDeactivate(tenant, cli)
  addActivate(tenant, cli)
  addDelete(tenant, cli)
  addTenantExport(tenant, cli)
}

const addCreate = (tenant: Command, cli: Cli): void => {
  const create = tenant
    .command('create')
    .description('add a tenant and print its first key; the secret is shown this once')
    .argument('<slug>', 'its name in URLs: lower-case letters, digits and dashes')
    .option('--name <name>', 'its name for people')
    .action((slug: string, { name }: { name?: string }, command: Command) =>
      cli.run(command, 'anytime', async ({ api, out }) => {
        const made = await api.post<NewTenant>('/admin/tenants', { slug, ...(name && { name }) })
        await out.result(made, () => [`Created tenant ${made.slug}.`, '', ...secretLines(made)])
      }),
    )
  example(create, 'golive tenant create acme --name "Acme Inc."')
}

const addList = (tenant: Command, cli: Cli): void => {
  const list = tenant
    .command('list')
    .description('list the tenants')
    .action((_: object, command: Command) =>
      cli.run(command, 'anytime', async ({ api, out, now }) => {
        const all = await api.list<Tenant>('/admin/tenants')
        await out.result(all, (width) =>
          all.data.length === 0
            ? ['There are no tenants yet. Add one with: golive tenant create <slug>']
            : table(columns(now), all.data, width),
        )
      }),
    )
  example(list, 'golive tenant list')
}

const columns = (now: number): Column<Tenant>[] => [
  { title: 'SLUG', text: ({ slug }) => slug },
  { title: 'NAME', text: ({ name }) => name ?? '', cut: true },
  { title: 'STATUS', text: ({ status }) => status },
  { title: 'CREATED', text: ({ created_at }) => relative(created_at, now, ''), cut: true },
]

const addShow = (tenant: Command, cli: Cli): void => {
  const show = tenant
    .command('show')
    .description('show a tenant and its limits')
    .argument('<slug>')
    .action((slug: string, _: object, command: Command) =>
      cli.run(command, 'anytime', async ({ api, out, now }) => {
        const found = await api.get<Tenant>(path`/admin/tenants/${slug}`)
        await out.result(found, () => details(found, now))
      }),
    )
  example(show, 'golive tenant show acme')
}

const details = (tenant: Tenant, now: number): string[] => [
  `Tenant ${tenant.slug}`,
  ...fields([
    ['name', tenant.name ?? 'none'],
    ['status', tenant.status],
    ['created', moment(tenant.created_at, now, 'unknown')],
  ]),
  'Limits',
  ...fields(
    Object.entries(tenant.limits).map(([name, value]) => [
      name.replaceAll('_', ' '),
      limitText(value),
    ]),
  ),
]

const limitText = (value: number | boolean | null): string => {
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  return value === null ? 'none' : value.toLocaleString('en-US')
}

const addUpdate = (tenant: Command, cli: Cli): void => {
  const update = tenant
    .command('update')
    .description(
      'change name or limits of a tenant; what is not named stays, and "default" takes a limit back',
    )
    .argument('<slug>')
    .option('--name <name>', 'its name for people; "" for none')
  limitOptions(update).action(
    (slug: string, { name, ...options }: LimitOptions & { name?: string }, command: Command) =>
      cli.run(command, 'anytime', async ({ api, out, now }) => {
        const limits = limitsOf(options)
        const changes = {
          ...(name !== undefined && { name: name || null }),
          ...(limits && { limits }),
        }
        if (Object.keys(changes).length === 0) throw nothingToChange()
        const changed = await api.call<Tenant>('PATCH', path`/admin/tenants/${slug}`, changes)
        await out.result(changed, () => details(changed, now))
      }),
  )
  example(update, 'golive tenant update acme --max-rooms 20 --participant-minutes-hard yes')
}

const nothingToChange = (): CliError =>
  new CliError(EXIT.usage, { code: 'usage', detail: 'name at least one thing to change' })

const addDeactivate = (tenant: Command, cli: Cli): void => {
  const deactivate = tenant
    .command('deactivate')
    .description('refuse a tenant the API and new joins, and end its calls')
    .argument('<slug>')
    .option(...YES)
    .action((slug: string, { yes }: YesOption, command: Command) =>
      cli.run(command, 'running', async ({ api, out }) => {
        const url = path`/admin/tenants/${slug}`
        const loss = `Deactivating tenant ${slug} ends all its calls now and makes the tokens it gave out invalid.`
        await cli.confirm(loss, yes, () => api.get(url))
        const changed = await api.call<Tenant>('PATCH', url, { status: 'deactivated' })
        await out.result(changed, () => [
          `Tenant ${slug} is deactivated: its calls have ended, its keys and tokens are refused.`,
        ])
      }),
    )
  example(deactivate, 'golive tenant deactivate acme')
}

const addActivate = (tenant: Command, cli: Cli): void => {
  const activate = tenant
    .command('activate')
    .description('let a deactivated tenant use the API again')
    .argument('<slug>')
    .action((slug: string, _: object, command: Command) =>
      cli.run(command, 'running', async ({ api, out }) => {
        const url = path`/admin/tenants/${slug}`
        const changed = await api.call<Tenant>('PATCH', url, { status: 'active' })
        await out.result(changed, () => [
          `Tenant ${slug} is active: its keys work again; tokens from before stay invalid.`,
        ])
      }),
    )
  example(activate, 'golive tenant activate acme')
}

const addDelete = (tenant: Command, cli: Cli): void => {
  const remove = tenant
    .command('delete')
    .description('delete a tenant with its keys and rooms, and end its calls')
    .argument('<slug>')
    .option(...YES)
    .action((slug: string, { yes }: YesOption, command: Command) =>
      cli.run(command, 'running', async ({ api, out }) => {
        const url = path`/admin/tenants/${slug}`
        const loss = `Deleting tenant ${slug} ends all its calls now; its keys and tokens are lost for good, and all else after 30 days, but for the totals of what was used.`
        await cli.confirm(loss, yes, () => api.get(url))
        await api.call('DELETE', `${url}?confirm=${encodeURIComponent(slug)}`)
        await out.result({ deleted: slug }, () => [`Deleted tenant ${slug}.`])
      }),
    )
  example(remove, 'golive tenant delete acme --yes')
}
