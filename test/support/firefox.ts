import { existsSync, mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Lab } from './lab.ts'
import { makeTrustStore, servePage } from './lab-browsers.ts'
import type { MachineSocket } from './lab-machine.ts'
import { LineLog } from './line-log.ts'
import { expectBoth } from './media.ts'
import type { JoinFailure, JoinOptions, PageApi, PageEvent, Received, Way } from './page-api.ts'
import type { Minted } from './tenant-client.ts'
import { until, within } from './wait.ts'

const PROGRAM = '/usr/bin/firefox-esr'
const ANSWER_MS = 60_000
const START_MS = 60_000

/**
 * Never `media.peerconnection.ice.loopback`: that Firefox drops what it hears of loopback addresses is
 * what has to work.
 */
const PREFERENCES = {
  'media.navigator.streams.fake': true,
  'media.navigator.permission.disabled': true,
  'media.autoplay.default': 0,
  'media.autoplay.blocking_policy': 0,
  'remote.active-protocols': 1,
  'datareporting.policy.dataSubmissionEnabled': false,
  'toolkit.telemetry.enabled': false,
  'app.update.enabled': false,
  'app.normandy.enabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'services.settings.server': 'data:,#remote-settings-dummy/v1',
  'browser.safebrowsing.malware.enabled': false,
  'browser.safebrowsing.phishing.enabled': false,
  'security.OCSP.enabled': 0,
}

export const firefoxMissing = (): string | null =>
  existsSync(PROGRAM) ? null : `${PROGRAM} is not installed`

/** Firefox in the lab's client, driven by WebDriver BiDi, which believes that authority. */
export class Firefox implements AsyncDisposable {
  readonly #process: Bun.Subprocess
  readonly #bidi: Bidi
  readonly #origin: string

  private constructor(child: Bun.Subprocess, bidi: Bidi, origin: string) {
    this.#process = child
    this.#bidi = bidi
    this.#origin = origin
  }

  static async launch(lab: Lab, ca: string): Promise<Firefox> {
    const profile = mkdtempSync(join(lab.folder, 'firefox-'))
    await makeTrustStore(profile, ca)
    const lines = Object.entries(PREFERENCES).map(
      ([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`,
    )
    writeFileSync(join(profile, 'user.js'), lines.join(''))
    const argv = [PROGRAM, '--headless', '--no-remote', '--profile', profile]
    const child = Bun.spawn([...lab.client.prefix, ...argv, '--remote-debugging-port=0'], {
      env: { ...process.env, HOME: profile },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    try {
      const url = await addressIn(child)
      const bidi = await Bidi.over(await lab.client.open(`${url}/session`))
      return new Firefox(child, bidi, await servePage(lab.client))
    } catch (error) {
      child.kill('SIGKILL')
      throw error
    }
  }

  /** A new person: a tab of their own with the test page open, not yet in a call. */
  async person(): Promise<FirefoxPerson> {
    const { context } = await this.#bidi.ask<{ context: string }>('browsingContext.create', {
      type: 'tab',
    })
    const person = new FirefoxPerson(this.#bidi, context)
    await person.open(this.#origin)
    return person
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill('SIGKILL')
    await this.#process.exited
  }
}

/** What Firefox says of where it takes orders. */
const addressIn = async (child: Bun.Subprocess<'ignore', 'pipe', 'pipe'>): Promise<string> => {
  const log = new LineLog()
  void log.follow(child.stdout)
  void log.follow(child.stderr)
  const said = () => /WebDriver BiDi listening on (ws:\S+)/.exec(log.text())?.[1]
  return until('Firefox takes orders', said, { timeoutMs: START_MS }).catch((error) => {
    throw new Error(`${error.message}\n${log.tail()}`)
  })
}

interface BidiAnswer {
  id?: number
  type: string
  result?: unknown
  error?: string
  message?: string
}

/** Orders and answers of WebDriver BiDi (W3C), as much of it as tests need. */
class Bidi {
  readonly #socket: MachineSocket
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>()
  #orders = 0

  private constructor(socket: MachineSocket) {
    this.#socket = socket
    socket.onText = (text) => this.#take(JSON.parse(text) as BidiAnswer)
  }

  static async over(socket: MachineSocket): Promise<Bidi> {
    const bidi = new Bidi(socket)
    await bidi.ask('session.new', { capabilities: {} })
    return bidi
  }

  /** @throws what Firefox says against it */
  async ask<T>(method: string, params: Record<string, unknown>): Promise<T> {
    const id = ++this.#orders
    const waiting = Promise.withResolvers<unknown>()
    this.#waiting.set(id, waiting)
    await this.#socket.send(JSON.stringify({ id, method, params }))
    return within(`Firefox to do ${method}`, ANSWER_MS, waiting.promise) as Promise<T>
  }

  #take({ id, type, result, error, message }: BidiAnswer): void {
    const waiting = id === undefined ? undefined : this.#waiting.get(id)
    if (type === 'success') waiting?.resolve(result)
    else waiting?.reject(new Error(`${error}: ${message}`))
  }
}

interface Evaluated {
  type: 'success' | 'exception'
  result?: { value?: string }
  exceptionDetails?: { text: string }
}

/** One tab. Its methods are those of the test page, run over there. */
export class FirefoxPerson implements AsyncDisposable {
  readonly #bidi: Bidi
  readonly #context: string

  constructor(bidi: Bidi, context: string) {
    this.#bidi = bidi
    this.#context = context
  }

  /** Opens a page; it is there when that expression is true in it. */
  async open(url: string, sign = `'person' in window`): Promise<void> {
    const context = this.#context
    await this.#bidi.ask('browsingContext.navigate', { context, url, wait: 'complete' })
    await until('the page is there', () => this.evaluate<boolean>(sign))
  }

  /** @throws when the join is refused */
  async join({ ws_url, token }: Minted, options: JoinOptions = {}): Promise<void> {
    const words = [ws_url, token, options].map((word) => JSON.stringify(word)).join()
    const failure = await this.evaluate<JoinFailure | null>(`window.person.join(${words})`)
    if (failure) throw new Error(`join refused: ${JSON.stringify(failure)}`)
  }

  ways = (): Promise<Way[]> => this.#ask((person) => person.ways())
  events = (): Promise<PageEvent[]> => this.#ask((person) => person.events())
  received = (): Promise<Received[]> => this.#ask((person) => person.received())
  iceServers = (): Promise<string[]> => this.#ask((person) => person.iceServers())

  /** True once `frames` pictures and audible sound of that person were decoded here. @throws before, with what was */
  async seesAndHears(identity: string, frames = 20): Promise<true> {
    return expectBoth(await this.received(), identity, frames)
  }

  /** Closes the tab: left in a call, it would try to get back into it beside later tests. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#bidi.ask('browsingContext.close', { context: this.#context })
  }

  #ask<T>(question: (person: PageApi) => T | Promise<T>): Promise<T> {
    return this.evaluate<T>(`(${question})(window.person)`)
  }

  /** As text there and back: BiDi has types of its own. */
  async evaluate<T>(expression: string): Promise<T> {
    const answer = await this.#bidi.ask<Evaluated>('script.evaluate', {
      expression: `(async () => JSON.stringify((await (${expression})) ?? null))()`,
      target: { context: this.#context },
      awaitPromise: true,
      userActivation: true,
    })
    if (answer.type === 'exception') throw new Error(answer.exceptionDetails?.text)
    return JSON.parse(answer.result?.value ?? 'null') as T
  }
}
