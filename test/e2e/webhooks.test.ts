import { expect, setDefaultTimeout, test } from 'bun:test'
import { join } from 'node:path'
import { EventLog } from '../../src/domain/events.ts'
import { openStore } from '../../src/store/db.ts'
import { findTenantBySlug } from '../../src/store/tenants.ts'
import { type GoLive, startGolive } from '../support/golive.ts'
import { until } from '../support/wait.ts'
import { verifies, WebhookReceiver } from '../support/webhook-receiver.ts'

setDefaultTimeout(120_000)

const EVENTS = 400
const KILLS = 6

/** What happened before the server starts: it finds it in its log. */
const happened = async ({ dataDir }: GoLive, slug: string, count: number): Promise<void> => {
  const store = openStore(join(dataDir, 'golive.db'))
  const events = new EventLog({ store, clock: Date.now })
  const tenant = await findTenantBySlug(store.db, slug)
  for (let n = 0; n < count; n++)
    await events.write((_, append) =>
      append(tenant?.id as string, { type: 'participant.joined', data: { n } }),
    )
  await store.close()
}

const lab = { config: { webhooks: { allow_private: true } } }

test('no event is lost or overtakes another when the server is killed amid a burst', async () => {
  await using golive = await startGolive(lab)
  using receiver = new WebhookReceiver()
  // Slow enough that a kill hits between, and while, messages are under way.
  receiver.answer = async () => {
    await Bun.sleep(1)
    return new Response('ok')
  }
  const tenant = await golive.tenant('acme')
  const { status, body } = await tenant.call('POST', '/webhooks', { url: receiver.url })
  expect(status).toBe(201)
  await golive.kill('SIGKILL')
  await happened(golive, 'acme', EVENTS)
  for (let kill = 1; kill <= KILLS; kill++) {
    const enough = Math.floor(((kill - Math.random()) * EVENTS) / (KILLS + 1))
    await golive.spawn()
    await receiver.until(`${enough} arrived`, ({ seqs }) => seqs.length >= enough, 60_000)
    await golive.kill('SIGKILL')
  }
  await golive.restartProcess()
  await receiver.until('all arrived', ({ seqs }) => seqs.length >= EVENTS, 60_000)
  expect(receiver.seqs).toEqual(Array.from({ length: EVENTS }, (_, n) => n + 1))
  expect(receiver.all.every((one) => verifies(body.secret as string, one))).toBe(true)
  // Only what was under way at a kill comes twice, and then with the id that it had.
  expect(receiver.all.length).toBeLessThanOrEqual(EVENTS + KILLS)
  expect(new Set(receiver.all.map(({ id }) => id)).size).toBe(EVENTS)
  const listed = await golive.cli('webhooks', 'list', '--tenant', 'acme', '--json')
  expect(listed.json.data).toMatchObject([{ id: body.id, status: 'active' }])
})

test('the executable keeps off its own machine unless the operator allows it', async () => {
  await using golive = await startGolive()
  using receiver = new WebhookReceiver()
  const tenant = await golive.tenant('acme')
  const port = new URL(receiver.url).port
  for (const host of ['127.0.0.1', '0x7f.1', '[::ffff:127.0.0.1]', 'localhost']) {
    const made = await tenant.call('POST', '/webhooks', { url: `https://${host}:${port}/` })
    expect([host, made.status]).toEqual([host, 422])
  }
  expect(receiver.all).toEqual([])
})

test('the operator sees what did not arrive, and has it sent again', async () => {
  await using golive = await startGolive(lab)
  using receiver = new WebhookReceiver()
  receiver.failing(500)
  const tenant = await golive.tenant('acme')
  const { body } = await tenant.call('POST', '/webhooks', { url: receiver.url })
  const id = body.id as string
  await golive.kill('SIGKILL')
  await happened(golive, 'acme', 2)
  await golive.restartProcess()
  const deliveries = async () => {
    const { json } = await golive.cli('webhooks', 'deliveries', id, '--tenant', 'acme', '--json')
    return json.data
  }
  await until('a failure is listed', async () => (await deliveries()).length > 0)
  receiver.taking()
  await receiver.until('both arrived', ({ seqs }) => seqs.length === 2, 30_000)
  const [newest] = await deliveries()
  const again = await golive.cli('webhooks', 'redeliver', id, newest.id, '--tenant', 'acme')
  expect([again.code, again.stdout]).toEqual([
    0,
    `Event ${newest.seq} will be sent to ${id} again.\n`,
  ])
  await until('it came again', () => receiver.arrived.length === 3)
  expect(await golive.metrics()).toMatch(
    /^golive_webhook_deliveries_total\{outcome="delivered"\} 3$/m,
  )
})
