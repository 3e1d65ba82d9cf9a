import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { type Chromium, launchChromium } from '../support/chromium.ts'
import { DashboardPage, inviteAdmin, PASSWORD } from '../support/dashboard-page.ts'
import { type GoLive, startGolive } from '../support/golive.ts'
import type { TenantClient } from '../support/tenant-client.ts'
import { until } from '../support/wait.ts'
import { WebhookReceiver } from '../support/webhook-receiver.ts'

setDefaultTimeout(110_000)

let golive: GoLive
let browser: Chromium
let operator: DashboardPage
let acme: TenantClient

beforeAll(async () => {
  const lab = { config: { webhooks: { allow_private: true } } }
  ;[golive, browser] = await Promise.all([startGolive(lab), launchChromium()])
  acme = await golive.tenant('acme')
  await golive.tenantKey('nothing')
  operator = await DashboardPage.create(browser, golive)
  await operator.open(new URL(await inviteAdmin(golive)).href.replace(golive.url, ''))
  await operator.press('Continue')
  await operator.page.getByLabel('New password', { exact: true }).fill(PASSWORD)
  await operator.press('Save and go on')
  await operator.heading('Overview')
})

afterAll(async () => {
  expect(operator.violations).toEqual([])
  await operator?.[Symbol.asyncDispose]()
  await browser?.[Symbol.asyncDispose]()
  await golive?.[Symbol.asyncDispose]()
})

test('an operator sees what arrived and what did not, with what the endpoint answered, and sends it again', async () => {
  using receiver = new WebhookReceiver()
  await acme.call('POST', '/webhooks', { url: receiver.url, types: ['room.created'] })
  await acme.createRoom('first')
  await receiver.until('the first arrived', ({ arrived }) => arrived.length === 1)
  await operator.open('/ui/tenants/acme/webhooks')
  const panel = operator.panel(/^Webhook to 127\.0\.0\.1/)
  const rows = panel.locator('tbody tr')
  await rows.filter({ hasText: 'Arrived · 200' }).waitFor()

  await rows.first().getByRole('button', { name: 'Redeliver' }).click()
  const dialog = operator.page.getByRole('dialog')
  await dialog.getByText('webhook-id').waitFor()
  expect(receiver.arrived.length).toBe(1)
  await dialog.getByRole('button', { name: 'Redeliver' }).click()
  await receiver.until('it came again', ({ arrived }) => arrived.length === 2)
  expect(receiver.arrived[1]?.id).toBe(receiver.arrived[0]?.id as string)
  await until('both are shown', async () => (await rows.count()) === 2)

  receiver.answer = () => new Response('<b>no</b>', { status: 500 })
  await acme.createRoom('second')
  const failed = rows.filter({ hasText: 'Did not arrive · 500' })
  await failed.first().waitFor()
  await failed.first().getByText('next attempt').waitFor()
  await failed.first().getByText('The answer').click()
  await failed.first().getByText('<b>no</b>').waitFor()
  expect(await operator.look('webhooks')).toEqual([])
  await panel.getByLabel('Only what did not arrive').click()
  await until(
    'the others are away',
    async () => (await rows.filter({ hasText: 'Arrived ·' }).count()) === 0,
  )
  expect(await failed.count()).toBeGreaterThan(0)
})

test('one that is disabled says why, and offers nothing to send', async () => {
  using receiver = new WebhookReceiver()
  receiver.failing(410)
  await acme.call('POST', '/webhooks', { url: `${receiver.url}&gone=true` })
  await acme.createRoom('third')
  await operator.open('/ui/tenants/acme/webhooks')
  const panel = operator.page.locator('.panel', { hasText: 'gone=true' })
  await panel.getByText('It is disabled, and told of nothing').waitFor()
  await panel.getByText('The endpoint answered with status 410, Gone.').waitFor()
  expect(await panel.getByRole('button', { name: 'Redeliver' }).count()).toBe(0)
  expect(await operator.look('webhooks-disabled')).toEqual([])
})

test('a tenant without one is told how to make one', async () => {
  await operator.open('/ui/tenants/nothing/webhooks')
  await operator.page.getByText('This tenant has no webhook').waitFor()
  expect(await operator.look('webhooks-none')).toEqual([])
})
