import { beforeEach, describe, expect, test } from 'bun:test'
import { encode, newTransaction, writeAddress } from '../../../src/lib/stun.ts'
import { TurnScreen } from '../../../src/tls/turn-screen.ts'

const MEDIA_PORT = 7882
const PEER = 0x0012
const DATA = 0x0013
const TYPES = { allocate: 0x0003, permission: 0x0008, bind: 0x0009, connect: 0x000a, send: 0x0016 }
const COOKIE = Buffer.of(0x21, 0x12, 0xa4, 0x42)

let screen: TurnScreen

beforeEach(() => {
  screen = new TurnScreen(MEDIA_PORT)
})

const message = (type: number, ...peers: [address: string, port: number][]): Buffer => {
  const transaction = newTransaction()
  const attributes = peers.map(([address, port]): [number, Buffer] => [
    PEER,
    writeAddress({ address, port }, transaction),
  ])
  return encode({ type, transaction, attributes: [...attributes, [DATA, Buffer.from('hello')]] })
}

const channelData = (payload: Buffer): Buffer => {
  const frame = Buffer.alloc(4 + ((payload.length + 3) & ~3))
  frame.writeUInt16BE(0x4000, 0)
  frame.writeUInt16BE(payload.length, 2)
  payload.copy(frame, 4)
  return frame
}

const toMedia = message(TYPES.send, ['198.51.100.7', MEDIA_PORT])
const toRelay = message(TYPES.send, ['198.51.100.7', 34_780])

describe('what passes', () => {
  test.each([
    ['an allocation', message(TYPES.allocate)],
    ['a permission, which is for all ports', message(TYPES.permission, ['198.51.100.7', 9])],
    ['data for the media port', toMedia],
    ['data for the media port, by IPv6', message(TYPES.send, ['2001:db8::7', MEDIA_PORT])],
    ['a channel to the media port', message(TYPES.bind, ['198.51.100.7', MEDIA_PORT])],
    ['data in a channel', channelData(Buffer.from('some media'))],
  ])('%s', (_, bytes) => {
    expect(screen.take(bytes)).toEqual(bytes)
  })

  test('many at once, and each in pieces of any size', () => {
    const all = [toMedia, channelData(Buffer.alloc(1201, 0x80)), toMedia, channelData(Buffer.of(1))]
    expect(screen.take(Buffer.concat(all))).toEqual(Buffer.concat(all))
    for (const size of [1, 3, 7, 1000]) {
      const bytes = Buffer.concat(all)
      const passed: Buffer[] = []
      for (let at = 0; at < bytes.length; at += size)
        passed.push(screen.take(bytes.subarray(at, at + size)))
      expect(Buffer.concat(passed)).toEqual(bytes)
    }
  })
})

describe('what does not pass', () => {
  test.each([
    ['data for another port, where the relays of others are', toRelay],
    ['a channel to another port', message(TYPES.bind, ['198.51.100.7', 34_780])],
    ['a connection to another port', message(TYPES.connect, ['198.51.100.7', 22])],
    [
      'a second peer behind the media port',
      message(TYPES.send, ['198.51.100.7', MEDIA_PORT], ['198.51.100.7', 53]),
    ],
  ])('%s', (_, bytes) => {
    expect(screen.take(bytes)).toHaveLength(0)
    expect(screen.take(Buffer.concat([toMedia, bytes, toMedia, bytes]))).toEqual(
      Buffer.concat([toMedia, toMedia]),
    )
  })

  test('a message whose attributes reach beyond its end', () => {
    const bytes = Buffer.from(toMedia)
    bytes.writeUInt16BE(0xffff, 22)
    expect(screen.take(bytes)).toHaveLength(0)
  })

  test.each([
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\n')],
    ['STUN without its cookie', Buffer.concat([Buffer.of(0, 1, 0, 0), Buffer.alloc(16)])],
    ['STUN of a length that is none', Buffer.concat([Buffer.of(0, 1, 0, 2), COOKIE])],
    ['more than a packet', Buffer.concat([Buffer.of(0, 1, 0xff, 0xf0), COOKIE])],
    ['a type that is neither', Buffer.concat([Buffer.of(0x80, 0, 0, 4), Buffer.alloc(8)])],
    // livekit-server would take these for STUN, and so read the bytes after them as a message.
    ['STUN in the clothes of a channel', channelData(Buffer.concat([COOKIE, toRelay]))],
    ['a channel without data', Buffer.concat([Buffer.of(0x40, 0, 0, 0), COOKIE])],
  ])('%s: that connection ends', (_, bytes) => {
    expect(() => screen.take(bytes)).toThrow()
  })
})
