import { afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { createHash, randomBytes } from 'node:crypto'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import { ClientAddresses } from '../../../src/tls/client-addresses.ts'
import { Edge, type EdgeOptions, type Pem } from '../../../src/tls/edge.ts'
import { challengeCertificate, selfSigned } from '../../../src/tls/x509.ts'
import { freePort } from '../../support/ports.ts'
import { until } from '../../support/wait.ts'

const NAME = 'live.example.com'
const MEGABYTE = 2 ** 20
/** A Binding request. */
const STUN = Buffer.concat([Buffer.of(0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42), Buffer.alloc(12)])

let pem: Pem
const open: { close(): unknown }[] = []

beforeAll(async () => {
  pem = await selfSigned([NAME], 2)
})

afterEach(() => {
  for (const one of open.splice(0)) one.close()
})

const upstream = async (
  serve: (socket: Socket) => void,
): Promise<{ host: string; port: number }> => {
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined)
    serve(socket)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  open.push(server)
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port }
}

interface Started {
  edge: Edge
  clients: ClientAddresses
  connect(options?: ConnectionOptions): TLSSocket
}

const start = async (
  serve: (socket: Socket) => void,
  options: Partial<EdgeOptions> = {},
): Promise<Started> => {
  const clients = new ClientAddresses()
  const web = await upstream(serve)
  const port = await freePort()
  const all = {
    host: '127.0.0.1',
    port,
    names: [NAME],
    publicUrl: `https://${NAME}`,
    web,
    turn: null,
  }
  const edge = new Edge({ ...all, ...options }, clients, pem)
  await edge.listen()
  open.push(edge)
  const reach = (more: ConnectionOptions = {}): TLSSocket => {
    const socket = connect({
      host: '127.0.0.1',
      port,
      servername: NAME,
      rejectUnauthorized: false,
      ...more,
    } as ConnectionOptions)
    socket.on('error', () => undefined)
    open.push({ close: () => socket.destroy() })
    return socket
  }
  return { edge, clients, connect: reach }
}

const ended = (socket: Socket): Promise<Buffer> =>
  new Promise((done) => {
    const parts: Buffer[] = []
    socket.on('data', (part: Buffer) => parts.push(part))
    socket.on('close', () => done(Buffer.concat(parts)))
  })

const everything = (socket: Socket): Promise<Buffer> =>
  new Promise((done) => {
    const parts: Buffer[] = []
    socket.on('data', (part: Buffer) => parts.push(part))
    socket.on('end', () => done(Buffer.concat(parts)))
  })

const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

describe('what passes through', () => {
  test('arrives whole both ways, and an end of one side lets the other answer', async () => {
    const { connect } = await start((socket) => {
      void everything(socket).then((bytes) => socket.end(`${bytes.length} ${digest(bytes)}`))
    })
    const sent = Buffer.concat([Buffer.from('P'), randomBytes(20 * MEGABYTE)])
    const socket = connect({ allowHalfOpen: true } as ConnectionOptions)
    const answer = everything(socket)
    socket.end(sent)
    expect((await answer).toString()).toBe(`${sent.length} ${digest(sent)}`)
  })

  test('is not read faster than the client takes it', async () => {
    let written = 0
    const { connect } = await start((socket) => {
      const more = () => {
        while (!socket.destroyed && written < 200 * MEGABYTE) {
          written += 65_536
          if (!socket.write(Buffer.alloc(65_536))) return void socket.once('drain', more)
        }
      }
      more()
    })
    const socket = connect()
    socket.pause()
    socket.write('G')
    await settled(() => written)
    expect(written).toBeWithin(1, 60 * MEGABYTE)
  }, 20_000)

  test('is not read faster than the server takes it', async () => {
    let written = 0
    const { connect } = await start((socket) => socket.pause())
    const socket = connect()
    const more = () => {
      while (!socket.destroyed && written < 200 * MEGABYTE) {
        written += 65_536
        if (!socket.write(Buffer.alloc(65_536, 'G'))) return void socket.once('drain', more)
      }
    }
    more()
    await settled(() => written)
    expect(written).toBeWithin(1, 60 * MEGABYTE)
  }, 20_000)

  test('comes with the address that it came from, which is forgotten with the connection', async () => {
    const seen: { port: number; address: string | null }[] = []
    const { connect, clients } = await start((socket) => {
      socket.once('data', () => {
        const port = socket.remotePort as number
        seen.push({ port, address: clients.get(port) })
        socket.end('ok')
      })
    })
    for (const n of [7, 8, 9]) {
      const socket = connect({ localAddress: `127.0.0.${n}` } as ConnectionOptions)
      socket.end('G')
      await everything(socket)
    }
    expect(seen.map(({ address }) => address)).toEqual(['127.0.0.7', '127.0.0.8', '127.0.0.9'])
    await until('all are forgotten', () => seen.every(({ port }) => clients.get(port) === null))
  })

  test('ends for the client when the server breaks off', async () => {
    const { connect } = await start((socket) => socket.once('data', () => socket.resetAndDestroy()))
    const socket = connect()
    socket.write('G')
    expect(await ended(socket)).toHaveLength(0)
  })

  test('ends for the server when the client breaks off', async () => {
    const gone = Promise.withResolvers<void>()
    const { connect, edge } = await start((socket) =>
      socket.resume().on('end', () => {
        socket.end()
        gone.resolve()
      }),
    )
    const socket = connect()
    socket.write('G', () => setTimeout(() => socket.destroy(), 50))
    await gone.promise
    await until('nothing is open', () => edge.counts.open === 0)
  })
})

/** The number once it no longer changes. */
const settled = async (count: () => number): Promise<void> => {
  let before = -1
  await until(
    'it came to a stand',
    () => {
      const stands = count() > 0 && count() === before
      before = count()
      return stands
    },
    { everyMs: 1500 },
  )
}

describe('a first byte of STUN', () => {
  const relay = async (serve: (socket: Socket) => void) => ({
    ...(await upstream(serve)),
    mediaPort: 7882,
  })
  const turn = () => relay((socket) => socket.once('data', (bytes) => socket.end(bytes)))

  test('leads to TURN from an address with somebody in a call', async () => {
    const { edge, connect } = await start((socket) => socket.destroy(), { turn: await turn() })
    edge.admit('127.0.0.1')
    const socket = connect()
    socket.write(STUN)
    expect(await everything(socket)).toEqual(STUN)
    expect(edge.counts).toMatchObject({ turn: 1, web: 0 })
  })

  test('leads nowhere from any other address, nor where TURN is not offered', async () => {
    for (const [target, address] of [
      [await turn(), '127.0.0.2'],
      [null, '127.0.0.1'],
    ] as const) {
      const { edge, connect } = await start((socket) => socket.destroy(), { turn: target })
      edge.admit(address)
      const socket = connect()
      socket.write(STUN)
      expect(await ended(socket)).toHaveLength(0)
      expect(edge.counts).toMatchObject({ turn: 0, web: 0 })
    }
  })

  test('ends the connection when something else than TURN follows', async () => {
    const { edge, connect } = await start((socket) => socket.destroy(), {
      turn: await relay((socket) => socket.resume()),
    })
    edge.admit('127.0.0.1')
    const socket = connect()
    socket.write(Buffer.concat([STUN, Buffer.from('GET / HTTP/1.1')]))
    expect(await ended(socket)).toHaveLength(0)
  })

  test('counts, and connections that never send one do not', async () => {
    const silent = await relay((socket) => socket.resume().on('end', () => socket.end()))
    const { edge, connect } = await start((socket) => socket.destroy(), { turn: silent })
    edge.admit('127.0.0.1')
    const idle = Array.from({ length: 20 }, () => connect())
    await Promise.all(
      idle.map((socket) => new Promise((done) => socket.once('secureConnect', done))),
    )
    const talking = Array.from({ length: 8 }, () => connect())
    for (const socket of talking) socket.write(STUN)
    await until('eight are let through', () => edge.counts.turn === 8)
    const ninth = connect()
    ninth.write(STUN)
    await ended(ninth)
    expect(edge.counts.turn).toBe(8)
    talking[0]?.destroy()
    await until('there is a place again', () => edge.counts.open === 27)
    const tenth = connect()
    tenth.write(STUN)
    await until('it is let through', () => edge.counts.turn === 9)
  })
})

describe('a certificate authority that asks by TLS-ALPN-01', () => {
  test('gets the certificate of its challenge and nothing else', async () => {
    const { edge, connect } = await start((socket) => socket.end('never'))
    edge.setChallenge(NAME, await challengeCertificate(NAME, 'token.thumbprint'))
    const socket = connect({ ALPNProtocols: ['acme-tls/1'] })
    await new Promise((done) => socket.once('secureConnect', done))
    expect(socket.alpnProtocol).toBe('acme-tls/1')
    expect(servedTo(socket)).not.toBe(der(pem))
    expect(await ended(socket)).toHaveLength(0)
    expect(edge.counts).toMatchObject({ challenges: 1, web: 0 })
  })

  test.each([
    ['for a name without a challenge', 'other.example.com'],
    ['when it was taken away', NAME],
  ])('gets no handshake %s', async (_, servername) => {
    const { edge, connect } = await start((socket) => socket.end('never'))
    edge.setChallenge(NAME, await challengeCertificate(NAME, 'token.thumbprint'))
    edge.clearChallenge(NAME)
    const socket = connect({ servername, ALPNProtocols: ['acme-tls/1'] })
    await ended(socket)
    expect(socket.alpnProtocol).toBeFalsy()
  })
})

const der = ({ cert }: Pem): string => cert.replace(/-----[^-]+-----|\s/g, '')

const servedTo = (socket: TLSSocket): string =>
  socket.getPeerCertificate(true).raw.toString('base64')

describe('a new certificate', () => {
  test('is served to whoever comes, while open connections go on', async () => {
    const { edge, connect } = await start((socket) => socket.pipe(socket))
    const before = connect()
    before.write('G')
    await new Promise((done) => before.once('data', done))
    const next = await selfSigned([NAME], 2)
    edge.setCertificate(next)
    const after = connect()
    await new Promise((done) => after.once('secureConnect', done))
    expect(servedTo(after)).toBe(der(next))
    before.write('still here')
    expect(String(await new Promise((done) => before.once('data', done)))).toBe('still here')
  })

  test('with another key is refused, and the one before stays', async () => {
    const { edge, connect } = await start((socket) => socket.pipe(socket))
    const { key } = await selfSigned([NAME], 2)
    expect(() => edge.setCertificate({ cert: pem.cert, key })).toThrow()
    const socket = connect()
    await new Promise((done) => socket.once('secureConnect', done))
    expect(servedTo(socket)).toBe(der(pem))
  })
})

describe('a client that names no server', () => {
  test.each([
    [['192.0.2.1'], true],
    [['2001:db8::1'], true],
    [[NAME], false],
  ])('is served by %p: %p', async (names, isServed) => {
    const { connect } = await start((socket) => socket.end('ok'), { names })
    const socket = connect({ servername: '' })
    socket.write('G')
    expect((await ended(socket)).toString()).toBe(isServed ? 'ok' : '')
  })
})
