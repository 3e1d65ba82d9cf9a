import type { Command } from 'commander'
import { example } from './help.ts'
import { positiveNumber } from './key.ts'
import { type Column, table } from './output.ts'
import type { Cli } from './session.ts'

interface Entry {
  id: string
  at: string
  actor: string
  address: string | null
  action: string
  target: string
  tenant: string | null
  before: object | null
  after: object | null
}

interface AuditOptions {
  tenant?: string
  actor?: string
  action?: string
  limit: number
}

/** `golive audit` */
export const addAuditCommand = (program: Command, cli: Cli): void => {
  const audit = program
    .command('audit')
    .description('show who changed what, signed in or failed to, newest first')
    .option('--tenant <slug>', 'only what concerns this tenant')
    .option('--actor <actor>', 'only what this actor did, such as admin:ops@example.com')
    .option('--action <action>', 'only this kind, such as key.rotated')
    .option('--limit <number>', 'how many entries', positiveNumber, 50)
    .action(({ limit, ...filter }: AuditOptions, command: Command) =>
      cli.run(command, 'anytime', async ({ api, out }) => {
        const found = await api.list<Entry>('/admin/audit', { ...filter }, limit)
        await out.result(found, (width) =>
          found.data.length === 0
            ? ['Nothing of that is on record.']
            : table(COLUMNS, found.data, width),
        )
      }),
    )
  example(audit, 'golive audit --tenant acme --limit 20')
}

const COLUMNS: Column<Entry>[] = [
  { title: 'TIME (UTC)', text: ({ at }) => `${at.slice(0, 10)} ${at.slice(11, 19)}` },
  { title: 'ACTION', text: ({ action }) => action },
  { title: 'TARGET', text: ({ target }) => target, cut: true },
  { title: 'TENANT', text: ({ tenant }) => tenant ?? '', cut: true },
  { title: 'ACTOR', text: ({ actor }) => actor, cut: true },
  { title: 'FROM', text: ({ address }) => address ?? '', cut: true },
]
