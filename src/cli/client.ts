import { CliError, EXIT, type Problem } from './exit.ts'

const PAGE_SIZE = 100
const MOST_ENTRIES = 10_000
const PIECES_TIMEOUT_MS = 3600_000

/** A way to the admin API: on this machine, or over the network. */
export interface Transport {
  /** how often there was nobody to ask, and a server to come was waited for */
  readonly waits: number
  /**
   * @param request made anew for each try
   * @param within milliseconds until all of the answer is there; the transport's own when left out
   * @throws CliError when there is nobody to ask
   */
  send(request: () => Request, within?: number): Promise<Response>
  close(): Promise<void>
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
    const text = await response.text()
    if (!response.ok) throw new CliError(EXIT.failed, readProblem(text, response.status))
    return (text === '' ? undefined : readAnswer(text)) as T
  }

  /** An answer that is too large to hold, piece by piece, within an hour. */
  async *pieces(path: string): AsyncGenerator<Uint8Array> {
    const response = await this.#transport.send(() => makeRequest('GET', path), PIECES_TIMEOUT_MS)
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

const makeRequest = (method: string, path: string, body?: object): Request =>
  new Request(`http://localhost${path}`, {
    method,
    ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
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
