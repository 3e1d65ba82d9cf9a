import { randomBytes } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { lookup } from 'node:dns/promises'
import { within } from './deadline.ts'

const PACKET = 48
const CLIENT_VERSION_4 = 0x23
const SERVER_MODE = 4
/** Seconds from 1900, where NTP counts from, to 1970. */
const EPOCH = 2_208_988_800

/**
 * Milliseconds by which this machine's clock is ahead of a time server's (RFC 5905, client of one
 * question). Negative: it is behind. @throws when nothing answers in time, or nothing of use
 */
export const clockAheadOf = async (server: string, port: number, ms: number): Promise<number> => {
  const { address, family } = await within(ms, lookup(server))
  const socket = createSocket(family === 6 ? 'udp6' : 'udp4')
  try {
    const answered = new Promise<Buffer>((done, fail) => {
      socket.once('message', done)
      socket.once('error', fail)
    })
    const asked = Date.now()
    const question = Buffer.alloc(PACKET)
    question[0] = CLIENT_VERSION_4
    // Comes back as it is: by it an answer is known for ours, and it tells nobody our time.
    randomBytes(8).copy(question, 40)
    socket.send(question, port, address)
    const answer = await within(ms, answered)
    return aheadBy(answer, question, asked, Date.now())
  } finally {
    socket.close()
  }
}

const aheadBy = (answer: Buffer, question: Buffer, asked: number, got: number): number => {
  const isOurs =
    answer.length >= PACKET && answer.subarray(24, 32).equals(question.subarray(40, 48))
  const [flags = 0, stratum = 0] = answer
  if (!isOurs || (flags & 7) !== SERVER_MODE || stratum === 0 || stratum > 15)
    throw new Error('its answer is of no use')
  return (asked - timeAt(answer, 32) + (got - timeAt(answer, 40))) / 2
}

const timeAt = (packet: Buffer, offset: number): number =>
  (packet.readUInt32BE(offset) - EPOCH) * 1000 + (packet.readUInt32BE(offset + 4) / 2 ** 32) * 1000
