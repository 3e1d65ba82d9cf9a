import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { PinnedConnection } from '../../../src/lib/pinned.ts'
import { selfSigned } from '../../../src/tls/x509.ts'

const NAME = 'hooks.example.com'
const servers: Server[] = []
let pem: Awaited<ReturnType<typeof selfSigned>>

beforeAll(async () => {
  pem = await selfSigned([NAME], 2)
})

afterAll(() => {
  for (const server of servers) server.close()
})

const listening = async (server: Server): Promise<number> => {
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** Answers every request with the same bytes; counts connections. */
const answering = async (answer: (socket: Socket, request: string) => void) => {
  const seen = { connections: 0, requests: [] as string[] }
  const port = await listening(
    createServer((socket) => {
      seen.connections++
      socket.on('error', () => undefined)
      socket.on('data', (bytes) => {
        seen.requests.push(bytes.toString())
        answer(socket, bytes.toString())
      })
    }),
  )
  return { port, seen }
}

const post = { headers: { 'content-type': 'application/json' }, body: '{"a":1}', timeoutMs: 2000 }

const at = (port: number, addresses = ['127.0.0.1'], name = NAME) =>
  new PinnedConnection(new URL(`http://${name}:${port}/hook?x=1`), addresses)

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

describe('a request to an address that was checked', () => {
  test('goes there by a name that no DNS knows, with the name as its host', async () => {
    const { port, seen } = await answering((socket) => socket.write(OK))
    const connection = at(port)
    expect(await connection.post(post)).toEqual({
      status: 200,
      retryAfter: undefined,
      excerpt: 'ok',
    })
    expect(seen.requests[0]).toContain('POST /hook?x=1 HTTP/1.1\r\n')
    expect(seen.requests[0]?.toLowerCase()).toContain(`host: ${NAME}:${port}\r\n`)
    connection.close()
  })

  test('shares no socket with another for the same name: each goes where it was sent', async () => {
    const { port } = await answering((socket) => socket.write(OK))
    const [first, second] = [at(port), at(port, ['127.0.0.9'])]
    await first.post(post)
    await expect(second.post(post)).rejects.toThrow()
    first.close()
    second.close()
  })

  test('keeps its socket for the next, and opens another when that was closed meanwhile', async () => {
    let count = 0
    const { port, seen } = await answering((socket) => {
      count++
      if (count === 3) socket.destroy()
      else socket.write(OK)
    })
    const connection = at(port)
    for (let n = 0; n < 3; n++) expect((await connection.post(post)).status).toBe(200)
    expect(seen.connections).toBe(2)
    connection.close()
  })

  test('tries the next address when nobody listens at one', async () => {
    const { port } = await answering((socket) => socket.write(OK))
    const connection = at(port, ['127.0.0.9', '127.0.0.1'])
    expect((await connection.post(post)).status).toBe(200)
    connection.close()
  })

  test('never goes by a proxy that the environment names', async () => {
    const proxy = await answering((socket) => socket.end(OK))
    const { port, seen } = await answering((socket) => socket.write(OK))
    const before = process.env.HTTP_PROXY
    process.env.HTTP_PROXY = `http://127.0.0.1:${proxy.port}`
    const connection = at(port)
    await connection.post(post).finally(() => {
      if (before === undefined) delete process.env.HTTP_PROXY
      else process.env.HTTP_PROXY = before
    })
    expect([proxy.seen.connections, seen.connections]).toEqual([0, 1])
    connection.close()
  })
})

describe('TLS', () => {
  const secure = async (name: string, trusted: boolean) => {
    const asked: unknown[] = []
    const server = createTlsServer({ cert: pem.cert, key: pem.key }, (socket) => {
      asked.push(socket.servername)
      socket.on('error', () => undefined)
      socket.once('data', () => socket.end(OK))
    })
    const port = await listening(server as unknown as Server)
    const url = new URL(`https://${name}:${port}/`)
    const connection = new PinnedConnection(url, ['127.0.0.1'], trusted ? pem.cert : undefined)
    const status = await connection.post(post).then(
      (answer) => answer.status,
      (error) => error.code,
    )
    connection.close()
    return { status, asked }
  }

  test('asks for the name and takes the certificate of the name', async () => {
    expect(await secure(NAME, true)).toEqual({ status: 200, asked: [NAME] })
  })

  test('refuses the certificate of another name, and one that nobody vouches for', async () => {
    expect((await secure('other.example.com', true)).status).toBe('ERR_TLS_CERT_ALTNAME_INVALID')
    expect((await secure(NAME, false)).status).toMatch(/SELF_SIGNED|VERIFY/)
  })

  test('is checked whatever the environment says', async () => {
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'
    const { status } = await secure(NAME, false)
    delete process.env.NODE_TLS_REJECT_UNAUTHORIZED
    expect(status).toMatch(/SELF_SIGNED|VERIFY/)
  })
})

describe('an answer', () => {
  test('that leads elsewhere is an answer: nobody goes there', async () => {
    const inside = await answering((socket) => socket.write(OK))
    const { port } = await answering((socket) =>
      socket.write(
        `HTTP/1.1 307 Moved\r\nLocation: http://127.0.0.1:${inside.port}/\r\nContent-Length: 0\r\n\r\n`,
      ),
    )
    const connection = at(port)
    expect((await connection.post(post)).status).toBe(307)
    expect(inside.seen.connections).toBe(0)
    connection.close()
  })

  test('to speak another protocol is an answer, and nobody waits for more', async () => {
    const upgrade = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n'
    const { port, seen } = await answering((socket) => socket.write(upgrade))
    const connection = at(port)
    for (let n = 1; n <= 2; n++) {
      expect((await connection.post(post)).status).toBe(101)
      expect(seen.connections).toBe(n)
    }
  })

  test('that is only announced is waited for until the time is over', async () => {
    const { port } = await answering((socket) => socket.write('HTTP/1.1 102 Processing\r\n\r\n'))
    await expect(at(port).post({ ...post, timeoutMs: 200 })).rejects.toThrow('no answer in time')
  })

  test('without an end is read as far as is kept of it', async () => {
    let closed = false
    const { port } = await answering((socket) => {
      socket.write('HTTP/1.1 500 No\r\nRetry-After: 7\r\nTransfer-Encoding: chunked\r\n\r\n')
      const more = setInterval(() => socket.write(`400\r\n${'x'.repeat(1024)}\r\n`), 1)
      socket.on('close', () => {
        clearInterval(more)
        closed = true
      })
    })
    const connection = at(port)
    const { status, retryAfter, excerpt } = await connection.post(post)
    expect([status, retryAfter, excerpt]).toEqual([500, '7', 'x'.repeat(1024)])
    connection.close()
    while (!closed) await Bun.sleep(1)
  })

  test('whose body is cut short, or hangs, counts by its status', async () => {
    const short = await answering((socket) =>
      socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc'),
    )
    const hanging = await answering((socket) =>
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc'),
    )
    for (const { port } of [short, hanging]) {
      const connection = at(port)
      expect((await connection.post({ ...post, timeoutMs: 300 })).status).toBe(200)
      connection.close()
    }
  })

  test.each([
    ['none, and the connection closes', (socket: Socket) => void socket.destroy()],
    ['half a status line', (socket: Socket) => void socket.end('HTTP/1.1 2')],
    ['no HTTP', (socket: Socket) => void socket.end('SSH-2.0-OpenSSH_9.9\r\n')],
    ['silence', () => undefined],
    [
      'headers without an end',
      (socket: Socket) => void socket.write(`HTTP/1.1 200 OK\r\nX: ${'x'.repeat(200_000)}`),
    ],
  ])('that is %s is none', async (_, answer) => {
    const { port } = await answering(answer)
    const connection = at(port)
    await expect(connection.post({ ...post, timeoutMs: 500 })).rejects.toThrow()
    connection.close()
  })
})
