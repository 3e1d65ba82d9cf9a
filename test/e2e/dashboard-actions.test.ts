import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { type Chromium, launchChromium } from '../support/chromium.ts'
import { DashboardPage, EMAIL, inviteAdmin, PASSWORD } from '../support/dashboard-page.ts'
import { type GoLive, startGolive } from '../support/golive.ts'
import { TenantClient } from '../support/tenant-client.ts'
import { until } from '../support/wait.ts'

setDefaultTimeout(110_000)

const NEW_PASSWORD = 'another staple for the battery'

let golive: GoLive
let browser: Chromium
let operator: DashboardPage
let acme: TenantClient

beforeAll(async () => {
  ;[golive, browser] = await Promise.all([startGolive(), launchChromium()])
  acme = await golive.tenant('acme')
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

const dialog = () => operator.page.getByRole('dialog')
const gone = () => dialog().waitFor({ state: 'detached' })

/** What the admin API says of a tenant's limits. */
const limits = async () => {
  const response = await golive.admin('/admin/tenants/acme')
  return ((await response.json()) as { limits: Record<string, unknown> }).limits
}

const me = async () =>
  (await acme.call<{ limits: Record<string, number | null> }>('GET', '/me')).body

test('limits are edited, and one left empty is none or the default', async () => {
  await operator.open('/ui/tenants/acme')
  await operator.panel('Name and limits').getByRole('button', { name: 'Edit' }).click()
  await dialog().getByLabel('People in a room').fill('7')
  await dialog().getByLabel('People in calls at a time').fill('12')
  await dialog().getByRole('button', { name: 'Save' }).click()
  await gone()
  expect((await me()).limits).toMatchObject({
    max_participants_per_room: 7,
    max_concurrent_participants: 12,
  })
  await operator.panel('Name and limits').getByRole('button', { name: 'Edit' }).click()
  await dialog().getByLabel('People in a room').fill('')
  await dialog().getByLabel('People in calls at a time').fill('')
  await dialog().getByRole('button', { name: 'Save' }).click()
  await gone()
  expect((await me()).limits).toMatchObject({
    max_participants_per_room: 100,
    max_concurrent_participants: null,
  })
})

test('whether used-up minutes end running calls is shown and can be changed', async () => {
  await operator.open('/ui/tenants/acme')
  const panel = operator.panel('Name and limits')
  await panel.getByText('nobody new can join').waitFor()
  await panel.getByRole('button', { name: 'Edit' }).click()
  await dialog().getByLabel('When the minutes are used up').selectOption('running calls end, too')
  expect(await operator.look('limits')).toEqual([])
  await dialog().getByRole('button', { name: 'Save' }).click()
  await gone()
  await panel.getByText('running calls end, too').waitFor()
  expect(await limits()).toMatchObject({ participant_minutes_hard: true, max_rooms: 1000 })
  await panel.getByRole('button', { name: 'Edit' }).click()
  await dialog().getByLabel('When the minutes are used up').selectOption('nobody new can join')
  await dialog().getByRole('button', { name: 'Save' }).click()
  await gone()
  expect(await limits()).toMatchObject({ participant_minutes_hard: false })
})

test('what somebody else changed while a dialog was open is not changed back by it', async () => {
  await operator.open('/ui/tenants/acme')
  await operator.panel('Name and limits').getByRole('button', { name: 'Edit' }).click()
  const change = ['--name', 'Acme Ltd', '--participant-minutes-hard', 'yes']
  expect((await golive.cli('tenant', 'update', 'acme', ...change)).code).toBe(0)
  await operator.page.locator('h1', { hasText: 'Acme Ltd' }).waitFor()
  await dialog().getByLabel('Tokens a second').fill('42')
  await dialog().getByRole('button', { name: 'Save' }).click()
  await gone()
  expect(await limits()).toMatchObject({
    token_mints_per_second: 42,
    participant_minutes_hard: true,
  })
  await operator.heading('Acme Ltd')
  await golive.cli('tenant', 'update', 'acme', '--name', '', '--participant-minutes-hard', 'no')
})

test('a join token is pasted and told whether it would be let in, whose it is and why not', async () => {
  await acme.createRoom('standup')
  const { token } = await acme.mint('standup', 'alice', { can_publish_sources: ['microphone'] })
  await operator.open('/ui/calls')
  const panel = operator.panel('Check a join token')
  const check = async (text: string) => {
    await panel.getByLabel('Join token').fill(text)
    await panel.getByRole('button', { name: 'Check the token' }).click()
  }
  await check(` ${token}\n`)
  await panel.getByText('It would be let in now', { exact: true }).waitFor()
  await panel.getByText('publish microphone; see and hear others; send data').waitFor()
  expect(await panel.getByRole('link', { name: 'acme' }).getAttribute('href')).toBe(
    '/ui/tenants/acme',
  )
  expect(await operator.look('token-admitted')).toEqual([])
  await acme.call('PATCH', '/rooms/standup', { locked: true })
  await check(token)
  await panel.getByText('It would not be let in now').waitFor()
  await panel.getByText('room_locked: this room is locked').waitFor()
  expect(await operator.look('token-refused')).toEqual([])
  await check(`${token}x`)
  await panel.getByText('token_invalid: this token was not issued by this server').waitFor()
  expect(await panel.getByText('Identity').count()).toBe(0)
  expect(golive.log.text()).not.toContain(token)
})

test('a key is made and deleted: its secret works, then does not', async () => {
  await operator.open('/ui/tenants/acme')
  await operator.panel('API keys').getByRole('button', { name: 'New key' }).click()
  await dialog().getByLabel('Label').fill('second')
  await dialog().getByRole('button', { name: /key$/i }).click()
  await dialog().getByText('The secret is shown this once').waitFor()
  const credentials = {
    api_key: await operator.shown('API key'),
    api_secret: await operator.shown('API secret'),
  }
  const second = new TenantClient(golive.url, credentials)
  expect((await second.call('GET', '/me')).status).toBe(200)
  await operator.page.keyboard.press('Escape')
  await dialog().getByRole('button').last().click()
  await gone()
  const row = operator.panel('API keys').getByRole('row', { name: credentials.api_key })
  await row.getByRole('button', { name: 'Delete' }).click()
  await dialog().getByRole('button', { name: 'Delete key' }).click()
  await row.waitFor({ state: 'detached' })
  expect((await second.call('GET', '/me')).status).toBe(401)
  expect((await acme.call('GET', '/me')).status).toBe(200)
})

test('a tenant is deactivated and activated again', async () => {
  await operator.open('/ui/tenants/acme')
  await operator.panel('Danger zone').getByRole('button', { name: 'Deactivate' }).click()
  await dialog().getByRole('button', { name: 'Deactivate' }).click()
  await gone()
  expect((await acme.call('GET', '/me')).status).toBe(401)
  await operator.panel('Danger zone').getByRole('button', { name: 'Activate' }).click()
  await operator.panel('Danger zone').getByRole('button', { name: 'Deactivate' }).waitFor()
  expect((await acme.call('GET', '/me')).status).toBe(200)
})

test('an admin token is made for one tenant to read, and refused once it is deleted', async () => {
  await operator.open('/ui/access')
  await operator.panel('Admin tokens').getByRole('button', { name: 'New token' }).click()
  await dialog().getByLabel('Label').fill('watcher')
  await dialog().getByLabel('Only for one tenant').fill('acme')
  await dialog().getByRole('button', { name: 'Create token' }).click()
  await dialog().getByText('The token is shown this once').waitFor()
  const token = (await dialog().locator('.copy-value').first().textContent()) ?? ''
  const ask = async (method: string, path: string) =>
    (
      await fetch(`${golive.url}/admin${path}`, {
        method,
        headers: { authorization: `Bearer ${token}` },
      })
    ).status
  expect(await ask('GET', '/tenants/acme')).toBe(200)
  expect(await ask('DELETE', '/tenants/acme?confirm=acme')).toBe(403)
  expect(await ask('GET', '/tenants')).toBe(403)
  await dialog().getByRole('button').last().click()
  await gone()
  const row = operator.panel('Admin tokens').getByRole('row', { name: 'watcher' })
  await row.getByRole('button', { name: 'Delete' }).click()
  await dialog().getByRole('button', { name: 'Delete token' }).click()
  await row.waitFor({ state: 'detached' })
  expect(await ask('GET', '/tenants/acme')).toBe(401)
})

test('the media server is restarted after asking, and is well again', async () => {
  const before = (await golive.status()).livekit
  await operator.open('/ui/status')
  await operator.press('Restart')
  await dialog().getByRole('button', { name: 'Restart' }).click()
  await gone()
  const after = await until('it is back', async () => {
    const { livekit } = await golive.status()
    return livekit.state === 'running' && livekit.pid !== before.pid ? livekit : undefined
  })
  expect(after.last_exit).toMatchObject({ asked: true })
  await operator.open('/ui/audit')
  await operator.panel('Entries').getByRole('cell', { name: 'Restarted media server' }).waitFor()
})

test("one's own password is changed: a wrong present one is refused, the new one signs in", async () => {
  await operator.open('/ui/access')
  const form = operator.panel('Your password')
  await form.getByLabel('Current password', { exact: true }).fill('not the password at all')
  await form.getByLabel('New password', { exact: true }).fill(NEW_PASSWORD)
  await form.getByRole('button', { name: 'Change password' }).click()
  await form.getByText(/not the password of this account/).waitFor()
  await form.getByLabel('Current password', { exact: true }).fill(PASSWORD)
  await form.getByRole('button', { name: 'Change password' }).click()
  await operator.page.getByText(/password (was|is|has been) changed/i).waitFor()
  const signIn = async (password: string) =>
    (
      await fetch(`${golive.url}/admin/session`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ email: EMAIL, password }),
      })
    ).status
  expect(await signIn(PASSWORD)).toBe(401)
  expect(await signIn(NEW_PASSWORD)).toBe(200)
})
