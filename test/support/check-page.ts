import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { CallPage } from './call-page.ts'
import type { Chromium } from './chromium.ts'

const ARTIFACTS = join(import.meta.dir, '../artifacts/check')
const AXE = readFileSync(join(import.meta.dir, '../../node_modules/axe-core/axe.min.js'), 'utf8')
const VIEWPORTS = [
  { width: 390, height: 844 },
  { width: 1280, height: 900 },
]
/** Three ways may end in silence, each after ten seconds. */
const OVER_MS = 60_000

/** The page /check in a browser profile of its own, and everything that it asked for. */
export class CheckPage implements AsyncDisposable {
  readonly call: CallPage
  readonly page: Page
  readonly tokens: string[] = []

  private constructor(call: CallPage) {
    this.call = call
    this.page = call.page
  }

  static async create(browser: Chromium): Promise<CheckPage> {
    const check = new CheckPage(await CallPage.create(browser))
    check.page.on('response', async (response) => {
      if (!response.url().endsWith('/check/session') || !response.ok()) return
      check.tokens.push((await response.json()).token)
    })
    return check
  }

  async start(url: string): Promise<void> {
    await this.call.open(`${url}/check`)
    await this.page.getByRole('button', { name: 'Start the check' }).click()
  }

  /** Waits for the end. @returns the verdict */
  async verdict(): Promise<string> {
    await this.page.getByRole('button', { name: 'Check again' }).waitFor({ timeout: OVER_MS })
    return (await this.page.locator('.verdict h1').textContent()) ?? ''
  }

  /** What is to be asked of an IT department. */
  openings = (): Promise<string[]> => this.page.locator('.verdict li').allTextContents()

  /** The words beside each part. */
  async parts(): Promise<Record<string, string>> {
    const lines = await this.page.locator('[data-part]').evaluateAll((all) =>
      all.map((line) => [
        line.getAttribute('data-part') ?? '',
        // How long it took is another story.
        (line.querySelector('.how')?.textContent ?? '').replace(/ · \d+ ms$/, ''),
      ]),
    )
    return Object.fromEntries(lines)
  }

  report = async (): Promise<string> => (await this.page.locator('.report pre').textContent()) ?? ''

  /** Keeps pictures of what is shown. @returns what is wrong with it: contrast, names, width … */
  async look(name: string): Promise<string[]> {
    mkdirSync(ARTIFACTS, { recursive: true })
    const findings: string[] = []
    for (const colorScheme of ['light', 'dark'] as const) {
      await this.page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      for (const viewport of VIEWPORTS) {
        await this.page.setViewportSize(viewport)
        const look = `${name}-${viewport.width}-${colorScheme}`
        await this.page.screenshot({ path: join(ARTIFACTS, `${look}.png`), fullPage: true })
        if (await this.call.scrollsSideways()) findings.push(`${look} scrolls sideways`)
        findings.push(...(await this.#accessibility()).map((one) => `${look}: ${one}`))
      }
    }
    return findings
  }

  /** Serious and critical findings of axe-core. */
  async #accessibility(): Promise<string[]> {
    await this.page.evaluate(AXE)
    const found: { id: string; impact: string; nodes: { html: string }[] }[] =
      await this.page.evaluate(
        '(async () => (await axe.run(document, { resultTypes: ["violations"] })).violations)()',
      )
    return found
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ')}`)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.call[Symbol.asyncDispose]()
  }
}
