import type { Socket } from 'node:net'
import { type SecureContext, TLSSocket } from 'node:tls'
import { type Hello, peekHello } from './hello.ts'

/** How a connection is to go on after its hello; a text says why it is not. */
export type Reception = { context: SecureContext; protocols: string[]; isChallenge: boolean }

interface Deps {
  socket: Socket
  /** milliseconds that each step may take: the hello, the handshake, the first byte after it */
  stepMs: number
  receive: (hello: Hello) => Reception | { refuse: string }
  /** decrypted, with the first bytes that came */
  opened: (socket: TLSSocket, first: Buffer) => void
  /** it came to nothing, and why */
  failed: (why: string) => void
  /** where plain HTTP is told to go */
  publicUrl: string
}

/** Alert: fatal, unrecognized_name (RFC 8446 §6.2), in a record of its own. */
const UNRECOGNIZED_NAME = Buffer.from([21, 3, 3, 0, 2, 2, 112])
const HTTP_REQUEST = /^[A-Z]{3,8} \S/

/** One connection from its first byte to the first byte of what is inside its TLS. */
export class Opening {
  readonly #deps: Deps
  #timer: Timer
  #bytes: Buffer = Buffer.alloc(0)
  #tls: TLSSocket | null = null
  /** said already, while its end is waited for */
  #why: string | null = null
  #isOver = false

  constructor(deps: Deps) {
    this.#deps = deps
    const { socket } = deps
    this.#timer = this.#within('hello too slow')
    socket.on('error', () => this.end('connection lost'))
    socket.on('close', () => this.end('connection lost'))
    socket.on('data', this.#peek)
    socket.on('end', this.#cutShort)
  }

  /** Drops the connection, whatever it is about to do. */
  end(why: string): void {
    if (!this.#settle()) return
    this.#tls?.destroy()
    this.#deps.socket.destroy()
    this.#deps.failed(this.#why ?? why)
  }

  #within(why: string): Timer {
    clearTimeout(this.#timer)
    return setTimeout(() => this.end(why), this.#deps.stepMs)
  }

  #settle(): boolean {
    if (this.#isOver) return false
    this.#isOver = true
    clearTimeout(this.#timer)
    return true
  }

  #cutShort = (): void => this.end('closed before it began')
  #unasked = (): void => this.end('closed before it asked')

  #peek = (bytes: Buffer): void => {
    this.#bytes = this.#bytes.length === 0 ? bytes : Buffer.concat([this.#bytes, bytes])
    const hello = peekHello(this.#bytes)
    if (hello === 'more') return
    if ('wrong' in hello) this.#refuse(hello.wrong, this.#plainAnswer())
    else this.#meet(hello)
  }

  #meet(hello: Hello): void {
    const reception = this.#deps.receive(hello)
    if ('refuse' in reception) this.#refuse(reception.refuse, UNRECOGNIZED_NAME)
    else this.#begin(reception)
  }

  /** Says why before it closes: a browser shows more than "connection reset". */
  #refuse(why: string, answer: Buffer | null): void {
    if (answer === null) {
      this.end(why)
      return
    }
    const { socket } = this.#deps
    this.#why = why
    this.#timer = this.#within(why)
    socket.off('data', this.#peek)
    // What is left unread would turn the close into a reset, and the answer would be lost.
    socket.resume()
    socket.end(answer)
  }

  #plainAnswer(): Buffer | null {
    if (!HTTP_REQUEST.test(this.#bytes.toString('latin1', 0, 16))) return null
    const text = `This port speaks HTTPS: use ${this.#deps.publicUrl}\n`
    return Buffer.from(
      `HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\ncontent-length: ${text.length}\r\nconnection: close\r\n\r\n${text}`,
    )
  }

  /** The bytes that were looked at go back, and TLS starts over on the same socket. */
  #begin({ context, protocols, isChallenge }: Reception): void {
    const { socket } = this.#deps
    socket.off('data', this.#peek)
    socket.off('end', this.#cutShort)
    socket.pause()
    this.#timer = this.#within('handshake too slow')
    socket.unshift(this.#bytes)
    this.#bytes = Buffer.alloc(0)
    const tls = new TLSSocket(socket, {
      isServer: true,
      secureContext: context,
      allowHalfOpen: true,
      ...(protocols.length > 0 ? { ALPNProtocols: protocols } : {}),
    } as ConstructorParameters<typeof TLSSocket>[1])
    this.#tls = tls
    tls.on('error', () => this.end('handshake failed'))
    tls.on('close', () => socket.destroy())
    tls.once('secure' as 'secureConnect', () => this.#secured(tls, isChallenge))
    tls.on('end', this.#unasked)
    if (isChallenge) tls.resume()
    else tls.once('data', (first: Buffer) => this.#open(tls, first))
  }

  #secured(tls: TLSSocket, isChallenge: boolean): void {
    this.#timer = this.#within('nothing asked')
    // All that the certificate authority wants is the handshake (RFC 8737 §3).
    if (isChallenge) tls.end()
  }

  #open(tls: TLSSocket, first: Buffer): void {
    if (!this.#settle()) return
    tls.pause()
    tls.off('end', this.#unasked)
    this.#deps.opened(tls, first)
  }
}
