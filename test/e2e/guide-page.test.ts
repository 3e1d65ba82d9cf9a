import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { CallPage } from '../support/call-page.ts'
import { type Chromium, launchChromium } from '../support/chromium.ts'
import { type GoLive, startGolive } from '../support/golive.ts'
import { samplesOn } from '../support/guide.ts'
import { Operator } from '../support/operator.ts'
import type { Credentials, TenantClient } from '../support/tenant-client.ts'

setDefaultTimeout(120_000)

const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8')

let golive: GoLive
let browser: Chromium
let guide: string

beforeAll(async () => {
  const config = { admin: { operator_contact: 'ops@example.com' } }
  ;[golive, browser] = await Promise.all([startGolive({ config }), launchChromium()])
  guide = `${golive.url}/ui/integrate`
})

afterAll(async () => {
  await browser?.[Symbol.asyncDispose]()
  await golive?.[Symbol.asyncDispose]()
})

const openGuide = async (query = '', phone = false): Promise<CallPage> => {
  const reader = await CallPage.create(browser, { phone })
  await reader.open(guide + query)
  await reader.page.locator('#operations a').first().waitFor()
  return reader
}

test('the guide is whole without any script: addresses, contact, samples and tables are in the page', async () => {
  const answer = await fetch(guide)
  const html = await answer.text()
  expect(answer.headers.get('content-type')).toStartWith('text/html')
  expect(html).toContain(`<code>${golive.url}/api/v1</code>`)
  expect(html).toContain(`<code>${golive.url.replace('http', 'ws')}</code>`)
  expect(html).toContain('<a href="mailto:ops@example.com">ops@example.com</a>')
  expect(html).toContain('<code>token_expired</code>')
  expect(html).not.toMatch(/\{\{[a-z_:-]+\}\}/)
  expect(html).not.toMatch(/<script(?![^>]* src=)|<style|style="/)
  const policy = answer.headers.get('content-security-policy') ?? ''
  expect(policy).toContain("default-src 'none'")
  expect(policy).toContain("require-trusted-types-for 'script'; trusted-types 'none'")
  expect(policy).not.toContain('unsafe')
  const again = await fetch(guide, {
    headers: { 'if-none-match': answer.headers.get('etag') ?? '' },
  })
  expect(again.status).toBe(304)
  expect((await fetch(`${guide}/`, { redirect: 'manual' })).headers.get('location')).toBe(
    '/ui/integrate',
  )
})

test('the page asks no other server and breaks no rule of its policy', async () => {
  await using reader = await openGuide('?tenant=acme')
  expect([...reader.origins]).toEqual([new URL(golive.url).host])
  expect(await reader.violations()).toEqual([])
})

test('a slug in the address names the tenant in the samples, and anything else is left out', async () => {
  await using reader = await openGuide('?tenant=acme')
  expect((await samplesOn(reader.page)).answer).toContain('"acme__team-standup"')
  await reader.page.getByText('written for the tenant acme').waitFor()
  for (const hostile of [
    '<img src=x onerror=alert(1)>',
    'ACME',
    'a_b',
    '-a',
    `${'a'.repeat(41)}`,
  ]) {
    await reader.open(`${guide}?tenant=${encodeURIComponent(hostile)}`)
    await reader.page.locator('#operations a').first().waitFor()
    expect((await samplesOn(reader.page)).answer).toContain('"your-tenant__team-standup"')
    expect(await reader.page.locator('#for-tenant').isVisible()).toBe(false)
  }
})

test('tabs are reached by the keyboard, and an address can name one', async () => {
  await using reader = await openGuide('#server-php')
  const { page } = reader
  const tab = (name: string) => page.getByRole('tab', { name, exact: true })
  const chosen = (name: string) => tab(name).getAttribute('aria-selected')
  expect(await chosen('PHP')).toBe('true')
  await tab('PHP').focus()
  await page.keyboard.press('ArrowRight')
  expect(await chosen('Go')).toBe('true')
  await page.keyboard.press('ArrowRight')
  expect(await chosen('curl')).toBe('true')
  await page.keyboard.press('End')
  expect(await page.locator('#sample-go').isVisible()).toBe(true)
  expect(await page.locator('#sample-curl').isVisible()).toBe(false)
  expect(await tab('Go').evaluate((button) => button === document.activeElement)).toBe(true)
  await page.keyboard.press('Tab')
  expect(await tab('Node.js').evaluate((button) => button === document.activeElement)).toBe(false)
})

test('the button copies the sample as it stands, and says so', async () => {
  await using reader = await openGuide()
  const { page } = reader
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
  await page.getByRole('button', { name: 'Copy join.sh' }).click()
  await page.getByText('join.sh is copied').waitFor({ state: 'attached' })
  const copied = await page.evaluate(() => navigator.clipboard.readText())
  expect(copied).toBe((await samplesOn(page)).curl as string)
})

test('the table of requests is the OpenAPI document, and each row leads to its documentation', async () => {
  await using reader = await openGuide()
  const { page } = reader
  const { paths } = await (await fetch(`${golive.url}/api/v1/openapi.json`)).json()
  const expected = Object.entries(paths as Record<string, object>).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
  )
  const shown = await page.locator('#operations a').allInnerTexts()
  expect(shown.sort()).toEqual(expected.sort())
  const named = ((await page.locator('main').textContent()) ?? '').match(
    /(GET|POST|PUT|PATCH|DELETE) \/api\/v1\/[a-z_/{}-]+/g,
  )
  for (const request of named ?? []) expect(expected).toContain(request)

  await page.locator('#operations a', { hasText: 'POST /api/v1/rooms/{room}/tokens' }).click()
  await page.locator('#operations-Tokens-createToken .opblock-body').waitFor()
})

for (const scheme of ['light', 'dark'] as const) {
  test(`nothing scrolls sideways and axe finds nothing serious, ${scheme}, wide and on a phone`, async () => {
    for (const phone of [false, true]) {
      await using reader = await CallPage.create(browser, { phone })
      await reader.page.emulateMedia({ colorScheme: scheme })
      await reader.open(`${guide}?tenant=acme`)
      await reader.page.locator('#operations a').first().waitFor()
      expect(await reader.scrollsSideways()).toBe(false)
      await reader.page.evaluate(AXE)
      const found = await reader.page.evaluate(async () => {
        const { axe } = window as unknown as {
          axe: { run(): Promise<{ violations: Violation[] }> }
        }
        const { violations } = await axe.run()
        return violations.map(({ id, impact, nodes }) => ({ id, impact, at: nodes[0]?.html }))
      })
      expect(found.filter(({ impact }) => impact === 'serious' || impact === 'critical')).toEqual(
        [],
      )
    }
  })
}

interface Violation {
  id: string
  impact: string
  nodes: { html: string }[]
}

/** Code → status, as a table of the page has them. */
const rowsOf = (html: string, table: string): Map<string, number> => {
  const part = html.slice(html.indexOf(`id="${table}"`)).split('</table>')[0] ?? ''
  const rows = part.matchAll(/<span>(\d+)<\/span> <code>([a-z_]+)<\/code>/g)
  return new Map([...rows].map(([, status, code]) => [code as string, Number(status)]))
}

test('what the API answers to each mistake stands in its table with the same status', async () => {
  const rows = rowsOf(await (await fetch(guide)).text(), 'troubles-api')
  const operator = new Operator(golive)
  const key = await operator.tenantKey('mistakes', { max_rooms: 2 })
  const other = await operator.tenantKey('gone')
  await operator.setStatus('gone', 'deactivated')
  const basic = ({ api_key, api_secret }: Credentials) =>
    `Basic ${btoa(`${api_key}:${api_secret}`)}`
  const ask = (method: string, path: string, body?: string, headers: Record<string, string> = {}) =>
    fetch(`${golive.url}/api/v1${path}`, {
      method,
      headers: { authorization: basic(key), 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body }),
    })
  const as = (credentials: Credentials) => ({ authorization: basic(credentials) })
  await ask('POST', '/rooms', '{"name":"one"}')
  await ask('POST', '/rooms', '{"name":"two"}')
  const swapped = { api_key: key.api_secret, api_secret: key.api_key }
  const large = JSON.stringify({ name: 'x', metadata: 'x'.repeat(70_000) })
  const answers = await Promise.all([
    fetch(`${golive.url}/api/v1/me`),
    ask('GET', '/me', undefined, as({ ...key, api_secret: `lks_${'x'.repeat(40)}` })),
    ask('GET', '/me', undefined, as(swapped)),
    ask('GET', '/me', undefined, as(other)),
    ask('POST', '/rooms/none/tokens', '{"identity":"ann"}'),
    ask('POST', '/rooms', '{"name":"one"}'),
    ask('POST', '/rooms', '{"name":"three"}'),
    ask('POST', '/rooms', '{"nam":"three"}'),
    ask('POST', '/rooms', '{"name"'),
    ask('GET', '/rooms/%ff'),
    ask('POST', '/rooms', 'name=three', { 'content-type': 'application/x-www-form-urlencoded' }),
    ask('POST', '/rooms', large),
    ask('PATCH', '/rooms/one', '{}', { 'if-match': '"another"' }),
    ask('GET', '/nothing'),
    ask('PUT', '/me', '{}'),
    ask('GET', '/rooms?cursor=!'),
    ask('DELETE', '/keys/lkv_none'),
    ask('DELETE', `/keys/${key.api_key}`),
  ])
  const seen = new Set<string>()
  for (const answer of answers) {
    const { code } = (await answer.json()) as { code: string }
    seen.add(code)
    expect([code, rows.get(code)]).toEqual([code, answer.status])
  }
  expect(seen.size).toBe(answers.length)
})

test('what the join gate answers to each refusal stands in its table with the same status', async () => {
  const rows = rowsOf(await (await fetch(guide)).text(), 'troubles-gate')
  const operator = new Operator(golive)
  const tenant = await operator.tenant('refused')
  const gone = await operator.tenant('switched-off')
  const tokenFor = async (who: TenantClient, room: string, settings: object = {}) => {
    await who.createRoom(room)
    const { token } = await who.mint(room, 'ann')
    await who.call('PATCH', `/rooms/${room}`, settings)
    return token
  }
  const late = new Date(Date.now() - 60_000).toISOString()
  const early = new Date(Date.now() + 3_600_000).toISOString()
  const tokens: (string | null)[] = [
    null,
    'not-a-token',
    await tokenFor(tenant, 'locked', { locked: true }),
    await tokenFor(tenant, 'early', { opens_at: early }),
    await tokenFor(tenant, 'late', { closes_at: late }),
    await tokenFor(tenant, 'deleted'),
    await tokenFor(tenant, 'anew'),
    await tokenFor(gone, 'any'),
  ]
  await tenant.deleteRoom('deleted')
  await tenant.deleteRoom('anew')
  await tenant.createRoom('anew')
  await operator.setStatus('switched-off', 'deactivated')
  const ask = (path: string, token: string | null) =>
    fetch(`${golive.url}${path}${token === null ? '' : `?access_token=${token}`}`)
  const answers = await Promise.all([
    ...tokens.map((token) => ask('/rtc/v1/validate', token)),
    ask('/rtc/v1', tokens[2] as string),
  ])
  const seen = new Set<string>()
  for (const answer of answers) {
    const code = answer.headers.get('x-golive-code') ?? ''
    seen.add(code)
    expect(await answer.text()).toStartWith(`${code}: `)
    expect([code, rows.get(code)]).toEqual([code, answer.status])
  }
  expect(seen.size).toBe(answers.length)
})
