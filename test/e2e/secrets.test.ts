import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { JoinRequest, WrappedJoinRequest } from '@livekit/protocol'
import { type GoLive, startGolive } from '../support/golive.ts'
import {
  claimsOf,
  type DiskSecrets,
  forge,
  livekitToken,
  secretsOf,
  tamper,
} from '../support/jwt-forge.ts'
import { Operator } from '../support/operator.ts'
import { kill } from '../support/processes.ts'
import { exchange, openRaw, type RawAnswer, requestText } from '../support/raw-http.ts'
import { askAll, expectReadable } from '../support/refusal.ts'
import { SignalClient } from '../support/signal-client.ts'
import { type Credentials, TenantClient } from '../support/tenant-client.ts'
import { until } from '../support/wait.ts'

let golive: GoLive
let disk: DiskSecrets
/** What must be found nowhere, by the name to report it under. */
const secrets = new Map<string, string>()

/** A token's signature alone lets nobody in, but shows that the token itself was written. */
const rememberToken = (name: string, token: string): string => {
  secrets.set(name, token)
  secrets.set(`the signature of ${name}`, token.split('.')[2] as string)
  return token
}

const rememberCredentials = (name: string, { api_key, api_secret }: Credentials): void => {
  secrets.set(name, api_secret)
  secrets.set(`${name} as Basic credentials`, btoa(`${api_key}:${api_secret}`))
}

const METADATA = 'metadata-that-only-its-sender-knows'
const joinRequest = Buffer.from(
  new WrappedJoinRequest({
    joinRequest: new JoinRequest({ metadata: METADATA }).toBinary(),
  }).toBinary(),
).toString('base64url')

beforeAll(async () => {
  golive = await startGolive({ config: { log: { level: 'debug' } } })
  disk = secretsOf(golive.dataDir)
  secrets.set('the master key', disk.master)
  for (const [name, key] of [
    ['join key', disk.join],
    ['sealing key', disk.seal],
  ] as const) {
    for (const spelling of ['hex', 'base64', 'base64url'] as const)
      secrets.set(`the ${name} in ${spelling}`, key.toString(spelling))
  }
  secrets.set("livekit-server's secret", disk.livekitSecret)
  secrets.set('a join_request', joinRequest)
  secrets.set('the metadata in a join_request', METADATA)
  await live()
}, 90_000)

afterAll(async () => {
  await golive?.[Symbol.asyncDispose]()
}, 60_000)

/** A day in the life: everything that handles a secret, done well and done wrong. */
const live = async (): Promise<void> => {
  const operator = new Operator(golive)
  const first = await operator.tenantKey('acme')
  rememberCredentials("the tenant's secret", first)
  const second = await operator.createKey('acme')
  rememberCredentials("the second key's secret", second)
  const acme = new TenantClient(golive.url, first)
  await acme.createRoom('open', { max_participants: 3 })
  await call(acme)
  await wrongCredentials(first)
  await refusedTokens(acme)
  await refusedUpstream(acme)
  await childDies(acme)
}

const call = async (acme: TenantClient): Promise<void> => {
  const minted = await acme.mint('open', 'ann')
  rememberToken('a join token', minted.token)
  const client = await SignalClient.join(minted)
  const refresh = await until('a refresh token came', () => client.refreshToken)
  rememberToken('a renewed join token', refresh)
  const resumed = await SignalClient.join({ ...minted, token: refresh })
  rememberToken('a token renewed twice', await until('another came', () => resumed.refreshToken))
  resumed.leave()
}

const wrongCredentials = async ({ api_key, api_secret }: Credentials): Promise<void> => {
  rememberToken('a guessed secret', 'lks_guessed.guessed.guessed-secret-of-somebody')
  const guesses = [
    { api_key, api_secret: secrets.get('a guessed secret') as string },
    { api_key: api_secret, api_secret: api_key },
  ]
  for (const guess of guesses)
    expect((await new TenantClient(golive.url, guess).call('GET', '/me')).status).toBe(401)
  // Secrets where they do not belong: in the address, and in a body that is refused.
  await fetch(`${golive.url}/api/v1/me?api_secret=${api_secret}`)
  await new TenantClient(golive.url, { api_key, api_secret }).call('POST', '/rooms', {
    name: 'x',
    api_secret,
    token: secrets.get('a join token'),
  })
}

const refusedTokens = async (acme: TenantClient): Promise<void> => {
  const good = rememberToken('a token that gets bent', (await acme.mint('open', 'bob')).token)
  const bad = {
    'a tampered token': tamper(good, { sub: 'eve' }),
    'an expired token': forge({ ...claimsOf(good), exp: 1 }, disk.join),
    "a token that livekit-server's key signed": livekitToken(disk, 'acme__open', 'ann'),
  }
  for (const [name, token] of Object.entries(bad))
    await askAll(golive.port, rememberToken(name, token))
  const host: [string, string] = ['Host', `127.0.0.1:${golive.port}`]
  for (const path of [
    '/rtc',
    '/rtc/validate',
    '/twirp/livekit.RoomService/ListRooms',
    '/nowhere',
  ]) {
    const target = `${path}?access_token=${good}&join_request=${joinRequest}`
    await exchange(
      golive.port,
      requestText('GET', target, [host, ['Authorization', `Bearer ${good}`]]),
    )
  }
}

/** livekit-server refuses a client that names its own metadata without the grant for it. */
const refusedUpstream = async (acme: TenantClient): Promise<void> => {
  const { token } = await acme.mint('open', 'meta')
  rememberToken('a token refused upstream', token)
  for (const request of [joinRequest, 'bm90IGEgam9pbiByZXF1ZXN0', 'A'.repeat(30_000)]) {
    await refused(`/rtc/v1?access_token=${token}&join_request=${request}`)
  }
  await refused(
    `/rtc?access_token=${token}&attributes=${Buffer.from('{"a":"b"}').toString('base64url')}`,
  )
}

const upstreamRefusals: RawAnswer[] = []

const refused = async (target: string): Promise<void> => {
  const socket = await openRaw(golive.port, target)
  socket.destroy()
  upstreamRefusals.push(socket.answer)
}

const childDies = async (acme: TenantClient): Promise<void> => {
  const client = await SignalClient.join(await acme.mint('open', 'carol'))
  kill(golive.livekitPid(), 'SIGKILL')
  await client.closed()
  await until(
    'livekit-server is back',
    async () => (await golive.status()).livekit.state === 'running',
  )
}

/** Name of the first secret in a text, else null: a failing test must not print it either. */
const found = (text: string): string | null => {
  for (const [name, secret] of secrets) if (text.includes(secret)) return name
  return null
}

const livekitLogs = (): string =>
  readdirSync(join(golive.dataDir, 'livekit'))
    .filter((name) => name.startsWith('livekit.log'))
    .map((name) => readFileSync(join(golive.dataDir, 'livekit', name), 'utf8'))
    .join('\n')

test("what livekit-server refuses is refused by the gate in its own words, and never with LiveKit's", () => {
  expect(upstreamRefusals).toHaveLength(4)
  for (const answer of upstreamRefusals) {
    expect(answer.status).toBeWithin(400, 500)
    expect(answer.body).toMatch(/^[a-z_]+: /)
    expect(found(answer.body)).toBeNull()
    expectReadable(answer)
  }
})

describe('at log level debug no secret and no token is found', () => {
  test("in the server's own log", () => {
    expect(golive.log.entries().some(({ level }) => level === 'debug')).toBe(true)
    expect(found(golive.log.text())).toBeNull()
    expect(golive.log.text().search(/access_token=|join_request=|Bearer |Basic |eyJhbGciOi/)).toBe(
      -1,
    )
  })

  test("in livekit-server's log, not even a token of its own", () => {
    const text = livekitLogs()
    expect(text.length).toBeGreaterThan(1000)
    expect(found(text)).toBeNull()
    // By position, so that a failing test does not print what must not be printed.
    expect(text.search(/eyJhbGciOi[\w-]+\.[\w-]+\.[\w-]+/)).toBe(-1)
  })

  test('in golive status, in words or as JSON', async () => {
    for (const args of [['status'], ['status', '--json']]) {
      const { stdout, stderr } = await golive.cli(...args)
      expect(found(stdout + stderr)).toBeNull()
    }
  })

  test('in the metrics', async () => {
    expect(found(await golive.metrics())).toBeNull()
  })
})

describe('of a running server nobody else reads a secret', () => {
  const ofProcess = (pid: number): string =>
    ['cmdline', 'environ'].map((name) => readFileSync(`/proc/${pid}/${name}`, 'latin1')).join('\n')

  test("on the command line or in the environment, its own or livekit-server's", () => {
    for (const pid of [golive.pid, golive.livekitPid()]) expect(found(ofProcess(pid))).toBeNull()
  })

  test("and livekit-server's environment holds nothing that could override its configuration", () => {
    const names = readFileSync(`/proc/${golive.livekitPid()}/environ`, 'latin1')
      .split('\0')
      .filter(Boolean)
      .map((line) => line.split('=')[0] as string)
    for (const name of names) expect(['PATH', 'HOME', 'GOMEMLIMIT']).toContain(name)
  })

  test('in the data directory: all of it is for its owner alone', () => {
    const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8)
    expect(modeOf(golive.dataDir)).toBe('700')
    expect(modeOf(join(golive.dataDir, 'livekit'))).toBe('700')
    for (const name of ['master.key', 'golive.sock', 'golive.db'])
      expect([name, modeOf(join(golive.dataDir, name))]).toEqual([name, '600'])
    expect(modeOf(join(golive.dataDir, 'livekit', 'keys.yaml'))).toBe('600')
    for (const path of filesIn(golive.dataDir))
      expect([path, statSync(path).mode & 0o077]).toEqual([path, 0])
  })

  test('in any file but the key files: the database holds sealed secrets only', () => {
    const keyFiles = new Set(['master.key', 'keys.yaml'])
    for (const path of filesIn(golive.dataDir)) {
      const name = path.split('/').at(-1) as string
      if (keyFiles.has(name) || name.startsWith('livekit-server-') || name === 'golive.sock')
        continue
      expect([path, found(readFileSync(path, 'latin1'))]).toEqual([path, null])
    }
  })
})

const filesIn = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name))

test('serve itself prints no secret at its start, on a terminal or not', () => {
  const start = golive.log.text().split('\n').slice(0, 20).join('\n')
  expect(start).not.toMatch(/lks_|[0-9a-f]{64}/)
})
