import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { CallPage } from '../support/call-page.ts'
import { type Chromium, launchChromium } from '../support/chromium.ts'
import { type GoLive, startGolive } from '../support/golive.ts'
import type { TenantClient } from '../support/tenant-client.ts'

setDefaultTimeout(180_000)

let golive: GoLive
let browser: Chromium
let acme: TenantClient

beforeAll(async () => {
  ;[golive, browser] = await Promise.all([startGolive(), launchChromium()])
  acme = await golive.tenant('acme')
})

afterAll(async () => {
  await browser?.[Symbol.asyncDispose]()
  await golive?.[Symbol.asyncDispose]()
})

const linkTo = async (room: string, identity: string): Promise<string> => {
  await acme.createRoom(room)
  const { token } = await acme.mint(room, identity, { name: `${identity} Doe` })
  return `${golive.url}/call#token=${token}`
}

const storedAnywhere = () =>
  JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, history.state])

test('the token leaves the address bar before any script is fetched and is stored nowhere', async () => {
  await using alice = await CallPage.create(browser)
  const { page } = alice
  let release = () => {}
  const held = new Promise<void>((done) => {
    release = done
  })
  await page.route('**/*.js', async (route) => {
    await held
    await route.continue()
  })
  await page.goto(await linkTo('wiped', 'alice'), { waitUntil: 'commit' })
  await page.waitForFunction(() => location.hash === '')
  expect(page.url()).toBe(`${golive.url}/call`)
  expect(await page.locator('h1').count()).toBe(0)

  release()
  await page.getByRole('button', { name: 'Join call' }).waitFor()
  expect(await page.evaluate(() => window.callFragment)).toBeUndefined()
  expect(await page.evaluate(storedAnywhere)).not.toContain('eyJ')

  await page.reload()
  expect((await alice.notice()).title).toBe('Open your link again')
  expect(await page.locator('.notice button').count()).toBe(0)
})

test('two people with call links see and hear each other, and their browsers ask no other server', async () => {
  await using alice = await CallPage.create(browser)
  await using bob = await CallPage.create(browser)
  // A link must not be able to name another server, however it tries.
  const [ofAlice, ofBob] = await Promise.all([linkTo('standup', 'alice'), linkTo('standup', 'bob')])
  await alice.join(
    ofAlice.replace('/call#', '/call?ws_url=wss://elsewhere.invalid&url=//elsewhere.invalid#'),
  )
  await bob.join(`${ofBob}&ws_url=wss://elsewhere.invalid`)
  await alice.untilSeesAndHears('bob')
  await bob.untilSeesAndHears('alice')

  for (const { page, origins } of [alice, bob]) {
    expect([...origins]).toEqual([new URL(golive.url).host])
    expect(page.url()).toBe(`${golive.url}/call`)
  }
  expect(alice.paths).toContain('/rtc/v1')
  expect([...(await alice.violations()), ...(await bob.violations())]).toEqual([])
})

test('the chat arrives as plain text, and leaving ends in a page that lets one back in', async () => {
  await using alice = await CallPage.create(browser)
  await using bob = await CallPage.create(browser)
  await alice.join(await linkTo('chat', 'alice'))
  await bob.join(await linkTo('chat', 'bob'))
  const text = '<img src=x onerror=alert(1)> **hello**'
  await alice.page.getByRole('button', { name: 'Chat' }).click()
  await bob.page.locator('[data-identity="alice"]').waitFor()
  await alice.page.getByLabel('Message to everyone').fill(text)
  await alice.page.keyboard.press('Enter')
  await bob.page.getByRole('button', { name: 'Chat, 1 unread' }).click()
  expect(await bob.page.locator('.chat-text').allInnerTexts()).toEqual([text])

  await bob.page.getByRole('button', { name: 'Leave call' }).click()
  expect((await bob.notice()).title).toBe('You left the call')
  await alice.page.locator('[data-identity="bob"]').waitFor({ state: 'detached' })
  await bob.page.getByRole('button', { name: 'Rejoin' }).click()
  await bob.page.getByRole('button', { name: 'Join call' }).click()
  await alice.page.locator('[data-identity="bob"] video').waitFor()
})

test('a refused link shows the server’s sentence and asks for neither camera nor microphone', async () => {
  await using mallory = await CallPage.create(browser)
  const link = await linkTo('refused', 'mallory')
  const token = link.slice(link.indexOf('=') + 1)
  const forged = token.replace(/[^.]+$/, 'A'.repeat(43))
  const answer = await fetch(`${golive.url}/rtc/validate?access_token=${forged}`)
  const sentence = (await answer.text()).replace('token_invalid: ', '').trim()
  expect(answer.status).toBe(401)

  await mallory.open(`${golive.url}/call#${forged}`)
  expect(await mallory.notice()).toEqual({ title: 'This link is not valid', text: sentence })
  expect(await mallory.deviceRequests()).toBe(0)
  expect(await mallory.page.getByText(forged).count()).toBe(0)

  // The next link is opened in the same tab: only the fragment changes, and that must do.
  await mallory.open(link)
  await mallory.page.getByRole('button', { name: 'Join call' }).waitFor()
  expect(mallory.page.url()).toBe(`${golive.url}/call`)
})

test('a blocked camera is said in words and keeps nobody out', async () => {
  await using alice = await CallPage.create(browser)
  const { page } = alice
  await page.addInitScript(() => {
    const ask = navigator.mediaDevices.getUserMedia
    navigator.mediaDevices.getUserMedia = (constraints) =>
      constraints?.video
        ? Promise.reject(new DOMException('no', 'NotAllowedError'))
        : ask(constraints)
  })
  await alice.open(await linkTo('blocked', 'alice'))
  await page.getByText('Your browser blocks the camera.').waitFor()
  await page.getByRole('button', { name: 'Join without camera' }).click()
  await page.getByRole('button', { name: 'Leave call' }).waitFor()
  const pressed = (name: string) => page.getByRole('button', { name }).getAttribute('aria-pressed')
  expect(await pressed('Microphone')).toBe('true')
  expect(await pressed('Camera')).toBe('false')
})

test('people in a deleted room are told so in words and sent back to no dead call', async () => {
  await using alice = await CallPage.create(browser)
  await alice.join(await linkTo('doomed', 'alice'))
  await acme.deleteRoom('doomed')
  expect((await alice.notice()).title).toBe('The call has ended')
  expect(await alice.page.locator('.notice button').count()).toBe(0)
})

test('nothing scrolls sideways on a phone: before, in and after the call, and on the other pages', async () => {
  await using alice = await CallPage.create(browser, { phone: true })
  await using bob = await CallPage.create(browser)
  await alice.open(`${golive.url}/call`)
  expect((await alice.notice()).title).toBe('Open your call link')
  expect(await alice.scrollsSideways()).toBe(false)
  await alice.join(await linkTo('phone', 'alice'))
  await bob.join(await linkTo('phone', 'bob'))
  await alice.page.locator('[data-identity="bob"] video').waitFor()
  expect(await alice.scrollsSideways()).toBe(false)
  await alice.page.getByRole('button', { name: 'Chat' }).click()
  expect(await alice.scrollsSideways()).toBe(false)
  await alice.page.getByRole('button', { name: 'Leave call' }).click()
  await alice.notice()
  expect(await alice.scrollsSideways()).toBe(false)
  await alice.open(golive.url)
  expect(await alice.scrollsSideways()).toBe(false)
})

test('the documentation page shows every operation without any outside request', async () => {
  await using reader = await CallPage.create(browser)
  const document = await (await fetch(`${golive.url}/api/v1/openapi.json`)).json()
  const operations = Object.values(document.paths as Record<string, object>).flatMap(Object.keys)
  await reader.open(`${golive.url}/api/v1/docs`)
  await reader.page.locator('.opblock').first().waitFor()
  expect(operations.length).toBeGreaterThan(5)
  expect(await reader.page.locator('.opblock').count()).toBe(operations.length)
  await reader.page.locator('.opblock-summary-control').first().click()
  await reader.page.locator('.opblock-body').waitFor()
  expect([...reader.origins]).toEqual([new URL(golive.url).host])
  expect(await reader.violations()).toEqual([])
})

test('pages are served compressed, cacheable by their hash, and under a policy that allows nothing else', async () => {
  const page = await fetch(`${golive.url}/call`)
  const policy = page.headers.get('content-security-policy') ?? ''
  const wsOrigin = golive.url.replace('http', 'ws')
  expect(policy).toStartWith(
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  )
  expect(policy).toContain(`connect-src 'self' ${wsOrigin};`)
  expect(policy).not.toContain('unsafe')
  expect(page.headers.get('cache-control')).toBe('no-cache')
  expect(page.headers.get('referrer-policy')).toBe('no-referrer')
  expect(page.headers.get('permissions-policy')).toContain('camera=(self)')

  const script = /src="(\/[^"]+\.js)"/.exec(await page.text())?.[1]
  const asset = await fetch(golive.url + script, {
    headers: { 'accept-encoding': 'br, gzip' },
    decompress: false,
  })
  expect(asset.headers.get('content-encoding')).toBe('gzip')
  expect(asset.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
  expect(asset.headers.get('content-type')).toBe('text/javascript;charset=utf-8')
  const plain = await fetch(golive.url + script, { headers: { 'accept-encoding': 'gzip;q=0' } })
  expect(plain.headers.get('content-encoding')).toBeNull()
  expect(Bun.gunzipSync(await asset.bytes())).toEqual(await plain.bytes())
  const again = await fetch(golive.url + script, {
    headers: { 'if-none-match': asset.headers.get('etag') ?? '' },
  })
  expect(again.status).toBe(304)
})

test('the front door answers HEAD from any origin, and pages refuse other methods', async () => {
  const head = await fetch(golive.url, { method: 'HEAD' })
  expect(head.status).toBe(200)
  expect(head.headers.get('access-control-allow-origin')).toBe('*')
  expect(await head.text()).toBe('')
  expect(await (await fetch(golive.url)).text()).toContain('/api/v1/docs')
  const call = await fetch(`${golive.url}/call`, { method: 'POST', body: 'x' })
  expect(call.status).toBe(405)
  expect(call.headers.get('access-control-allow-origin')).toBeNull()
  expect(await (await fetch(`${golive.url}/robots.txt`)).text()).toContain('Disallow: /')
  expect((await fetch(`${golive.url}/favicon.ico`)).headers.get('content-type')).toBe(
    'image/svg+xml',
  )
  const swagger = await fetch(`${golive.url}/api/v1/swagger`, { redirect: 'manual' })
  expect(swagger.headers.get('location')).toBe('/api/v1/docs')
})
