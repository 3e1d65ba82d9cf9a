import { CliError, EXIT, type Problem } from './exit.ts'

const PAGE_SIZE = 100
const MOST_ENTRIES = 10_000

/** A way to the admin API: on this machine, or over the network. */
export interface Transport {
  /** how often there was nobody to ask, and a server to come was waited for */
  readonly waits: number
  /**
   * @param request made anew for each try
   * @param endless the answer goes on: only its beginning has to come in time
   * @throws CliError when there is nobody to ask
   */
  send(request: () => Request, endless?: boolean): Promise<Response>
  close(): Promise<void>
}

/** Bounds the time for an answer or, where it goes on, for its beginning. */
export const inTime = async (
  ms: number,
  endless: boolean,
  ask: (signal: AbortSignal) => Promise<Response>,
): Promise<Response> => {
  if (!endless) return ask(AbortSignal.timeout(ms))
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(new DOMException('too late', 'TimeoutError')), ms)
  return ask(late.signal).finally(() => clearTimeout(timer))
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

/** Calls the admin API. All failures are CliErrors: what the API refused, exit 1; nobody to ask, exit 69. */
export class AdminClient {
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /** see {@link Transport} */
  get waits(): number {
    return this.#transport.waits
  }

  get<T>(path: string): Promise<T> {
    return this.call('GET', path)
  }

  post<T>(path: string, body?: object): Promise<T> {
    return this.call('POST', path, body)
  }

  /** An answer in another form than JSON, as it is. */
  async text(path: string, accept: string): Promise<string> {
    const response = await this.#transport.send(() =>
      makeRequest('GET', path, undefined, { accept }),
    )
    return readText(response)
  }

  /** An answer that goes on: its parts as they come, until the server ends it. */
  async stream(path: string, headers: Record<string, string>): Promise<ReadableStream<Uint8Array>> {
    const ask = () => makeRequest('GET', path, undefined, headers)
    const response = await this.#transport.send(ask, true)
    if (!response.ok || !response.body) await readText(response)
    return response.body as ReadableStream<Uint8Array>
  }

  /** All pages of a list, or its first `most` entries and where to go on. */
  async list<T>(
    path: string,
    query: Record<string, string> = {},
    most = MOST_ENTRIES,
  ): Promise<List<T>> {
    const data: T[] = []
    let cursor: string | null = null
    do {
      const limit = Math.min(PAGE_SIZE, most - data.length)
      const search = new URLSearchParams({ ...query, limit: String(limit) })
      if (cursor !== null) search.set('cursor', cursor)
      const answer: List<T> = await this.get(`${path}?${search}`)
      data.push(...answer.data)
      cursor = answer.next_cursor
    } while (cursor !== null && data.length < most)
    return { data, next_cursor: cursor }
  }

  async call<T>(method: string, path: string, body?: object): Promise<T> {
    const response = await this.#transport.send(() => makeRequest(method, path, body))
    const text = await readText(response)
    return (text === '' ? undefined : readAnswer(text)) as T
  }

  /** An answer that is too large to hold, piece by piece. */
  async *pieces(path: string): AsyncGenerator<Uint8Array> {
    const response = await this.#transport.send(() => makeRequest('GET', path), true)
    if (!response.ok)
      throw new CliError(EXIT.failed, readProblem(await response.text(), response.status))
    try {
      if (response.body) yield* response.body
    } catch (cause) {
      const detail = 'the answer broke off before its end'
      throw new CliError(EXIT.failed, { code: 'internal_error', detail }, { cause })
    }
  }

  close(): Promise<void> {
    return this.#transport.close()
  }
}

/** @throws CliError for a refusal */
const readText = async (response: Response): Promise<string> => {
  const text = await response.text()
  if (!response.ok) throw new CliError(EXIT.failed, readProblem(text, response.status))
  return text
}

const makeRequest = (
  method: string,
  path: string,
  body?: object,
  headers: Record<string, string> = {},
): Request =>
  new Request(`http://localhost${path}`, {
    method,
    headers: { ...(body && { 'content-type': 'application/json' }), ...headers },
    ...(body && { body: JSON.stringify(body) }),
  })

const readAnswer = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch (cause) {
    const detail = 'the answer is not that of a golive server'
    throw new CliError(EXIT.failed, { code: 'internal_error', detail }, { cause })
  }
}

const readProblem = (text: string, status: number): Problem => {
  try {
    const body = JSON.parse(text)
    if (typeof body.code === 'string' && typeof body.detail === 'string') return body
  } catch {
    // Not the API's own words: say the status below.
  }
  return { code: 'internal_error', detail: `the server answered with status ${status}` }
}
