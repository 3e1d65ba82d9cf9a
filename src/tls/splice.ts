import { connect, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'

/** How long a client may neither take nor send anything after the server has said all. */
const LINGER_MS = 30_000

interface Ends {
  client: TLSSocket
  /** what the client has sent already */
  first: Buffer
  target: { host: string; port: number }
  /** what the client sends passes it */
  screen?: Duplex
  /** before the first byte goes on */
  connected: (localPort: number) => void
}

/** Joins both ways, each read no faster than the other is written, and each with an end of its own. */
export const splice = ({ client, first, target, screen, connected }: Ends): Socket => {
  const server = connect({ ...target, noDelay: true, allowHalfOpen: true })
  server.once('connect', () => {
    connected(server.localPort as number)
    const inward = screen ?? server
    inward.write(first)
    client.pipe(inward)
    screen?.pipe(server)
    server.pipe(client)
  })
  for (const end of [server, screen]) end?.on('error', () => client.destroy())
  server.once('end', () => awaitClose(client))
  server.once('close', () => {
    if (!server.readableEnded) client.destroy()
  })
  client.once('close', () => server.destroy())
  return server
}

/** Who takes the last answer slowly may do so; who only keeps the connection is let go. */
const awaitClose = (client: TLSSocket): void => {
  const progress = () => client.bytesRead - client.writableLength
  let seen = progress()
  const timer = setInterval(() => {
    if (progress() === seen) client.destroy()
    seen = progress()
  }, LINGER_MS)
  client.once('close', () => clearInterval(timer))
}
