import { withQuery } from '../api.ts'
import { Page, Panel } from '../parts/page.tsx'
import { Empty, Loaded } from '../parts/states.tsx'
import { DataTable } from '../parts/table.tsx'
import { TenantLink } from '../parts/tenant-link.tsx'
import { useLive } from '../queries.ts'
import { fullTime } from '../text.ts'
import { asMonthQuery, everyOf, MonthSwitch, SaveTable, useMonth } from './month.tsx'
import { AMOUNTS, Totals } from './tenant-usage.tsx'

interface Account {
  tenant: string
  name: string | null
  created_at: string
  deleted_at: string | null
  participant_seconds: number
  participants: number
  sessions: number
}

interface Ledger {
  month: string
  data: Account[]
  total: Pick<Account, 'participant_seconds' | 'participants' | 'sessions'>
}

/** What every tenant used in a month: what an invoice is written from. */
export const LedgerPage = () => {
  const [month, setMonth] = useMonth()
  const path = withQuery('/usage', { month })
  const ledger = useLive<Ledger>(path, everyOf(month))
  return (
    <Page
      title="Usage"
      lead="All tenants by month, in UTC, deleted ones included; calls that run count up to now."
    >
      <Panel
        title="By tenant"
        actions={
          <>
            <MonthSwitch month={month} onMonth={setMonth} />
            <SaveTable path={path} what="the month" />
          </>
        }
      >
        <Loaded query={ledger} rows={5}>
          {({ data, total }) =>
            data.length > 0 ? (
              <>
                <Totals total={total} />
                <Accounts accounts={data} month={month} />
              </>
            ) : (
              <Empty icon="clock" title="There was no tenant in this month">
                A tenant stands here from the month on in which it was created.
              </Empty>
            )
          }
        </Loaded>
      </Panel>
    </Page>
  )
}

const Accounts = ({ accounts, month }: { accounts: Account[]; month: string }) => (
  <DataTable
    caption="Usage by tenant, the most used first"
    rows={accounts.toSorted((a, b) => b.participant_seconds - a.participant_seconds)}
    id={({ tenant, created_at }) => `${tenant} ${created_at}`}
    columns={[
      { name: 'Tenant', cell: (account) => <Owner account={account} month={month} /> },
      ...AMOUNTS,
    ]}
  />
)

interface OwnerProps {
  account: Account
  month: string
}

const Owner = ({ account: { tenant, name, deleted_at }, month }: OwnerProps) =>
  deleted_at === null ? (
    <TenantLink slug={tenant} name={name} part="usage" asked={{ month: asMonthQuery(month) }} />
  ) : (
    <>
      <span className="mono">{tenant}</span>
      {name && <span className="soft sub clip">{name}</span>}
      <span className="soft sub">deleted {fullTime(deleted_at)}</span>
    </>
  )
