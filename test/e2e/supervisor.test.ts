import { afterEach, beforeEach, expect, setDefaultTimeout, test } from 'bun:test'
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Clock } from '../../src/lib/clock.ts'
import { createLogger, silentLogger } from '../../src/lib/log.ts'
import { livekitBinary } from '../../src/livekit/binary.ts'
import { LivekitClient } from '../../src/livekit/client.ts'
import type { LivekitSettings } from '../../src/livekit/config-file.ts'
import { findByArguments } from '../../src/livekit/process.ts'
import { type ChildStatus, PortTakenError, Supervisor } from '../../src/livekit/supervisor.ts'
import { LineLog } from '../support/line-log.ts'
import { freePorts } from '../support/ports.ts'
import { isRunning, kill } from '../support/processes.ts'
import { until } from '../support/wait.ts'

setDefaultTimeout(60_000)

const key = { apiKey: 'golive', apiSecret: 'secret-of-the-child-0123456789-abcdef' }
const controlPlane = join(import.meta.dir, '../support/control-plane.ts')

let root: string
let dir: string
let settings: LivekitSettings
let binary: string
let events: string[]
let supervisors: Supervisor[]

const makeSettings = async (): Promise<LivekitSettings> => {
  const [signalPort, tcpPort, udpPort, hookPort] = (await freePorts(4)) as [
    number,
    number,
    number,
    number,
  ]
  return {
    signalPort,
    tcpPort,
    udpPort,
    hookPort,
    nodeIp: '127.0.0.1',
    hostIp: '127.0.0.1',
    turn: null,
    stun: '127.0.0.1:9',
    logLevel: 'info',
    remoteUnmute: false,
    ...key,
  }
}

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'golive-supervisor-'))
  dir = join(root, 'livekit')
  settings = await makeSettings()
  binary = process.env.LIVEKIT_BIN ?? (await livekitBinary(join(root, 'bin')))
  events = []
  supervisors = []
})

afterEach(async () => {
  for (const supervisor of supervisors) await supervisor.stop()
  for (const { pid } of ours()) kill(pid, 'SIGKILL')
  rmSync(root, { recursive: true, force: true })
})

const ours = () => findByArguments(['--config', join(dir, 'livekit.yaml')])

interface Options {
  binary?: string
  settings?: LivekitSettings
  folder?: string
  print?: (line: string) => void
  clock?: Clock
}

const supervise = (options: Options = {}): Supervisor => {
  const { hookPort: _, ...rest } = options.settings ?? settings
  const { print } = options
  const supervisor = new Supervisor({
    dir: options.folder ?? dir,
    binary: async () => options.binary ?? binary,
    settings: rest,
    log: print ? createLogger('info', { write: print }) : silentLogger(),
    onUp: ({ adopted, generation }) =>
      events.push(adopted ? `adopted ${generation}` : `up ${generation}`),
    onDown: () => events.push('down'),
    ...(options.clock ? { clock: options.clock } : {}),
  })
  supervisors.push(supervisor)
  return supervisor
}

const script = (text: string): string => {
  const path = join(root, 'fake-livekit')
  writeFileSync(path, `#!/bin/sh\n${text}\n`)
  chmodSync(path, 0o700)
  return path
}

const answers = (supervisor: Supervisor): Promise<unknown> =>
  new LivekitClient({ url: () => `http://127.0.0.1:${supervisor.port}`, ...key }).listRooms()

const startControlPlane = (...more: string[]) => {
  const command = [process.execPath, controlPlane, dir, binary, JSON.stringify(settings), ...more]
  const process_ = Bun.spawn(command, { stderr: 'inherit' })
  const log = new LineLog()
  void log.follow(process_.stdout)
  return { process: process_, statuses: () => log.entries() as unknown as ChildStatus[] }
}

/** Lets a control plane in another process start a child, kills it, and answers the child's pid. */
const leaveChildBehind = async (): Promise<number> => {
  const first = startControlPlane()
  const status = await until('its child is up', () => first.statuses()[0], { everyMs: 10 })
  first.process.kill('SIGKILL')
  await first.process.exited
  return status.pid as number
}

test('the child is up when start resolves, in a session of its own, its files for the owner only', async () => {
  const supervisor = supervise()
  await supervisor.start(settings.hookPort)
  const { pid } = supervisor.status
  expect(supervisor.status).toMatchObject({
    state: 'running',
    version: '1.13.5',
    restarts: 0,
    adopted: false,
    restart_needed: false,
    last_exit: null,
    ports: {
      signal: settings.signalPort,
      tcp: settings.tcpPort,
      udp: settings.udpPort,
      hook: settings.hookPort,
    },
  })
  expect([supervisor.up, supervisor.generation, supervisor.port]).toEqual([
    true,
    1,
    settings.signalPort,
  ])
  expect(await answers(supervisor)).toEqual([])
  expect(events).toEqual(['up 1'])
  expect(supervisor.recordedHookPort()).toBe(settings.hookPort)
  expect(Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ')[5])).toBe(pid as number)
  expect(statSync(dir).mode & 0o777).toBe(0o700)
  for (const name of ['livekit.log', 'livekit.yaml', 'keys.yaml', 'child.json']) {
    expect(statSync(join(dir, name)).mode & 0o777).toBe(0o600)
  }
})

test('nothing of our environment reaches the child, which would let it override its file', async () => {
  process.env.LIVEKIT_CONFIG = 'port: 1'
  process.env.LIVEKIT_PORT = '1'
  const supervisor = supervise()
  await supervisor.start(settings.hookPort).finally(() => {
    delete process.env.LIVEKIT_CONFIG
    delete process.env.LIVEKIT_PORT
  })
  const environ = readFileSync(`/proc/${supervisor.status.pid}/environ`, 'utf8').split('\0')
  const names = environ.map((line) => line.split('=')[0]).filter((name) => name !== '')
  expect(names.filter((name) => !['PATH', 'HOME', 'GOMEMLIMIT'].includes(name as string))).toEqual(
    [],
  )
  const argv = readFileSync(`/proc/${supervisor.status.pid}/cmdline`, 'utf8')
  expect(argv).not.toContain(key.apiSecret)
})

test('a killed child is back within two seconds, as a new generation', async () => {
  const supervisor = supervise()
  await supervisor.start(settings.hookPort)
  const first = supervisor.status.pid as number
  const killed = Date.now()
  kill(first, 'SIGKILL')
  await until('it is down', () => !supervisor.up, { everyMs: 1 })
  await until('it is back', () => supervisor.up, { everyMs: 5 })
  expect(Date.now() - killed).toBeLessThan(2_000)
  expect(supervisor.generation).toBe(2)
  expect(supervisor.status.pid).not.toBe(first)
  expect(supervisor.status.restarts).toBe(1)
  expect(supervisor.status.last_exit).toMatchObject({ code: null, signal: 'SIGKILL', asked: false })
  expect(events).toEqual(['up 1', 'down', 'up 2'])
  expect(await answers(supervisor)).toEqual([])
})

test('a planned restart brings a new child and counts as asked for', async () => {
  const supervisor = supervise()
  await supervisor.start(settings.hookPort)
  const first = supervisor.status.pid as number
  await Promise.all([supervisor.restart(), supervisor.restart()])
  expect(supervisor.up).toBe(true)
  expect(isRunning(first)).toBe(false)
  expect(supervisor.status.last_exit).toMatchObject({ signal: 'SIGKILL', asked: true })
  expect(events).toEqual(['up 1', 'down', 'up 2'])
  expect(ours().map(({ pid }) => pid)).toEqual([supervisor.status.pid as number])
})

test('a livekit-server of somebody else on our port is never taken for ours, and is named', async () => {
  const foreign = supervise({ folder: join(root, 'foreign') })
  await foreign.start(settings.hookPort)
  const others = await makeSettings()
  const supervisor = supervise({ settings: { ...others, signalPort: settings.signalPort } })
  const error = await supervisor.start(others.hookPort).catch((caught: unknown) => caught)
  expect(error).toBeInstanceOf(PortTakenError)
  expect((error as Error).message).toMatch(
    new RegExp(`^tcp port ${settings.signalPort} is taken by \\S+ \\(pid ${foreign.status.pid}\\)`),
  )
  expect(supervisor.up).toBe(false)
  expect(supervisor.status.state).toBe('stopped')
  expect(events).toEqual(['up 1'])
  expect(ours()).toEqual([])
  expect(foreign.up).toBe(true)
})

test.each(['tcpPort', 'udpPort'] as const)(
  'a taken %s is an error that names its holder',
  async (name) => {
    const foreign = supervise({ folder: join(root, 'foreign') })
    await foreign.start(settings.hookPort)
    const others = await makeSettings()
    const supervisor = supervise({ settings: { ...others, [name]: settings[name] } })
    await expect(supervisor.start(others.hookPort)).rejects.toThrow(
      `${name.slice(0, 3)} port ${settings[name]} is taken by `,
    )
    expect(ours()).toEqual([])
  },
)

test('a port that is taken while the child is down is said, and used again once it is free', async () => {
  const hold = join(root, 'hold')
  const fake = script(`while [ -e ${hold} ]; do sleep 0.02; done; exec ${binary} "$@"`)
  const supervisor = supervise({ binary: fake })
  await supervisor.start(settings.hookPort)
  writeFileSync(hold, '')
  kill(supervisor.status.pid as number, 'SIGKILL')
  await until('it is down', () => !supervisor.up, { everyMs: 1 })
  const { signalPort: port } = settings
  const thief = Bun.listen({ hostname: '127.0.0.1', port, socket: { data() {} } })
  rmSync(hold)
  const said = () => supervisor.status.last_lines.join('\n')
  await until('it is said', () => said().includes(`golive: tcp port ${port} is taken by `))
  expect(said()).toContain(`(pid ${process.pid}); livekit-server needs it`)
  expect(supervisor.up).toBe(false)
  thief.stop(true)
  await until('it is back', () => supervisor.up)
})

test('a child that keeps dying is given up loudly, with its last lines, and without a hot loop', async () => {
  const lines: string[] = []
  const count = join(root, 'count')
  const fake = script(`echo x >> ${count}; echo "api_secret ${key.apiSecret} is no good"; exit 0`)
  const supervisor = supervise({ binary: fake, print: (line) => lines.push(line) })
  await supervisor.start(settings.hookPort)
  const { status } = supervisor
  expect(status.state).toBe('degraded')
  expect(status.pid).toBeNull()
  expect(status.last_exit).toMatchObject({ code: 0, signal: null, asked: false })
  expect(status.last_lines.at(-1)).toBe('api_secret [secret] is no good')
  expect(supervisor.up).toBe(false)
  expect(events).toEqual([])
  const logged = lines.map((line) => JSON.parse(line))
  const given = logged.find((line) => line.msg === 'livekit-server keeps dying')
  expect(given.level).toBe('error')
  expect(given.last_lines.at(-1)).toBe('api_secret [secret] is no good')
  expect(lines.join('')).not.toContain(key.apiSecret)
  expect(readFileSync(count, 'utf8')).toBe('x\n'.repeat(5))
  const waits = logged
    .filter((line) => line.msg === 'livekit-server ended')
    .map((line) => line.retry_ms)
  expect(waits).toEqual([0, 250, 500, 1_000, 30_000])
})

test('a degraded child can be started again by hand, and then it is well', async () => {
  const fake = script(`exit 1`)
  const supervisor = supervise({ binary: fake })
  await supervisor.start(settings.hookPort)
  expect(supervisor.status.state).toBe('degraded')
  await expect(supervisor.restart()).rejects.toThrow('did not come back')
  script(`exec ${binary} "$@"`)
  await supervisor.restart()
  expect(supervisor.status.state).toBe('running')
})

test('a program that cannot be executed makes it degraded, not crash', async () => {
  const supervisor = supervise({ binary: join(root, 'missing') })
  await supervisor.start(settings.hookPort)
  expect(supervisor.status.state).toBe('degraded')
})

test('the child survives a SIGKILL of the control plane and is adopted by the next one', async () => {
  const pid = await leaveChildBehind()
  expect(isRunning(pid)).toBe(true)
  const supervisor = supervise()
  expect(supervisor.recordedHookPort()).toBe(settings.hookPort)
  await supervisor.start(settings.hookPort)
  expect(supervisor.status).toMatchObject({
    state: 'running',
    pid,
    adopted: true,
    restart_needed: false,
    restarts: 0,
  })
  expect(events).toEqual(['adopted 1'])
  expect(await answers(supervisor)).toEqual([])
})

test('a detached child is adopted, and its death is noticed and made good', async () => {
  const first = supervise()
  await first.start(settings.hookPort)
  const pid = first.status.pid as number
  await first.detach()
  expect(events).toEqual(['up 1'])
  const second = supervise()
  await second.start(settings.hookPort)
  expect(second.status.pid).toBe(pid)
  kill(pid, 'SIGKILL')
  await until('a new child is up', () => second.generation === 2 && second.up, { everyMs: 10 })
  expect(second.status).toMatchObject({ adopted: false, restarts: 1 })
  expect(events).toEqual(['up 1', 'adopted 1', 'down', 'up 2'])
})

test('a control plane that replaces itself keeps its child, and still learns how it ends', async () => {
  const plane = startControlPlane('restart')
  const [first, adopted] = await until('it is adopted', () =>
    plane.statuses().length === 2 ? plane.statuses() : null,
  )
  expect(adopted).toMatchObject({ pid: first?.pid as number, adopted: true })
  kill(adopted?.pid as number, 'SIGKILL')
  const third = await until('a new child is up', () => plane.statuses()[2], { everyMs: 10 })
  expect(third.last_exit).toMatchObject({ code: null, signal: 'SIGKILL', asked: false })
  // Collected, not left as a zombie.
  expect(existsSync(`/proc/${adopted?.pid}`)).toBe(false)
  plane.process.kill('SIGKILL')
  await plane.process.exited
})

test('a child that runs with other settings is adopted on its own ports, and needs a restart', async () => {
  const pid = await leaveChildBehind()
  const today = await makeSettings()
  const supervisor = supervise({ settings: today })
  await supervisor.start(settings.hookPort)
  expect(supervisor.status).toMatchObject({ pid, adopted: true, restart_needed: true })
  expect(supervisor.port).toBe(settings.signalPort)
  expect(await answers(supervisor)).toEqual([])
  await supervisor.restart()
  expect(supervisor.port).toBe(today.signalPort)
  expect(supervisor.status).toMatchObject({ adopted: false, restart_needed: false })
  expect(isRunning(pid)).toBe(false)
})

test('a child that posts to another hook port than today needs a restart', async () => {
  await leaveChildBehind()
  const supervisor = supervise()
  const [other] = (await freePorts(1)) as [number]
  await supervisor.start(other)
  expect(supervisor.status).toMatchObject({ adopted: true, restart_needed: true })
})

test('a child that knows another key is replaced: it would refuse all we say', async () => {
  const pid = await leaveChildBehind()
  const supervisor = supervise({ settings: { ...settings, apiSecret: `${key.apiSecret}-new` } })
  await supervisor.start(settings.hookPort)
  expect(supervisor.status).toMatchObject({ adopted: false, restart_needed: false })
  expect(isRunning(pid)).toBe(false)
})

test('a process that was given the number of our dead child is neither adopted nor harmed', async () => {
  const pid = await leaveChildBehind()
  const path = join(dir, 'child.json')
  const record = JSON.parse(readFileSync(path, 'utf8'))
  kill(pid, 'SIGKILL')
  await until('it is gone', () => !isRunning(pid))
  const stranger = Bun.spawn(['sleep', '60'])
  writeFileSync(path, JSON.stringify({ ...record, pid: stranger.pid }))
  const supervisor = supervise()
  expect(supervisor.recordedHookPort()).toBeNull()
  await supervisor.start(settings.hookPort)
  expect(supervisor.status).toMatchObject({ adopted: false, state: 'running' })
  await supervisor.stop()
  expect(isRunning(stranger.pid)).toBe(true)
  stranger.kill()
  await stranger.exited
})

test('a child whose record was lost is found and replaced, not left on our ports', async () => {
  const pid = await leaveChildBehind()
  rmSync(join(dir, 'child.json'))
  const supervisor = supervise()
  await supervisor.start(settings.hookPort)
  expect(supervisor.status.state).toBe('running')
  expect(isRunning(pid)).toBe(false)
})

test('stop leaves no process and no record, and is no failure', async () => {
  const supervisor = supervise()
  await supervisor.start(settings.hookPort)
  const pid = supervisor.status.pid as number
  await supervisor.stop()
  expect(isRunning(pid)).toBe(false)
  expect(ours()).toEqual([])
  expect(existsSync(join(dir, 'child.json'))).toBe(false)
  expect(supervisor.status).toMatchObject({ state: 'stopped', pid: null })
  expect(events).toEqual(['up 1', 'down'])
})

test('an adopted child is stopped, too', async () => {
  const pid = await leaveChildBehind()
  const supervisor = supervise()
  await supervisor.start(settings.hookPort)
  await supervisor.stop()
  expect(isRunning(pid)).toBe(false)
})

test.each([0, 10, 50, 100, 150])('stop %i ms after the start leaves no process', async (ms) => {
  const supervisor = supervise()
  const started = supervisor.start(settings.hookPort)
  await Bun.sleep(ms)
  const asked = Date.now()
  await supervisor.stop()
  expect(Date.now() - asked).toBeLessThan(4_000)
  await started
  expect(ours()).toEqual([])
  expect(supervisor.status.state).toBe('stopped')
})

test('a child that does not end by SIGTERM is killed at the deadline', async () => {
  const supervisor = supervise()
  await supervisor.start(settings.hookPort)
  const pid = supervisor.status.pid as number
  kill(pid, 'SIGSTOP')
  const asked = Date.now()
  await supervisor.stop()
  expect(Date.now() - asked).toBeLessThan(7_000)
  expect(isRunning(pid)).toBe(false)
})

test('a child that does not answer for fifteen seconds is killed and replaced', async () => {
  const begin = Date.now()
  const supervisor = supervise({ clock: () => begin + (Date.now() - begin) * 5 })
  await supervisor.start(settings.hookPort)
  kill(supervisor.status.pid as number, 'SIGSTOP')
  await until('a new child is up', () => supervisor.generation === 2, { timeoutMs: 40_000 })
  expect(supervisor.status.last_exit?.signal).toBe('SIGKILL')
})

test('a token that the child logs is in none of its last lines', async () => {
  const supervisor = supervise()
  await supervisor.start(settings.hookPort)
  const token = 'eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJnb2xpdmUifQ.c2lnbmF0dXJl'
  await fetch(`http://127.0.0.1:${supervisor.port}/rtc/validate?access_token=${token}`)
  const said = () => supervisor.status.last_lines.filter((line) => line.includes('invalid token'))
  await until('it is logged', () => said().length > 0)
  expect(said().join('\n')).toContain('[token]')
  expect(supervisor.status.last_lines.join('\n')).not.toContain('eyJ')
})
