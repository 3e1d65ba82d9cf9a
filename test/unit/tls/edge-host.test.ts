import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test'
import { type AddressInfo, createServer } from 'node:net'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import { createLogger } from '../../../src/lib/log.ts'
import type { Pem } from '../../../src/tls/edge.ts'
import { EdgeHost } from '../../../src/tls/edge-host.ts'
import { selfSigned } from '../../../src/tls/x509.ts'
import { freePort } from '../../support/ports.ts'
import { until } from '../../support/wait.ts'

const NAME = 'live.example.com'
/** A Binding request. */
const STUN = Buffer.concat([Buffer.of(0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42), Buffer.alloc(12)])
const SCRIPT = new URL('../../../src/tls/edge-worker.ts', import.meta.url).href

const threads: Worker[] = []
const RealWorker = globalThis.Worker

/** Lets a test reach the thread that is behind an {@link EdgeHost}. */
class WatchedWorker extends RealWorker {
  constructor(script: string | URL) {
    super(script)
    threads.push(this)
  }
}

let pem: Pem
let port: number
let host: EdgeHost
let logged: Record<string, unknown>[]

const web = Bun.serve({
  hostname: '127.0.0.1',
  port: 0,
  fetch: (request, server) =>
    new Response(String(host.addressOf(server.requestIP(request)?.port ?? 0))),
})

const turn = createServer((socket) => socket.pipe(socket))

const startHost = async (address = '127.0.0.1'): Promise<EdgeHost> => {
  port = await freePort()
  logged = []
  const log = createLogger('info', { write: (line) => void logged.push(JSON.parse(line)) })
  const options = {
    host: address,
    port,
    names: [NAME],
    publicUrl: `https://${NAME}`,
    web: { host: '127.0.0.1', port: web.port as number },
    turn: { host: '127.0.0.1', port: (turn.address() as AddressInfo).port, mediaPort: 7882 },
  }
  host = new EdgeHost(options, pem, log, SCRIPT)
  return host
}

const reach = (options: ConnectionOptions & { localAddress?: string } = {}): TLSSocket =>
  connect({ host: '127.0.0.1', port, servername: NAME, rejectUnauthorized: false, ...options }).on(
    'error',
    () => undefined,
  )

const answered = async (socket: TLSSocket, sent: string | Buffer): Promise<string> => {
  const text = Promise.withResolvers<string>()
  socket.once('data', (bytes) => text.resolve(String(bytes)))
  socket.once('close', () => text.resolve(''))
  socket.write(sent)
  const answer = await text.promise
  socket.destroy()
  return answer
}

const address = async (options = {}): Promise<string | undefined> =>
  (await answered(reach(options), `GET / HTTP/1.1\r\nhost: ${NAME}\r\n\r\n`)).split('\r\n\r\n')[1]

const die = async (): Promise<void> => {
  const count = threads.length
  // Nothing that the program can take: it throws where nobody catches.
  threads.at(-1)?.postMessage(null)
  await until('there is another thread', () => threads.length > count)
  await until('it serves', () => address())
}

beforeAll(async () => {
  globalThis.Worker = WatchedWorker as typeof Worker
  pem = await selfSigned([NAME], 2)
  await new Promise<void>((done) => turn.listen(0, '127.0.0.1', done))
})

afterEach(() => host.terminate())

afterAll(async () => {
  globalThis.Worker = RealWorker
  turn.close()
  await web.stop(true)
})

test('the main thread knows who is behind a connection, by IPv4 and by IPv6', async () => {
  await (await startHost('::')).start()
  expect(await address({ localAddress: '127.0.0.77' })).toBe('127.0.0.77')
  expect(await address({ host: '::1' })).toBe('::1')
})

test('a port that is taken is an error with the code of the operating system', async () => {
  const first = await startHost()
  await first.start()
  const second = new EdgeHost(
    {
      host: '127.0.0.1',
      port,
      names: [NAME],
      publicUrl: '',
      web: { host: '', port: 1 },
      turn: null,
    },
    pem,
    createLogger('error', { write: () => undefined }),
    SCRIPT,
  )
  await expect(second.start()).rejects.toMatchObject({ code: 'EADDRINUSE' })
  second.terminate()
})

test('a thread that dies is replaced: with its last certificate, and with those in calls', async () => {
  await (await startHost()).start()
  host.admit('127.0.0.1')
  const next = await selfSigned([NAME], 2)
  await host.setCertificate(next)
  await die()
  expect(logged).toMatchObject([{ level: 'error', reason: expect.stringContaining('TypeError') }])
  const socket = reach()
  await new Promise((done) => socket.once('secureConnect', done))
  const served = socket.getPeerCertificate(true).raw.toString('base64')
  expect(served).toBe(next.cert.replace(/-----[^-]+-----|\s/g, ''))
  expect(await answered(socket, STUN)).toBe(STUN.toString())
  expect(await answered(reach({ localAddress: '127.0.0.2' }), STUN)).toBe('')
})

test('it may die again and again', async () => {
  await (await startHost()).start()
  for (let n = 0; n < 3; n++) await die()
  expect(await address({ localAddress: '127.0.0.5' })).toBe('127.0.0.5')
})

test('a key that does not fit is refused, and the thread goes on with the one before', async () => {
  await (await startHost()).start()
  const { key } = await selfSigned([NAME], 2)
  await expect(host.setCertificate({ cert: pem.cert, key })).rejects.toThrow()
  expect(await address()).toBe('127.0.0.1')
})

test('after a stop nobody new gets in, and no thread is started again', async () => {
  await (await startHost()).start()
  const before = reach()
  await new Promise((done) => before.once('secureConnect', done))
  before.write(`GET / HTTP/1.1\r\nhost: ${NAME}\r\n\r\n`)
  await new Promise((done) => before.once('data', done))
  await host.stop()
  expect(await answered(reach(), 'G')).toBe('')
  expect(await answered(before, `GET / HTTP/1.1\r\nhost: ${NAME}\r\n\r\n`)).toContain('200 OK')
  const count = threads.length
  host.terminate()
  await until('nobody serves', async () => (await answered(reach(), 'G')) === '')
  expect(threads).toHaveLength(count)
})
