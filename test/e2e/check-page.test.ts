import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { CheckPage } from '../support/check-page.ts'
import { type Chromium, launchChromium } from '../support/chromium.ts'
import { type GoLive, startGolive } from '../support/golive.ts'

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

test('all that works is found to work, what is not offered is said so, and nobody else is asked', async () => {
  await using check = await CheckPage.create(browser)
  await check.start(golive.url)
  expect(await check.verdict()).toBe('Calls will work well')
  await check.page.getByText('Works · we hear you', { exact: true }).waitFor()
  expect(await check.parts()).toEqual({
    camera: 'Works',
    microphone: 'Works · we hear you',
    socket: 'Works',
    udp: 'Works',
    tcp: 'Works',
    turn: 'Not offered here',
  })
  expect(await check.page.getByLabel('Your camera').isVisible()).toBe(true)
  expect([...check.call.origins]).toEqual([new URL(golive.url).host])
  expect(await check.call.violations()).toEqual([])
})

test('the report says all of it and holds no token, and it is copied with one press', async () => {
  await using check = await CheckPage.create(browser)
  await check.page
    .context()
    .grantPermissions(['clipboard-read', 'clipboard-write', 'camera', 'microphone'], {
      origin: golive.url,
    })
  await check.start(golive.url)
  await check.verdict()
  await check.page.getByRole('button', { name: 'Copy the report' }).click()
  await check.page.getByText('Copied', { exact: true }).waitFor()
  const text = await check.page.evaluate(() => navigator.clipboard.readText())
  expect(text).toBe(await check.report())
  expect(text).toContain(`check of ${golive.url}`)
  expect(text).toMatch(/Camera: +Works \(fake_device/)
  expect(text).toMatch(/WebSocket: +Works/)
  expect(text).toMatch(/UDP: +Works/)
  expect(text).toMatch(/TURN: +Not offered here/)
  expect(check.tokens).toHaveLength(1)
  for (const token of check.tokens) expect(text).not.toContain(token.slice(0, 20))
  expect(text).not.toContain('eyJ')
})

test('a blocked camera is said in words, does not stop the rest, and is asked for again', async () => {
  await using check = await CheckPage.create(browser)
  await check.page.addInitScript(() => {
    const devices = navigator.mediaDevices
    const ask = devices.getUserMedia.bind(devices)
    devices.getUserMedia = (constraints) =>
      constraints?.video && !('allowed' in window)
        ? Promise.reject(new DOMException('no', 'NotAllowedError'))
        : ask(constraints)
  })
  await check.start(golive.url)
  expect(await check.verdict()).toBe('Calls will work, but others will not see you')
  expect(await check.parts()).toMatchObject({
    camera: 'Not working',
    socket: 'Works',
    udp: 'Works',
  })
  await check.page.getByText('Your browser blocks the camera.').waitFor()
  expect(await check.report()).toMatch(/Camera: +does not work: blocked/)
  expect(await check.look('blocked')).toEqual([])
  await check.page.evaluate(() => Object.assign(window, { allowed: true }))
  await check.page.getByRole('button', { name: 'Try the camera again' }).click()
  await check.page.getByRole('heading', { name: 'Calls will work well' }).waitFor()
})

test('every look of the page is sound: before, while and after, by mouse and by keyboard', async () => {
  await using check = await CheckPage.create(browser)
  const { page } = check
  await check.call.open(`${golive.url}/check`)
  expect(await check.look('before')).toEqual([])
  let release = () => {}
  const held = new Promise<void>((done) => {
    release = done
  })
  await page.route('**/check/session', async (route) => {
    await held
    await route.continue()
  })
  await page.getByRole('button', { name: 'Start the check' }).focus()
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'Checking your connection…' }).waitFor()
  expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('H1')
  expect(await check.look('while')).toEqual([])
  release()
  await check.verdict()
  expect(await check.look('after')).toEqual([])
  await page.getByRole('button', { name: 'Turn camera and microphone off' }).click()
  expect(await check.parts()).toMatchObject({ camera: 'Off', microphone: 'Off' })
  expect(await check.report()).toMatch(/Camera: +Works/)
  await page.getByRole('button', { name: 'Check again' }).press('Enter')
  expect(await check.verdict()).toBe('Calls will work well')
  expect(check.tokens).toHaveLength(2)
})

test('a server that cannot be asked is told apart from a network that blocks calls', async () => {
  await using check = await CheckPage.create(browser)
  const { page } = check
  await page.route('**/check/session', (route) => route.abort())
  await check.start(golive.url)
  expect(await check.verdict()).toBe('The server did not answer')
  expect(await check.look('unreachable')).toEqual([])
  await page.unroute('**/check/session')
  await page.routeWebSocket('**/rtc/**', (socket) => void socket.close())
  await page.getByRole('button', { name: 'Check again' }).click()
  expect(await check.verdict()).toBe('Calls will not work on this network')
  expect(await check.parts()).toMatchObject({ socket: 'Blocked', udp: 'Not checked' })
  expect(await check.openings()).toEqual([expect.stringContaining('WebSockets')])
})
