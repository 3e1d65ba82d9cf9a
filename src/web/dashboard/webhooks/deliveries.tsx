import { Badge, Button, Checkbox } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useState } from 'react'
import { at, call } from '../api.ts'
import { eventWords } from '../history/words.ts'
import { Confirm } from '../parts/confirm.tsx'
import { Moment } from '../parts/moment.tsx'
import { Empty, Loaded, More } from '../parts/states.tsx'
import { DataTable } from '../parts/table.tsx'
import { Time } from '../parts/time.tsx'
import { useAct, useList } from '../queries.ts'
import { number } from '../text.ts'
import type { Delivery, Webhook } from './types.ts'

interface DeliveriesProps {
  slug: string
  webhook: Webhook
}

/** Not an attempt: a word on events that were passed over. */
const SKIPPED = 'webhook.skipped'

/** Every attempt to tell an endpoint of something, newest first. */
export const Deliveries = ({ slug, webhook }: DeliveriesProps) => {
  const [failed, setFailed] = useState(false)
  const [again, setAgain] = useState<Delivery | null>(null)
  const path = `/tenants${at(slug)}/webhooks${at(webhook.id)}/deliveries`
  const deliveries = useList<Delivery>(path, { failed: failed ? 'true' : null })
  return (
    <section className="deliveries" aria-label={`Deliveries to ${webhook.url}`}>
      <div className="deliveries-head">
        <h3>Deliveries</h3>
        <Checkbox
          label="Only what did not arrive"
          checked={failed}
          onChange={(event) => setFailed(event.currentTarget.checked)}
        />
      </div>
      <Loaded query={deliveries}>
        {(found) =>
          found.length > 0 ? (
            <DeliveryTable
              deliveries={found}
              onAgain={webhook.status === 'active' ? setAgain : null}
            />
          ) : (
            <Empty
              icon={failed ? 'check' : 'clock'}
              title={failed ? 'Everything arrived' : 'Nothing was sent yet'}
            />
          )
        }
      </Loaded>
      <More query={deliveries} />
      {again && (
        <Redeliver path={path} delivery={again} url={webhook.url} onClose={() => setAgain(null)} />
      )}
    </section>
  )
}

interface DeliveryTableProps {
  deliveries: Delivery[]
  onAgain: ((delivery: Delivery) => void) | null
}

const DeliveryTable = ({ deliveries, onAgain }: DeliveryTableProps) => (
  <DataTable
    caption="Deliveries, newest first"
    rows={deliveries}
    id={({ id }) => id}
    columns={[
      { name: 'When', cell: ({ at }) => <Moment at={at} /> },
      {
        name: 'Event',
        cell: ({ type, seq }) => (
          <>
            {eventWords(type)}
            <span className="soft sub mono">
              {number(seq)} {type}
            </span>
          </>
        ),
      },
      {
        name: 'Attempt',
        cell: ({ attempt, duration_ms }) => (
          <>
            {number(attempt)}
            {duration_ms !== null && (
              <span className="soft sub">took {number(duration_ms)} ms</span>
            )}
          </>
        ),
      },
      { name: 'Outcome', cell: (delivery) => <Outcome delivery={delivery} /> },
      {
        name: 'Actions',
        isQuiet: true,
        cell: (delivery) =>
          onAgain &&
          delivery.type !== SKIPPED && (
            <Button variant="default" size="xs" onClick={() => onAgain(delivery)}>
              Redeliver<span className="hidden"> event {delivery.seq}</span>
            </Button>
          ),
      },
    ]}
  />
)

const Outcome = ({ delivery }: { delivery: Delivery }) => {
  const { error, status_code, response_excerpt, next_attempt_at } = delivery
  return (
    <>
      <Badge color={error === null ? 'teal' : 'red'} variant="light">
        {error === null ? 'Arrived' : 'Did not arrive'}
        {status_code !== null && ` · ${status_code}`}
      </Badge>
      {error !== null && <span className="sub break">{error}</span>}
      {response_excerpt && (
        <details className="excerpt">
          <summary>The answer</summary>
          <pre>{response_excerpt}</pre>
        </details>
      )}
      {next_attempt_at && (
        <span className="soft sub">
          next attempt <Time at={next_attempt_at} />
        </span>
      )}
    </>
  )
}

interface RedeliverProps {
  path: string
  url: string
  delivery: Delivery
  onClose: () => void
}

const Redeliver = ({ path, url, delivery, onClose }: RedeliverProps) => {
  const redeliver = useAct(
    () => call('POST', `${path}${at(delivery.id)}/redeliver`),
    () => {
      notifications.show({ color: 'teal', message: `Event ${delivery.seq} is sent again.` })
      onClose()
    },
  )
  return (
    <Confirm
      title="Send this event again?"
      action="Redeliver"
      color="blue"
      act={redeliver}
      onClose={onClose}
    >
      <p>
        Event {number(delivery.seq)}, <code>{delivery.type}</code>, goes to{' '}
        <span className="break">{url}</span> once more, with the <code>webhook-id</code> it had: a
        receiver that keeps them knows that it had it before.
      </p>
    </Confirm>
  )
}
