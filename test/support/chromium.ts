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
  Way,
} from './page-api.ts'
import { type PageFile, pageFiles } from './page-files.ts'
import type { Minted } from './tenant-client.ts'
import { within } from './wait.ts'

const ANSWER_MS = 60_000
/** Numbers of Chromium's fake cameras, but for number 1: its depth pictures cannot be sent. */
const CAMERAS = [0, 2, 3, 4, 5, 6, 7, 8, 9]
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
  // No mDNS names instead of addresses.
  '--disable-features=WebRtcHideLocalIpsWithMdns',
]
/** Calls stay on this machine: 127.0.0.1 must be a candidate. */
const LOOPBACK = '--allow-loopback-in-peer-connection'

/** Where a browser runs, such as a machine of a lab. */
export interface BrowserPlace {
  executable: string
  flags: string[]
  env: Record<string, string | undefined>
  /** Serves the test page to it. */
  serve: () => Promise<PageServer>
}

interface PageServer {
  origin: string
  stop: () => Promise<void>
}

/** One headless Chromium whose pages live on an origin of their own, as a tenant's app does. */
export class Chromium implements AsyncDisposable {
  readonly origin: string
  readonly #browser: Browser
  readonly #server: PageServer
  #people = 0

  constructor(browser: Browser, server: PageServer) {
    this.#browser = browser
    this.#server = server
    this.origin = server.origin
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
    await this.#server.stop()
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
  ways = (): Promise<Way[]> => this.#ask((person) => person.ways())
  iceServers = (): Promise<string[]> => this.#ask((person) => person.iceServers())
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

/** This machine. `CHROMIUM` names another executable. */
const here = (): BrowserPlace => ({
  executable: chromiumProgram(),
  flags: [LOOPBACK],
  env: process.env,
  serve: async () => {
    const files = await pageFiles()
    const server = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      fetch: ({ url }) => {
        const { body, headers } = files[new URL(url).pathname] ?? (files['/'] as PageFile)
        return new Response(body, { headers })
      },
    })
    return { origin: `http://127.0.0.1:${server.port}`, stop: () => server.stop(true) }
  },
})

/** @throws when there is none */
export const chromiumProgram = (): string => {
  const path = process.env.CHROMIUM ?? '/usr/bin/chromium'
  if (!existsSync(path)) throw new Error(`no Chromium at ${path}: set CHROMIUM`)
  return path
}

/** Starts the browser and the server for its page. */
export const launchChromium = async (place: BrowserPlace = here()): Promise<Chromium> => {
  const { executable: executablePath, flags, env } = place
  const server = await place.serve()
  const args = [...FLAGS, ...flags]
  const browser = await chromium.launch({ executablePath, args, env, timeout: ANSWER_MS })
  return new Chromium(browser, server)
}
