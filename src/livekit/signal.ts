/** Bun's client socket: unlike a browser's it can be paused, resumed and cut off. */
export type Upstream = Bun.WebSocket

/** LiveKit did not open the signaling connection. Never holds upstream text: that may name a token. */
export class SignalError extends Error {
  override name = 'SignalError'
  /** LiveKit's HTTP status; null when nothing answered */
  readonly status: number | null

  constructor(status: number | null) {
    super(status === null ? 'livekit-server did not answer' : `livekit-server answered ${status}`)
    this.status = status
  }
}

export interface SignalTarget {
  /** origin of livekit-server, such as http://127.0.0.1:7880 */
  origin: string
  path: string
  /** without the token */
  query: string
  token: string
  userAgent: string | null
  /** the client's, for LiveKit's own records */
  address: string | null
}

/**
 * Opens LiveKit's signaling connection. What arrives before somebody listens is kept by `early`.
 * The token goes in a header only: Bun puts a failing address, query included, into its error text.
 */
export const openSignal = (target: SignalTarget, timeoutMs: number): Promise<Upstream> => {
  const url = `${target.origin.replace('http', 'ws')}${target.path}${target.query ? `?${target.query}` : ''}`
  const socket = new WebSocket(url, {
    headers: headersOf(target),
    // LiveKit would accept compression, which buys nothing on loopback and costs a copy per frame.
    perMessageDeflate: false,
  } as Bun.WebSocketOptions as string[]) as unknown as Upstream
  socket.binaryType = 'arraybuffer'
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => fail(null), timeoutMs)
    const fail = (status: number | null) => {
      clearTimeout(timer)
      socket.onclose = null
      socket.terminate()
      reject(new SignalError(status))
    }
    socket.onopen = () => {
      clearTimeout(timer)
      socket.onerror = null
      socket.onclose = null
      resolve(socket)
    }
    socket.onerror = (event) => fail(statusIn((event as ErrorEvent).message))
    socket.onclose = () => fail(null)
  })
}

/**
 * What livekit-server makes of a join request: its status, as far as it can tell without a room. Its
 * words stay there: they can hold a token. @throws when it does not answer
 */
export const askSignal = async (target: SignalTarget, timeoutMs: number): Promise<number> => {
  const response = await fetch(`${target.origin}${target.path}/validate?${target.query}`, {
    headers: headersOf(target),
    signal: AbortSignal.timeout(timeoutMs),
  }).catch(() => {
    throw new SignalError(null)
  })
  await response.body?.cancel()
  return response.status
}

const headersOf = ({ token, userAgent, address }: SignalTarget): Record<string, string> => ({
  authorization: `Bearer ${token}`,
  ...(userAgent === null ? {} : { 'user-agent': userAgent }),
  ...(address === null ? {} : { 'x-forwarded-for': address }),
})

/** Bun tells a refused upgrade only as the text "Expected 101 status code: 404". */
const statusIn = (message: string | undefined): number | null => {
  const match = /status code:? (\d{3})\b/.exec(message ?? '')
  return match ? Number(match[1]) : null
}
