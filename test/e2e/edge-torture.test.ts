import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import { createServer, type Socket } from 'node:net'
import { answerOn, EdgeServer, lastBytes, NAME } from '../support/edge.ts'
import { until } from '../support/wait.ts'

/** Fatal alert unrecognized_name in a record of its own. */
const UNRECOGNIZED_NAME = Buffer.of(21, 3, 3, 0, 2, 2, 112)
/** What the edge gives each step of a connection. */
const STEP_MS = 10_000
/** The largest file of the documentation page. */
const LARGE = '/api/v1/docs'

let server: EdgeServer
let atRest: number

beforeAll(async () => {
  server = await EdgeServer.start()
  await server.get('/healthz')
  atRest = server.connections
}, 60_000)

/** Whatever was done to it: the next one is served, nothing broke inside and nothing is left open. */
afterEach(async () => {
  expect((await server.get('/healthz')).status).toBe(200)
  await nothingIsLeft()
  expect(server.golive.log.entries().filter(({ level }) => level === 'error')).toEqual([])
}, 40_000)

afterAll(() => server?.[Symbol.asyncDispose](), 60_000)

const nothingIsLeft = (): Promise<boolean> =>
  until('no connection is left', () => server.connections <= atRest, { timeoutMs: 30_000 })

describe('a connection is served', () => {
  test.each([
    [
      'when its bytes come one by one',
      (bytes: Buffer) => [...bytes].map((byte) => Buffer.of(byte)),
    ],
    ['when its hello is cut into records of 7 bytes', (bytes: Buffer) => [inRecordsOf(7, bytes)]],
  ])(
    '%s',
    async (_, cut) => {
      await using between = await tamper(cut)
      const socket = server.reach({ port: between.port })
      socket.write(`GET /healthz HTTP/1.1\r\nHost: ${NAME}\r\nConnection: close\r\n\r\n`)
      expect((await answerOn(socket)).status).toBe(200)
    },
    30_000,
  )

  test('when its client reads slowly, with all that it asked for', async () => {
    const path = await largeFile()
    const whole = await server.get(path)
    const socket = server.reach()
    socket.write(`GET ${path} HTTP/1.1\r\nHost: ${NAME}\r\nConnection: close\r\n\r\n`)
    const parts: Buffer[] = []
    socket.on('data', (part: Buffer) => {
      parts.push(part)
      socket.pause()
      setTimeout(() => socket.resume(), 25)
    })
    await new Promise((done) => socket.on('close', done))
    const body = Buffer.concat(parts).toString('latin1').split('\r\n\r\n').slice(1).join('\r\n\r\n')
    expect(body.length).toBeGreaterThan(500_000)
    expect(digest(body)).toBe(digest(whole.body))
  }, 60_000)

  test('when its client writes slowly', async () => {
    const socket = server.reach()
    const text = `GET /healthz HTTP/1.1\r\nHost: ${NAME}\r\nConnection: close\r\n\r\n`
    for (const letter of text) {
      socket.write(letter)
      await Bun.sleep(5)
    }
    expect((await answerOn(socket)).status).toBe(200)
  }, 30_000)

  test('after its client said that it will send no more', async () => {
    const socket = server.reach()
    socket.end(`GET /healthz HTTP/1.1\r\nHost: ${NAME}\r\n\r\n`)
    expect((await answerOn(socket)).body).toBe('{"status":"ok"}')
  })
})

describe('a connection is closed', () => {
  test.each([
    ['an SSH client', 'SSH-2.0-OpenSSH_9.2\r\n'],
    ['random bytes', Buffer.from(Array.from({ length: 5000 }, (_, n) => (n * 73 + 41) & 255))],
    ['zeros', Buffer.alloc(100_000)],
    ['a TLS record of the largest size that there is not', Buffer.of(22, 3, 1, 0xff, 0xff)],
    ['an alert instead of a hello', Buffer.of(21, 3, 1, 0, 2, 2, 0)],
    ['a hello that announces 16 MB', Buffer.of(22, 3, 1, 0x40, 0, 1, 0xff, 0xff, 0xff)],
    ['a STUN message in clear', Buffer.of(0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42)],
  ])('at once when it is %s', async (_, bytes) => {
    const started = performance.now()
    const socket = server.reachPlain()
    socket.write(bytes)
    expect(await lastBytes(socket)).toHaveLength(0)
    expect(performance.now() - started).toBeLessThan(STEP_MS / 2)
  })

  test('with a way to HTTPS when it speaks HTTP', async () => {
    const socket = server.reachPlain()
    socket.write(`GET / HTTP/1.1\r\nHost: ${NAME}\r\n\r\n`)
    expect(await answerOn(socket)).toMatchObject({
      status: 400,
      body: expect.stringContaining(server.url),
    })
  })

  test('with an alert when it names no server, or one that is not ours', async () => {
    for (const servername of ['', 'other.example.com', '127.0.0.1.example.com']) {
      await using between = await tamper((bytes) => [bytes])
      server.reach({ port: between.port, servername })
      expect(await between.answer).toEqual(UNRECOGNIZED_NAME)
    }
  })

  test('when it stops in the middle of its hello, or after its handshake', async () => {
    const half = server.reachPlain()
    half.write(Buffer.of(22, 3, 1, 2, 0, 1, 0, 1, 252))
    const silent = server.reach()
    const started = performance.now()
    await Promise.all([lastBytes(half), lastBytes(silent)])
    expect(performance.now() - started).toBeWithin(STEP_MS - 1000, STEP_MS * 2)
  }, 30_000)

  test('by 300 resets, each at another moment, and each is forgotten', async () => {
    for (let n = 0; n < 300; n++) {
      const socket = n % 3 === 0 ? server.reachPlain() : server.reach()
      socket.write(
        n % 3 === 0 ? Buffer.of(22, 3) : `GET ${LARGE} HTTP/1.1\r\nHost: ${NAME}\r\n\r\n`,
      )
      setTimeout(() => socket.resetAndDestroy(), n % 40)
    }
    await Bun.sleep(100)
  }, 30_000)
})

describe('1,500 connections that say nothing', () => {
  test('keep nobody from being served, and end by themselves', async () => {
    const idle = Array.from({ length: 1500 }, (_, n) =>
      server.reachPlain(`127.0.${1 + (n % 200)}.1`),
    )
    // Some have to go again before the last of them has come.
    const gone = Promise.all(idle.map(lastBytes))
    await Promise.all(idle.map((socket) => new Promise((done) => socket.once('connect', done))))
    for (let n = 0; n < 20; n++) {
      const started = performance.now()
      expect((await server.get('/healthz')).status).toBe(200)
      expect(performance.now() - started).toBeLessThan(2000)
    }
    const [oldest, newest] = [idle[0], idle.at(-1)] as [Socket, Socket]
    await until('the oldest had to go', () => oldest.destroyed, { timeoutMs: STEP_MS / 2 })
    expect(newest.destroyed).toBe(false)
    await gone
  }, 60_000)
})

describe('15,000 connections', () => {
  test('leave nothing behind, and each is known by its own address', async () => {
    await storm(0, 3000)
    const before = server.residentMegabytes
    for (let round = 1; round < 5; round++) await storm(round * 3000, 3000)
    expect(server.residentMegabytes - before).toBeLessThan(60)
  }, 170_000)
})

/** Each from an address and with a path of its own: the log has to say both. */
const storm = async (first: number, count: number): Promise<void> => {
  let next = first
  const lane = async () => {
    while (next < first + count) {
      const n = next++
      const { status } = await server.get(`/api/v1/rooms/r-${n}`, { localAddress: addressOf(n) })
      expect(status).toBe(401)
    }
  }
  await Promise.all(Array.from({ length: 40 }, lane))
  await nothingIsLeft()
  const seen = new Map(server.golive.log.entries().map(({ path, address }) => [path, address]))
  for (let n = first; n < first + count; n++)
    expect(seen.get(`/api/v1/rooms/r-${n}`)).toBe(addressOf(n))
}

const addressOf = (n: number): string => `127.0.${n % 250}.${1 + (n % 251)}`

const digest = (text: string): string => createHash('sha256').update(text, 'latin1').digest('hex')

/** The largest of the files that the documentation page consists of. */
const largeFile = async (): Promise<string> => {
  const { body } = await server.get(LARGE)
  const paths = [...body.matchAll(/(?:src|href)="([^"]+\.js)"/g)].map(([, path = '']) => path)
  return new URL(paths[0] ?? '', `https://${NAME}${LARGE}`).pathname
}

const inRecordsOf = (size: number, hello: Buffer): Buffer => {
  const message = hello.subarray(5)
  const records: Buffer[] = []
  for (let at = 0; at < message.length; at += size) {
    const part = message.subarray(at, at + size)
    records.push(Buffer.of(22, 3, 1, 0, part.length), part)
  }
  return Buffer.concat(records)
}

interface Between extends AsyncDisposable {
  port: number
  /** all that the server said, up to its close */
  answer: Promise<Buffer>
}

/** Stands between a client and the edge, and sends the client's hello on in other pieces. */
const tamper = async (cut: (hello: Buffer) => Buffer[]): Promise<Between> => {
  const answer = Promise.withResolvers<Buffer>()
  const between = createServer((client) => {
    const edge = server.reachPlain()
    edge.setNoDelay(true)
    client.on('error', () => edge.destroy())
    client.on('close', () => edge.destroy())
    client.once('data', (hello: Buffer) => {
      client.pause()
      void sendOn(edge, cut(hello)).then(() => client.pipe(edge))
    })
    edge.pipe(client)
    void lastBytes(edge).then(answer.resolve)
  })
  await new Promise<void>((done) => between.listen(0, '127.0.0.1', done))
  return {
    port: (between.address() as { port: number }).port,
    answer: answer.promise,
    [Symbol.asyncDispose]: async () => void between.close(),
  }
}

const sendOn = async (edge: Socket, parts: Buffer[]): Promise<void> => {
  for (const part of parts) await new Promise<void>((done) => void edge.write(part, () => done()))
}
