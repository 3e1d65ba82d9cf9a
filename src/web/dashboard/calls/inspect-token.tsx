import { Alert, Button, Textarea } from '@mantine/core'
import { type FormEvent, type ReactNode, useState } from 'react'
import { call } from '../api.ts'
import { None } from '../parts/dash.tsx'
import { Facts } from '../parts/facts.tsx'
import { Icon } from '../parts/icons.tsx'
import { Panel } from '../parts/page.tsx'
import { Trouble } from '../parts/states.tsx'
import { Time } from '../parts/time.tsx'
import { useAct } from '../queries.ts'
import { Link, tenantPath } from '../router.tsx'
import type { Inspection, Permissions, TokenClaims } from '../types.ts'

/** For who cannot join: whether their token would be let in now, and why not. */
export const InspectToken = () => {
  const [token, setToken] = useState('')
  const inspect = useAct(() => call<Inspection>('POST', '/join-tokens/inspect', { token }))
  const submit = (event: FormEvent) => {
    event.preventDefault()
    inspect.mutate()
  }
  const { data: found, error } = inspect
  return (
    <Panel
      title="Check a join token"
      lead="Tells whether it would be let in now, and why not. It takes no seat and is not kept."
    >
      <form className="stack" onSubmit={submit}>
        <Textarea
          label="Join token"
          placeholder="eyJ…"
          required
          withAsterisk={false}
          rows={3}
          autoComplete="off"
          spellCheck={false}
          value={token}
          error={error?.fields.token}
          onChange={(event) => {
            setToken(event.currentTarget.value.trim())
            // What stands below must be about what stands above.
            inspect.reset()
          }}
        />
        <div>
          <Button type="submit" loading={inspect.isPending}>
            Check the token
          </Button>
        </div>
        {error && !error.fields.token && <Trouble error={error} />}
        <div className="stack" role="status">
          {found && <Verdict found={found} />}
        </div>
      </form>
    </Panel>
  )
}

const Verdict = ({ found: { admitted, code, reason, claims } }: { found: Inspection }) => (
  <>
    <Alert
      color={admitted ? 'teal' : 'red'}
      icon={<Icon name={admitted ? 'check' : 'close'} />}
      title={admitted ? 'It would be let in now' : 'It would not be let in now'}
    >
      {code === null ? (
        <>
          <bdi>{claims?.identity}</bdi> can join {claims?.room}.
        </>
      ) : (
        <>
          <code>{code}</code>: {reason}
        </>
      )}
    </Alert>
    {claims && <Facts facts={factsOf(claims)} />}
  </>
)

const factsOf = (claims: TokenClaims): [string, ReactNode][] => [
  ['Identity', claims.identity],
  ['Name', claims.name ?? <None />],
  ['Room', claims.room],
  ['Tenant', tenantOf(claims.tenant)],
  ['Minted by', claims.tenant === null ? 'this server' : claims.api_key],
  ['Issued', <Time key="issued" at={claims.first_issued_at} />],
  ['Expires', <Time key="expires" at={claims.expires_at} />],
  ['When it expires', claims.eject_at === null ? 'the call goes on' : 'the person leaves the call'],
  ['May', abilities(claims.permissions)],
  [
    'On a second join',
    claims.on_duplicate === 'replace' ? 'the first connection ends' : 'it is refused',
  ],
]

const tenantOf = (slug: string | null): ReactNode =>
  slug === null ? (
    <span className="soft">none: a check call</span>
  ) : (
    <Link to={tenantPath(slug)}>{slug}</Link>
  )

const abilities = (may: Permissions): string => {
  const sources = may.can_publish_sources.map((source) => source.replaceAll('_', ' '))
  const able = [
    may.can_publish && `publish ${sources.length === 0 ? 'everything' : sources.join(', ')}`,
    may.can_subscribe && 'see and hear others',
    may.can_publish_data && 'send data',
    may.can_update_own_metadata && 'change its own metadata',
    may.hidden && 'be there unseen',
  ].filter((text) => text !== false)
  return able.length === 0 ? 'nothing' : able.join('; ')
}
