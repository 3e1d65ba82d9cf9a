import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { type Chromium, launchChromium } from '../support/chromium.ts'
import { DashboardPage, EMAIL, inviteAdmin, PASSWORD } from '../support/dashboard-page.ts'
import { type GoLive, startGolive } from '../support/golive.ts'

setDefaultTimeout(110_000)

let golive: GoLive
let browser: Chromium

beforeAll(async () => {
  ;[golive, browser] = await Promise.all([startGolive(), launchChromium()])
  await using operator = await DashboardPage.create(browser, golive)
  await operator.page.goto(await inviteAdmin(golive, EMAIL))
  await operator.press('Continue')
  await operator.page.getByLabel('New password', { exact: true }).fill(PASSWORD)
  await operator.press('Save and go on')
  await operator.heading('Overview')
})

afterAll(async () => {
  await browser?.[Symbol.asyncDispose]()
  await golive?.[Symbol.asyncDispose]()
})

test('an operator has the server examined in the browser and is shown what golive doctor finds', async () => {
  await using operator = await DashboardPage.create(browser, golive)
  const { page } = operator
  await operator.signIn()
  await page.getByRole('link', { name: 'Doctor' }).click()
  await operator.heading('Doctor')
  const panel = operator.panel('Findings')
  await panel.getByText('Nothing was examined yet').waitFor()
  await operator.press('Examine the server')
  await panel.getByText('Examining…').waitFor()
  await page.getByRole('button', { name: 'Examine again' }).waitFor({ timeout: 60_000 })
  const { json } = await golive.cli('doctor', '--json')
  const titles = await panel.getByRole('heading', { level: 3 }).allTextContents()
  expect(titles.sort()).toEqual(json.data.map((one: { title: string }) => one.title).sort())
  await panel.getByText(`Port ${golive.port}/tcp`).waitFor()
  expect(operator.violations).toEqual([])
})

const REPORT = {
  data: [
    { id: 'name', title: 'DNS', state: 'ok', detail: 'leads here (203.0.113.7)', fix: null },
    {
      id: 'media_udp',
      title: 'Media over UDP',
      state: 'fail',
      detail: 'no answer within 3 seconds at 203.0.113.7:7882',
      fix: 'ufw allow 7882/udp  # and in the firewall of your provider',
    },
    {
      id: 'udp_buffers',
      title: 'UDP buffers',
      state: 'warn',
      detail: 'net.core.rmem_max is 212992: with many people packets are lost',
      fix: "sysctl -w net.core.rmem_max=5000000 && printf '%s\\n' net.core.rmem_max=5000000 > /etc/sysctl.d/60-golive.conf",
    },
    { id: 'clock', title: 'Clock', state: 'skipped', detail: 'no time server answered', fix: null },
  ],
  verdict: '1 thing must be mended, and 1 thing could be better. 1 thing was not checked.',
}

test('faults come first with what to type, and the page is accessible in every state, light, dark and on a phone', async () => {
  await using operator = await DashboardPage.create(browser, golive)
  const { page } = operator
  await operator.signIn()
  await operator.open('/ui/doctor')
  await operator.panel('Findings').getByText('Nothing was examined yet').waitFor()
  const findings = await operator.look('doctor-empty')

  const { promise: asked, resolve: ask } = Promise.withResolvers<void>()
  const { promise: answered, resolve: answer } = Promise.withResolvers<void>()
  await page.route('**/admin/doctor', async (route) => {
    ask()
    await answered
    await route.fulfill({ json: REPORT })
  })
  await operator.press('Examine the server')
  await asked
  findings.push(...(await operator.look('doctor-running')))
  answer()
  await page.getByText(REPORT.verdict).waitFor()
  const titles = await page.getByRole('heading', { level: 3 }).allTextContents()
  expect(titles).toEqual(['Media over UDP', 'UDP buffers', 'DNS', 'Clock'])
  await page.mouse.move(0, 0)
  findings.push(...(await operator.look('doctor-findings')))
  await operator.press('Copy what to do about Media over UDP')
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(REPORT.data[1]?.fix ?? '')

  await page.unroute('**/admin/doctor')
  await page.route('**/admin/doctor', (route) => route.abort())
  await operator.press('Examine again')
  await page.getByText('The server does not answer.').waitFor()
  await page.mouse.move(0, 0)
  findings.push(...(await operator.look('doctor-trouble')))
  expect(findings).toEqual([])
  expect(operator.violations).toEqual([])
})
