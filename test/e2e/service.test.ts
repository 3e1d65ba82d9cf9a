import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { executable, startGolive } from '../support/golive.ts'
import { canBootSystemd, type Ran, Systemd, unitText } from '../support/systemd.ts'
import { until } from '../support/wait.ts'

setDefaultTimeout(120_000)

/** In tenths, as systemd-analyze takes it: 1.6 is what the unit has, 10 is a unit that says nothing. */
const MOST_EXPOSED = 20
const SUPERVISED = Bun.which('systemd-analyze') !== null

const golive = (env: Record<string, string>, ...args: string[]): Ran => {
  const { exitCode, stdout, stderr } = Bun.spawnSync([executable(), ...args], {
    env: { PATH: process.env.PATH, ...env },
    stdin: 'ignore',
  })
  return { code: exitCode, stdout: stdout.toString(), stderr: stderr.toString() }
}

describe.skipIf(!SUPERVISED)('the unit', () => {
  const folder = mkdtempSync(join(tmpdir(), 'golive-unit-'))
  const file = join(folder, 'golive.service')
  const analyze = (...args: string[]) => {
    const { exitCode, stdout, stderr } = Bun.spawnSync(['systemd-analyze', ...args, file])
    return { code: exitCode, said: stdout.toString() + stderr.toString() }
  }

  beforeAll(() => writeFileSync(file, unitText().replaceAll('/usr/local/bin/golive', executable())))
  afterAll(() => rmSync(folder, { recursive: true }))

  test('is one that systemd has nothing to say against', () => {
    expect(analyze('verify')).toEqual({ code: 0, said: '' })
  })

  test('leaves a golive that was taken over little to do harm with', () => {
    const { code, said } = analyze('security', '--offline=true', `--threshold=${MOST_EXPOSED}`)
    expect({ code, said: code === 0 ? '' : said }).toEqual({ code: 0, said: '' })
  })
})

test('where no systemd runs the machine, the service is refused in a sentence', () => {
  for (const command of ['install', 'uninstall', 'status']) {
    const { code, stdout, stderr } = golive({}, 'service', command)
    expect({ command, code, stdout }).toEqual({ command, code: 1, stdout: '' })
    expect(stderr).toStartWith('golive: systemd does not run this machine')
  }
  expect(golive({}, 'setup', '--service').code).toBe(1)
  expect(golive({}, 'service', '--help').stdout).not.toContain('reap')
})

test('the reaper ends what a killed golive left, only when golive was to stop, and never beside a server', async () => {
  await using server = await startGolive()
  const livekit = server.livekitPid()
  const reap = (env: Record<string, string>) => golive(env, 'service', 'reap', server.dataDir)
  expect(reap({ SERVICE_RESULT: 'timeout' }).code).toBe(3)
  await server.kill('SIGKILL')
  for (const env of [
    {},
    { SERVICE_RESULT: 'signal', EXIT_CODE: 'killed', EXIT_STATUS: 'KILL' },
    { SERVICE_RESULT: 'exit-code', EXIT_CODE: 'exited', EXIT_STATUS: '3' },
    { SERVICE_RESULT: 'success', EXIT_CODE: 'exited', EXIT_STATUS: '0' },
  ])
    expect(reap(env as Record<string, string>)).toEqual({ code: 0, stdout: '', stderr: '' })
  expect(server.livekitPid()).toBe(livekit)
  expect(reap({ SERVICE_RESULT: 'timeout' }).stdout).toBe(
    `golive: ended livekit-server (pid ${livekit})\n`,
  )
  expect(() => server.livekitPid()).toThrow('found 0')
  expect(reap({ SERVICE_RESULT: 'timeout' })).toEqual({ code: 0, stdout: '', stderr: '' })
  expect(golive({ SERVICE_RESULT: 'timeout' }, 'service', 'reap', '/nowhere').code).toBe(0)
})

describe.skipIf(!canBootSystemd())('on a machine that systemd runs', () => {
  let machine: Systemd

  beforeAll(async () => {
    machine = await Systemd.boot()
    await machine.shell('echo 203.0.113.10 live.example.test >> /etc/hosts')
  })
  afterAll(async () => machine?.[Symbol.asyncDispose]())

  const json = async (...args: string[]) =>
    JSON.parse((await machine.run('golive', ...args, '--json')).stdout)
  const livekitPid = async (): Promise<number> => (await json('status')).livekit.pid
  const processes = async () =>
    (await machine.run('pgrep', '--list-full', '--full', 'livekit-server|golive serve')).stdout
  const mainPid = async () => (await machine.shell('systemctl show golive -P MainPID')).trim()

  test('without a configuration nothing is installed, and it says how to make one', async () => {
    const { code, stderr } = await machine.run('/opt/golive', 'service', 'install')
    expect(code).toBe(1)
    expect(stderr).toContain('sudo golive setup --service')
    expect((await machine.run('id', 'golive')).code).toBe(1)
    expect((await machine.run('ls', '/usr/local/bin/golive')).code).not.toBe(0)
  })

  test('one command goes from nothing to a page served over HTTPS, and has all examined', async () => {
    const words = ['setup', '--domain', 'live.example.test', '--email', 'ops@example.com']
    const { code, stdout, stderr } = await machine.run('/opt/golive', ...words)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain('open 443/tcp, 80/tcp, 7881/tcp, 7882/udp, 3478/udp')
    expect(stdout).toContain('keep closed 5349/tcp')
    expect(stdout).toContain('golive admin reset ops@example.com')
    expect(stdout).toMatch(/^ok +Server .*live\.example\.test/m)
    expect(stdout).toMatch(/^ok +DNS /m)
    expect(stdout).toMatch(/^ok +Port 7882\/udp /m)
    const page = await machine.shell('curl -sk -w "%{http_code}" https://live.example.test/')
    expect(page).toEndWith('200')
    expect(await machine.shell('systemctl is-enabled golive')).toBe('enabled\n')
    expect(await machine.shell('stat -c "%U %G %a" /var/lib/golive')).toBe('golive golive 700\n')
    expect(await machine.shell('stat -c "%U %a" /etc/golive/golive.config.yaml')).toBe('root 644\n')
    expect(await machine.shell(`ps -o user= -p ${await mainPid()}`)).toBe('golive\n')
    expect(await machine.shell(`ps -o user= -p ${await livekitPid()}`)).toBe('golive\n')
  })

  test('a name that leads elsewhere is told before anything else, and hinders nothing', async () => {
    await machine.shell('echo 198.51.100.9 wrong.example.test >> /etc/hosts; mkdir /root/other')
    const words = ['setup', '--domain', 'wrong.example.test', '--email', 'ops@example.com']
    const place = ['--config', '/root/other/c.yaml', '--data-dir', '/root/other/data']
    const { code, stderr, stdout } = await machine.run('/opt/golive', ...words, ...place)
    expect(code).toBe(0)
    expect(stderr).toStartWith(
      'Warning: wrong.example.test leads to 198.51.100.9, which is not this',
    )
    expect(stderr).toContain('What to do: At your DNS provider: wrong.example.test. A 203.0.113.10')
    expect(stdout).toContain('Start the server with: golive serve --config /root/other/c.yaml')
    expect(await machine.shell('cat /etc/golive/golive.config.yaml')).not.toContain('wrong')
  })

  test('installing again changes nothing and ends nothing', async () => {
    const before = [await mainPid(), await livekitPid()]
    const { code, stdout } = await machine.run('/opt/golive', 'service', 'install', '--json')
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toEqual({
      program: 'unchanged',
      unit: 'unchanged',
      restart_needed: false,
    })
    expect([await mainPid(), await livekitPid()]).toEqual(before)
  })

  test('status says how systemd sees it and how it sees itself', async () => {
    const { stdout } = await machine.run('golive', 'service', 'status')
    expect(stdout).toContain('active (running)')
    expect(stdout).toContain('is up at https://live.example.test')
    expect(await json('service', 'status')).toMatchObject({
      installed: true,
      enabled: true,
      active_state: 'active',
      pid: Number(await mainPid()),
      server: { public_url: 'https://live.example.test' },
    })
  })

  test('an upgrade and golive restart keep livekit-server, and the process keeps its number', async () => {
    const before = [await mainPid(), await livekitPid()]
    await machine.shell('echo old > /tmp/old && mv /tmp/old /usr/local/bin/golive')
    const installed = await machine.run('/opt/golive', 'service', 'install', '--json')
    expect(JSON.parse(installed.stdout)).toMatchObject({ program: 'written', restart_needed: true })
    expect((await machine.run('golive', 'restart')).code).toBe(0)
    expect([await mainPid(), await livekitPid()]).toEqual(before)
    expect(await machine.shell(`readlink /proc/${before[0]}/exe`)).toBe('/usr/local/bin/golive\n')
  })

  test('a crash is followed by a new golive that takes livekit-server over', async () => {
    const [main, livekit] = [await mainPid(), await livekitPid()]
    await machine.shell('systemctl kill --signal=KILL --kill-who=main golive')
    await until('systemd has started another', async () => {
      const now = await mainPid()
      return now !== main && now !== '0' && (await json('status')).livekit.adopted
    })
    expect(await livekitPid()).toBe(livekit)
  })

  test('systemctl reload has it read the configuration again', async () => {
    const [main, livekit] = [await mainPid(), await livekitPid()]
    await machine.shell("printf 'log:\\n  level: debug\\n' >> /etc/golive/golive.config.yaml")
    await machine.shell('systemctl reload golive')
    await until('it was read', async () =>
      (await machine.shell('journalctl -u golive -o cat -n 20')).includes(
        '"applied":["log.level"]',
      ),
    )
    expect([await mainPid(), await livekitPid()]).toEqual([main, livekit])
  })

  test('systemctl restart and stop end everything, and stop leaves no process', async () => {
    const livekit = await livekitPid()
    await machine.shell('systemctl restart golive')
    await until('it serves again', async () => (await json('status')).livekit.state === 'running')
    expect(await livekitPid()).not.toBe(livekit)
    await machine.shell('systemctl stop golive')
    expect(await processes()).toBe('')
    expect((await machine.run('golive', 'service', 'status')).code).toBe(69)
  })

  test('a stop in the middle of golive restart, at whatever moment, leaves no process', async () => {
    const ask =
      'curl -s --unix-socket /var/lib/golive/golive.sock -X POST http://localhost/admin/restart'
    for (const seconds of ['0', '0.03', '0.06', '0.1', '0.15', '0.2', '0.3', '0.5']) {
      await machine.shell('systemctl start golive')
      await until('it serves', async () => (await json('status')).livekit.state === 'running')
      await machine.shell(`${ask} && sleep ${seconds} && systemctl stop golive`)
      expect({ seconds, left: await processes() }).toEqual({ seconds, left: '' })
    }
  })

  test('a golive that hangs is killed at the deadline, and livekit-server is ended all the same', async () => {
    // As good as one that hangs: it does not hear what it is told.
    const deaf = '[Service]\\nTimeoutStopSec=3\\nKillSignal=SIGURG\\n'
    const folder = '/run/systemd/system/golive.service.d'
    await machine.shell(`mkdir -p ${folder} && printf '${deaf}' > ${folder}/deaf.conf`)
    await machine.shell('systemctl daemon-reload && systemctl start golive')
    await until('it serves', async () => (await json('status')).livekit.state === 'running')
    await machine.shell('systemctl stop golive')
    expect(await processes()).toBe('')
    expect(await machine.shell('systemctl show golive -P Result')).toBe('timeout\n')
    expect(await machine.shell('journalctl -u golive -o cat')).toContain(
      'golive: ended livekit-server',
    )
    await machine.shell('rm -r /run/systemd/system/golive.service.d && systemctl daemon-reload')
  })

  test('a wrong configuration is no start and no loop, and install says what is wrong', async () => {
    await machine.shell('cp /etc/golive/golive.config.yaml /root/good')
    await machine.shell('echo "nope: 1" >> /etc/golive/golive.config.yaml')
    await machine.shell('systemctl start golive')
    await until('systemd gives up', async () =>
      (await machine.run('systemctl', 'is-failed', 'golive')).stdout.startsWith('failed'),
    )
    expect(await machine.shell('systemctl show golive -P NRestarts')).toBe('0\n')
    const wrong = await machine.run('golive', 'service', 'install')
    expect(wrong.code).toBe(3)
    expect(wrong.stderr).toContain('nope: no such key')
    await machine.shell('cp /root/good /etc/golive/golive.config.yaml')
  })

  test('a port that is taken is named, with who holds it', async () => {
    await machine.shell(
      'systemd-run --unit=squatter python3 -m http.server 443 --bind 203.0.113.10',
    )
    await until(
      'it is taken',
      async () => (await machine.run('curl', '-s', 'http://203.0.113.10:443')).code === 0,
    )
    const { code, stderr } = await machine.run('golive', 'service', 'install')
    expect(code).toBe(1)
    expect(stderr).toMatch(/does not start: .*443 is taken/)
    await machine.shell('systemctl stop squatter')
    expect((await machine.run('golive', 'service', 'install')).code).toBe(0)
  })

  test('uninstall ends it and takes it from systemd; data, configuration and accounts stay', async () => {
    const { code, stdout } = await machine.run('golive', 'service', 'uninstall')
    expect(code).toBe(0)
    expect(stdout).toContain('stays: /var/lib/golive')
    expect(await processes()).toBe('')
    expect((await machine.run('systemctl', 'cat', 'golive')).code).not.toBe(0)
    expect((await json('admin', 'list')).data).toMatchObject([{ email: 'ops@example.com' }])
    expect((await machine.run('golive', 'service', 'uninstall')).stdout).toContain('no service')
    expect((await machine.run('/opt/golive', 'service', 'install')).code).toBe(0)
    expect((await json('status')).public_url).toBe('https://live.example.test')
  })
})
