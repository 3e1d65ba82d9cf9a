import { expect, setDefaultTimeout, test } from 'bun:test'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse, stringify } from 'yaml'
import { GoLive, startGolive } from '../support/golive.ts'
import { freePorts } from '../support/ports.ts'
import { pidsFrom } from '../support/processes.ts'
import { SignalClient } from '../support/signal-client.ts'
import type { TenantClient } from '../support/tenant-client.ts'
import { until, within } from '../support/wait.ts'

setDefaultTimeout(90_000)

const PEOPLE = 12

type Config = Record<string, Record<string, unknown>>

const fileOf = ({ folder }: GoLive): string => join(folder, 'golive.config.yaml')

/** Changes the file as an operator does with an editor, and tells the server. */
const reload = async (server: GoLive, change: (config: Config) => void): Promise<void> => {
  const config = parse(readFileSync(fileOf(server), 'utf8')) as Config
  change(config)
  await reloadText(server, stringify(config))
}

const reloadText = async (server: GoLive, text: string): Promise<void> => {
  writeFileSync(fileOf(server), text)
  const seen = server.log.entries().filter(isAboutConfig).length
  process.kill(server.pid, 'SIGHUP')
  await until(
    'the server says what came of it',
    () => server.log.entries().filter(isAboutConfig).length > seen,
  )
}

const isAboutConfig = ({ msg }: Record<string, unknown>): boolean =>
  typeof msg === 'string' && msg.startsWith('the configuration ')

const lastSaid = (server: GoLive) => server.log.entries().filter(isAboutConfig).at(-1)

const joinAs = async (tenant: TenantClient, identity: string): Promise<SignalClient> => {
  const minted = await tenant.call<{ token: string; ws_url: string }>(
    'POST',
    '/rooms/daily/tokens',
    { identity },
  )
  return SignalClient.join(minted.body)
}

/** Each socket carries a question there and the answer back. */
const expectAlive = async (people: SignalClient[]): Promise<void> => {
  await Promise.all(
    people.map(async (person) => {
      const pongs = () => person.received.filter(({ case: kind }) => kind === 'pongResp').length
      const before = pongs()
      person.send({ case: 'pingReq', value: { timestamp: 1n, rtt: 0n } })
      await until('a pong', () => pongs() > before)
    }),
  )
}

test('SIGHUP takes up a changed configuration; no socket closes, and what needs a restart is named', async () => {
  await using server = await startGolive()
  const tenant = await server.tenant('acme')
  await tenant.call('POST', '/rooms', { name: 'daily' })
  const people = await Promise.all(
    Array.from({ length: PEOPLE }, (_, at) => joinAs(tenant, `person-${at}`)),
  )
  const closed: number[] = []
  for (const person of people)
    void person
      .closed()
      .then(({ code }) => closed.push(code))
      .catch(() => undefined)
  await until('all are counted', async () => (await server.status()).calls.participants === PEOPLE)
  const { pid } = server
  const livekit = server.livekitPid()

  await reload(server, (config) => {
    config.livekit = { ...config.livekit, max_participants: PEOPLE }
    config.admin = { ...config.admin, host: 'admin.example.com' }
    config.log = { level: 'debug' }
    config.metrics = { ...config.metrics, port: null }
  })
  expect(lastSaid(server)).toMatchObject({
    level: 'info',
    applied: ['livekit.max_participants', 'admin.host', 'log.level'],
    restart_needed: ['metrics.port'],
  })
  expect((await fetch(`${server.url}/admin/session`)).status).toBe(404)
  expect(joinAs(tenant, 'one-too-many')).rejects.toThrow()
  const { warnings } = await server.status()
  expect(warnings.find(({ code }) => code === 'config_restart_needed')).toMatchObject({
    message: expect.stringContaining('metrics.port'),
    hint: expect.stringContaining('golive restart'),
  })

  await reload(server, (config) => {
    config.livekit = { ...config.livekit, max_participants: PEOPLE * 2 }
    config.admin = {}
    config.metrics = { port: server.metricsPort }
  })
  expect((await server.status()).warnings).toEqual([])
  expect((await fetch(`${server.url}/admin/session`)).status).toBe(401)
  people.push(await joinAs(tenant, 'just-in-time'))
  await expectAlive(people)
  expect(closed).toEqual([])
  expect(server.pid).toBe(pid)
  expect(server.livekitPid()).toBe(livekit)
  for (const person of people) person.leave()
})

test('SIGHUP with a wrong configuration keeps the old one, says why in a sentence, and drops nobody', async () => {
  await using server = await startGolive()
  const tenant = await server.tenant('acme')
  await tenant.call('POST', '/rooms', { name: 'daily' })
  const person = await joinAs(tenant, 'alice')
  const good = readFileSync(fileOf(server), 'utf8')
  for (const [text, sentence] of [
    [`${good}\nlgo:\n  level: debug\n`, 'lgo: no such key'],
    [`${good}\nlog:\n  level: loud\n`, 'log.level: expected'],
    ['server: [', 'not valid YAML'],
  ] as const) {
    await reloadText(server, text)
    const said = lastSaid(server)
    expect(said).toMatchObject({ level: 'error' })
    expect(said?.msg).toStartWith(`the configuration stays as it was: ${fileOf(server)}:`)
    expect(said?.msg).toContain(sentence)
  }
  await expectAlive([person])
  expect((await fetch(`${server.url}/readyz`)).status).toBe(200)
  await reloadText(server, good)
  expect(lastSaid(server)).toMatchObject({ level: 'info', applied: [], restart_needed: [] })
  person.leave()
})

test('SIGTERM while the server still starts leaves no livekit-server behind', async () => {
  const server = new GoLive({}, (await freePorts(7)) as never)
  try {
    const child = await server.spawn()
    const livekit = () => pidsFrom(join(server.dataDir, 'livekit'))
    await until('livekit-server is there', () => livekit().length > 0, { everyMs: 2 })
    child.kill('SIGTERM')
    expect(await within('the server to end', 20_000, child.exited)).toBe(0)
    expect(livekit()).toEqual([])
  } finally {
    await server.cleanUp()
  }
})
