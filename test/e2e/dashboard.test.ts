import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { type Chromium, launchChromium } from '../support/chromium.ts'
import { DashboardPage, inviteAdmin, PASSWORD, PHONE } from '../support/dashboard-page.ts'
import { type GoLive, startGolive } from '../support/golive.ts'
import { TenantClient } from '../support/tenant-client.ts'
import { until } from '../support/wait.ts'

setDefaultTimeout(110_000)

let golive: GoLive
let browser: Chromium

beforeAll(async () => {
  ;[golive, browser] = await Promise.all([startGolive(), launchChromium()])
})

afterAll(async () => {
  await browser?.[Symbol.asyncDispose]()
  await golive?.[Symbol.asyncDispose]()
})

const isPath = (path: string) => (url: URL) => url.pathname === path

test('an operator runs a tenant from the first sign-in to its end without leaving the dashboard', async () => {
  await using operator = await DashboardPage.create(browser, golive)
  const { page } = operator
  await operator.open('/ui')
  await operator.heading('One step on the server')
  await page.getByText('golive admin create').waitFor()
  expect(await page.locator('input').count()).toBe(0)
  const findings = await operator.look('no-admin')

  const link = await inviteAdmin(golive)
  await page.goto('about:blank')
  await page.goto(link)
  await page.getByRole('button', { name: 'Continue' }).waitFor()
  expect(page.url()).not.toContain('link=')
  findings.push(...(await operator.look('welcome')))
  await operator.press('Continue')
  await operator.heading('Choose a password')
  findings.push(...(await operator.look('set-password')))
  await page.getByLabel('New password', { exact: true }).fill(PASSWORD)
  await operator.press('Save and go on')
  await operator.heading('Overview')

  await page.getByRole('link', { name: 'Tenants' }).click()
  await operator.heading('Tenants')
  await operator.press('New tenant')
  await page.getByLabel('Slug').fill('Not a slug')
  await operator.press('Create tenant')
  await page.getByLabel('Slug').and(page.locator('[aria-invalid="true"]')).waitFor()
  await page.getByLabel('Slug').fill('acme')
  await page.getByLabel('Name').fill('Acme Ltd')
  await page.keyboard.press('Enter')
  await page.getByText('The secret is shown this once').waitFor()
  const first = {
    api_key: await operator.shown('API key'),
    api_secret: await operator.shown('API secret'),
  }
  await operator.press('Copy API secret')
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(first.api_secret)
  await page.keyboard.press('Escape')
  await operator.press('I have saved the secret')
  await page.waitForURL(isPath('/ui/tenants/acme'))
  await operator.heading('Acme Ltd')
  expect(await page.content()).not.toContain(first.api_secret)

  const acme = new TenantClient(golive.url, first)
  await acme.createRoom('standup')
  await using alice = await browser.person()
  await alice.join(await acme.mint('standup', 'alice'))
  const call = operator.panel('Live rooms').locator('[data-room="standup"]')
  await call.getByText('alice').waitFor()

  const rotate = async (overlap: string) => {
    await operator.panel('API keys').getByRole('button', { name: 'Rotate' }).click()
    await page.getByLabel('The present secret works on for').selectOption(overlap)
    await operator.press('Rotate key')
    await page.getByText('The secret is shown this once').waitFor()
    const secret = await operator.shown('API secret')
    await operator.press('I have saved the secret')
    return new TenantClient(golive.url, { ...first, api_secret: secret })
  }
  const answers = async (client: TenantClient) => (await client.call('GET', '/me')).status
  const second = await rotate('1 hour')
  expect([await answers(acme), await answers(second)]).toEqual([200, 200])
  await operator.panel('API keys').getByText('still works').waitFor()
  const third = await rotate('Stop it at once')
  expect([await answers(acme), await answers(second), await answers(third)]).toEqual([
    401, 401, 200,
  ])

  // Rotating at once put out whoever joined by the old secret.
  await until('alice is out', async () => (await alice.state()) === 'disconnected')
  await alice.open()
  await alice.join(await third.mint('standup', 'alice'))
  await call.getByText('alice').waitFor()

  await operator.press('Deactivate')
  await page.getByText('Its calls end now and nobody can join any more.').waitFor()
  findings.push(...(await operator.look('deactivate')))
  await page.getByRole('dialog').getByRole('button', { name: 'Deactivate' }).click()
  await page.getByText('Deactivated', { exact: true }).waitFor()
  await until('the call is over', async () => (await alice.state()) === 'disconnected')
  await operator.panel('Live rooms').getByText('No call is running').waitFor()
  const refused = await third.call('GET', '/me')
  expect([refused.status, refused.body.code]).toEqual([401, 'tenant_deactivated'])

  await page.getByRole('link', { name: 'Audit log' }).click()
  const log = operator.panel('Entries').getByRole('table')
  for (const entry of [
    'Created admin',
    'Used sign-in link',
    'Created tenant',
    'Rotated key',
    'Secret shown',
    'Deactivated tenant',
  ]) {
    await log.getByText(entry).first().waitFor()
  }
  expect(await log.textContent()).not.toContain('lks_')
  await page.getByLabel('What').selectOption('Deactivated tenant')
  await operator.press('Filter')
  await until('the filter holds', async () => (await log.locator('tbody tr').count()) === 1)

  expect([...operator.hosts]).toEqual([new URL(golive.url).host])
  expect(operator.violations).toEqual([])
  expect(findings).toEqual([])
})

test('names with markup stay text wherever they are shown, and deleting needs the slug typed', async () => {
  await using operator = await DashboardPage.create(browser, golive)
  const { page } = operator
  const markup = '<img src=x onerror="document.title=`owned`">'
  await operator.signIn()
  await operator.open('/ui/tenants')
  await operator.press('New tenant')
  await page.getByLabel('Slug').fill('markup')
  await page.getByLabel('Name').fill(markup)
  await operator.press('Create tenant')
  await operator.press('I have saved the secret')
  await operator.heading(markup)

  await operator.open('/ui/tenants')
  await page.getByText(markup).waitFor()
  await page.getByLabel('Search tenants').fill('mark')
  await until('only it is found', async () => (await page.locator('tbody tr').count()) === 1)
  await page.getByLabel('Search tenants').fill(markup.slice(0, 12))
  await page.getByText(markup).waitFor()
  await operator.open('/ui/audit')
  await operator.panel('Entries').getByText(markup).first().waitFor()
  expect(await page.locator('img').count()).toBe(0)
  expect(await page.title()).toBe('Audit log · GoLive')

  await operator.open('/ui/tenants/markup')
  await operator.press('Delete')
  const confirm = page.getByRole('button', { name: 'Delete tenant' })
  expect(await confirm.isDisabled()).toBe(true)
  await page.getByLabel('Type markup to confirm').fill('marku')
  expect(await confirm.isDisabled()).toBe(true)
  await page.getByLabel('Type markup to confirm').fill('markup')
  await page.keyboard.press('Enter')
  await page.waitForURL(isPath('/ui/tenants'))
  await page.getByText(markup).waitFor({ state: 'detached' })
  expect(operator.violations).toEqual([])
})

const PAGES: [string, string, string][] = [
  ['overview', '/ui', 'Overview'],
  ['tenants', '/ui/tenants', 'Tenants'],
  ['tenant', '/ui/tenants/busy', 'Busy Customer'],
  ['calls', '/ui/calls', 'Live calls'],
  ['audit', '/ui/audit', 'Audit log'],
  ['access', '/ui/access', 'Access'],
  ['status', '/ui/status', 'Status'],
  ['doctor', '/ui/doctor', 'Doctor'],
]

test('every page is accessible, light and dark, and fits a phone without sideways scrolling', async () => {
  await using operator = await DashboardPage.create(browser, golive)
  const { page } = operator
  const findings: string[] = []
  const look = async (name: string) => findings.push(...(await operator.look(name)))
  await operator.open('/ui')
  await operator.heading('Sign in')
  await look('sign-in')
  await operator.signIn()
  const busy = await golive.tenant('busy')
  await golive.admin('/admin/tenants/busy', {
    method: 'PATCH',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'Busy Customer' }),
  })
  await busy.createRoom('all-hands')
  await using carol = await browser.person()
  await carol.join(await busy.mint('all-hands', 'carol.danvers@example.com'))
  await busy.call('GET', '/rooms/nowhere')
  for (const [name, path, title] of PAGES.filter(([name]) => name !== 'nothing')) {
    await operator.open(path)
    await operator.heading(title)
    await page.waitForFunction(() => !document.querySelector('[aria-label="Loading"]'))
    await look(name)
  }
  await operator.open('/ui/tenants')
  await operator.press('New tenant')
  await look('create-tenant')
  await page.getByLabel('Slug').fill('pictured')
  await operator.press('Create tenant')
  await page.getByText('The secret is shown this once').waitFor()
  await look('secret')
  expect(findings).toEqual([])
  expect(operator.violations).toEqual([])
})

test('the keyboard alone reaches and works everything, and the menu of a phone closes by Escape', async () => {
  await using operator = await DashboardPage.create(browser, golive)
  const { page } = operator
  await operator.signIn()
  await page.reload()
  await operator.heading('Overview')
  const focused = () => page.evaluate(() => document.activeElement?.textContent?.trim() ?? '')
  await page.keyboard.press('Tab')
  expect(await focused()).toBe('Skip to the page')
  for (const name of ['GoLive', 'Overview', 'Tenants']) {
    await page.keyboard.press('Tab')
    expect(await focused()).toContain(name)
  }
  await page.keyboard.press('Enter')
  await operator.heading('Tenants')
  expect(await focused()).toBe('Tenants')
  await page.keyboard.press('Tab')
  expect(await focused()).toBe('New tenant')
  await page.keyboard.press('Enter')
  await page.getByRole('dialog').waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  await until('the focus is back', async () => (await focused()) === 'New tenant')

  await page.setViewportSize(PHONE)
  await operator.press('Open the menu')
  await page.getByRole('link', { name: 'Status' }).waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('link', { name: 'Status' }).waitFor({ state: 'hidden' })
  await operator.press('Open the menu')
  await page.getByRole('link', { name: 'Status' }).click()
  await operator.heading('Status')
  expect(await operator.scrollsSideways()).toBe(false)
})

test('a server that does not answer is said in words, and an ended session leads back to signing in', async () => {
  await using operator = await DashboardPage.create(browser, golive)
  await using other = await DashboardPage.create(browser, golive)
  const { page } = operator
  await operator.signIn()
  await operator.open('/ui/tenants')
  await page.getByRole('table').waitFor()
  await page.route('**/admin/**', (route) => route.abort())
  await page.getByText('The server does not answer.').waitFor()
  expect(await page.getByRole('table').count()).toBe(1)
  await page.unroute('**/admin/**')
  await page.getByText('The server does not answer.').waitFor({ state: 'detached' })

  // A page of many panels says it once.
  await operator.open('/ui')
  await operator.panel('Live calls').getByText('No call is running').waitFor()
  await page.route('**/admin/**', (route) => route.abort())
  const said = page.getByText('The server does not answer.')
  await until('every part knows', async () => (await said.count()) === 2)
  expect(await said.filter({ visible: true }).count()).toBe(1)
  await page.unroute('**/admin/**')
  await said.first().waitFor({ state: 'detached' })

  await operator.open('/ui/tenants/nobody')
  await operator.heading('nobody')
  await page.getByText('There is no tenant named nobody.').waitFor()

  await other.signIn()
  await other.open('/ui/access')
  const sessions = other.panel('Sessions').getByRole('button', { name: /^End/ })
  await sessions.first().waitFor()
  while ((await sessions.count()) > 0) {
    const left = await sessions.count()
    await sessions.first().click()
    await other.press('End session')
    await until('it is gone', async () => (await sessions.count()) < left)
  }
  await operator.heading('Sign in')
})
