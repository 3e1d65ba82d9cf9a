/**
 * One generator of TLS handshakes: reads a {@link Job} from stdin, prints a {@link Count} to stdout.
 * No connection resumes an earlier one, and none sends a byte.
 */
export interface Job {
  port: number
  name: string
  atOnce: number
  seconds: number
}

export interface Count {
  done: number
  seconds: number
}

const handshake = (port: number, serverName: string): Promise<void> =>
  new Promise((done, fail) => {
    let secured = false
    const socket = {
      data: () => undefined,
      handshake(socket: Bun.Socket) {
        secured = true
        socket.end()
      },
      close: () => (secured ? done() : fail(new Error('closed before the handshake was done'))),
      error: (_: Bun.Socket, error: Error) => fail(error),
    }
    const tls = { serverName, rejectUnauthorized: false }
    Bun.connect({ hostname: '127.0.0.1', port, socket, tls }).catch(fail)
  })

const run = async ({ port, name, atOnce, seconds }: Job): Promise<Count> => {
  const started = performance.now()
  const ends = started + seconds * 1000
  let done = 0
  const lane = async (): Promise<void> => {
    while (performance.now() < ends) {
      await handshake(port, name)
      done++
    }
  }
  await Promise.all(Array.from({ length: atOnce }, lane))
  return { done, seconds: (performance.now() - started) / 1000 }
}

console.log(JSON.stringify(await run(JSON.parse(await Bun.stdin.text()) as Job)))
