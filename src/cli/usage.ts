import { type Command, InvalidArgumentError } from 'commander'
import { CliError, EXIT } from './exit.ts'
import { example } from './help.ts'
import { type Column, table } from './output.ts'
import type { Cli } from './session.ts'

interface Amount {
  participant_seconds: number
  participants: number
  sessions: number
}

interface Account extends Amount {
  tenant: string
  name: string | null
  created_at: string
  deleted_at: string | null
}

interface Ledger {
  month: string
  data: Account[]
  total: Amount
}

/** `golive usage` */
export const addUsageCommand = (program: Command, cli: Cli): void => {
  const usage = program
    .command('usage')
    .description('show what the calls of each tenant used in a month (UTC), for invoices')
    .option('--month <month>', 'such as 2026-11; this month so far when left out', month)
    .option('--csv', 'print a table for spreadsheets')
    .action((options: { month?: string; csv?: true }, command: Command) =>
      cli.run(command, 'anytime', async ({ api, out }) => {
        const path = `/admin/usage${options.month ? `?month=${options.month}` : ''}`
        if (options.csv && out.json) throw oneForm()
        if (options.csv) return out.text(await api.text(path, 'text/csv'))
        const ledger = await api.get<Ledger>(path)
        await out.result(ledger, (width) => lines(ledger, width))
      }),
    )
  example(usage, 'golive usage --month 2026-11 --csv')
}

const month = (text: string): string => {
  if (/^20\d\d-(0[1-9]|1[0-2])$/.test(text)) return text
  throw new InvalidArgumentError('Expected a month such as 2026-11.')
}

const oneForm = (): CliError =>
  new CliError(EXIT.usage, { code: 'usage', detail: '--csv and --json are two forms: choose one' })

const lines = ({ month, data, total }: Ledger, width: number): string[] => {
  if (data.length === 0) return [`There was no tenant in ${month}.`]
  const sum = { ...total, tenant: 'all', name: null, created_at: '', deleted_at: null }
  return [`Usage in ${month} (UTC)`, '', ...table(COLUMNS, [...data, sum], width)]
}

const COLUMNS: Column<Account>[] = [
  { title: 'TENANT', text: ({ tenant }) => tenant },
  { title: 'NAME', text: ({ name }) => name ?? '', cut: true },
  {
    title: 'MINUTES',
    text: ({ participant_seconds }) => minutes(participant_seconds),
    right: true,
  },
  { title: 'JOINS', text: ({ participants }) => participants.toLocaleString('en-US'), right: true },
  { title: 'CALLS', text: ({ sessions }) => sessions.toLocaleString('en-US'), right: true },
  { title: 'DELETED', text: ({ deleted_at }) => deleted_at?.slice(0, 10) ?? '' },
]

/** For reading; `--csv` and `--json` have all of it. */
const minutes = (seconds: number): string =>
  (seconds / 60).toLocaleString('en-US', { minimumFractionDigits: 1, maximumFractionDigits: 1 })
