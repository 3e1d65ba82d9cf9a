import { connect, createServer, type Socket } from 'node:net'

/** Something between people and the server that changes what they send. */
export interface MeddlingProxy extends AsyncDisposable {
  port: number
}

/** Changes the first request of each connection and passes all else on. */
export const meddlingProxy = async (
  target: number,
  change: (head: string) => string,
): Promise<MeddlingProxy> => {
  const open = new Set<Socket>()
  const server = createServer((client) => {
    const upstream = connect(target, '127.0.0.1')
    for (const socket of [client, upstream]) {
      open.add(socket)
      socket.on('error', () => undefined).on('close', () => open.delete(socket))
    }
    client.once('data', (first) => {
      upstream.write(change(first.toString('latin1')), 'latin1')
      client.pipe(upstream)
    })
    upstream.pipe(client)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port')
  return {
    port: address.port,
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy()
      await new Promise((done) => server.close(done))
    },
  }
}

/** A proxy that knows nothing of WebSockets. */
export const withoutUpgrade = (head: string): string =>
  head.replace(/^(?:upgrade|connection): .*\r\n/gim, '')

/** A client that sends what the media server cannot read. */
export const withNonsense = (head: string): string =>
  head.replace(/^GET (\/rtc(?:\/v1)?)\?(\S*)/, (_, path, query) => {
    const kept = new URLSearchParams(query)
    kept.set('join_request', 'nonsense')
    return `GET ${path}?${kept}`
  })
