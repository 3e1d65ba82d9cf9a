import { createServer, type Server, type Socket } from 'node:net'
import { createSecureContext, type SecureContext, type TLSSocket } from 'node:tls'
import { unmapped } from '../lib/networks.ts'
import { Callers } from './callers.ts'
import type { ClientAddresses } from './client-addresses.ts'
import type { Hello } from './hello.ts'
import { Opening, type Reception } from './opening.ts'
import { splice } from './splice.ts'
import { screened } from './turn-screen.ts'
import { type Dispensable, Unproven } from './unproven.ts'

/** A certificate chain and its key, as PEM. */
export interface Pem {
  cert: string
  key: string
}

interface Target {
  host: string
  port: number
}

/** TURN, and the only port that it may relay to. */
export interface Relay extends Target {
  mediaPort: number
}

export interface EdgeOptions {
  host: string
  port: number
  /** names that the certificate is for; with an address among them clients need not name one */
  names: string[]
  publicUrl: string
  /** where HTTP and WebSockets go */
  web: Target
  /** where TURN goes; null when it is not offered */
  turn: Relay | null
}

export interface EdgeCounts {
  /** connections that are open now */
  open: number
  /** of those, how many have not asked for anything yet */
  pending: number
  web: number
  turn: number
  challenges: number
  /** why connections came to nothing → how many */
  refused: Record<string, number>
}

const STEP_MS = 10_000
/** Beyond it the oldest of those that have not asked for anything has to go, never the newest. */
const MOST_PENDING = 1024
const CROWDED = 'too many from one address'
const KEEP_ALIVE_MS = 60_000
/** STUN's first two bits are zero (RFC 7983); no HTTP request begins so. */
const MOST_STUN_BYTE = 3
const ACME_PROTOCOL = 'acme-tls/1'

/**
 * One port for HTTPS, WSS and TURN/TLS, one host name and one certificate: TLS ends here, and the first
 * decrypted byte says what is inside. A new certificate is one variable replaced: nothing is dropped.
 */
export class Edge {
  readonly #options: EdgeOptions
  readonly #clients: ClientAddresses
  readonly #server: Server
  readonly #pending = new Set<Opening>()
  readonly #challenges = new Map<string, SecureContext>()
  readonly #callers = new Callers()
  readonly #unproven = new Unproven()
  /** connections to our own HTTP, by the port that they come from */
  readonly #ports = new Map<number, Socket>()
  readonly #counts = { open: 0, web: 0, turn: 0, challenges: 0 }
  readonly #refused: Record<string, number> = {}
  readonly #acceptsUnnamed: boolean
  #context: SecureContext

  /** @throws when key and certificate do not belong together */
  constructor(options: EdgeOptions, clients: ClientAddresses, pem: Pem) {
    this.#options = options
    this.#clients = clients
    this.#context = contextOf(pem)
    this.#acceptsUnnamed = options.names.some((name) => name.includes(':') || /^[\d.]+$/.test(name))
    this.#server = createServer(
      {
        allowHalfOpen: true,
        noDelay: true,
        keepAlive: true,
        keepAliveInitialDelay: KEEP_ALIVE_MS,
      },
      (socket) => this.#accept(socket),
    )
  }

  /** @throws EADDRINUSE, EACCES */
  listen(): Promise<void> {
    const { host, port } = this.#options
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen({ host, port, backlog: 1024 }, () => {
        this.#server.off('error', reject)
        // What fails later is one accept, such as for want of file descriptors: the next may work.
        this.#server.on('error', () => this.#refuse('accept failed'))
        resolve()
      })
    })
  }

  /** New connections get it, open ones stay. @throws as the constructor; the one before stays */
  setCertificate(pem: Pem): void {
    this.#context = contextOf(pem)
  }

  /** Answers a certificate authority that asks for this name (TLS-ALPN-01, RFC 8737). */
  setChallenge(name: string, pem: Pem): void {
    this.#challenges.set(name, contextOf(pem))
  }

  clearChallenge(name: string): void {
    this.#challenges.delete(name)
  }

  /** Somebody at this address is in a call, and may use TURN. */
  admit(address: string): void {
    this.#callers.admit(address)
  }

  release(address: string): void {
    this.#callers.release(address)
  }

  get counts(): EdgeCounts {
    return { ...this.#counts, pending: this.#pending.size, refused: { ...this.#refused } }
  }

  close(): void {
    this.#server.close()
    for (const opening of this.#pending) opening.end('going down')
  }

  #accept(socket: Socket): void {
    const address = unmapped(socket.remoteAddress ?? '')
    const opening: Opening = new Opening({
      socket,
      stepMs: STEP_MS,
      publicUrl: this.#options.publicUrl,
      receive: (hello) => this.#receive(hello),
      opened: (tls, first) => {
        this.#pending.delete(opening)
        this.#route(tls, first, caller)
      },
      failed: (why) => {
        this.#pending.delete(opening)
        this.#refuse(why)
      },
    })
    const caller = new Caller(address, () => opening.end(CROWDED))
    this.#unproven.add(address, caller)
    if (this.#pending.size >= MOST_PENDING) this.#evict()
    this.#pending.add(opening)
    this.#counts.open++
    socket.on('close', () => {
      this.#counts.open--
      this.#unproven.remove(address, caller)
    })
  }

  /** In a flood the ones that waited longest without a word are the least likely to be people. */
  #evict(): void {
    const [oldest] = this.#pending
    oldest?.end('too many at once')
  }

  #receive({ serverName, protocols }: Hello): Reception | { refuse: string } {
    if (protocols.includes(ACME_PROTOCOL)) return this.#challenge(serverName)
    const isOurs =
      serverName === null ? this.#acceptsUnnamed : this.#options.names.includes(serverName)
    if (!isOurs) return { refuse: serverName === null ? 'no server name' : 'unknown server name' }
    return {
      context: this.#context,
      protocols: protocols.includes('http/1.1') ? ['http/1.1'] : [],
      isChallenge: false,
    }
  }

  #challenge(serverName: string | null): Reception | { refuse: string } {
    const context = serverName === null ? undefined : this.#challenges.get(serverName)
    if (!context) return { refuse: 'unknown challenge' }
    this.#counts.challenges++
    return { context, protocols: [ACME_PROTOCOL], isChallenge: true }
  }

  #route(client: TLSSocket, first: Buffer, caller: Caller): void {
    const { address } = caller
    if ((first[0] as number) > MOST_STUN_BYTE) {
      this.#toWeb(client, first, caller)
      return
    }
    // Bounded by the people who are in calls from there.
    this.#unproven.remove(address, caller)
    const { turn } = this.#options
    const why = turn === null ? 'TURN is not offered' : this.#callers.open(address)
    if (turn !== null && why === null) {
      this.#toTurn(client, first, address, turn)
      return
    }
    this.#refuse(why ?? '')
    client.destroy()
  }

  #toWeb(client: TLSSocket, first: Buffer, caller: Caller): void {
    this.#counts.web++
    let port = 0
    caller.drop = () => {
      this.#refuse(CROWDED)
      client.destroy()
    }
    const connected = (localPort: number) => {
      port = localPort
      this.#ports.set(port, server)
      this.#clients.set(port, caller.address)
      caller.isProven = () => this.#clients.isProven(port)
    }
    const server = splice({ client, first, target: this.#options.web, connected })
    server.once('close', () => {
      // A connection that came after this one may have its port by now.
      if (this.#ports.get(port) !== server) return
      this.#ports.delete(port)
      this.#clients.delete(port)
    })
  }

  #toTurn(client: TLSSocket, first: Buffer, address: string, target: Relay): void {
    this.#counts.turn++
    const screen = screened(target.mediaPort)
    const server = splice({ client, first, target, screen, connected: () => undefined })
    server.once('close', () => this.#callers.close(address))
  }

  #refuse(why: string): void {
    this.#refused[why] = (this.#refused[why] ?? 0) + 1
  }
}

/** Where a connection comes from, and how it ends should newer ones need its place. */
class Caller implements Dispensable {
  readonly address: string
  drop: () => void
  isProven: () => boolean = () => false

  constructor(address: string, drop: () => void) {
    this.address = address
    this.drop = drop
  }
}

const contextOf = (pem: Pem): SecureContext =>
  createSecureContext({ cert: pem.cert, key: pem.key, minVersion: 'TLSv1.2' })
