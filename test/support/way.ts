import { connect, createServer, type Server, type Socket } from 'node:net'

/** A way to a server that can be closed for good, while the server and other ways stay. */
export class Way implements AsyncDisposable {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor({ hostname, port }: URL) {
    this.#server = createServer((client) => {
      const server = connect(Number(port), hostname)
      for (const socket of [client, server]) {
        this.#sockets.add(socket)
        socket.on('error', () => undefined)
        socket.on('close', () => {
          client.destroy()
          server.destroy()
        })
      }
      client.pipe(server).pipe(client)
    })
  }

  static async to(url: URL): Promise<Way> {
    const way = new Way(url)
    await new Promise<void>((done) => way.#server.listen(0, '127.0.0.1', done))
    return way
  }

  get wsUrl(): string {
    const { port } = this.#server.address() as { port: number }
    return `ws://127.0.0.1:${port}`
  }

  close(): void {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close()
  }
}
