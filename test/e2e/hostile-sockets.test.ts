import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import {
  clientFrame,
  exchange,
  OPCODE,
  openRaw,
  requestText,
  upgradeHeaders,
} from '../support/raw-http.ts'
import { expectReadable } from '../support/refusal.ts'
import { SignalClient } from '../support/signal-client.ts'
import { Target } from '../support/target.ts'
import { until } from '../support/wait.ts'

type Headers = [string, string][]

let target: Target

beforeAll(async () => {
  target = await Target.start()
}, 60_000)

afterEach(() => target.expectUnharmed())

afterAll(async () => {
  await target?.[Symbol.asyncDispose]()
}, 60_000)

describe('a WebSocket', () => {
  const upgraded = async (identity: string) => {
    const { token } = await target.tenant.mint('open', identity)
    const socket = await openRaw(target.port, `/rtc?access_token=${token}&protocol=15`)
    expect(socket.answer.status).toBe(101)
    return socket
  }

  test('that sends more than the cap in one message is closed, and memory does not grow with it', async () => {
    const before = residentMegabytes()
    const socket = await upgraded('big')
    const frame = clientFrame(new Uint8Array(32 * 1024 * 1024))
    for (let at = 0; at < frame.length; at += 262_144) socket.send(frame.subarray(at, at + 262_144))
    expect(await socket.closedWithin(10_000)).toBe(true)
    expect(residentMegabytes() - before).toBeLessThan(64)
  }, 30_000)

  test('that announces more than there is memory is closed at once', async () => {
    const socket = await upgraded('liar')
    socket.send(
      Buffer.from([0x82, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]),
    )
    expect(await socket.closedWithin(10_000)).toBe(true)
  }, 20_000)

  test.each([
    ['an unmasked frame', Buffer.from([0x82, 0x01, 0x00])],
    ['a reserved opcode', Buffer.from([0x83, 0x80, 0, 0, 0, 0])],
    ['reserved bits', Buffer.from([0xf2, 0x80, 0, 0, 0, 0])],
    ['a fragmented close', Buffer.from([0x08, 0x80, 0, 0, 0, 0])],
    ['a close with half a code', Buffer.from([0x88, 0x81, 0, 0, 0, 0, 0])],
    ['text that is no UTF-8', clientFrame(Buffer.from([0xff, 0xfe, 0xc0]), OPCODE.text)],
    ['text that is no JSON', clientFrame(Buffer.from('{{{{'), OPCODE.text)],
  ])('that sends %s harms nobody else', async (_, bytes) => {
    const other = await SignalClient.join(await target.tenant.mint('open', 'bystander'))
    const socket = await upgraded('breaker')
    socket.send(bytes)
    await socket.closedWithin(1000)
    socket.destroy()
    other.send({ case: 'ping', value: 1n })
    await until('the bystander still gets answers', () => countOf(other, 'pong') > 0)
    other.leave()
  })

  test('that sends random frames harms nobody else', async () => {
    const socket = await upgraded('noise')
    for (let n = 0; n < 500; n++) {
      socket.send(
        clientFrame(
          crypto.getRandomValues(new Uint8Array(n)),
          n % 2 === 0 ? OPCODE.binary : OPCODE.text,
        ),
      )
    }
    await socket.closedWithin(2000)
    socket.destroy()
  }, 20_000)

  test('whose client does not read does not make the server keep all that it should get', async () => {
    const writer = await SignalClient.join(
      await target.tenant.mint('open', 'writer', { can_update_own_metadata: true }),
    )
    const slow = await upgraded('slow')
    slow.stopReading()
    const before = residentMegabytes()
    // Every change of metadata goes to everybody in the room: 200 MB for somebody who reads nothing.
    for (let n = 1; n <= 1000; n++) {
      writer.send({
        case: 'updateMetadata',
        value: { name: 'writer', metadata: `${n}`.padEnd(200_000, 'x') },
      })
      writer.send({ case: 'ping', value: 1n })
      await until('the writer is served on', () => countOf(writer, 'pong') >= n, { everyMs: 2 })
    }
    // What passes through to the writer leaves garbage, which is collected in its own time.
    expect(residentMegabytes() - before).toBeLessThan(140)
    slow.destroy()
    writer.leave()
  }, 60_000)

  test('is not opened by half an upgrade', async () => {
    const address = `/rtc?access_token=${(await target.tenant.mint('open', 'half')).token}`
    const without = (name: string): Headers =>
      upgradeHeaders(`127.0.0.1:${target.port}`).filter(([key]) => key !== name)
    for (const name of ['Sec-WebSocket-Key', 'Sec-WebSocket-Version', 'Upgrade', 'Connection']) {
      const answer = await exchange(target.port, requestText('GET', address, without(name)))
      expect(answer.status).toBeWithin(400, 500)
      expectReadable(answer)
    }
    expect(await target.operator.people('acme', 'open')).not.toContain('half')
  })
})

const countOf = (client: SignalClient, name: string): number =>
  client.received.filter((message) => message.case === name).length

const residentMegabytes = (): number =>
  Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${target.golive.pid}/status`, 'utf8'))?.[1]) /
  1024
