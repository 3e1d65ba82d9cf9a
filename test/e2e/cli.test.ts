import { expect, setDefaultTimeout, test } from 'bun:test'
import { mkdirSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { executable, GoLive, startGolive } from '../support/golive.ts'
import { freePorts } from '../support/ports.ts'
import { pidsFrom } from '../support/processes.ts'
import { NodePerson } from '../support/rtc-node.ts'
import { TenantClient } from '../support/tenant-client.ts'
import { until, within } from '../support/wait.ts'

setDefaultTimeout(90_000)

const SECRET = /lks_[a-z0-9]{20,}/
const NOBODY = 65534

const notStarted = async (options = {}): Promise<GoLive> => new GoLive(options, await freePorts(7))

/** Runs a command on a terminal of its own, types the answer when asked; `\x04` is Ctrl-D. */
const onTerminal = (golive: GoLive, answer: string, ...args: string[]) =>
  answering(golive, { question: '[y/N]', answer }, ...args)

interface Asked {
  question: string
  answer: string
}

const answering = async (golive: GoLive, { question, answer }: Asked, ...args: string[]) => {
  let shown = ''
  let answered = false
  const config = join(golive.folder, 'golive.config.yaml')
  const child = Bun.spawn([executable(), '--config', config, ...args], {
    env: { PATH: process.env.PATH, NO_COLOR: '1', TERM: 'xterm' },
    terminal: {
      data: (terminal, bytes) => {
        shown += new TextDecoder().decode(bytes)
        if (answered || !shown.includes(question)) return
        answered = true
        terminal.write(answer)
      },
    },
  })
  const code = await within('the command to end', 20_000, child.exited)
  return { code, shown }
}

/** Runs a command with this on its standard input. */
const piping = async (golive: GoLive, input: string, ...args: string[]) => {
  const config = join(golive.folder, 'golive.config.yaml')
  const child = Bun.spawn([executable(), '--config', config, ...args], {
    env: { PATH: process.env.PATH },
    stdio: [new Blob([input]), 'pipe', 'pipe'],
  })
  const code = await within('the command to end', 20_000, child.exited)
  const [stdout, stderr] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ])
  return { code, stdout, stderr }
}

test('the version command tells both versions, also with a broken configuration', async () => {
  await using golive = await notStarted({ config: { server: { port: 'no' } } })
  const { code, stdout } = await golive.cli('version')
  expect(code).toBe(0)
  expect(stdout).toMatch(/^golive \d+\.\d+\.\d+\nlivekit-server \d+\.\d+\.\d+\n$/)
  const { json } = await golive.cli('version', '--json')
  expect(stdout).toBe(`golive ${json.golive}\nlivekit-server ${json.livekit}\n`)
})

test('help, wrong usage and a bad configuration have their exit codes', async () => {
  await using golive = await notStarted({ config: { server: { prot: 1 } } })
  const help = await golive.cli('tenant', 'create', '--help')
  expect(help.code).toBe(0)
  expect(help.stdout).toContain('Example:\n  $ golive tenant create acme')
  const typo = await golive.cli('tenant', 'crate', 'acme')
  expect(typo.code).toBe(2)
  expect(typo.stderr).toContain('(Did you mean create?)')
  const config = await golive.cli('status')
  expect(config.code).toBe(3)
  expect(config.stderr).toMatch(/golive\.config\.yaml:\d+: server\.prot: no such key/)
  expect(config.stderr).not.toContain('    at ')
})

test('tenants and keys are made without a server, and the server then knows them', async () => {
  await using golive = await notStarted()
  const made = await golive.cli('tenant', 'create', 'acme', '--name', 'Acme Inc.', '--json')
  expect(made.code).toBe(0)
  expect(made.json).toMatchObject({ slug: 'acme', name: 'Acme Inc.', status: 'active' })
  const key = await golive.cli('key', 'create', 'acme', '--label', 'staging', '--json')
  expect(key.json).toMatchObject({ label: 'staging' })
  const again = await golive.cli('tenant', 'create', 'acme')
  expect(again.code).toBe(1)
  expect(again.stderr).toContain('acme')

  await golive.restartProcess()
  for (const credentials of [made.json, key.json]) {
    const { status } = await new TenantClient(golive.url, credentials).call('GET', '/me')
    expect(status).toBe(200)
  }
})

test('tenants made at the same time without a server are all made', async () => {
  await using golive = await notStarted()
  const slugs = ['a1', 'a2', 'a3', 'a4']
  const codes = await Promise.all(
    slugs.map(async (slug) => (await golive.cli('tenant', 'create', slug)).code),
  )
  expect(codes).toEqual([0, 0, 0, 0])
  const { json } = await golive.cli('tenant', 'list', '--json')
  expect(json.data.map((one: { slug: string }) => one.slug).sort()).toEqual(slugs)
})

test('without a server what needs one is exit code 69, says how to start it, changes nothing', async () => {
  await using golive = await notStarted()
  await golive.cli('tenant', 'create', 'acme')
  for (const argv of [
    ['status'],
    ['restart'],
    ['stop'],
    ['tenant', 'delete', 'acme', '--yes'],
    ['tenant', 'deactivate', 'acme', '--yes'],
    ['tenant', 'activate', 'acme'],
    ['room', 'list', 'acme'],
    ['room', 'show', 'acme', 'standup'],
    ['token', 'acme', 'standup', '--identity', 'alice'],
  ]) {
    const { code, stdout, stderr } = await golive.cli(...argv)
    expect({ argv, code, stdout }).toEqual({ argv, code: 69, stdout: '' })
    expect(stderr).toContain('Start it with: golive serve')
  }
  expect((await golive.cli('tenant', 'show', 'acme', '--json')).json.status).toBe('active')
  expect(pidsFrom(golive.folder)).toEqual([])
})

test('a secret is printed where it is made and never again', async () => {
  await using golive = await startGolive()
  const made = await golive.cli('tenant', 'create', 'acme')
  expect(made.stdout).toMatch(SECRET)
  const { api_key } = (await golive.cli('key', 'list', 'acme', '--json')).json.data[0]
  for (const argv of [
    ['tenant', 'list'],
    ['tenant', 'show', 'acme'],
    ['key', 'list', 'acme'],
    ['key', 'list', 'acme', '--json'],
    ['status', '--json'],
  ]) {
    const { code, stdout, stderr } = await golive.cli(...argv)
    expect(code).toBe(0)
    expect(stdout + stderr).not.toMatch(SECRET)
  }
  const rotated = await golive.cli('key', 'rotate', 'acme', api_key, '--json')
  expect(rotated.code).toBe(0)
  expect(made.stdout).not.toContain(rotated.json.api_secret)
  expect(rotated.json.previous_secret).not.toBeNull()
  expect(golive.log.text()).not.toMatch(SECRET)
})

test('a token command makes the room, and its link is this server with the token in the fragment', async () => {
  await using golive = await startGolive()
  const acme = await golive.tenant('acme')
  const words = ['token', 'acme', 'standup', '--identity', 'alice', '--name', 'Alice']
  const none = await golive.cli(...words)
  expect(none.code).toBe(1)
  expect(none.stderr).toContain('standup')
  expect(none.stderr).toContain('Add --create-room')
  for (let round = 0; round < 2; round++) {
    const { code, stdout } = await golive.cli(...words, '--create-room', '--link')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/call#token=[\w.-]+\n$/)
    expect(stdout).toStartWith(`${golive.url}/call`)
  }
  const { json } = await golive.cli(...words, '--ttl', '60', '--json')
  expect(json).toMatchObject({ identity: 'alice', expires_in: 60, room: 'acme__standup' })
  expect((await acme.call('GET', '/rooms/standup')).status).toBe(200)
  const list = await golive.cli('room', 'list', 'acme', '--json')
  expect(list.json.data).toMatchObject([{ name: 'standup', participants_now: 0 }])
  const show = await golive.cli('room', 'show', 'acme', 'standup')
  expect(show.stdout).toContain('Nobody is in it.')
  const bad = await golive.cli(...words, '--ttl', '59')
  expect(bad.code).toBe(1)
  expect(bad.stderr).toContain('ttl_seconds')
})

test('a token that is piped in is told whether it would be let in, and why not', async () => {
  await using golive = await startGolive()
  const acme = await golive.tenant('acme')
  await acme.createRoom('standup')
  const { token } = await acme.mint('standup', 'alice', { can_publish_sources: ['microphone'] })
  const good = await piping(golive, `${token}\n`, 'token', 'inspect')
  expect(good.code).toBe(0)
  expect(good.stdout).toStartWith('Admitted: alice would be let into standup now.\n')
  expect(good.stdout).toMatch(/tenant +acme$/m)
  expect(good.stdout).toMatch(/expires +\d{4}-\d\d-\d\d \d\d:\d\d UTC \(in \d+ minutes\)$/m)
  expect(good.stdout).toMatch(/may +publish microphone; see and hear others; send data$/m)
  await acme.call('PATCH', '/rooms/standup', { locked: true })
  const locked = await piping(golive, token, 'token', 'inspect')
  expect(locked.code).toBe(0)
  expect(locked.stdout).toStartWith('Not admitted: this room is locked')
  expect(locked.stdout).toContain('(room_locked)')
  const forged = await piping(golive, `${token}x`, 'token', 'inspect', '--json')
  expect(JSON.parse(forged.stdout)).toMatchObject({ claims: null, code: 'token_invalid' })
  for (const output of [good, locked, forged])
    expect(output.stdout + output.stderr).not.toContain(token)
  expect(golive.log.text()).not.toContain(token)
})

test('a token is asked for on a terminal and not shown, however long, and never taken as an argument', async () => {
  await using golive = await startGolive()
  const acme = await golive.tenant('acme')
  await acme.createRoom('standup')
  const { token } = await acme.mint('standup', 'alice', { metadata: 'x'.repeat(8000) })
  const question = 'press Enter'
  const pasted = await answering(golive, { question, answer: `${token}\r` }, 'token', 'inspect')
  expect(pasted.shown).not.toContain(token.slice(0, 20))
  expect(pasted.shown).toContain('Admitted: alice would be let into standup now.')
  expect(pasted.code).toBe(0)
  for (const answer of ['\r', '\x03', '\x04']) {
    const left = await answering(golive, { question, answer }, 'token', 'inspect')
    expect([answer, left.code]).toEqual([answer, 2])
    expect(left.shown).toContain('no token was given')
  }
  expect((await golive.cli('token', 'inspect')).code).toBe(2)
  const given = await golive.cli('token', 'inspect', token)
  expect(given.code).toBe(2)
  expect(given.stderr).not.toContain(token)
})

test('name and limits of a tenant are changed, also without a server, and what is not named stays', async () => {
  await using golive = await notStarted()
  await golive.cli('tenant', 'create', 'acme', '--name', 'Acme')
  const update = (...words: string[]) => golive.cli('tenant', 'update', 'acme', ...words, '--json')
  const minutes = ['--participant-minutes-per-month', '600', '--participant-minutes-hard', 'yes']
  expect((await update(...minutes, '--max-rooms', '3')).json).toMatchObject({
    name: 'Acme',
    limits: {
      max_rooms: 3,
      participant_minutes_per_month: 600,
      participant_minutes_hard: true,
      max_participants_per_room: 100,
    },
  })
  const back = ['--participant-minutes-per-month', 'default', '--participant-minutes-hard', 'no']
  expect((await update(...back, '--name', '')).json).toMatchObject({
    name: null,
    limits: { max_rooms: 3, participant_minutes_per_month: null, participant_minutes_hard: false },
  })
  const shown = (await golive.cli('tenant', 'show', 'acme')).stdout
  expect(shown).toMatch(/participant minutes hard +no$/m)
  for (const wrong of [[], ['--participant-minutes-hard', 'maybe'], ['--max-rooms', '-1']]) {
    const { code, stderr } = await update(...wrong)
    expect([wrong, code]).toEqual([wrong, 2])
    expect(stderr).not.toBeEmpty()
  }
})

test('what loses something is asked for first, and without a terminal needs --yes', async () => {
  await using golive = await startGolive()
  const { api_key } = await golive.tenantKey('acme')
  const destructive = [
    ['tenant', 'delete', 'acme'],
    ['tenant', 'deactivate', 'acme'],
    ['key', 'delete', 'acme', api_key],
  ]
  for (const argv of destructive) {
    const { code, stderr } = await golive.cli(...argv)
    expect({ argv, code }).toEqual({ argv, code: 2 })
    expect(stderr).toContain('--yes')
    for (const answer of ['n\r', '\r', '\x04']) {
      const refused = await onTerminal(golive, answer, ...argv)
      expect(refused.code).toBe(1)
      expect(refused.shown).toContain(argv.at(-1) as string)
      expect(refused.shown).toContain('nothing was changed')
    }
  }
  expect((await golive.cli('tenant', 'show', 'acme', '--json')).json.status).toBe('active')
  const unknown = await onTerminal(golive, 'y\r', 'tenant', 'delete', 'nobody')
  expect(unknown.code).toBe(1)
  expect(unknown.shown).not.toContain('[y/N]')

  await golive.cli('key', 'create', 'acme')
  expect((await golive.cli('key', 'delete', 'acme', api_key, '--yes')).code).toBe(0)
  expect((await golive.cli('tenant', 'deactivate', 'acme', '--yes')).code).toBe(0)
  expect((await golive.cli('tenant', 'activate', 'acme')).code).toBe(0)
  expect((await onTerminal(golive, 'y\r', 'tenant', 'delete', 'acme')).code).toBe(0)
  expect((await golive.cli('tenant', 'show', 'acme')).code).toBe(1)
})

test('restart answers when the server is back: same process, same livekit-server', async () => {
  await using golive = await startGolive()
  const livekit = golive.livekitPid()
  const { pid } = golive
  const { code, stdout, stderr } = await golive.cli('restart')
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toContain(`livekit-server ran on (pid ${livekit})`)
  expect((await fetch(`${golive.url}/readyz`)).status).toBe(200)
  expect(golive.livekitPid()).toBe(livekit)
  expect({ pid: golive.pid, running: golive.running }).toEqual({ pid, running: true })
  const { livekit: child } = await golive.status()
  expect(child).toMatchObject({ pid: livekit, adopted: true, state: 'running' })
  const again = await golive.cli('restart', '--json')
  expect(again.json.livekit.pid).toBe(livekit)
})

test('restart tells how many calls went on', async () => {
  await using golive = await startGolive()
  const acme = await golive.tenant('acme')
  await acme.createRoom('daily')
  await using anna = new NodePerson()
  await anna.join(await acme.mint('daily', 'anna'))
  const { code, stdout } = await golive.cli('restart')
  expect(code).toBe(0)
  expect(stdout).toContain('1 call with 1 person went on')
})

test('stop answers when all is gone, and a server can start at once', async () => {
  await using golive = await startGolive()
  const { code, stdout } = await golive.cli('stop')
  expect(code).toBe(0)
  expect(stdout).toContain('no calls were running')
  expect(pidsFrom(join(golive.dataDir, 'livekit'))).toEqual([])
  expect((await golive.cli('status')).code).toBe(69)
  await until('the process has ended', () => !golive.running)
  await golive.restartProcess()
})

test('status tells the server, livekit-server and the calls, for people and for programs', async () => {
  await using golive = await startGolive()
  const { code, stdout } = await golive.cli('status')
  expect(code).toBe(0)
  expect(stdout).toContain(`is up at ${golive.url}`)
  expect(stdout).toContain(`pid ${golive.livekitPid()}`)
  expect(stdout).toContain('0 calls with 0 people')
  expect(stdout).not.toMatch(/null|undefined|NaN/)
  const { json } = await golive.cli('status', '--json')
  expect(json.version).toMatch(/^\d+\.\d+\.\d+$/)
  expect(json.livekit).toMatchObject({ state: 'running', restarts: 0, pid: golive.livekitPid() })
})

test('after the server was killed, tenants can be listed although its socket is still there', async () => {
  await using golive = await startGolive()
  await golive.tenantKey('acme')
  await golive.kill('SIGKILL')
  expect(readdirSync(golive.dataDir)).toContain('golive.sock')
  expect((await golive.cli('tenant', 'list')).stdout).toContain('acme')
  expect((await golive.cli('status')).code).toBe(69)
})

test('a port that is taken is exit code 3 with the port and who holds it', async () => {
  await using golive = await notStarted()
  using _ = Bun.listen({ hostname: '127.0.0.1', port: golive.port, socket: { data: () => {} } })
  const { code, stderr } = await golive.cli('serve')
  expect(code).toBe(3)
  expect(stderr).toContain(String(golive.port))
  expect(stderr).toContain(`pid ${process.pid}`)
  expect(stderr).not.toContain('    at ')
  expect(pidsFrom(golive.folder)).toEqual([])
})

test('a second server on the same data dir is exit code 3, names the first and leaves it alone', async () => {
  await using golive = await startGolive()
  const livekit = golive.livekitPid()
  const { code, stderr } = await golive.cli('serve')
  expect(code).toBe(3)
  expect(stderr).toContain(`${golive.pid}`)
  expect(stderr).toContain(golive.dataDir)
  expect((await golive.status()).livekit.pid).toBe(livekit)
})

test.skipIf(process.getuid?.() !== 0)(
  'commands run as root leave nothing that the owner of the data dir cannot use',
  async () => {
    await using golive = await notStarted({ user: NOBODY })
    mkdirSync(golive.dataDir, { mode: 0o700 })
    Bun.spawnSync(['chown', `${NOBODY}:${NOBODY}`, golive.dataDir])
    const asRoot = (...args: string[]) =>
      Bun.spawnSync(
        [executable(), '--config', join(golive.folder, 'golive.config.yaml'), ...args],
        { cwd: golive.folder, env: { PATH: process.env.PATH } },
      )
    const made = asRoot('tenant', 'create', 'acme', '--json')
    expect(made.exitCode).toBe(0)
    const files = readdirSync(golive.dataDir, { recursive: true, encoding: 'utf8' })
    expect(files).toContain('golive.db')
    for (const file of files) {
      expect({ file, uid: statSync(join(golive.dataDir, file)).uid }).toEqual({ file, uid: NOBODY })
    }
    await golive.restartProcess()
    const credentials = JSON.parse(made.stdout.toString())
    expect((await new TenantClient(golive.url, credentials).call('GET', '/me')).status).toBe(200)
    expect(asRoot('status').exitCode).toBe(0)
    expect((await golive.cli('status')).code).toBe(0)
  },
)

test('a command in the moment of the start keeps neither itself nor the server from working', async () => {
  for (let round = 0; round < 5; round++) {
    await using golive = await notStarted()
    await golive.spawn()
    const { code, stderr } = await golive.cli('tenant', 'create', 'acme')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    await golive.ready()
    expect((await golive.cli('tenant', 'show', 'acme')).code).toBe(0)
  }
})
