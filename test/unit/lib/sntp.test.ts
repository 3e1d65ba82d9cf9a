import { expect, test } from 'bun:test'
import { createSocket } from 'node:dgram'
import { clockAheadOf } from '../../../src/lib/sntp.ts'

const EPOCH = 2_208_988_800

/** A time server whose clock is off by so much, or that answers something else. */
const timeServer = async (offMs: number, spoil: (answer: Buffer) => void = () => undefined) => {
  const socket = createSocket('udp4')
  socket.on('message', (question, { address, port }) => {
    const answer = Buffer.alloc(48)
    answer[0] = 0x24
    answer[1] = 2
    question.copy(answer, 24, 40, 48)
    for (const at of [32, 40]) {
      const seconds = (Date.now() + offMs) / 1000 + EPOCH
      answer.writeUInt32BE(Math.floor(seconds), at)
      answer.writeUInt32BE(Math.floor((seconds % 1) * 2 ** 32), at + 4)
    }
    spoil(answer)
    socket.send(answer, port, address)
  })
  await new Promise<void>((bound) => socket.bind(0, '127.0.0.1', bound))
  return { port: socket.address().port, [Symbol.dispose]: () => socket.close() }
}

test('a clock is told to be ahead or behind by as much as it is', async () => {
  for (const off of [0, 90_000, -90_000]) {
    using server = await timeServer(off)
    const ahead = await clockAheadOf('127.0.0.1', server.port, 2000)
    expect(Math.abs(ahead + off)).toBeLessThan(250)
  }
})

test('an answer to another question, or of a server without the time, is believed by nobody', async () => {
  const spoils: ((answer: Buffer) => void)[] = [
    (answer) => answer.fill(7, 24, 32),
    (answer) => answer.writeUInt8(0, 1),
    (answer) => answer.writeUInt8(16, 1),
    (answer) => answer.writeUInt8(0x23, 0),
  ]
  for (const spoil of spoils) {
    using server = await timeServer(0, spoil)
    expect(clockAheadOf('127.0.0.1', server.port, 2000)).rejects.toThrow('of no use')
  }
})

test('a time server that does not answer is given up in time', async () => {
  const silent = createSocket('udp4')
  await new Promise<void>((bound) => silent.bind(0, '127.0.0.1', bound))
  expect(clockAheadOf('127.0.0.1', silent.address().port, 100)).rejects.toThrow('0.1 seconds')
  silent.close()
})
