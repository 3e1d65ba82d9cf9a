/** The answer of POST …/tokens. */
export interface Minted {
  token: string
  ws_url: string
  room: string
  identity: string
  expires_in: number
  expires_at: string
}

export interface RoomAnswer {
  name: string
  livekit_name: string
  participants_now: number
  max_participants: number | null
}

export interface Answer<T = Record<string, unknown>> {
  status: number
  headers: Headers
  body: T
}

export interface Credentials {
  api_key: string
  api_secret: string
}

const ANSWER_MS = 15_000

/** A tenant's backend as the published guide writes it: fetch and Basic auth, nothing else. */
export class TenantClient {
  readonly #base: string
  readonly #authorization: string
  readonly #fetch: (url: string, init: RequestInit) => Promise<Response>

  constructor(
    url: string,
    { api_key, api_secret }: Credentials,
    ask: (url: string, init: RequestInit) => Promise<Response> = fetch,
  ) {
    this.#base = `${url}/api/v1`
    this.#authorization = `Basic ${btoa(`${api_key}:${api_secret}`)}`
    this.#fetch = ask
  }

  async call<T = Record<string, unknown>>(
    method: string,
    path: string,
    body?: unknown,
  ): Promise<Answer<T>> {
    const headers = { authorization: this.#authorization, 'content-type': 'application/json' }
    const response = await this.#fetch(this.#base + path, {
      method,
      headers,
      // The server closes connections that idle for half a minute, and Bun may use one just then.
      keepalive: false,
      signal: AbortSignal.timeout(ANSWER_MS),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    return {
      status: response.status,
      headers: response.headers,
      body: (text ? JSON.parse(text) : null) as T,
    }
  }

  /** "Create the room, ignore 409": safe to call before every join. */
  async createRoom(name: string, input: Record<string, unknown> = {}): Promise<void> {
    const { status, body } = await this.call('POST', '/rooms', { name, ...input })
    if (status !== 201 && status !== 409) throw unexpected('create a room', status, body)
  }

  async mint(room: string, identity: string, input: Record<string, unknown> = {}): Promise<Minted> {
    const path = `/rooms/${encodeURIComponent(room)}/tokens`
    const { status, body } = await this.call<Minted>('POST', path, { identity, ...input })
    if (status !== 200) throw unexpected('mint a token', status, body)
    return body
  }

  async room(name: string): Promise<RoomAnswer> {
    const { status, body } = await this.call<RoomAnswer>(
      'GET',
      `/rooms/${encodeURIComponent(name)}`,
    )
    if (status !== 200) throw unexpected('read a room', status, body)
    return body
  }

  /** Names of the rooms with people in them. */
  async activeRooms(): Promise<string[]> {
    const { status, body } = await this.call<{ data: RoomAnswer[] }>('GET', '/rooms?active=true')
    if (status !== 200) throw unexpected('list rooms', status, body)
    return body.data.map((room) => room.name)
  }

  async deleteRoom(name: string): Promise<void> {
    const { status, body } = await this.call('DELETE', `/rooms/${encodeURIComponent(name)}`)
    if (status !== 204) throw unexpected('delete a room', status, body)
  }
}

const unexpected = (what: string, status: number, body: unknown): Error =>
  new Error(`could not ${what}: ${status} ${JSON.stringify(body)}`)
