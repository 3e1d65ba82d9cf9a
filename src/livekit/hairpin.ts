import { randomBytes } from 'node:crypto'
import { createSocket, type Socket } from 'node:dgram'
import { within } from '../lib/deadline.ts'

const ANSWER_MS = 1000
const RESEND_MS = 150
const NONCE_BYTES = 16

/**
 * Whether what this machine sends to its public address on the media port comes back to it, and an
 * answer the same way. Null when the port is taken, so that nobody can say.
 */
export const leadsBack = async (
  host: string,
  outside: string,
  port: number,
): Promise<boolean | null> => {
  const door = await bound(host, port)
  if (!door) return null
  const asker = await bound(host, 0)
  try {
    return asker !== null && (await answers(door, asker, outside, port))
  } finally {
    for (const socket of [door, asker]) socket?.close()
  }
}

const answers = async (
  door: Socket,
  asker: Socket,
  outside: string,
  port: number,
): Promise<boolean> => {
  const nonce = randomBytes(NONCE_BYTES)
  door.on('message', (bytes, from) => {
    if (bytes.equals(nonce)) door.send(bytes, from.port, from.address)
  })
  const answered = new Promise<boolean>((done) => {
    // A relay forwards only what comes from the very address that it was allowed to send to.
    asker.on('message', (bytes, from) => {
      if (bytes.equals(nonce) && from.address === outside) done(true)
    })
  })
  const send = () => asker.send(nonce, port, outside)
  const resend = setInterval(send, RESEND_MS)
  send()
  try {
    return await within(ANSWER_MS, answered).catch(() => false)
  } finally {
    clearInterval(resend)
  }
}

/** Null when it cannot be had. Later errors, such as "unreachable", are as good as no answer. */
const bound = (address: string, port: number): Promise<Socket | null> =>
  new Promise((done) => {
    const socket = createSocket('udp4')
    socket.on('error', () => done(null))
    socket.bind(port, address, () => done(socket))
  })
