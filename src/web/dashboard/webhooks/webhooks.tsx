import { Alert, Badge } from '@mantine/core'
import { at } from '../api.ts'
import { eventWords } from '../history/words.ts'
import { CopyIcon } from '../parts/copy.tsx'
import { Facts } from '../parts/facts.tsx'
import { Icon } from '../parts/icons.tsx'
import { Panel } from '../parts/page.tsx'
import { Empty, Loaded } from '../parts/states.tsx'
import { Time } from '../parts/time.tsx'
import { useLive } from '../queries.ts'
import { sentence } from '../text.ts'
import type { List } from '../types.ts'
import { Deliveries } from './deliveries.tsx'
import type { Webhook } from './types.ts'

/** Where a tenant is told of events, and whether that works. Only the tenant itself changes it. */
export const Webhooks = ({ slug }: { slug: string }) => {
  const webhooks = useLive<List<Webhook>>(`/tenants${at(slug)}/webhooks`)
  return (
    <Loaded query={webhooks} rows={5}>
      {({ data }) =>
        data.length > 0 ? (
          data.map((webhook) => <Endpoint key={webhook.id} slug={slug} webhook={webhook} />)
        ) : (
          <Panel title="Webhooks">
            <Empty icon="status" title="This tenant has no webhook">
              Its backend makes one with <code>POST /api/v1/webhooks</code>; each attempt to deliver
              an event will then stand here.
            </Empty>
          </Panel>
        )
      }
    </Loaded>
  )
}

const hostOf = (url: string): string => {
  try {
    return new URL(url).host
  } catch {
    return url
  }
}

const Endpoint = ({ slug, webhook }: { slug: string; webhook: Webhook }) => (
  <Panel
    title={`Webhook to ${hostOf(webhook.url)}`}
    actions={<Status status={webhook.status} />}
    lead={
      <span className="with-copy">
        <code className="break">{webhook.url}</code>
        <CopyIcon text={webhook.url} what="the URL" />
      </span>
    }
  >
    {webhook.status === 'disabled' && (
      <Alert
        color="yellow"
        mb="md"
        icon={<Icon name="warning" />}
        title="It is disabled, and told of nothing"
      >
        {sentence(webhook.disabled_reason ?? 'No reason is known')} The tenant turns it on again
        with PATCH, and it goes on where it was.
      </Alert>
    )}
    <Facts
      facts={[
        ['Told of', typesOf(webhook.types)],
        ['Last success', <Time key="success" at={webhook.last_success_at} />],
        ['Last failure', <Time key="failure" at={webhook.last_failure_at} />],
        ['Made', <Time key="made" at={webhook.created_at} />],
      ]}
    />
    <Deliveries slug={slug} webhook={webhook} />
  </Panel>
)

const typesOf = (types: string[]): string =>
  types.includes('*') ? 'Everything' : types.map(eventWords).join(', ')

const Status = ({ status }: { status: Webhook['status'] }) =>
  status === 'active' ? (
    <Badge color="teal" variant="light">
      Active
    </Badge>
  ) : (
    <Badge color="red" variant="light">
      Disabled
    </Badge>
  )
