import { afterEach, beforeEach, expect, setDefaultTimeout, test } from 'bun:test'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'yaml'
import { executable, startGolive } from '../support/golive.ts'
import { within } from '../support/wait.ts'

setDefaultTimeout(60_000)

const NOBODY = 65534
const LINK = /\/ui\/#link=[\w-]{40,}/
const AS_ROOT = process.getuid?.() === 0
const ALL = ['--email', 'help@example.com', '--admin', 'ops@example.com']

let folder: string
let config: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'golive-setup-'))
  config = join(folder, 'golive.config.yaml')
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** Runs golive in the folder, with nobody to answer questions. */
const golive = (...args: string[]) => {
  const { exitCode, stdout, stderr } = Bun.spawnSync([executable(), ...args], {
    cwd: folder,
    env: { PATH: process.env.PATH },
    stdin: 'ignore',
  })
  return { code: exitCode, stdout: stdout.toString(), stderr: stderr.toString() }
}

/** Runs golive on a terminal; each answer is typed once its question is shown. */
const onTerminal = async (answers: [question: string, keys: string][], ...args: string[]) => {
  let shown = ''
  const left = [...answers]
  const child = Bun.spawn([executable(), ...args], {
    cwd: folder,
    env: { PATH: process.env.PATH, TERM: 'xterm', NO_COLOR: '1' },
    terminal: {
      data: (terminal, bytes) => {
        shown += new TextDecoder().decode(bytes)
        const [next] = left
        if (!next || !shown.includes(next[0])) return
        left.shift()
        terminal.write(next[1])
      },
    },
  })
  const code = await within('the set-up to end', 30_000, child.exited)
  return { code, shown, unasked: left.map(([question]) => question) }
}

const ERASE = '\x7f'.repeat(60)
const admins = () => JSON.parse(golive('admin', 'list', '--json').stdout).data

test('without a terminal flags answer everything: configuration, secrets, database, first admin', () => {
  const { code, stdout, stderr } = golive('setup', ...ALL, '--port', '8081', '--data-dir', 'here')
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(parse(readFileSync(config, 'utf8'))).toEqual({
    data_dir: join(folder, 'here'),
    server: { port: 8081 },
    admin: { operator_contact: 'help@example.com' },
  })
  expect(readdirSync(join(folder, 'here'))).toEqual(
    expect.arrayContaining(['golive.db', 'master.key']),
  )
  expect(statSync(join(folder, 'here')).mode & 0o777).toBe(0o700)
  expect(admins()).toMatchObject([{ email: 'ops@example.com', has_password: false }])
  expect(stdout).toContain('open nothing')
  expect(stdout).toContain('golive admin reset ops@example.com')
  expect(stdout).not.toMatch(LINK)
})

test('without a terminal a missing answer is exit code 2, names its flag, and leaves nothing behind', () => {
  for (const [given, named] of [
    [[], ['--email', '--admin']],
    [['--email', 'help@example.com'], ['--admin']],
    [['--admin', 'ops@example.com', '--port', '8081'], ['--email']],
  ] as const) {
    const { code, stdout, stderr } = golive('setup', ...given)
    expect({ given, code, stdout }).toEqual({ given, code: 2, stdout: '' })
    expect(stderr).toContain(`give ${named.join(' and ')}\n`)
  }
  expect(readdirSync(folder)).toEqual([])
})

test('a wrong answer is exit code 2, names its flag, and leaves nothing behind', () => {
  for (const [wrong, named] of [
    [['--port', '70000'], '--port'],
    [['--port', 'http'], '--port'],
    [['--public-url', 'live.example.com'], '--public-url'],
    [['--email', 'nobody'], '--email'],
    [['--admin', 'nobody'], '--admin'],
    [['--data-dir', ''], '--data-dir'],
    [['--port', '7880'], 'livekit.signal_port'],
  ] as const) {
    const { code, stderr } = golive('setup', ...ALL, ...wrong)
    expect({ wrong, code }).toEqual({ wrong, code: 2 })
    expect(stderr).toContain(`golive: ${named}: expected`)
  }
  expect(readdirSync(folder)).toEqual([])
})

test('a configuration that was wrong before is exit code 3 and stays as it is', () => {
  writeFileSync(config, 'server:\n  prot: 1\n')
  const { code, stderr } = golive('setup', ...ALL)
  expect(code).toBe(3)
  expect(stderr).toContain('golive.config.yaml:2: server.prot: no such key')
  expect(readdirSync(folder)).toEqual(['golive.config.yaml'])
  expect(readFileSync(config, 'utf8')).toBe('server:\n  prot: 1\n')
})

test('a way of being reached is one flag and what belongs to it; one address serves all who need one', () => {
  const email = ['--email', 'ops@example.com']
  const admin = { operator_contact: 'ops@example.com' }
  const ca = { email: 'ops@example.com' }
  for (const [flags, expected] of [
    [
      ['--domain', 'Live.Example.com'],
      { tls: { mode: 'domain', domain: 'live.example.com', ...ca }, admin },
    ],
    [['--tls-mode', 'ip'], { tls: { mode: 'ip', ...ca }, admin }],
    [
      ['--domain', '203.0.113.10'],
      { tls: { mode: 'ip', ...ca }, livekit: { node_ip: '203.0.113.10' }, admin },
    ],
    [
      ['--tls-mode', 'internal', '--domain', 'golive.lan'],
      { tls: { mode: 'internal', domain: 'golive.lan' }, admin },
    ],
    [
      [
        '--tls-mode',
        'files',
        '--domain',
        'a.example',
        '--cert-file',
        'c.pem',
        '--key-file',
        '/k.pem',
      ],
      {
        tls: {
          mode: 'files',
          domain: 'a.example',
          cert_file: join(folder, 'c.pem'),
          key_file: '/k.pem',
        },
        admin,
      },
    ],
    [
      [
        '--tls-mode',
        'proxy',
        '--public-url',
        'https://a.example',
        '--trusted-proxies',
        '::1, 10.0.0.0/8',
      ],
      {
        tls: { mode: 'proxy' },
        server: { public_url: 'https://a.example', trusted_proxies: ['::1', '10.0.0.0/8'] },
        admin,
      },
    ],
  ] as const) {
    const { code, stdout } = golive('setup', ...email, ...flags, '--json')
    expect({ flags, code }).toEqual({ flags, code: 0 })
    const { data_dir: _, ...written } = parse(readFileSync(config, 'utf8'))
    expect(written).toEqual(expected)
    const result = JSON.parse(stdout)
    const isFront = expected.tls.mode !== 'proxy'
    expect(result.ports_to_open).toEqual([
      ...(isFront ? ['443/tcp', '80/tcp'] : []),
      ...['7881/tcp', '7882/udp', '3478/udp'],
    ])
    expect(result.ports_to_keep_closed).toEqual(isFront ? ['5349/tcp'] : [])
    expect(result).toMatchObject({ admin: 'ops@example.com', service: null, doctor: null })
    rmSync(config)
    rmSync(join(folder, 'data'), { recursive: true })
  }
})

test('what a way of being reached lacks is exit code 2 and named by its flag', () => {
  const email = ['--email', 'ops@example.com']
  for (const [flags, named] of [
    [['--domain', 'live.example.com'], 'give --email'],
    [['--domain', 'live', ...email], '--domain: expected a public host name'],
    [['--domain', 'https://live.example.com', ...email], '--domain: expected a host name'],
    [['--tls-mode', 'domain', ...email], '--domain: expected'],
    [['--tls-mode', 'tls', ...email], '--tls-mode: expected'],
    [['--tls-mode', 'internal', ...email], '--domain: expected'],
    [['--tls-mode', 'files', '--domain', 'a.example', ...email], '--cert-file: expected'],
    [['--tls-mode', 'proxy', ...email], '--public-url: expected'],
    [
      ['--tls-mode', 'proxy', '--public-url', 'https://a.example', ...email],
      '--trusted-proxies: expected',
    ],
    [
      ['--domain', 'a.example', '--public-url', 'https://b.example', ...email],
      '--public-url: expected the host a.example',
    ],
  ] as const) {
    const { code, stderr } = golive('setup', ...flags)
    expect({ flags, code }).toEqual({ flags, code: 2 })
    expect(stderr).toContain(`golive: ${named.startsWith('give') ? '' : named}`)
    expect(stderr).toContain(named)
  }
  expect(readdirSync(folder)).toEqual([])
})

test('another certificate authority and its root are two flags, and stay until they do nothing', () => {
  const authority = 'https://ca.example.lan/acme/directory'
  const named = ['--acme-directory', authority, '--acme-root', 'root.pem']
  const first = golive('setup', '--domain', 'live.example.com', '--email', 'a@b.example', ...named)
  expect(first.code).toBe(0)
  const tls = () => parse(readFileSync(config, 'utf8')).tls
  expect(tls()).toMatchObject({ acme_directory: authority, acme_root: join(folder, 'root.pem') })
  expect(golive('setup', '--email', 'c@d.example').code).toBe(0)
  expect(tls()).toMatchObject({ acme_directory: authority, acme_root: join(folder, 'root.pem') })
  const wrong = golive('setup', '--acme-directory', 'ca.example.lan')
  expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('--acme-directory: ')])
  expect(golive('setup', '--tls-mode', 'internal', '--domain', 'golive.lan').code).toBe(0)
  expect(tls()).toMatchObject({ mode: 'internal', acme_root: null })
})

test('going from one way of being reached to another takes along what would do nothing there', () => {
  golive('setup', ...ALL, '--public-url', 'http://127.0.0.1:9999')
  expect(golive('setup', '--domain', 'live.example.com').code).toBe(0)
  const served = parse(readFileSync(config, 'utf8'))
  expect(served.tls).toEqual({
    mode: 'domain',
    domain: 'live.example.com',
    email: 'help@example.com',
  })
  expect(served.server.public_url).toBeNull()
  expect(golive('setup', '--email', 'desk@example.com').code).toBe(0)
  expect(parse(readFileSync(config, 'utf8'))).toMatchObject({
    tls: { email: 'desk@example.com' },
    admin: { operator_contact: 'desk@example.com' },
  })
  expect(golive('setup', '--tls-mode', 'localhost').code).toBe(0)
  expect(parse(readFileSync(config, 'utf8')).tls).toEqual({
    mode: 'localhost',
    domain: null,
    email: null,
  })
  expect(admins()).toHaveLength(1)
})

test('on a terminal a host name leaves out the questions that it answers', async () => {
  const { code, shown, unasked } = await onTerminal(
    [
      ['Which folder', '\r'],
      ['Under which host name', 'live.example.com\r'],
      ['may tenants write to', 'ops@example.com\r'],
      ['first admin', '\r'],
    ],
    'setup',
  )
  expect({ code, unasked }).toEqual({ code: 0, unasked: [] })
  expect(shown).not.toContain('On which port')
  expect(shown).toContain('https://live.example.com/ui/#link=')
  expect(parse(readFileSync(config, 'utf8'))).toMatchObject({
    tls: { mode: 'domain', domain: 'live.example.com', email: 'ops@example.com' },
  })
})

test('when the data dir cannot be used, no configuration is written and no folder is left', () => {
  writeFileSync(join(folder, 'file'), '')
  const { code } = golive(
    'setup',
    ...ALL,
    '--data-dir',
    'file/data',
    '--config',
    'etc/golive/c.yaml',
  )
  expect(code).not.toBe(0)
  expect(readdirSync(folder)).toEqual(['file'])
})

test('a second run changes what was asked and nothing else, and no secret', () => {
  golive('setup', ...ALL)
  const text = `# ours\n${readFileSync(config, 'utf8')}  allow_cidrs: [] # all\n`
  writeFileSync(config, text)
  chmodSync(config, 0o640)
  const key = readFileSync(join(folder, 'data/master.key'), 'utf8')
  golive('tenant', 'create', 'acme')

  const same = golive('setup', ...ALL)
  expect(same.code).toBe(0)
  expect(same.stdout).toContain('(unchanged)')
  expect(same.stdout).toContain('was there already')
  expect(readFileSync(config, 'utf8')).toBe(text)

  const other = golive('setup', '--email', 'desk@example.com')
  expect(other.code).toBe(0)
  expect(readFileSync(config, 'utf8')).toBe(text.replace('help@', 'desk@'))
  expect(statSync(config).mode & 0o777).toBe(0o640)
  expect(readFileSync(join(folder, 'data/master.key'), 'utf8')).toBe(key)
  expect(admins()).toHaveLength(1)
  expect(golive('tenant', 'show', 'acme').code).toBe(0)

  expect(golive('setup', '--admin', 'second@example.com').code).toBe(0)
  expect(admins().map((one: { email: string }) => one.email)).toEqual(
    expect.arrayContaining(['ops@example.com', 'second@example.com']),
  )
  expect(readdirSync(folder).sort()).toEqual(['data', 'golive.config.yaml'])
})

test('on a terminal everything is asked, and the sign-in link is shown', async () => {
  const { code, shown, unasked } = await onTerminal(
    [
      ['Which folder', '\r'],
      ['Under which host name', '\r'],
      ['On which port', `${ERASE}8082\r`],
      ['http://127.0.0.1:8082', '\r'],
      ['may tenants write to', 'nobody\r'],
      ['expected an e', `${ERASE}help@example.com\r`],
      ['first admin', `${ERASE}ops@example.com\r`],
    ],
    'setup',
  )
  expect({ code, unasked }).toEqual({ code: 0, unasked: [] })
  expect(shown).toMatch(LINK)
  expect(shown).toContain('http://127.0.0.1:8082/ui/#link=')
  expect(parse(readFileSync(config, 'utf8'))).toEqual({
    data_dir: join(folder, 'data'),
    server: { port: 8082 },
    admin: { operator_contact: 'help@example.com' },
  })
  expect(admins()).toMatchObject([{ email: 'ops@example.com' }])
  const before = readFileSync(config, 'utf8')
  const again = await onTerminal([], 'setup', '--port', '8082')
  expect({ code: again.code, shown: again.shown.includes('Which') }).toEqual({
    code: 0,
    shown: false,
  })
  expect(readFileSync(config, 'utf8')).toBe(before)
})

test('who walks away from a question leaves nothing behind', async () => {
  const { code, shown } = await onTerminal(
    [
      ['Which folder', '\r'],
      ['Under which host name', '\r'],
      ['On which port', '\x03'],
    ],
    'setup',
  )
  expect(code).toBe(1)
  expect(shown).toContain('nothing was changed')
  expect(readdirSync(folder)).toEqual([])
})

test('a flag that the environment overrules is refused', () => {
  const { exitCode, stderr } = Bun.spawnSync([executable(), 'setup', ...ALL, '--port', '8081'], {
    cwd: folder,
    env: { PATH: process.env.PATH, GOLIVE_SERVER_PORT: '8090' },
    stdin: 'ignore',
  })
  expect(exitCode).toBe(2)
  expect(stderr.toString()).toContain('GOLIVE_SERVER_PORT')
  expect(readdirSync(folder)).toEqual([])
})

test('while a server runs the set-up goes through it, and says how the change takes effect', async () => {
  await using server = await startGolive()
  const { code, stdout, stderr } = await server.cli('setup', ...ALL)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toContain('golive restart')
  expect((await server.cli('restart')).code).toBe(0)
  const { json } = await server.cli('admin', 'list', '--json')
  expect(json.data).toMatchObject([{ email: 'ops@example.com' }])
  const audit = await server.cli('audit', '--action', 'admin.created', '--json')
  expect(audit.json.data).toMatchObject([{ target: 'ops@example.com', action: 'admin.created' }])
  expect(audit.json.data[0].actor).toStartWith('local:')
  expect((await server.cli('audit', '--limit', '1')).stdout).toContain('ACTION')
})

test('a sign-in link goes to a terminal only, unless a script asks for it by name', async () => {
  golive('setup', ...ALL)
  for (const argv of [
    ['admin', 'create', 'second@example.com'],
    ['admin', 'reset', 'ops@example.com', '--json'],
  ]) {
    const { code, stdout, stderr } = golive(...argv)
    expect({ argv, code, stdout }).toEqual({ argv, code: 2, stdout: '' })
    expect(stderr).toContain('--print-link')
  }
  expect(admins()).toHaveLength(1)
  expect(golive('admin', 'reset', 'ops@example.com', '--print-link').stdout).toMatch(LINK)
  const shown = await onTerminal([], 'admin', 'create', 'second@example.com')
  expect(shown.code).toBe(0)
  expect(shown.shown).toMatch(LINK)
  expect(golive('admin', 'list').stdout).not.toMatch(LINK)
  expect(golive('admin', 'reset', 'nobody@example.com', '--print-link').code).toBe(1)
})

test.skipIf(!AS_ROOT)(
  "as root the data stays its owner's, and the configuration is root's and readable",
  () => {
    const data = join(folder, 'data')
    const etc = join(folder, 'etc/golive/golive.config.yaml')
    mkdirSync(data, { mode: 0o700 })
    chownSync(data, NOBODY, NOBODY)
    chmodSync(folder, 0o755)
    const { code, stderr } = golive('setup', ...ALL, '--data-dir', data, '--config', etc)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    for (const file of readdirSync(data)) {
      expect({ file, uid: statSync(join(data, file)).uid }).toEqual({ file, uid: NOBODY })
    }
    expect(statSync(etc)).toMatchObject({ uid: 0, mode: 0o100644 })
    expect(statSync(join(data, 'master.key')).mode & 0o777).toBe(0o600)
    expect(golive('--config', etc, 'setup', '--port', '8083').code).toBe(0)
    expect(existsSync(join(folder, 'golive.config.yaml'))).toBe(false)
  },
)

test('a configuration that cannot be written is told in a sentence, and no data dir is made', () => {
  writeFileSync(join(folder, 'etc'), '')
  const { code, stderr } = golive('setup', ...ALL, '--config', 'etc/golive.config.yaml')
  expect(code).toBe(1)
  expect(stderr).toContain('cannot write this config file')
  expect(readdirSync(folder)).toEqual(['etc'])
})
