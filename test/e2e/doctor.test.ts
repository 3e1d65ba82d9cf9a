import { expect, setDefaultTimeout, test } from 'bun:test'
import { chmodSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Finding } from '../../src/domain/doctor/finding.ts'
import { GoLive, startGolive } from '../support/golive.ts'
import { freePorts } from '../support/ports.ts'

setDefaultTimeout(110_000)

/** Its promise is less; a machine that does other things meanwhile is given some more. */
const LONGEST_MS = 45_000

interface Diagnosis {
  code: number
  verdict: string
  found: Map<string, Finding>
  states: Record<string, string>
}

const examine = async (golive: GoLive): Promise<Diagnosis> => {
  const from = performance.now()
  const { code, json, stderr } = await golive.cli('doctor', '--json')
  if (!json) throw new Error(`golive doctor ended with ${code} and no JSON: ${stderr}`)
  expect(performance.now() - from).toBeLessThan(LONGEST_MS)
  const data: Finding[] = json.data
  for (const { state, detail, fix } of data) {
    expect(detail).not.toBe('')
    if (state === 'fail' || state === 'warn') expect(fix).not.toBeNull()
  }
  return {
    code,
    verdict: json.verdict,
    found: new Map(data.map((one) => [one.id, one])),
    states: Object.fromEntries(data.map(({ id, state }) => [id, state])),
  }
}

const MEDIA = ['join', 'ice_servers', 'stun', 'media_udp', 'media_tcp', 'media_turn', 'turn_closed']

test('a machine without a running server is examined, and no call is tried', async () => {
  await using golive = new GoLive({}, await freePorts(7))
  const { code, states, found } = await examine(golive)
  expect(code).toBe(0)
  expect(MEDIA.map((id) => states[id])).toEqual(MEDIA.map(() => 'skipped'))
  expect(states).toMatchObject({ server: 'warn', [`port_tcp_${golive.port}`]: 'ok' })
  expect(found.get('server')?.fix).toContain('golive serve')
  expect(Object.values(states)).not.toContain('fail')
})

test('a running server is called by the doctor, which hears its media over UDP and over TCP', async () => {
  await using golive = await startGolive()
  const { code, states, found, verdict } = await examine(golive)
  expect([...found.values()].filter(({ state }) => state === 'fail')).toEqual([])
  expect(code).toBe(0)
  expect(states).toMatchObject({
    server: 'ok',
    livekit: 'ok',
    database: 'ok',
    data_dir: 'ok',
    join: 'ok',
    media_udp: 'ok',
    media_tcp: 'ok',
    media_turn: 'skipped',
  })
  expect(found.get('media_udp')?.detail).toMatch(/^127\.0\.0\.1:\d+ answers in [\d.]+ ms$/)
  expect(found.get('media_tcp')?.detail).toMatch(/^127\.0\.0\.1:\d+ answers in [\d.]+ ms$/)
  expect(found.get(`port_tcp_${golive.port}`)?.detail).toContain(`golive (pid ${golive.pid})`)
  expect(verdict).not.toContain('must be mended')
  expect(golive.log.text()).not.toContain('access_token')
  const plain = await golive.cli('doctor')
  expect(plain.code).toBe(0)
  expect(plain.stdout).toMatch(/^ok +Media over UDP +127\.0\.0\.1:\d+ answers in/m)
  expect(plain.stdout.trimEnd().split('\n').at(-1)).toBe(verdict)
})

test('the running server has itself examined on request, once at a time', async () => {
  await using golive = await startGolive()
  const ask = () => golive.admin('/admin/doctor', { method: 'POST' })
  const answers = await Promise.all([ask(), ask()])
  expect(answers.map(({ status }) => status)).toEqual([200, 200])
  const [one, other] = await Promise.all(answers.map((answer) => answer.json()))
  expect(one).toEqual(other)
  const states = one.data.map(({ id, state }: Finding) => [id, state])
  expect(states).toContainEqual(['media_udp', 'ok'])
  expect(states).toContainEqual(['server', 'ok'])
})

test('a port that a stranger took is told with the name of the stranger', async () => {
  await using golive = new GoLive({}, await freePorts(7))
  using stranger = Bun.listen({ hostname: '127.0.0.1', port: golive.port, socket: { data() {} } })
  const { code, found, verdict } = await examine(golive)
  const { state, detail } = found.get(`port_tcp_${stranger.port}`) ?? {}
  expect([code, state]).toEqual([1, 'fail'])
  expect(detail).toContain(`(pid ${process.pid})`)
  expect(verdict).toStartWith('1 thing must be mended')
})

test('a data folder that others may open is told with the command that closes it', async () => {
  await using golive = await startGolive()
  await golive.stop()
  chmodSync(golive.dataDir, 0o755)
  chmodSync(join(golive.dataDir, 'master.key'), 0o644)
  const { code, found } = await examine(golive)
  const { state, fix } = found.get('data_dir') ?? {}
  expect([code, state]).toEqual([1, 'fail'])
  Bun.spawnSync(['sh', '-c', fix ?? ''])
  expect(statSync(golive.dataDir).mode & 0o777).toBe(0o700)
  expect((await examine(golive)).states).toMatchObject({ data_dir: 'ok' })
})

test('a damaged database is told by the doctor, who writes nothing into it', async () => {
  await using golive = await startGolive()
  await golive.stop()
  const path = join(golive.dataDir, 'golive.db')
  for (const end of ['-wal', '-shm']) rmSync(`${path}${end}`, { force: true })
  const bytes = readFileSync(path)
  bytes.fill(0x5a, 4096, bytes.length)
  writeFileSync(path, bytes)
  const { code, found } = await examine(golive)
  const { state, fix } = found.get('database') ?? {}
  expect([code, state]).toEqual([1, 'fail'])
  expect(fix).toContain(join(golive.dataDir, 'backups'))
  expect(readFileSync(path).equals(bytes)).toBe(true)
})

test('the doctor examines the machine that it runs on, and no other', async () => {
  await using golive = new GoLive({}, await freePorts(7))
  const { code, stderr } = await golive.cli('--url', 'https://live.example.com', 'doctor')
  expect([code, stderr]).toEqual([2, expect.stringContaining('without --url')])
})
