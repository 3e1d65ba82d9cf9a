import { Badge } from '@mantine/core'
import { Password } from '../access/password.tsx'
import { Sessions } from '../access/sessions.tsx'
import { Tokens } from '../access/tokens.tsx'
import { Page, Panel } from '../parts/page.tsx'
import { Loaded } from '../parts/states.tsx'
import { DataTable } from '../parts/table.tsx'
import { Time } from '../parts/time.tsx'
import { useLive } from '../queries.ts'
import type { AdminAccount, List } from '../types.ts'

/** Who and what may operate this server. */
export const AccessPage = () => (
  <Page title="Access" lead="Who may operate this server, from where, and by which scripts.">
    <Admins />
    <Sessions />
    <Tokens />
    <Password />
  </Page>
)

const Admins = () => {
  const admins = useLive<List<AdminAccount>>('/admins')
  return (
    <Panel
      title="Admins"
      lead={
        <>
          Accounts are made on the server only: <code>golive admin create you@example.com</code>
        </>
      }
    >
      <Loaded query={admins}>
        {({ data }) => (
          <DataTable
            caption="Admins"
            rows={data}
            id={({ id }) => id}
            columns={[
              { name: 'E-mail', cell: ({ email }) => <span className="break">{email}</span> },
              {
                name: 'Password',
                cell: ({ has_password }) =>
                  has_password ? (
                    'set'
                  ) : (
                    <Badge color="yellow" variant="light">
                      not chosen yet
                    </Badge>
                  ),
              },
              {
                name: 'Last sign-in',
                cell: ({ last_sign_in_at }) => <Time at={last_sign_in_at} />,
              },
              { name: 'Created', cell: ({ created_at }) => <Time at={created_at} /> },
            ]}
          />
        )}
      </Loaded>
    </Panel>
  )
}
