import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { Socket } from 'node:net'
import { EdgeServer, NAME } from '../support/edge.ts'
import { Operator } from '../support/operator.ts'
import { SignalClient } from '../support/signal-client.ts'
import { until } from '../support/wait.ts'

let server: EdgeServer

beforeAll(async () => {
  server = await EdgeServer.start()
}, 60_000)

afterAll(() => server?.[Symbol.asyncDispose](), 60_000)

describe('700 connections from one address that show nothing valid', () => {
  test('take the place of each other, never of who is in a call nor of other addresses', async () => {
    const acme = await new Operator(server.golive).tenant('acme')
    await acme.createRoom('daily')
    const { token } = await acme.mint('daily', 'ann')
    const person = await SignalClient.join({ ws_url: `wss://${NAME}:${server.port}`, token }, '', {
      ca: server.authority.cert,
    })
    const other = await halfAsked('127.0.0.2')
    const before = server.connections
    const flood: Socket[] = []
    for (let n = 0; n < 70; n++)
      flood.push(...(await Promise.all(Array.from({ length: 10 }, () => halfAsked('127.0.0.1')))))
    await until('the oldest had to go', () => flood.filter((one) => one.destroyed).length >= 188)
    const stay = flood.map((one) => !one.destroyed)
    expect(stay.slice(-500)).not.toContain(false)
    expect(other.destroyed).toBe(false)
    person.send({ case: 'ping', value: 1n })
    await until('the call goes on', () =>
      person.received.some((message) => message.case === 'pong'),
    )
    for (const socket of [...flood, other]) socket.destroy()
    await until('nothing of them is left', () => server.connections <= before)
    person.leave()
  }, 60_000)
})

test('a connection on which a valid secret was shown outlasts the crowd, one with a wrong secret does not', async () => {
  const key = await new Operator(server.golive).tenantKey('globex')
  const right = await withSecret(key.api_key, key.api_secret)
  const wrong = await withSecret(key.api_key, `${key.api_secret}x`)
  expect([right.status(), wrong.status()]).toEqual([200, 401])
  const flood = await Promise.all(Array.from({ length: 512 }, () => halfAsked('127.0.0.1')))
  await until('the one with the wrong secret had to go', () => wrong.socket.destroyed)
  expect(right.socket.destroyed).toBe(false)
  right.ask()
  await until('the other one is answered on', () => right.answers() === 2)
  for (const socket of [...flood, right.socket]) socket.destroy()
}, 60_000)

/** A connection that is kept, after one request to the tenant API. */
const withSecret = async (key: string, secret: string) => {
  const socket = server.reach()
  let text = ''
  socket.on('data', (bytes: Buffer) => {
    text += bytes.toString('latin1')
  })
  const ask = () =>
    socket.write(
      `GET /api/v1/me HTTP/1.1\r\nHost: ${NAME}\r\nAuthorization: Basic ${btoa(`${key}:${secret}`)}\r\n\r\n`,
    )
  const answers = () => text.match(/HTTP\/1\.1 \d{3}/g)?.length ?? 0
  ask()
  await until('the first answer', () => answers() === 1, { everyMs: 10 })
  return { socket, ask, answers, status: () => Number(/HTTP\/1\.1 (\d{3})/.exec(text)?.[1]) }
}

/** A connection whose request has begun and does not end. */
const halfAsked = (localAddress: string): Promise<Socket> =>
  new Promise((done) => {
    const socket = server.reach({ localAddress })
    socket.resume()
    socket.once('secureConnect', () =>
      socket.write(`GET /rtc HTTP/1.1\r\nHost: ${NAME}\r\n`, () => done(socket)),
    )
  })
