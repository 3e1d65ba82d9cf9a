import type { Command } from 'commander'
import { path } from './client.ts'
import { example, groupExample } from './help.ts'
import { positiveNumber } from './key.ts'
import { type Column, relative, table } from './output.ts'
import type { Cli } from './session.ts'

interface Webhook {
  id: string
  url: string
  types: string[]
  status: 'active' | 'disabled'
  disabled_reason: string | null
  created_at: string
  last_success_at: string | null
  last_failure_at: string | null
}

interface Delivery {
  id: string
  seq: number
  type: string
  attempt: number
  at: string
  status_code: number | null
  duration_ms: number | null
  error: string | null
  response_excerpt: string | null
  next_attempt_at: string | null
}

interface OfTenant {
  tenant: string
}

const TENANT = ['--tenant <slug>', 'the tenant that they belong to'] as const

/** `golive webhooks …` */
export const addWebhookCommands = (program: Command, cli: Cli): void => {
  const webhooks = program
    .command('webhooks')
    .description('where tenants are told of events, and whether it arrives')
  groupExample(webhooks, 'golive webhooks list --tenant acme')
  addList(webhooks, cli)
  addDeliveries(webhooks, cli)
  addRedeliver(webhooks, cli)
}

const addList = (webhooks: Command, cli: Cli): void => {
  const list = webhooks
    .command('list')
    .description('list the webhooks of a tenant, never their secrets')
    .requiredOption(...TENANT)
    .action(({ tenant }: OfTenant, command: Command) =>
      cli.run(command, 'anytime', async ({ api, out, now }) => {
        const all = await api.get<{ data: Webhook[] }>(path`/admin/tenants/${tenant}/webhooks`)
        await out.result(all, (width) =>
          all.data.length === 0
            ? [`Tenant ${tenant} has no webhooks.`]
            : [...table(columns(now), all.data, width), ...reasons(all.data)],
        )
      }),
    )
  example(list, 'golive webhooks list --tenant acme')
}

const columns = (now: number): Column<Webhook>[] => [
  { title: 'ID', text: ({ id }) => id },
  { title: 'STATUS', text: ({ status }) => status },
  { title: 'URL', text: ({ url }) => url, cut: true },
  { title: 'TYPES', text: ({ types }) => types.join(' '), cut: true },
  { title: 'ARRIVED', text: (hook) => relative(hook.last_success_at, now, 'never'), cut: true },
  { title: 'FAILED', text: (hook) => relative(hook.last_failure_at, now, 'never'), cut: true },
]

const reasons = (webhooks: Webhook[]): string[] =>
  webhooks.flatMap(({ id, disabled_reason }) =>
    disabled_reason === null ? [] : ['', `${id} is disabled: ${disabled_reason}.`],
  )

interface DeliveriesOptions extends OfTenant {
  failed?: true
  limit: number
}

const addDeliveries = (webhooks: Command, cli: Cli): void => {
  const deliveries = webhooks
    .command('deliveries')
    .description('list the attempts to deliver events to a webhook, newest first')
    .argument('<webhook>')
    .requiredOption(...TENANT)
    .option('--failed', 'only what did not arrive')
    .option('--limit <number>', 'how many', positiveNumber, 50)
    .action((id: string, { tenant, failed, limit }: DeliveriesOptions, command: Command) =>
      cli.run(command, 'anytime', async ({ api, out, now }) => {
        const query = failed ? { failed: 'true' } : {}
        const place = path`/admin/tenants/${tenant}/webhooks/${id}/deliveries`
        const found = await api.list<Delivery>(place, query, limit)
        await out.result(found, (width) =>
          found.data.length === 0
            ? [failed ? `All that was sent to ${id} arrived.` : `Nothing was sent to ${id} yet.`]
            : table(attempts(now), found.data, width),
        )
      }),
    )
  example(deliveries, 'golive webhooks deliveries wh_mi3v9k2p0x7m1bz3f4qk --tenant acme --failed')
}

const attempts = (now: number): Column<Delivery>[] => [
  { title: 'TIME (UTC)', text: ({ at }) => `${at.slice(0, 10)} ${at.slice(11, 19)}` },
  { title: 'ID', text: ({ id }) => id },
  { title: 'SEQ', text: ({ seq }) => String(seq), right: true },
  { title: 'TYPE', text: ({ type }) => type, cut: true },
  { title: 'TRY', text: ({ attempt }) => String(attempt), right: true },
  { title: 'OUTCOME', text: ({ error }) => error ?? 'arrived', cut: true },
  { title: 'NEXT', text: (one) => relative(one.next_attempt_at, now, ''), cut: true },
]

const addRedeliver = (webhooks: Command, cli: Cli): void => {
  const redeliver = webhooks
    .command('redeliver')
    .description('send the event of a delivery again')
    .argument('<webhook>')
    .argument('<delivery>')
    .requiredOption(...TENANT)
    .action((id: string, delivery: string, { tenant }: OfTenant, command: Command) =>
      cli.run(command, 'running', async ({ api, out }) => {
        const place = path`/admin/tenants/${tenant}/webhooks/${id}/deliveries/${delivery}/redeliver`
        const range = await api.post<{ from_seq: number; to_seq: number }>(place)
        await out.result(range, () => [`Event ${range.from_seq} will be sent to ${id} again.`])
      }),
    )
  example(
    redeliver,
    'golive webhooks redeliver wh_mi3v9k2p0x7m1bz3f4qk mi3v9k2p0x7m1bz3f4qk --tenant acme',
  )
}
