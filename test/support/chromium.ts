import { existsSync } from 'node:fs'
import { type Browser, chromium, type Page } from 'playwright-core'
import { expectBoth } from './media.ts'
import type {
  Connection,
  Gap,
  JoinFailure,
  JoinOptions,
  PageApi,
  PageEvent,
  Received,
} from './page-api.ts'
import type { Minted } from './tenant-client.ts'
import { within } from './wait.ts'

const ANSWER_MS = 60_000
/** Numbers of Chromium's fake cameras, but for number 1: its depth pictures cannot be sent. */
const CAMERAS = [0, 2, 3, 4, 5, 6, 7, 8, 9]
const HTML =
  '<!doctype html><meta charset="utf-8"><body><script type="module" src="/page.js"></script>'

const FLAGS = [
  '--use-fake-device-for-media-stream=device-count=10',
  '--use-fake-ui-for-media-stream',
  '--no-sandbox',
  '--headless=new',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--mute-audio',
  '--autoplay-policy=no-user-gesture-required',
  // Several pages share two cores: none may be slowed down for being in the background.
  '--disable-background-timer-throttling',
  '--disable-backgrounding-occluded-windows',
  '--disable-renderer-backgrounding',
  // Calls stay on this machine: 127.0.0.1 must be a candidate, and no mDNS names instead of addresses.
  '--allow-loopback-in-peer-connection',
  '--disable-features=WebRtcHideLocalIpsWithMdns',
]

/** One headless Chromium whose pages live on an origin of their own, as a tenant's app does. */
export class Chromium implements AsyncDisposable {
  readonly origin: string
  readonly #browser: Browser
  readonly #server: Bun.Server<undefined>
  #people = 0

  constructor(browser: Browser, server: Bun.Server<undefined>) {
    this.#browser = browser
    this.#server = server
    this.origin = `http://127.0.0.1:${server.port}`
  }

  /** A new person: a browser profile of its own with the test page open, not yet in a call. */
  async person(): Promise<Person> {
    const context = await this.#browser.newContext()
    const page = await context.newPage()
    const person = new Person(
      page,
      `${this.origin}/?camera=${CAMERAS[this.#people++ % CAMERAS.length]}`,
    )
    await person.open()
    return person
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await within('Chromium to close', 10_000, this.#browser.close()).catch(() => undefined)
    await this.#server.stop(true)
  }
}

/** One browser page. Its methods are those of the test page, run over there. */
export class Person implements AsyncDisposable {
  readonly page: Page
  readonly #address: string

  constructor(page: Page, address: string) {
    this.page = page
    this.#address = address
  }

  /** Opens the page, or reloads it: what was joined before is forgotten without a goodbye. */
  async open(): Promise<void> {
    await this.page.goto(this.#address, { timeout: ANSWER_MS })
    await this.page.waitForFunction(() => 'person' in window, undefined, { timeout: ANSWER_MS })
  }

  /** Joins and publishes camera and microphone. Answers null, or what the SDK reported. */
  async tryJoin(
    wsUrl: string,
    token: string,
    options: JoinOptions = {},
  ): Promise<JoinFailure | null> {
    const work = this.page.evaluate(([url, jwt, how]) => window.person.join(url, jwt, how), [
      wsUrl,
      token,
      options,
    ] as const)
    return within('a page to join', ANSWER_MS, work)
  }

  /** @throws when the join is refused */
  async join({ ws_url, token }: Minted, options: JoinOptions = {}): Promise<void> {
    const failure = await this.tryJoin(ws_url, token, options)
    if (failure) throw new Error(`join refused: ${JSON.stringify(failure)}`)
  }

  leave = (): Promise<void> => this.#ask((person) => person.leave())
  state = (): Promise<string> => this.#ask((person) => person.state())
  roomSid = (): Promise<string> => this.#ask((person) => person.roomSid())
  token = (): Promise<string | null> => this.#ask((person) => person.token())
  others = (): Promise<string[]> => this.#ask((person) => person.others())
  received = (): Promise<Received[]> => this.#ask((person) => person.received())
  events = (): Promise<PageEvent[]> => this.#ask((person) => person.events())
  connections = (): Promise<Connection[]> => this.#ask((person) => person.connections())
  transports = (): Promise<string[]> => this.#ask((person) => person.transports())
  sockets = (): Promise<number> => this.#ask((person) => person.sockets())
  markGaps = (): Promise<void> => this.#ask((person) => person.markGaps())
  gaps = (): Promise<Gap[]> => this.#ask((person) => person.gaps())

  /** True once `frames` pictures and audible sound of that person were decoded here. @throws before, with what was */
  async seesAndHears(identity: string, frames = 20): Promise<true> {
    return expectBoth(await this.received(), identity, frames)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await within('a page to close', 10_000, this.page.context().close()).catch(() => undefined)
  }

  #ask<T>(question: (person: PageApi) => T | Promise<T>): Promise<T> {
    const expression = `(${question})(window.person)`
    return within('a page to answer', ANSWER_MS, this.page.evaluate<T>(expression))
  }
}

/** Starts the browser and the server for its page. `CHROMIUM` names another executable. */
export const launchChromium = async (): Promise<Chromium> => {
  const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium'
  if (!existsSync(executablePath)) throw new Error(`no Chromium at ${executablePath}: set CHROMIUM`)
  const script = await bundle()
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: ({ url }) =>
      new URL(url).pathname === '/page.js'
        ? new Response(script, { headers: { 'content-type': 'text/javascript' } })
        : new Response(HTML, { headers: { 'content-type': 'text/html' } }),
  })
  const browser = await chromium.launch({ executablePath, args: FLAGS, timeout: ANSWER_MS })
  return new Chromium(browser, server)
}

const bundle = async (): Promise<string> => {
  const entry = new URL('./page/page.ts', import.meta.url).pathname
  const built = await Bun.build({ entrypoints: [entry], target: 'browser' })
  const script = built.outputs[0]
  if (!script) throw new Error(`the test page did not build: ${built.logs.join('\n')}`)
  return script.text()
}
