import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import type { Chromium, Person } from './chromium.ts'
import type { GoLive } from './golive.ts'

export const EMAIL = 'ops@example.com'
export const PASSWORD = 'correct horse battery staple'

const SHOWN_MS = 20_000
const ARTIFACTS = join(import.meta.dir, '../artifacts/dashboard')
const AXE = readFileSync(join(import.meta.dir, '../../node_modules/axe-core/axe.min.js'), 'utf8')

const WIDE = { width: 1280, height: 900 }
export const PHONE = { width: 390, height: 844 }

/** Makes an account on the machine, as `golive admin create` does. @returns the sign-in link */
export const inviteAdmin = async (golive: GoLive, email = EMAIL): Promise<string> => {
  const response = await golive.admin('/admin/admins', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email }),
  })
  if (response.status !== 201) throw new Error(`no account: ${await response.text()}`)
  return ((await response.json()) as { sign_in_url: string }).sign_in_url
}

/** The dashboard in one browser profile, and everything it asked for or was refused. */
export class DashboardPage implements AsyncDisposable {
  readonly page: Page
  readonly hosts = new Set<string>()
  readonly violations: string[] = []
  readonly #golive: GoLive
  readonly #person: Person

  private constructor(person: Person, golive: GoLive) {
    this.#person = person
    this.#golive = golive
    this.page = person.page
    this.page.setDefaultTimeout(SHOWN_MS)
  }

  static async create(browser: Chromium, golive: GoLive): Promise<DashboardPage> {
    const created = new DashboardPage(await browser.person(), golive)
    const { page } = created
    await page.setViewportSize(WIDE)
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'], {
      origin: golive.url,
    })
    page.on('request', (request) => {
      const { protocol, host } = new URL(request.url())
      if (protocol !== 'data:') created.hosts.add(host)
    })
    await page.exposeFunction('reportViolation', (text: string) => created.violations.push(text))
    await page.addInitScript(() => {
      const { reportViolation } = window as unknown as { reportViolation: (text: string) => void }
      document.addEventListener('securitypolicyviolation', (event) =>
        reportViolation(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`),
      )
    })
    return created
  }

  async open(path: string): Promise<void> {
    await this.page.goto(`${this.#golive.url}${path}`)
  }

  async signIn(): Promise<void> {
    await this.open('/ui')
    await this.page.getByLabel('E-mail').fill(EMAIL)
    await this.page.getByLabel('Password', { exact: true }).fill(PASSWORD)
    await this.press('Sign in')
    await this.heading('Overview')
  }

  press(name: string | RegExp): Promise<void> {
    const exact = typeof name === 'string'
    return this.page.getByRole('button', { name, exact }).click()
  }

  heading(name: string): Promise<void> {
    return this.page.getByRole('heading', { level: 1, name, exact: true }).waitFor()
  }

  panel(name: string | RegExp) {
    return this.page.getByRole('region', { name })
  }

  /** Reads what the dialog shows once under this name. */
  async shown(name: string): Promise<string> {
    const field = this.page.locator('.copy-field', { hasText: name })
    return (await field.locator('.copy-value').textContent()) ?? ''
  }

  scrollsSideways(): Promise<boolean> {
    return this.page.evaluate(() => {
      const { scrollWidth } = document.documentElement
      return Math.max(scrollWidth, document.body.scrollWidth) > innerWidth
    })
  }

  /** Serious and critical findings of axe-core. */
  async accessibility(): Promise<string[]> {
    await this.page.evaluate(AXE)
    const found: { id: string; impact: string; nodes: { html: string }[] }[] =
      await this.page.evaluate(
        '(async () => (await axe.run(document, { resultTypes: ["violations"] })).violations)()',
      )
    return found
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ')}`)
  }

  /** Keeps a picture of the whole page below test/artifacts. */
  async picture(name: string): Promise<void> {
    mkdirSync(ARTIFACTS, { recursive: true })
    await this.page.screenshot({ path: join(ARTIFACTS, `${name}.png`), fullPage: true })
  }

  /** Keeps pictures of what is shown now. @returns what is wrong with it: contrast, names, width … */
  async look(name: string): Promise<string[]> {
    const findings: string[] = []
    for (const scheme of ['light', 'dark'] as const) {
      await this.page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' })
      for (const viewport of [PHONE, WIDE]) {
        await this.page.setViewportSize(viewport)
        const look = `${name}-${viewport.width}-${scheme}`
        await this.picture(look)
        if (await this.scrollsSideways()) findings.push(`${look} scrolls sideways`)
        findings.push(...(await this.accessibility()).map((one) => `${look}: ${one}`))
      }
    }
    return findings
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#person[Symbol.asyncDispose]()
  }
}
