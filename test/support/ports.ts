import { createSocket } from 'node:dgram'
import { createServer } from 'node:net'

// Below the range from which the kernel picks ports for outgoing connections: nothing takes one by
// chance between this check and the start of the server.
const FIRST = 20_000
const LAST = 32_000

/** Given away, and maybe not yet bound: who starts a server after another one needs others. */
const given = new Set<number>()

/** A loopback port that is free for TCP and UDP alike, and was given to nobody else in this process. */
export const freePort = async (): Promise<number> => {
  for (let tries = 0; tries < 100; tries++) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST))
    if (given.has(port)) continue
    given.add(port)
    if ((await tcpFree(port)) && (await udpFree(port))) return port
  }
  throw new Error('no free port found in 100 tries')
}

/** As many of them as asked for. */
export const freePorts = async (count: number): Promise<number[]> => {
  const ports: number[] = []
  while (ports.length < count) ports.push(await freePort())
  return ports
}

const tcpFree = (port: number): Promise<boolean> =>
  new Promise((done) => {
    const server = createServer()
    server.once('error', () => done(false))
    // All addresses: livekit-server's media port for TCP binds to all.
    server.listen(port, () => server.close(() => done(true)))
  })

const udpFree = (port: number): Promise<boolean> =>
  new Promise((done) => {
    const socket = createSocket('udp4')
    socket.once('error', () => done(false))
    socket.bind(port, '127.0.0.1', () => socket.close(() => done(true)))
  })
