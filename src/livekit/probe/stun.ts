import { createSocket } from 'node:dgram'
import { within } from '../../lib/deadline.ts'
import {
  ATTRIBUTE,
  type Endpoint,
  encode,
  newTransaction,
  parse,
  readAddress,
  STUN,
} from '../../lib/stun.ts'

const RESEND_MS = 200

/** Where a STUN server sees us come from, and after how long. */
export interface Seen {
  ms: number
  from: Endpoint
}

/** @param url as clients are given it: `stun:host:port` @throws when nothing answers in time */
export const askStun = async (url: string, ms: number): Promise<Seen> => {
  const [, host = '', port = '3478'] = /^stun:(\[[^\]]+\]|[^:?]+)(?::(\d+))?/.exec(url) ?? []
  const name = host.replace(/^\[|\]$/g, '')
  const transaction = newTransaction()
  const packet = encode({ type: STUN.bindingRequest, transaction, attributes: [] })
  const socket = createSocket(name.includes(':') ? 'udp6' : 'udp4')
  const send = () => socket.send(packet, Number(port), name)
  const began = performance.now()
  const resend = setInterval(send, RESEND_MS)
  try {
    const answered = new Promise<Endpoint>((done, fail) => {
      socket.on('message', (bytes) => {
        const from = mappedIn(bytes, transaction)
        if (from) done(from)
      })
      socket.on('error', fail)
    })
    send()
    return { from: await within(ms, answered), ms: performance.now() - began }
  } finally {
    clearInterval(resend)
    socket.close()
  }
}

const mappedIn = (bytes: Buffer, transaction: Buffer): Endpoint | null => {
  const message = parse(bytes)
  if (message?.type !== STUN.bindingSuccess || !message.transaction.equals(transaction)) return null
  const value = message.attributes.get(ATTRIBUTE.mapped)
  return value ? readAddress(value, transaction) : null
}
