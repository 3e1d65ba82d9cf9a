import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { CallPage } from '../support/call-page.ts'
import { type Chromium, launchChromium } from '../support/chromium.ts'
import { type GoLive, startGolive } from '../support/golive.ts'
import { missingPhp, samplesOn, serveApp, Workplace } from '../support/guide.ts'
import { askValidate } from '../support/refusal.ts'
import { type Credentials, type Minted, TenantClient } from '../support/tenant-client.ts'
import { until } from '../support/wait.ts'

setDefaultTimeout(180_000)

const ROOM = 'team-standup'

let golive: GoLive
let browser: Chromium
let workplace: Workplace
let key: Credentials
let acme: TenantClient
let samples: Record<string, string>

beforeAll(async () => {
  ;[golive, browser] = await Promise.all([startGolive(), launchChromium()])
  workplace = new Workplace()
  key = await golive.tenantKey('acme')
  acme = new TenantClient(golive.url, key)
  await using reader = await CallPage.create(browser)
  await reader.open(`${golive.url}/ui/integrate?tenant=acme`)
  samples = await samplesOn(reader.page)
})

afterAll(async () => {
  workplace?.[Symbol.dispose]()
  await browser?.[Symbol.asyncDispose]()
  await golive?.[Symbol.asyncDispose]()
})

const sample = (name: string): string => {
  const text = samples[name]
  if (text === undefined) throw new Error(`the page has no sample ${name}`)
  return text
}

/** Sample → the file that the page calls it, and what runs it. */
const SERVER: [string, string, string[]][] = [
  ['curl', 'join.sh', ['bash', 'join.sh']],
  ['node', 'join.mjs', ['node', 'join.mjs']],
  ['python', 'join.py', ['python3', 'join.py']],
  ['php', 'join.php', ['php', 'join.php']],
  ['go', 'join.go', ['go', 'run', 'join.go']],
]

const noPhp = missingPhp()
if (noPhp) console.warn(`skipped: ${noPhp}`)

describe('a server-side sample, run as the page shows it', () => {
  for (const [name, file, cmd] of SERVER) {
    test.skipIf(name === 'php' && noPhp !== null)(
      `${name} makes the room, lets the person in, runs again, and names the code when refused`,
      async () => {
        workplace.save(file, sample(name))
        await acme.call('DELETE', `/rooms/${ROOM}`)
        for (let round = 0; round < 2; round++) {
          const { code, stdout, stderr } = await workplace.run(cmd, key)
          expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
          const { token, ws_url } = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Minted
          expect(ws_url).toBe(golive.url.replace('http', 'ws'))
          expect((await askValidate(golive.port, '/rtc/v1', token)).status).toBe(200)
          const { sub, name: shown } = JSON.parse(atob(token.split('.')[1] ?? ''))
          expect({ sub, shown }).toEqual({ sub: 'user-123', shown: 'Jane Doe' })
        }
        const wrong = { ...key, api_secret: `lks_${'x'.repeat(40)}` }
        const { code, stdout, stderr } = await workplace.run(cmd, wrong)
        expect(code).not.toBe(0)
        expect(stdout + stderr).toContain('invalid_credentials')
        expect(stdout + stderr).not.toContain(wrong.api_secret)
      },
    )
  }

  test('the answer that the page shows has the fields of a real one', async () => {
    await acme.createRoom(ROOM)
    const real = await acme.mint(ROOM, 'user-123')
    const shown = JSON.parse(sample('answer')) as Minted
    expect(Object.keys(shown)).toEqual(Object.keys(real))
    expect(shown).toMatchObject({ ws_url: real.ws_url, room: real.room, identity: real.identity })
    expect(shown.expires_in).toBe(real.expires_in)
  })
})

describe('a browser sample, bundled and run as the page shows it', () => {
  const installed = (name: string): string[] =>
    sample(name).trim().replace('npm install ', '').split(' ')

  const importsOf = (name: string): string[] =>
    [...sample(name).matchAll(/(?:from|import) '([^']+)'/g)].map(([, path]) => path as string)

  test('installs what it imports, and React is all that it takes for granted', () => {
    for (const name of ['browser', 'react']) {
      const packages = installed(`${name}-install`)
      for (const path of packages)
        expect(existsSync(join(workplace.folder, 'node_modules', path))).toBe(true)
      const others = importsOf(name).filter((path) => !packages.includes(path))
      expect(others.filter((path) => !/^react(-dom)?(\/|$)/.test(path))).toEqual([])
    }
  })

  const appOf = async (
    name: string,
    file: string,
    html: string,
  ): Promise<Bun.Server<undefined>> => {
    const script = await workplace.bundle(workplace.save(file, sample(name)))
    return serveApp(html, script, async () => {
      await acme.createRoom(ROOM)
      return acme.mint(ROOM, 'user-123', { name: 'Jane Doe' })
    })
  }

  /** Another person is there already: both must see and hear each other. */
  const meets = async (app: Bun.Server<undefined>, othersVideo: string): Promise<void> => {
    await using bob = await browser.person()
    await acme.createRoom(ROOM)
    await bob.join(await acme.mint(ROOM, 'bob', { name: 'Bob' }))
    await using jane = await CallPage.create(browser)
    await jane.open(app.url.href)
    await until('bob sees and hears the sample', () => bob.seesAndHears('user-123'), {
      timeoutMs: 60_000,
    })
    const frames = () =>
      jane.page
        .locator(othersVideo)
        .evaluate((video) => (video as HTMLVideoElement).getVideoPlaybackQuality().totalVideoFrames)
    await until('the sample shows bob', async () => (await frames()) > 10, { timeoutMs: 60_000 })
    const hears = () => jane.page.evaluate(() => window.watched.hears())
    await until('the sample plays bob', hears, { timeoutMs: 60_000 })
    const own = [new URL(golive.url).host, app.url.host].sort()
    expect([...jane.origins].sort()).toEqual(own)
  }

  test('plain JavaScript: joins, shows people, leaves, and says why it was refused', async () => {
    const app = await appOf('browser', 'call.js', sample('browser-html'))
    try {
      await meets(app, 'video[data-identity="bob"]')
      await using jane = await CallPage.create(browser)
      await jane.open(app.url.href)
      await jane.page.locator('video[data-identity="user-123"]').waitFor()
      await jane.page.getByRole('button', { name: 'Leave' }).click()
      await jane.page.getByText('You are no longer in the call.').waitFor()
      expect(await jane.page.locator('#people > *').count()).toBe(0)

      await acme.call('PATCH', `/rooms/${ROOM}`, { locked: true })
      await jane.open(app.url.href)
      await jane.page.getByText(/^this room is locked/).waitFor()
    } finally {
      await acme.call('PATCH', `/rooms/${ROOM}`, { locked: false })
      await app.stop(true)
    }
  })

  test('React: joins, shows people, leaves, and says why it was refused', async () => {
    const html = '<div id="call"></div><script type="module" src="call.js"></script>'
    const app = await appOf('react', 'call.jsx', html)
    try {
      await meets(app, '[data-lk-local-participant="false"] video')
      await using jane = await CallPage.create(browser)
      await jane.open(app.url.href)
      await jane.page.locator('[data-lk-local-participant="true"] video').waitFor()
      await jane.page.getByRole('button', { name: 'Leave' }).click()
      await jane.page.getByText('You are no longer in the call.').waitFor()

      await acme.call('PATCH', `/rooms/${ROOM}`, { locked: true })
      await jane.open(app.url.href)
      await jane.page.getByText(/: room_locked: this room is locked/).waitFor()
    } finally {
      await acme.call('PATCH', `/rooms/${ROOM}`, { locked: false })
      await app.stop(true)
    }
  })
})
