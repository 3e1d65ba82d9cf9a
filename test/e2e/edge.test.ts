import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { createServer } from 'node:net'
import { EdgeServer, NAME } from '../support/edge.ts'
import { GoLive } from '../support/golive.ts'
import { freePorts } from '../support/ports.ts'
import { SignalClient } from '../support/signal-client.ts'
import type { TenantClient } from '../support/tenant-client.ts'
import { until, within } from '../support/wait.ts'

let server: EdgeServer
let tenant: TenantClient

beforeAll(async () => {
  server = await EdgeServer.start()
  tenant = await server.golive.tenant('acme')
  await tenant.createRoom('open')
}, 60_000)

afterAll(() => server?.[Symbol.asyncDispose](), 60_000)

/** What openssl says of a handshake; weak protocols are allowed on its side, so that ours decides. */
const handshake = async (...options: string[]): Promise<string> => {
  const { port } = server
  const client = ['openssl', 's_client', '-connect', `127.0.0.1:${port}`, '-servername', NAME]
  const child = Bun.spawn([...client, '-cipher', 'DEFAULT:@SECLEVEL=0', ...options], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 10_000,
  })
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ])
  return out + err
}

describe('a handshake', () => {
  test.each(['-tls1', '-tls1_1'])('by %s is refused', async (version) => {
    const said = await handshake(version)
    expect(said).toContain('alert protocol version')
    expect(said).toContain('Cipher is (NONE)')
  })

  test.each([
    ['-tls1_2', 'New, TLSv1.2'],
    ['-tls1_3', 'New, TLSv1.3'],
  ])('by %s is made', async (version, sentence) => {
    expect(await handshake(version)).toContain(sentence)
  })

  test('shows the whole chain, and it is one for our name', async () => {
    await Bun.write(`${server.golive.folder}/ca.pem`, server.authority.cert)
    const believed = ['-CAfile', `${server.golive.folder}/ca.pem`, '-verify_hostname', NAME]
    const said = await handshake('-showcerts', '-verify_return_error', ...believed)
    expect(said).toContain('Verify return code: 0 (ok)')
    expect(said.match(/-----BEGIN CERTIFICATE-----/g)).toHaveLength(2)
  })

  test.each([
    ['h2,http/1.1', 'ALPN protocol: http/1.1'],
    ['http/1.1', 'ALPN protocol: http/1.1'],
    ['h2', 'No ALPN negotiated'],
    ['stun.turn', 'No ALPN negotiated'],
  ])('that offers %s agrees on what is really spoken', async (offered, sentence) => {
    expect(await handshake('-alpn', offered)).toContain(sentence)
  })

  test('of a certificate authority without a challenge of ours is refused', async () => {
    expect(await handshake('-alpn', 'acme-tls/1')).toContain('no peer certificate available')
  })
})

describe('a new certificate', () => {
  test('is served to the next connection and drops nothing that is open', async () => {
    const people = await Promise.all(Array.from({ length: 20 }, (_, n) => joined(`person-${n}`)))
    const before = await serial()
    const { requests, stop } = keepAsking()
    await server.renew()
    await until('the new one is served', async () => (await serial()) !== before)
    for (const person of people) await answers(person)
    expect(await stop()).toEqual(Array(requests()).fill(200))
    for (const person of people) person.leave()
  }, 40_000)

  test('that cannot be used leaves the one before', async () => {
    const before = await serial()
    await server.breakKey()
    await until('it is logged', () => server.golive.log.text().includes('cannot be used'))
    expect(await serial()).toBe(before)
    await server.renew()
    await until('the next is served', async () => (await serial()) !== before)
  }, 40_000)
})

const joined = async (identity: string): Promise<SignalClient> =>
  SignalClient.join(await tenant.mint('open', identity), '', { ca: server.authority.cert })

const pongs = (person: SignalClient): number =>
  person.received.filter((message) => message.case === 'pong').length

const answers = async (person: SignalClient): Promise<void> => {
  const before = pongs(person)
  person.send({ case: 'ping', value: 1n })
  await until('LiveKit answers', () => pongs(person) > before, { everyMs: 5 })
}

const serial = async (): Promise<string> => {
  const socket = server.reach()
  await within('a handshake', 5000, new Promise((done) => socket.once('secureConnect', done)))
  const { serialNumber } = socket.getPeerCertificate()
  socket.destroy()
  return serialNumber
}

/** One request after another, each on a connection of its own, until it is stopped. */
const keepAsking = () => {
  const statuses: (number | null)[] = []
  let isOver = false
  const work = (async () => {
    while (!isOver) statuses.push((await server.get('/healthz')).status)
    return statuses
  })()
  const stop = () => {
    isOver = true
    return work
  }
  return { requests: () => statuses.length, stop }
}

describe('who comes through TLS', () => {
  test('is logged with the address they come from', async () => {
    const before = server.golive.log.entries().length
    const guest = await joined('guest')
    await server.get('/api/v1/rooms', { localAddress: '127.0.0.42' })
    const fresh = () => server.golive.log.entries().slice(before)
    await until('both are logged', () => fresh().length >= 2)
    expect(fresh().map(({ msg, address }) => [msg, address])).toEqual([
      ['join admitted', '127.0.0.1'],
      ['request refused', '127.0.0.42'],
    ])
    guest.leave()
  })

  test('cannot pretend another by a header', async () => {
    const socket = server.reach({ localAddress: '127.0.0.43' })
    socket.end(
      `GET /api/v1/rooms/pretended HTTP/1.1\r\nHost: ${NAME}\r\nX-Forwarded-For: 1.1.1.1\r\nConnection: close\r\n\r\n`,
    )
    const line = () =>
      server.golive.log.entries().find(({ path }) => path === '/api/v1/rooms/pretended')
    expect((await until('it is logged', line)).address).toBe('127.0.0.43')
  })

  test('is told on every kind of answer that this name has TLS for good', async () => {
    for (const path of [
      '/',
      '/call',
      '/ui',
      '/healthz',
      '/api/v1/rooms',
      '/admin/status',
      '/nothing',
      '/rtc',
      '/robots.txt',
      '/api/v1/docs/',
    ]) {
      const response = await fetch(server.url + path, {
        redirect: 'manual',
        tls: { ca: server.authority.cert },
      })
      expect([path, response.headers.get('strict-transport-security')]).toEqual([
        path,
        'max-age=31536000',
      ])
      await response.text()
    }
  })
})

test('the plain port leads to HTTPS, and says nothing of HSTS itself', async () => {
  const response = await fetch(`http://127.0.0.1:${server.httpPort}/call?x=1`, {
    redirect: 'manual',
  })
  expect(response.status).toBe(308)
  expect(response.headers.get('location')).toBe(`${server.url}/call?x=1`)
  expect(response.headers.has('strict-transport-security')).toBe(false)
})

test('in mode internal no browser is told that this name has TLS for good', async () => {
  const [https, http] = await freePorts(2)
  await using golive = new GoLive(
    {
      config: {
        tls: {
          mode: 'internal',
          domain: NAME,
          host: '127.0.0.1',
          https_port: https as number,
          http_port: http as number,
        },
        livekit: { node_ip: '127.0.0.1' },
      },
    },
    await freePorts(7),
  )
  await golive.restartProcess()
  const ask = () =>
    fetch(`https://${NAME}:${https}/healthz`, { tls: { rejectUnauthorized: false } })
  const response = await until('TLS is served', ask)
  expect(response.status).toBe(200)
  expect(response.headers.has('strict-transport-security')).toBe(false)
}, 40_000)

describe('a port that is taken', () => {
  test.each(['https_port', 'http_port'])(
    'is named with its holder: %s',
    async (key) => {
      const [https, http, ...others] = await freePorts(9)
      const tls = {
        mode: 'internal',
        domain: NAME,
        host: '127.0.0.1',
        https_port: https,
        http_port: http,
      }
      const taken = tls[key as 'https_port' | 'http_port'] as number
      const holder = createServer()
      await new Promise<void>((done) => holder.listen(taken, '127.0.0.1', done))
      await using golive = new GoLive(
        { config: { tls, livekit: { node_ip: '127.0.0.1' } } },
        others,
      )
      const child = await golive.spawn()
      expect(await within('its end', 30_000, child.exited)).toBe(3)
      expect(golive.log.text()).toMatch(
        new RegExp(`tcp port ${taken} is taken by .*pid ${process.pid}`),
      )
      holder.close()
    },
    40_000,
  )
})
