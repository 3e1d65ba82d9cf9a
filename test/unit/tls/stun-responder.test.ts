import { afterEach, expect, test } from 'bun:test'
import { createSocket } from 'node:dgram'
import {
  ATTRIBUTE,
  encode,
  newTransaction,
  parse,
  readAddress,
  STUN,
} from '../../../src/lib/stun.ts'
import { askStun } from '../../../src/livekit/probe/stun.ts'
import { bindingAnswer, StunResponder } from '../../../src/tls/stun-responder.ts'
import { freePort } from '../../support/ports.ts'
import { until } from '../../support/wait.ts'

const responders: StunResponder[] = []
afterEach(async () => {
  for (const responder of responders.splice(0)) await responder.stop()
})

const respond = async (addresses: string[], port?: number): Promise<number> => {
  const taken = port ?? (await freePort())
  const responder = new StunResponder()
  responders.push(responder)
  await responder.start(addresses, taken)
  return taken
}

const request = (transaction = newTransaction()) =>
  encode({ type: STUN.bindingRequest, transaction, attributes: [] })
const asker = { address: '203.0.113.50', port: 40_000 }

test('who asks is told the own address and port, over IPv4 and IPv6', async () => {
  const port = await respond(['127.0.0.1', '::1'])
  expect((await askStun(`stun:127.0.0.1:${port}`, 2000)).from.address).toBe('127.0.0.1')
  expect((await askStun(`stun:[::1]:${port}`, 2000)).from.address).toBe('::1')
})

test('an answer holds the address alone, and belongs to its question', () => {
  const transaction = newTransaction()
  const answer = bindingAnswer(request(transaction), asker) ?? Buffer.alloc(0)
  expect(answer.length).toBe(32)
  const message = parse(answer)
  expect(message?.type).toBe(STUN.bindingSuccess)
  expect(message?.transaction.equals(transaction)).toBe(true)
  const mapped = message?.attributes.get(ATTRIBUTE.mapped) ?? Buffer.alloc(0)
  expect(readAddress(mapped, transaction)).toEqual(asker)
})

test('nothing but a Binding request is answered, whatever comes', () => {
  const transaction = newTransaction()
  const types = Object.values(STUN).filter((type) => type !== STUN.bindingRequest)
  for (const type of [...types, 0x0111, 0x0011])
    expect(bindingAnswer(encode({ type, transaction, attributes: [] }), asker)).toBeNull()
  const large = encode({
    type: STUN.bindingRequest,
    transaction,
    attributes: [[0x8022, Buffer.alloc(600)]],
  })
  for (const bytes of [large, Buffer.alloc(0), request().subarray(0, 19), Buffer.from('GET /')])
    expect(bindingAnswer(bytes, asker)).toBeNull()
  for (let round = 0; round < 2000; round++) {
    const noise = Buffer.from(crypto.getRandomValues(new Uint8Array(round % 600)))
    expect(bindingAnswer(noise, asker)).toBeNull()
  }
})

test('one address is not sent more than a hundred answers in a second, however often it is named', async () => {
  const port = await respond(['127.0.0.1'])
  const socket = createSocket('udp4')
  const heard = new Set<string>()
  socket.on('message', (bytes) => heard.add(parse(bytes)?.transaction.toString('hex') ?? ''))
  const began = performance.now()
  for (let sent = 0; sent < 400; sent++) socket.send(request(), port, '127.0.0.1')
  await until('a hundred are answered', () => heard.size >= 100)
  const last = newTransaction()
  await until('it is answered again later', () => {
    socket.send(request(last), port, '127.0.0.1')
    return heard.has(last.toString('hex'))
  })
  const windows = Math.ceil((performance.now() - began) / 1000) + 1
  expect(heard.size).toBeLessThanOrEqual(100 * windows)
  socket.close()
})

test('a port that is taken is an error, and nothing of it stays bound', async () => {
  const port = await respond(['127.0.0.1'])
  const second = new StunResponder()
  const error = await second.start(['::1', '127.0.0.1'], port).catch((one: Error) => one)
  expect((error as NodeJS.ErrnoException).code).toBe('EADDRINUSE')
  await respond(['::1'], port)
})
