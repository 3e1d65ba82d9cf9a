import { statSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from '../config/schema.ts'
import { sleep } from '../lib/clock.ts'
import { CliError, EXIT, type Problem } from './exit.ts'

const ANSWER_TIMEOUT_MS = 10_000
const START_TIMEOUT_MS = 5000
const RETRY_MS = 50
const PAGE_SIZE = 100
const MAX_PAGES = 100

/** The admin API inside this process, for when no server runs. */
export interface InProcess {
  handle(request: Request): Promise<Response>
  close(): Promise<void>
}

/** What a client does when no server listens on the socket. */
export interface Fallback {
  /** null while another process holds the data dir: a server is starting or stopping */
  open(): Promise<InProcess | null>
}

export interface List<T> {
  data: T[]
  next_cursor: string | null
}

/** A path of the admin API. @throws CliError when a name could turn it into another path */
export const path = (parts: TemplateStringsArray, ...names: string[]): string =>
  parts.reduce((text, part, at) => text + segment(names[at - 1] ?? '') + part)

const segment = (name: string): string => {
  if (name !== '' && name !== '.' && name !== '..') return encodeURIComponent(name)
  throw new CliError(EXIT.usage, { code: 'usage', detail: `"${name}" cannot be a name here` })
}

/**
 * Calls the admin API over the data dir's socket, or in process when no server runs. All failures
 * are CliErrors: what the API refused, exit 1; no server to ask, exit 69.
 */
export class AdminClient {
  readonly #config: Config
  readonly #fallback: Fallback
  #inProcess: InProcess | null = null

  constructor(config: Config, fallback: Fallback) {
    this.#config = config
    this.#fallback = fallback
  }

  get<T>(path: string): Promise<T> {
    return this.call('GET', path)
  }

  post<T>(path: string, body?: object): Promise<T> {
    return this.call('POST', path, body)
  }

  /** All pages of a list, or the first 10,000 entries and where to go on. */
  async list<T>(path: string, query: Record<string, string> = {}): Promise<List<T>> {
    const data: T[] = []
    let cursor: string | null = null
    for (let page = 0; page < MAX_PAGES && (page === 0 || cursor !== null); page++) {
      const search = new URLSearchParams({ ...query, limit: String(PAGE_SIZE) })
      if (cursor !== null) search.set('cursor', cursor)
      const answer: List<T> = await this.get(`${path}?${search}`)
      data.push(...answer.data)
      cursor = answer.next_cursor
    }
    return { data, next_cursor: cursor }
  }

  async call<T>(method: string, path: string, body?: object): Promise<T> {
    const response = await this.#send(() => makeRequest(method, path, body))
    const text = await response.text()
    if (!response.ok) throw new CliError(EXIT.failed, readProblem(text, response.status))
    return (text === '' ? undefined : JSON.parse(text)) as T
  }

  async close(): Promise<void> {
    await this.#inProcess?.close()
  }

  async #send(request: () => Request): Promise<Response> {
    const deadline = Date.now() + START_TIMEOUT_MS
    for (;;) {
      if (this.#inProcess) return this.#inProcess.handle(request())
      const response = await this.#overSocket(request())
      if (response) return response
      this.#inProcess = await this.#fallback.open()
      if (this.#inProcess) continue
      if (Date.now() > deadline)
        throw unreachable(this.#config, 'has no answer yet: it is starting or stopping')
      await sleep(RETRY_MS)
    }
  }

  /** Null when nobody listens: only then is asking again, or elsewhere, sure not to do it twice. */
  async #overSocket(request: Request): Promise<Response | null> {
    try {
      return await fetch(request, {
        unix: socketPath(this.#config),
        signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
      })
    } catch (error) {
      const { code, name } = error as NodeJS.ErrnoException
      if (code === 'ENOENT' || code === 'ECONNREFUSED') return null
      if (code === 'EACCES') throw noAccess(this.#config)
      if (name === 'TimeoutError')
        throw unreachable(this.#config, 'did not answer within 10 seconds')
      throw unreachable(this.#config, 'broke off before it answered')
    }
  }
}

export const socketPath = (config: Config): string => join(config.data_dir, 'golive.sock')

const makeRequest = (method: string, path: string, body?: object): Request =>
  new Request(`http://localhost${path}`, {
    method,
    ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  })

const readProblem = (text: string, status: number): Problem => {
  try {
    const body = JSON.parse(text)
    if (typeof body.code === 'string' && typeof body.detail === 'string') return body
  } catch {
    // Not the API's own words: say the status below.
  }
  return { code: 'internal_error', detail: `the server answered with status ${status}` }
}

const unreachable = (config: Config, what: string): CliError =>
  new CliError(EXIT.unreachable, {
    code: 'server_unreachable',
    detail: `the server on ${config.data_dir} ${what}`,
  })

/** No server runs, and this command needs one. */
export const notRunning = (config: Config): CliError =>
  new CliError(EXIT.unreachable, {
    code: 'server_not_running',
    detail: `no server runs on ${config.data_dir}`,
    hint: 'Start it with: golive serve',
  })

/** The data dir belongs to somebody else, and this user is not root. */
export const noAccess = (config: Config): CliError => {
  const owner = statSync(config.data_dir, { throwIfNoEntry: false })?.uid
  const whose = owner === undefined ? '' : ` (uid ${owner})`
  return new CliError(EXIT.unreachable, {
    code: 'no_access',
    detail: `this user may not open ${config.data_dir}`,
    hint: `Run the command as its owner${whose} or as root.`,
  })
}
