import type { Page } from 'playwright-core'
import type { Chromium, Person } from './chromium.ts'
import { until } from './wait.ts'

const PHONE = { width: 390, height: 844 }
const SHOWN_MS = 30_000

/** The product's own call page in one browser profile, and everything it asked for. */
export class CallPage implements AsyncDisposable {
  readonly page: Page
  /** Origins of all requests and WebSockets. */
  readonly origins = new Set<string>()
  readonly paths: string[] = []
  readonly #person: Person

  private constructor(person: Person) {
    this.#person = person
    this.page = person.page
  }

  /** A fresh profile; nothing is opened yet. */
  static async create(browser: Chromium, { phone = false } = {}): Promise<CallPage> {
    const created = new CallPage(await browser.person())
    const { page } = created
    if (phone) await page.setViewportSize(PHONE)
    await page.addInitScript(watch)
    page.on('request', (request) => created.#asked(request.url()))
    page.on('websocket', (socket) => created.#asked(socket.url()))
    return created
  }

  #asked(address: string): void {
    const url = new URL(address)
    if (url.protocol === 'data:' || url.protocol === 'blob:') return
    this.origins.add(url.host)
    this.paths.push(url.pathname)
  }

  async open(url: string): Promise<void> {
    await this.page.goto(url, { timeout: SHOWN_MS })
  }

  /** Opens a link, waits for one's own picture and joins. */
  async join(link: string): Promise<void> {
    await this.open(link)
    await this.page.getByLabel('Your camera').waitFor({ timeout: SHOWN_MS })
    await this.page.getByRole('button', { name: 'Join call' }).click({ timeout: SHOWN_MS })
    await this.page.getByRole('button', { name: 'Leave call' }).waitFor({ timeout: SHOWN_MS })
  }

  /** Waits for a screen that stands in for the call. @returns its heading and its text */
  async notice(): Promise<{ title: string; text: string }> {
    const notice = this.page.locator('.notice')
    await notice.waitFor({ timeout: SHOWN_MS })
    return {
      title: (await notice.getByRole('heading').textContent()) ?? '',
      text: (await notice.locator('p').textContent()) ?? '',
    }
  }

  /** Waits until this page shows new pictures and gets audible sound of that person. */
  async untilSeesAndHears(identity: string): Promise<void> {
    const before = await this.#pictures(identity)
    const grown = async () => (await this.#pictures(identity)) >= before + 10
    await until(`the page shows moving pictures of ${identity}`, grown, { timeoutMs: 60_000 })
    const audible = () => this.page.evaluate(() => window.watched.hears())
    await until('the page receives audible sound', audible, { timeoutMs: 60_000 })
  }

  #pictures(identity: string): Promise<number> {
    return this.page.evaluate((who) => {
      const video = document.querySelector<HTMLVideoElement>(`[data-identity="${who}"] video`)
      return video?.getVideoPlaybackQuality().totalVideoFrames ?? 0
    }, identity)
  }

  violations = (): Promise<string[]> => this.page.evaluate(() => window.watched.violations)
  deviceRequests = (): Promise<number> => this.page.evaluate(() => window.watched.deviceRequests)

  scrollsSideways(): Promise<boolean> {
    return this.page.evaluate(() => {
      const { scrollWidth } = document.documentElement
      return Math.max(scrollWidth, document.body.scrollWidth) > innerWidth
    })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#person[Symbol.asyncDispose]()
  }
}

interface Watched {
  violations: string[]
  deviceRequests: number
  hears: () => Promise<boolean>
}

declare global {
  interface Window {
    watched: Watched
  }
}

/** Runs in the page before its own scripts. */
const watch = (): void => {
  const connections: RTCPeerConnection[] = []
  const hears = async () => {
    for (const connection of connections) {
      for (const stats of (await connection.getStats()).values()) {
        if (stats.type === 'inbound-rtp' && stats.totalAudioEnergy > 0) return true
      }
    }
    return false
  }
  const watched: Watched = { violations: [], deviceRequests: 0, hears }
  window.watched = watched
  document.addEventListener('securitypolicyviolation', (event) =>
    watched.violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`),
  )
  window.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(...args: ConstructorParameters<typeof RTCPeerConnection>) {
      super(...args)
      connections.push(this)
    }
  }
  const devices = navigator.mediaDevices
  const ask = devices.getUserMedia.bind(devices)
  devices.getUserMedia = (constraints) => {
    watched.deviceRequests++
    return ask(constraints)
  }
}
