import type { Connection } from '../domain/connection.ts'
import type { Logger } from '../lib/log.ts'

/** What belongs to one client's socket. */
export interface Pump {
  connection: Connection
  client: Bun.ServerWebSocket<Pump> | null
}

type Client = Bun.ServerWebSocket<Pump>

/** Largest frame that a client may send; LiveKit itself has no limit in 1.13.5. */
const MOST_BYTES_UP = 1024 * 1024
/** Bytes that may wait for livekit-server before the client is no longer read. */
const MOST_WAITING_UP = 1024 * 1024
/** Bytes that may wait for a client that does not read before it is given up. */
const MOST_WAITING_DOWN = 16 * 1024 * 1024
const RESUME_CHECK_MS = 20
/** Seconds of silence after which a client is gone; Bun pings it before. */
const IDLE_SECONDS = 60

/** Moves frames between clients and livekit-server, each no faster than the other end reads. */
export const pumpHandler = (log: Logger): Bun.WebSocketHandler<Pump> => ({
  maxPayloadLength: MOST_BYTES_UP,
  backpressureLimit: MOST_WAITING_DOWN,
  closeOnBackpressureLimit: true,
  idleTimeout: IDLE_SECONDS,
  sendPings: true,
  perMessageDeflate: false,
  open: (client) => start(client, log),
  message: (client, message) => up(client, message),
  pong: ({ data }) => data.connection.heard(),
  drain: (client) => {
    client.data.connection.upstream.resume()
  },
  close: (client, code, reason) => clientClosed(client, code, reason),
})

const start = (client: Client, log: Logger): void => {
  const { connection } = client.data
  const { upstream, early } = connection
  client.data.client = client
  connection.ping = () => void client.ping()
  upstream.onmessage = ({ data }) => down(client, data as string | ArrayBuffer, log)
  upstream.onclose = ({ code, reason }) => void upstreamClosed(client, code, reason)
  // A broken upstream reports an error and then a close; the close says all.
  upstream.onerror = () => {}
  for (const data of early.splice(0)) down(client, data, log)
  if (upstream.readyState >= WebSocket.CLOSING) void upstreamClosed(client, 1006, '')
}

const down = (client: Client, data: string | ArrayBuffer, log: Logger): void => {
  const { connection } = client.data
  try {
    if (client.send(connection.down(data)) === -1) connection.upstream.pause()
  } catch {
    // A frame that may hold LiveKit's token and could not be patched must not be sent.
    log.error(
      { room: connection.seat.livekitName },
      'a signaling frame could not be passed on; the connection is closed',
    )
    connection.upstream.terminate()
    client.terminate()
  }
}

const up = (client: Client, message: string | Buffer<ArrayBuffer>): void => {
  const { connection } = client.data
  const frame = connection.up(message)
  if (frame === null) return
  connection.upstream.send(frame)
  if (connection.upstream.bufferedAmount > MOST_WAITING_UP) waitForUpstream(client)
}

/** The client side of a WebSocket has no drain event: look again until it has emptied. */
const waitForUpstream = (client: Client): void => {
  if (client.isPaused) return
  client.pause()
  const timer = setInterval(() => {
    const { upstream } = client.data.connection
    if (upstream.readyState === WebSocket.OPEN && upstream.bufferedAmount > MOST_WAITING_UP / 2)
      return
    clearInterval(timer)
    client.resume()
  }, RESUME_CHECK_MS)
}

/**
 * Bun forgets a socket that it closes, but holds it for most of a minute when the client does not close
 * in turn: only a client that just answered is closed, and only one that nobody took the place of, for
 * there can be any number of the others. What came before the ping was read by who answers it.
 */
const upstreamClosed = async (client: Client, code: number, reason: string): Promise<void> => {
  const { connection } = client.data
  client.resume()
  if (code === 1006 || !(await connection.isAnswered()) || connection.isReplaced) client.terminate()
  else closeWith(client, code, reason)
}

/** 1005 and 1006 stand for "no code" and "no close at all": they are never sent (RFC 6455 §7.4.1). */
const closeWith = (client: Client, code: number, reason: string): void => {
  if (code === 1005) client.close()
  else client.close(code, reason)
}

const clientClosed = (client: Client, code: number, reason: string): void => {
  const { connection } = client.data
  const { upstream } = connection
  connection.clientGone()
  upstream.onmessage = null
  upstream.onclose = null
  // A paused peer would not notice its close.
  upstream.resume()
  if (code === 1005) upstream.close()
  else if (code === 1006) upstream.terminate()
  else upstream.close(code, reason)
}
