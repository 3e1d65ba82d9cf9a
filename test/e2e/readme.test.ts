import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePorts } from '../support/ports.ts'
import { kill, pidsFrom } from '../support/processes.ts'
import { GiveUp, until, within } from '../support/wait.ts'

const root = join(import.meta.dir, '../..')
const folder = mkdtempSync(join(tmpdir(), 'golive-readme-'))
const clone = join(folder, 'golive')

/** What scripts/start does before the server runs may build the executable. */
const START_MS = 300_000

let ports: Record<string, string>
let base: string
let running: number | undefined

const environment = (): Record<string, string | undefined> => ({
  ...process.env,
  // Spares the minutes of building livekit-server again; packages and executable are made anew.
  GOLIVE_CACHE: process.env.TEST_CACHE ?? join(root, '.cache'),
  // Lets curl report the status without another word on the printed line.
  CURL_HOME: folder,
  ...ports,
})

interface Started {
  help: string
  stop(): Promise<number>
}

/** Runs scripts/start in the clone until it has printed its help to the end. */
const start = async (): Promise<Started> => {
  const child = Bun.spawn(['scripts/start'], {
    cwd: clone,
    env: environment(),
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  })
  running = child.pid
  let help = ''
  const reading = (async () => {
    for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) help += chunk
  })()
  await until(
    'scripts/start has printed the links',
    () => {
      if (child.exitCode !== null)
        throw new GiveUp(`scripts/start ended: ${child.exitCode}\n${help}`)
      return /bob +http.*\n/.test(help)
    },
    { timeoutMs: START_MS },
  )
  const stop = async () => {
    child.kill('SIGINT')
    const code = await within('scripts/start to stop on Ctrl-C', 20_000, child.exited)
    await reading
    return code
  }
  return { help, stop }
}

/** Runs one line as a newcomer pastes it. */
const paste = async (line: string, env: Record<string, string> = {}) => {
  const child = Bun.spawn(['bash', '-c', line], {
    cwd: clone,
    env: { ...environment(), ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 30_000,
  })
  const output = await new Response(child.stdout).text()
  const [, body = '', status] = /^(.*)\n(\d+)$/s.exec(output) ?? []
  // biome-ignore lint/suspicious/noExplicitAny: what the server answers is what the test checks
  return { status: Number(status), body: (body === '' ? null : JSON.parse(body)) as any }
}

const linesOf = (text: string, word: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.startsWith(word))

const fieldOf = (text: string, name: string): string =>
  new RegExp(`\\b${name} +(\\S+)`).exec(text)?.[1] ?? ''

beforeAll(async () => {
  const cloned = Bun.spawnSync(['git', 'clone', '--quiet', root, clone], { stderr: 'inherit' })
  expect(cloned.exitCode).toBe(0)
  writeFileSync(join(folder, '.curlrc'), 'silent\nwrite-out = "\\n%{http_code}"\n')
  const [http, signal, tcp, udp, stun] = await freePorts(5)
  ports = {
    GOLIVE_SERVER_PORT: `${http}`,
    GOLIVE_LIVEKIT_SIGNAL_PORT: `${signal}`,
    GOLIVE_LIVEKIT_TCP_PORT: `${tcp}`,
    GOLIVE_LIVEKIT_UDP_PORT: `${udp}`,
    GOLIVE_LIVEKIT_STUN_PORT: `${stun}`,
  }
  base = `http://127.0.0.1:${http}`
}, 60_000)

afterAll(() => {
  // The whole group: what scripts/start was doing when a test gave up.
  if (running !== undefined) kill(-running, 'SIGKILL')
  for (const pid of pidsFrom(clone)) kill(pid, 'SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

describe('a clean clone in an empty folder', () => {
  const readme = () => readFileSync(join(clone, 'README.md'), 'utf8')
  let api_key: string
  let api_secret: string

  test('README.md names the two commands', () => {
    expect(linesOf(readme(), 'scripts/start')).not.toBeEmpty()
    expect(linesOf(readme(), 'scripts/test')).not.toBeEmpty()
  })

  test(
    'scripts/start runs a server and prints lines that work exactly as they stand',
    async () => {
      const { help, stop } = await start()
      api_key = fieldOf(help, 'api_key')
      api_secret = fieldOf(help, 'api_secret')
      expect(api_key).toStartWith('lkv_')
      expect(api_secret).toStartWith('lks_')
      const curls = linesOf(help, 'curl ')
      expect(curls).toHaveLength(3)
      for (const line of curls) expect(line).toContain(` ${base}/api/v1/`)
      const [created, minted, listed] = [
        await paste(curls[0] as string),
        await paste(curls[1] as string),
        await paste(curls[2] as string),
      ]
      expect(created).toMatchObject({ status: 201, body: { name: 'team-standup' } })
      expect(minted).toMatchObject({
        status: 200,
        body: { identity: 'user-123', expires_in: 3600 },
      })
      expect(listed.status).toBe(200)
      const names = listed.body.data.map((room: { name: string }) => room.name)
      expect(names.sort()).toEqual(['first-call', 'team-standup'])
      await openLinks(help)
      expect(await stop()).toBe(0)
    },
    START_MS + 60_000,
  )

  test('nothing of it is left running, and the secret is not in the log', () => {
    expect(pidsFrom(clone)).toEqual([])
    const log = readFileSync(join(clone, 'golive.log'), 'utf8')
    expect(log).not.toBeEmpty()
    expect(log).not.toContain(api_secret)
  })

  test(
    'the second start is quick, does not show the secret again, and the first call of README.md works',
    async () => {
      const from = Date.now()
      const { help, stop } = await start()
      expect(Date.now() - from).toBeLessThan(30_000)
      expect(help).toContain('dist/golive key create demo')
      expect(help).not.toContain('lks_')
      await openLinks(help)
      for (const line of linesOf(readme(), 'curl ')) {
        const here = line.replaceAll('http://127.0.0.1:8080', base)
        const { status } = await paste(here, { API_KEY: api_key, API_SECRET: api_secret })
        expect(status, line).toBeWithin(200, 300)
      }
      expect(await stop()).toBe(0)
      expect(pidsFrom(clone)).toEqual([])
    },
    START_MS,
  )
})

/** Opens the printed links as far as one can without a browser: the page, and whether the gate admits. */
const openLinks = async (help: string): Promise<void> => {
  const links = help.match(/http\S+\/call#token=\S+/g) ?? []
  expect(links).toHaveLength(2)
  for (const link of links) {
    const { origin, hash } = new URL(link)
    expect(origin).toBe(base)
    const page = await fetch(link)
    expect(page.status).toBe(200)
    expect(page.headers.get('content-type')).toStartWith('text/html')
    const token = hash.slice('#token='.length)
    const admitted = await fetch(`${base}/rtc/v1/validate?access_token=${token}`)
    expect(admitted.status).toBe(200)
  }
}
