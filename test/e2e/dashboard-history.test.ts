import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { type Chromium, launchChromium } from '../support/chromium.ts'
import { DashboardPage, inviteAdmin, PASSWORD } from '../support/dashboard-page.ts'
import { type GoLive, startGolive } from '../support/golive.ts'
import { NodePerson } from '../support/rtc-node.ts'
import type { TenantClient } from '../support/tenant-client.ts'
import { concluded, huge, MARKUP, tiny, troubled } from '../support/told-calls.ts'
import { until } from '../support/wait.ts'
import { writeCalls } from '../support/write-calls.ts'

setDefaultTimeout(110_000)

const HOUR = 3600_000

/** All calls fall into one month, also when the tests run as it begins. */
const startOfMonth = (): number =>
  Date.parse(`${new Date().toISOString().slice(0, 7)}-01T00:00:00Z`)

let golive: GoLive
let browser: Chromium
let operator: DashboardPage
let live: TenantClient

beforeAll(async () => {
  ;[golive, browser] = await Promise.all([startGolive(), launchChromium()])
  live = await golive.tenant('live')
  await golive.tenantKey('acme')
  await golive.tenantKey('nothing')
  const link = await inviteAdmin(golive)
  await golive.stop()
  const now = Math.max(Date.now(), startOfMonth() + 31 * HOUR)
  await writeCalls(golive.dataDir, [
    huge('acme', now - 30 * HOUR),
    concluded('acme', now - 9 * HOUR),
    troubled('acme', now - 5 * HOUR),
    tiny('acme', now - 2 * HOUR),
  ])
  await golive.restartProcess()
  operator = await DashboardPage.create(browser, golive)
  await operator.open(new URL(link).href.replace(golive.url, ''))
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

const settled = () =>
  operator.page.waitForFunction(() => !document.querySelector('[aria-label="Loading"]'))

const openCall = async (id: string, room: string) => {
  await operator.open(`/ui/tenants/acme/calls/${id}`)
  await operator.heading(room)
  await settled()
}

test('the history tells of each call how long it was, who was in it and how it ended', async () => {
  await operator.open('/ui/tenants/acme')
  await operator.page.getByRole('link', { name: 'Calls', exact: true }).click()
  const calls = operator.panel('Calls')
  const rows = calls.locator('tbody tr')
  await until('all calls are there', async () => (await rows.count()) === 4)
  expect(await rows.allTextContents()).toEqual([
    expect.stringMatching(/^mic-test.*5 s.*Everybody left/),
    expect.stringMatching(/^board-meeting.*42 min.*Everybody left/),
    expect.stringMatching(/^night-shift.*1 h 35 min.*The media server failed.*to within 25 s/),
    expect.stringMatching(/^all-hands.*8 h.*100.*Everybody left/),
  ])
  expect(await operator.look('history-calls')).toEqual([])

  await calls.getByLabel('Room').fill('night-shift')
  await operator.press('Filter')
  await until('one is left', async () => (await rows.count()) === 1)
  await operator.page.reload()
  await until('the filter outlives a reload', async () => (await rows.count()) === 1)
  await operator.page.getByRole('link', { name: 'Calls', exact: true }).click()
  await until('the page itself has no filter', async () => (await rows.count()) === 4)
  expect(await calls.getByLabel('Room').inputValue()).toBe('')
  await calls.getByRole('link', { name: 'night-shift' }).click()
  await operator.heading('night-shift')
  await operator
    .panel('What stands out')
    .getByText(/media server failed while/)
    .waitFor()
  expect(await operator.look('history-concluded')).toEqual([])
})

test('a call that went wrong says what went wrong, and for whom', async () => {
  await openCall('01troubled', 'board-meeting')
  const found = operator.panel('What stands out')
  for (const text of [
    '4 joins were refused: The room is full',
    '1 join was refused: The token expired',
    '1 person lost the connection.',
    '1 person reconnected 3 times or more',
    '1 person joined again with the same identity',
    '1 person never published a microphone or camera',
    '1 person had no way over UDP',
  ])
    await found.getByText(text).waitFor()
  const picture = operator.panel('Timeline')
  const row = (identity: string) => picture.locator(`[data-identity="${identity}"]`)
  expect(await row('omar').locator('.stay-bar').count()).toBe(2)
  expect(await row('omar').locator('.reconnect-mark').count()).toBe(3)
  expect(await row('omar').locator('.refused-mark').count()).toBe(1)
  expect(await row('jane').locator('.lane').count()).toBe(3)
  expect(await row('jane').locator('.mute').count()).toBe(1)
  expect(await row('late-larry').textContent()).toContain('Never got in')
  const people = operator.panel('People').locator('tbody tr')
  expect(await people.count()).toBe(6)
  expect(await people.nth(1).textContent()).toMatch(
    /Omar.*for 10 min.*Lost the connection.*right to within 18 s, concluded afterwards.*TURN.*3 reconnects.*Firefox/,
  )
  expect(await people.nth(3).textContent()).toContain(MARKUP)
  expect(await operator.page.locator('img').count()).toBe(0)
  expect(await operator.panel('Refused joins').locator('tbody tr').count()).toBe(5)
  expect(await operator.look('history-troubled')).toEqual([])
})

test('a call of five seconds and one of eight hours with a hundred people both have a picture', async () => {
  await openCall('01tiny', 'mic-test')
  const box = await operator.panel('Timeline').locator('.timeline .stay-bar').boundingBox()
  expect(box?.width).toBeGreaterThan(200)
  expect(await operator.look('history-tiny')).toEqual([])
  await openCall('01huge', `${'all-hands-'.repeat(11)}2026`)
  const picture = operator.panel('Timeline')
  expect(await picture.locator('[data-identity]').count()).toBe(30)
  expect(await operator.look('history-huge')).toEqual([])
  await picture.getByRole('button', { name: 'Show 70 more people' }).click()
  expect(await picture.locator('[data-identity]').count()).toBe(100)

  // With the keyboard alone: closer, then along.
  const ticks = await picture.locator('.tick').count()
  const closer = picture.getByRole('button', { name: 'Show time in more detail' })
  await closer.focus()
  for (let n = 0; n < 3; n++) await operator.page.keyboard.press('Enter')
  await picture.getByText('8×').waitFor()
  expect(await picture.locator('.tick').count()).toBeGreaterThan(ticks * 3)
  const along = () => picture.locator('.timeline').evaluate((box) => box.scrollLeft)
  const before = await along()
  await operator.page.keyboard.press('Tab')
  await operator.page.keyboard.press('ArrowRight')
  await until('it moved', async () => (await along()) > before)
  expect(await operator.scrollsSideways()).toBe(false)
  await operator.picture('history-huge-close')
})

test('usage is a picture by day, a table by room, and a file', async () => {
  await operator.open('/ui/tenants/acme/usage')
  const days = operator.panel('Usage by day')
  await days.locator('.chart').waitFor()
  await operator.panel('Usage by room').getByText('board-meeting').waitFor()
  expect(await operator.look('history-usage')).toEqual([])
  const [download] = await Promise.all([
    operator.page.waitForEvent('download'),
    days.getByRole('button', { name: 'CSV' }).click(),
  ])
  expect(download.suggestedFilename()).toMatch(/^usage-acme-.*\.csv$/)
  expect(await Bun.file(await download.path()).text()).toStartWith(
    'day,participant_seconds,participants,sessions',
  )
  await days.getByRole('button', { name: 'The month before' }).click()
  for (let n = 0; n < 3; n++) await days.getByRole('button', { name: 'The month before' }).click()
  await days.getByText(/^No call ran in/).waitFor()
  await operator.page.reload()
  await days.getByText(/^No call ran in/).waitFor()
})

test('a month of the ledger never shows the figures of another, and is in the address', async () => {
  await operator.open('/ui/usage?month=2999-12')
  const rows = operator.page.locator('tbody tr')
  await until('this month is there', async () => (await rows.count()) === 3)
  // The server takes its time for the month before.
  const held = Promise.withResolvers<void>()
  await operator.page.route('**/admin/usage?month=*', async (route) => {
    await held.promise
    await route.continue()
  })
  await operator.press('The month before')
  await operator.page.getByRole('status', { name: 'Loading' }).waitFor()
  expect(await rows.count()).toBe(0)
  held.resolve()
  await operator.page.getByText('There was no tenant in this month').waitFor()
  await operator.page.unroute('**/admin/usage?month=*')
  await operator.page.reload()
  await operator.page.getByText('There was no tenant in this month').waitFor()
})

test('the ledger of a month has every tenant', async () => {
  await operator.open('/ui')
  await operator.page.getByRole('link', { name: 'Usage' }).click()
  await operator.heading('Usage')
  const rows = operator.page.locator('tbody tr')
  await until('all are there', async () => (await rows.count()) === 3)
  expect(await rows.first().textContent()).toStartWith('acme')
  expect(await operator.look('history-ledger')).toEqual([])
  const [download] = await Promise.all([
    operator.page.waitForEvent('download'),
    operator.page.getByRole('button', { name: 'CSV' }).click(),
  ])
  expect(download.suggestedFilename()).toMatch(/^golive-usage-.*\.csv$/)
})

test('where there is nothing, a sentence says what will be there', async () => {
  const findings: string[] = []
  for (const [part, text] of [
    ['calls', 'There was no call yet'],
    ['usage', 'No room was used'],
    ['events', 'Nothing has happened yet'],
  ] as const) {
    await operator.open(`/ui/tenants/nothing/${part}`)
    await operator.page.getByText(text).waitFor()
    findings.push(...(await operator.look(`history-no-${part}`)))
  }
  await operator.open('/ui/tenants/nothing/calls/unknown')
  await operator.page.getByText('There is no session unknown.').waitFor()
  for (const path of ['elsewhere', 'usage/more', 'calls/unknown/more'])
    expect((await fetch(`${golive.url}/ui/tenants/nothing/${path}`)).status).toBe(404)
  expect(findings).toEqual([])
})

test('events are read backwards, by kind, and lead to their call', async () => {
  await operator.open('/ui/tenants/acme/events')
  const panel = operator.panel('Events')
  const rows = panel.locator('tbody tr')
  await rows.first().waitFor()
  expect(await rows.first().textContent()).toContain('Call ended')
  const shown = await rows.count()
  await operator.press('Show earlier ones')
  await until('more are there', async () => (await rows.count()) > shown)
  expect(await operator.look('history-events')).toEqual([])
  await panel.getByLabel('Which events').selectOption('Refused joins and bans')
  await until('five are left', async () => (await rows.count()) === 5)
  expect(await rows.first().textContent()).toContain('The room is full')
  await panel.getByLabel('Which events').selectOption('Calls')
  await panel.getByRole('link', { name: 'The call in mic-test' }).first().click()
  await operator.heading('mic-test')
})

test('a call that runs is first, grows while one looks at it, and tells of its end by itself', async () => {
  await live.createRoom('daily')
  await operator.open('/ui/tenants/live/events')
  await operator.panel('Events').getByText('Room created').waitFor()
  await using anna = new NodePerson()
  await using bert = new NodePerson()
  await anna.join(await live.mint('daily', 'anna'))
  await operator.panel('Events').getByRole('cell', { name: 'anna' }).first().waitFor()
  await operator.open('/ui/tenants/live/calls')
  await operator.panel('Calls').getByText('Running').waitFor()
  await operator.page.getByRole('link', { name: 'daily' }).click()
  await operator.heading('daily')
  const row = (identity: string) =>
    operator.panel('Timeline').locator(`[data-identity="${identity}"]`)
  await row('anna').getByText('In the call').waitFor()
  await row('anna').locator('.lane[data-source="camera"]').waitFor()
  await bert.join(await live.mint('daily', 'bert'))
  await row('bert').getByText('In the call').waitFor()
  expect(await operator.look('history-running')).toEqual([])
  await bert.leave()
  await row('bert').locator('.timeline-end', { hasText: 'Left' }).waitFor()
  await live.call('POST', '/rooms/daily/end')
  await operator.panel('Facts').getByText('Ended by the API').waitFor()
  await row('anna').getByText('The call was ended').waitFor()
})
