import { beforeAll, describe, expect, test } from 'bun:test'
import { type AddressInfo, createServer } from 'node:net'
import { type ConnectionOptions, connect } from 'node:tls'
import { MOST_HELLO_BYTES, peekHello } from '../../../src/tls/hello.ts'

/** The first bytes that a client of ours really sends. */
const helloOf = async (options: ConnectionOptions): Promise<Buffer> => {
  const seen = Promise.withResolvers<Buffer>()
  const server = createServer((socket) =>
    socket.once('data', (bytes) => {
      seen.resolve(bytes as Buffer)
      socket.destroy()
    }),
  )
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  connect({ host: '127.0.0.1', port, ...options }).on('error', () => undefined)
  const bytes = await seen.promise
  server.close()
  return bytes
}

/** The same handshake message in records of so many bytes. */
const cutInto = (size: number, hello: Buffer): Buffer => {
  const message = hello.subarray(5)
  const records: Buffer[] = []
  for (let at = 0; at < message.length; at += size) {
    const part = message.subarray(at, at + size)
    records.push(Buffer.of(22, 3, 1, part.length >> 8, part.length & 255), part)
  }
  return Buffer.concat(records)
}

const lengths = (bytes: Buffer): Buffer[] =>
  Array.from({ length: bytes.length }, (_, length) => bytes.subarray(0, length))

let hello: Buffer

beforeAll(async () => {
  hello = await helloOf({
    servername: 'Live.Example.com',
    ALPNProtocols: ['h2', 'http/1.1'],
  })
})

describe('a client hello', () => {
  test('tells the server name in lower case and the protocols', () => {
    expect(peekHello(hello)).toEqual({
      serverName: 'live.example.com',
      protocols: ['h2', 'http/1.1'],
    })
  })

  test('is waited for while any byte of it is missing', () => {
    for (const part of lengths(hello)) expect(peekHello(part)).toBe('more')
  })

  test.each([1, 7, 100])('may come in records of %i bytes', (size) => {
    const cut = cutInto(size, hello)
    expect(peekHello(cut)).toMatchObject({ serverName: 'live.example.com' })
    for (const part of lengths(cut)) expect(peekHello(part)).toBe('more')
  })

  test('is read when more bytes follow it', () => {
    expect(peekHello(Buffer.concat([hello, Buffer.from('early data')]))).toEqual(peekHello(hello))
  })

  test('for an address names no server', async () => {
    const unnamed = await helloOf({ ALPNProtocols: ['acme-tls/1'] })
    expect(peekHello(unnamed)).toEqual({ serverName: null, protocols: ['acme-tls/1'] })
  })
})

describe('what is no client hello is refused at its first byte that shows it', () => {
  test.each([
    ['an HTTP request', Buffer.from('G')],
    ['SSH', Buffer.from('SSH-2.0')],
    ['a STUN message', Buffer.of(0, 1)],
    ['another major version', Buffer.of(22, 2)],
    ['an empty record', Buffer.of(22, 3, 1, 0, 0)],
    ['a record beyond the limit', Buffer.of(22, 3, 1, 0xff, 0xff)],
    ['another handshake message', Buffer.of(22, 3, 1, 0, 50, 2)],
    ['a hello that announces 16 MB', Buffer.of(22, 3, 1, 0x40, 0, 1, 0xff, 0xff, 0xff)],
    ['a hello of nothing', Buffer.of(22, 3, 1, 0, 4, 1, 0, 0, 0)],
  ])('%s', (_, bytes) => {
    expect(peekHello(bytes)).toHaveProperty('wrong')
  })

  test('a name with characters that no name has', () => {
    const at = hello.indexOf('Live.Example.com')
    const bad = Buffer.from(hello)
    bad.write('li\r\nHost: x', at, 'latin1')
    expect(peekHello(bad)).toHaveProperty('wrong')
  })

  test('one that trickles in beyond the limit without an end', () => {
    const trickle = cutInto(
      1,
      Buffer.concat([Buffer.alloc(5), Buffer.of(1, 0, 0x3f, 0xf0), Buffer.alloc(4000)]),
    )
    expect(trickle.length).toBeGreaterThan(MOST_HELLO_BYTES)
    expect(peekHello(trickle)).toEqual({ wrong: 'too long' })
  })
})

test('no damage to a hello makes the reader throw or name a server that no name can be', () => {
  let seed = 1
  const random = (below: number): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
    return Math.floor((seed / 2_147_483_648) * below)
  }
  for (let round = 0; round < 50_000; round++) {
    const damaged = Buffer.from(hello)
    for (let n = 0; n <= round % 4; n++) damaged[random(damaged.length)] = random(256)
    const peeked = peekHello(damaged.subarray(0, random(2) ? undefined : random(damaged.length)))
    if (peeked === 'more' || 'wrong' in peeked || peeked.serverName === null) continue
    expect(peeked.serverName).toMatch(/^[a-z0-9._-]+$/)
  }
})
