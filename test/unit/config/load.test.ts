import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ConfigError, envName, leaves, loadConfig } from '../../../src/config/load.ts'
import { configSchema } from '../../../src/config/schema.ts'

const before = process.cwd()
let folder: string
let file: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'golive-config-'))
  file = join(folder, 'given.yaml')
  process.chdir(folder)
})

afterEach(() => {
  process.chdir(before)
  rmSync(folder, { recursive: true })
})

const load = (text: string, env: Record<string, string> = {}) => {
  writeFileSync(file, text)
  return loadConfig(file, env)
}

const refusal = (text: string, env: Record<string, string> = {}): string => {
  try {
    load(text, env)
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError)
    return (error as Error).message.replaceAll(file, 'FILE')
  }
  throw new Error('was accepted')
}

describe('where the configuration comes from', () => {
  test('the flag wins over GOLIVE_CONFIG, which wins over the working directory', () => {
    for (const name of ['flag', 'env', 'golive.config']) {
      writeFileSync(`${name}.yaml`, `admin: { operator_contact: ${name} }`)
    }
    const contact = (flag?: string, env = {}) => loadConfig(flag, env).admin.operator_contact
    expect(contact('flag.yaml', { GOLIVE_CONFIG: 'env.yaml' })).toBe('flag')
    expect(contact(undefined, { GOLIVE_CONFIG: 'env.yaml' })).toBe('env')
    expect(contact()).toBe('golive.config')
  })

  test('files are not mixed: a key missing in the named file is the default, not the other file’s', () => {
    writeFileSync('golive.config.yaml', 'server: { port: 9999 }')
    expect(load('log: { level: warn }').server.port).toBe(8080)
  })

  test.skipIf(existsSync('/etc/golive/golive.config.yaml'))(
    'no file at all gives the defaults',
    () => {
      const config = loadConfig(undefined, {})
      expect(config.source).toBeNull()
      expect(config).toEqual({
        ...configSchema.parse({}),
        data_dir: join(process.cwd(), 'data'),
        source: null,
      })
    },
  )

  test('an empty file, and a section with all its keys commented out, give the defaults', () => {
    expect(load('').server.port).toBe(8080)
    expect(load('# nothing\n').server.port).toBe(8080)
    expect(load('server:\n  # port: 9000\n').server.port).toBe(8080)
  })

  test('a named file that is missing or a folder is refused, even if another one exists', () => {
    writeFileSync('golive.config.yaml', '')
    mkdirSync('folder')
    expect(() => loadConfig('missing.yaml', {})).toThrow(
      /^missing\.yaml: cannot read this config file/,
    )
    expect(() => loadConfig(undefined, { GOLIVE_CONFIG: 'folder' })).toThrow(/^folder: cannot read/)
  })

  test('a file of the working directory that cannot be read is refused, not skipped', () => {
    mkdirSync('golive.config.yaml')
    expect(() => loadConfig(undefined, {})).toThrow(ConfigError)
  })

  test('a relative data_dir starts at the working directory', () => {
    expect(load('data_dir: here').data_dir).toBe(join(process.cwd(), 'here'))
    expect(load('data_dir: /var/lib/golive').data_dir).toBe('/var/lib/golive')
  })

  test('the result cannot be changed, at any depth', () => {
    const config = load('') as { server: { trusted_proxies: string[]; port: number } }
    expect(() => {
      config.server.port = 1
    }).toThrow(TypeError)
    expect(() => config.server.trusted_proxies.push('x')).toThrow(TypeError)
  })
})

describe('a wrong value names file, line, key and what was expected', () => {
  const rows: [name: string, yaml: string, says: string][] = [
    ['unknown section', 'log: {level: info}\nserve:\n  port: 1', 'FILE:2: serve: no such key'],
    ['unknown key', 'server:\n  prot: 80', 'FILE:2: server.prot: no such key'],
    ['prototype', '__proto__: {port: 1}', 'FILE:1: __proto__: no such key'],
    [
      'text for a number',
      '\n\nserver:\n  port: "80"',
      'FILE:4: server.port: expected number, received string',
    ],
    ['fraction', 'server: {port: 80.5}', 'FILE:1: server.port: expected int, received number'],
    ['port 0', 'server: {port: 0}', 'FILE:1: server.port: expected number to be >=1'],
    ['port 65536', 'server: {port: 65536}', 'FILE:1: server.port: expected number to be <=65535'],
    ['value for a section', 'server: 5', 'FILE:1: server: expected object, received number'],
    ['empty text', 'data_dir: ""', 'FILE:1: data_dir: expected string to have >=1 characters'],
    [
      'enum',
      'log:\n  level: trace',
      'FILE:2: log.level: expected one of "debug"|"info"|"warn"|"error"',
    ],
    [
      'union',
      'livekit: {max_participants: many}',
      'FILE:1: livekit.max_participants: expected "auto", or expected number, received string',
    ],
    ['address', 'livekit: {node_ip: 1.2.3}', 'FILE:1: livekit.node_ip: expected an IP address'],
    ['mail', 'tls: {email: nope}', 'FILE:1: tls.email: expected an email address'],
    [
      'path in an origin',
      'server: {public_url: "https://a.b/c"}',
      'FILE:1: server.public_url: expected an origin such as https://live.example.com, without a path',
    ],
    [
      'password in an origin',
      'server: {public_url: "https://u:p@a.b"}',
      'FILE:1: server.public_url: expected an origin such as https://live.example.com, without a path',
    ],
    [
      'other scheme',
      'server: {public_url: "ftp://a.b"}',
      'FILE:1: server.public_url: expected an origin such as https://live.example.com, without a path',
    ],
    [
      'list item',
      'server:\n  trusted_proxies:\n    - 1',
      'FILE:2: server.trusted_proxies.0: expected string, received number',
    ],
    ['list for keys', '- a', 'FILE:1: expected keys such as "server:", got a list'],
    ['text for keys', 'hello', 'FILE:1: expected keys such as "server:", got string'],
    [
      'twice the same key',
      'server:\n  port: 1\n  port: 2',
      'FILE:3: not valid YAML: Map keys must be unique',
    ],
    ['tag', 'server: !!binary aGk=', 'FILE:1: server: expected object, received string'],
  ]
  test.each(rows)('%s', (_name, yaml, says) => {
    expect(refusal(yaml)).toBe(says)
  })

  test('all wrong keys are told at once', () => {
    expect(refusal('foo: 1\nserver:\n  port: 0\n  prot: 1').split('\n').sort()).toEqual([
      'FILE:1: foo: no such key',
      'FILE:3: server.port: expected number to be >=1',
      'FILE:4: server.prot: no such key',
    ])
  })

  test('broken YAML, two documents, an unknown alias and an alias bomb are refused as such', () => {
    const bomb = 'abcdef'
      .split('')
      .map((name, i) => `${name}: &${name} [${Array(9).fill(i ? `*${'abcdef'[i - 1]}` : 'x')}]`)
    for (const yaml of ['a: [', 'a: 1\n---\nb: 2', 'server: *nope', bomb.join('\n')]) {
      expect(refusal(yaml)).toMatch(/^FILE(:\d+)?: not valid YAML: /)
    }
  })
})

describe('rules over several keys', () => {
  test.each(['localhost', '127.0.0.1', '127.8.9.1', '::1'])('%s may be listened on', (host) => {
    expect(load(`server: {host: "${host}"}`).server.host).toBe(host)
  })

  test.each([
    '0.0.0.0',
    '::',
    '10.0.0.1',
    '127.1',
    'example.com',
    '::ffff:127.0.0.1',
    '127.0.0.1.nip.io',
  ])('%s may not: Basic credentials would travel in clear', (host) => {
    expect(refusal(`server: {host: "${host}"}`)).toBe(
      'FILE:1: server.host: expected a loopback address such as 127.0.0.1: mode localhost is plain HTTP',
    )
  })

  test('no two TCP listeners share a port; media over UDP may use the number of one', () => {
    const taken = (key: string) => `${key}: expected a port of its own: 8080 is server.port already`
    expect(refusal('livekit:\n  signal_port: 8080')).toBe(`FILE:2: ${taken('livekit.signal_port')}`)
    expect(refusal('livekit: {tcp_port: 8080}')).toBe(`FILE:1: ${taken('livekit.tcp_port')}`)
    expect(refusal('metrics: {port: 8080}')).toBe(`FILE:1: ${taken('metrics.port')}`)
    expect(load('livekit: {udp_port: 8080}').livekit.udp_port).toBe(8080)
  })

  test.each([
    ['tls: {mode: domain}', 'tls.domain', 'a host name such as live.example.com'],
    ['tls: {mode: domain, domain: a.example}', 'tls.email', 'an email address'],
    ['tls: {mode: files, domain: a.example}', 'tls.cert_file', 'the PEM file of the certificate'],
    ['tls: {mode: files, domain: a.example, cert_file: a}', 'tls.key_file', 'the PEM file of its'],
    ['tls: {mode: internal}', 'tls.domain', 'the name or address'],
    ['tls: {mode: proxy}', 'server.public_url', 'the origin that the proxy serves'],
  ])('%s is not enough: %s is named', (yaml, key, says) => {
    expect(refusal(yaml)).toMatch(
      new RegExp(`^FILE:1: ${key}: expected ${says}.*: mode .* needs it`),
    )
  })

  test('mode proxy needs the address of the proxy', () => {
    expect(refusal('tls: {mode: proxy}\nserver: {public_url: "https://a.example"}')).toBe(
      'FILE:2: server.trusted_proxies: expected the address of the proxy: mode proxy needs it',
    )
  })

  test.each([
    ['tls: {domain: live.example.com}', 'tls.domain'],
    ['tls: {email: a@example.com}', 'tls.email'],
    ['tls: {cert_file: a.pem}', 'tls.cert_file'],
    ['tls: {acme_root: a.pem}', 'tls.acme_root'],
    ['tls: {mode: ip, domain: a.example}', 'tls.domain'],
    ['server: {trusted_proxies: [10.0.0.1]}', 'server.trusted_proxies'],
  ])('%s would do nothing, so it is refused and not ignored', (yaml, key) => {
    expect(refusal(yaml)).toMatch(
      new RegExp(`^FILE:1: ${key}: expected .*: it does nothing in mode`),
    )
  })

  test.each([
    'tls: {mode: domain, domain: live.example.com, email: a@example.com}',
    'tls: {mode: ip}',
    'tls: {mode: files, domain: 192.0.2.1, cert_file: c.pem, key_file: k.pem}',
    'tls: {mode: internal, domain: golive.lan}',
    'tls: {mode: proxy}\nserver: {host: 0.0.0.0, public_url: "https://a.example", trusted_proxies: [10.0.0.0/8]}',
  ])('%s is a whole mode', (yaml) => {
    expect(load(yaml).tls.https_port).toBe(443)
  })

  test('a certificate authority knows public names only in mode domain, addresses only in mode ip', () => {
    for (const domain of ['192.0.2.1', 'golive'])
      expect(refusal(`tls: {mode: domain, domain: ${domain}, email: a@example.com}`)).toBe(
        'FILE:1: tls.domain: expected a public host name; for an address take mode ip',
      )
  })

  test('the origin that people are given is the one of the certificate', () => {
    const mode = 'tls: {mode: internal, domain: golive.lan}\nserver: {public_url: '
    expect(refusal(`${mode}"https://other.lan"}`)).toContain('expected the host golive.lan')
    expect(refusal(`${mode}"http://golive.lan"}`)).toContain('server.public_url: expected https')
    expect(load(`${mode}"https://golive.lan:8443"}`).server.port).toBe(8080)
  })

  test('where TLS ends here, plain HTTP stays on loopback and no port is used twice', () => {
    const mode = 'tls: {mode: internal, domain: golive.lan'
    expect(refusal(`${mode}}\nserver: {host: 0.0.0.0}`)).toContain('expected a loopback address')
    expect(refusal(`${mode}, https_port: 8080}`)).toContain('8080 is server.port already')
    expect(refusal(`${mode}, http_port: 443}`)).toContain('443 is tls.https_port already')
    expect(refusal('livekit: {stun_port: 7882}')).toContain('7882 is livekit.udp_port already')
  })

  test('files named with a relative path start at the working directory', () => {
    const { tls } = load('tls: {mode: files, domain: a.b, cert_file: c.pem, key_file: k.pem}')
    expect(tls.cert_file).toBe(join(process.cwd(), 'c.pem'))
    expect(tls.key_file).toBe(join(process.cwd(), 'k.pem'))
  })

  test('the operator API may be kept to networks and to one host name', () => {
    const { admin } = load(
      'admin: {allow_cidrs: [10.0.0.0/8, "fd00::/8", 192.0.2.1], host: a.example}',
    )
    expect(admin).toMatchObject({
      allow_cidrs: ['10.0.0.0/8', 'fd00::/8', '192.0.2.1'],
      host: 'a.example',
    })
  })

  test.each([
    ['admin: {allow_cidrs: [10.0.0.0/33]}', 'admin.allow_cidrs.0'],
    ['admin: {allow_cidrs: ["fd00::/129"]}', 'admin.allow_cidrs.0'],
    ['admin: {allow_cidrs: [10.0.0/8]}', 'admin.allow_cidrs.0'],
    ['admin: {allow_cidrs: [office]}', 'admin.allow_cidrs.0'],
    ['admin: {host: "a.example:8080"}', 'admin.host'],
    ['admin: {host: "https://a.example"}', 'admin.host'],
  ])('%s would let in nobody, so it is refused', (yaml, key) => {
    expect(refusal(yaml)).toContain(`FILE:1: ${key}: expected`)
  })

  test('an origin is kept without the slash at its end', () => {
    expect(load('server: {public_url: "https://Live.example.com/"}').server.public_url).toBe(
      'https://live.example.com',
    )
  })
})

describe('environment twins', () => {
  test('every key has one, and no two keys share it', () => {
    const names = leaves(configSchema).map((leaf) => envName(leaf.path))
    expect(names).toContain('GOLIVE_DATA_DIR')
    expect(names).toContain('GOLIVE_LIVEKIT_SIGNAL_PORT')
    expect(new Set(names).size).toBe(names.length)
  })

  test('win over the file', () => {
    const config = load('server: {port: 8081}\nlog: {level: warn}', {
      GOLIVE_SERVER_PORT: '9000',
      GOLIVE_METRICS_PORT: '9100',
      GOLIVE_LIVEKIT_MAX_PARTICIPANTS: '50',
      GOLIVE_DATA_DIR: '5',
    })
    expect(config.server.port).toBe(9000)
    expect(config.metrics.port).toBe(9100)
    expect(config.livekit.max_participants).toBe(50)
    expect(config.log.level).toBe('warn')
    expect(config.data_dir).toBe(join(process.cwd(), '5'))
  })

  test('null and lists can be written', () => {
    expect(load('metrics: {port: 1}', { GOLIVE_METRICS_PORT: 'null' }).metrics.port).toBeNull()
    expect(load('', { GOLIVE_SERVER_TRUSTED_PROXIES: '' }).server.trusted_proxies).toEqual([])
    expect(refusal('', { GOLIVE_SERVER_TRUSTED_PROXIES: '10.0.0.1, 10.0.0.2' })).toContain(
      'GOLIVE_SERVER_TRUSTED_PROXIES (server.trusted_proxies)',
    )
    expect(refusal('', { GOLIVE_SERVER_TRUSTED_PROXIES: 'proxy' })).toContain('expected a network')
  })

  test('a wrong one is blamed by its own name, not by a line of the file', () => {
    expect(refusal('server: {port: 1}', { GOLIVE_SERVER_PORT: '1e3' })).toBe(
      'GOLIVE_SERVER_PORT (server.port): expected number, received string',
    )
    expect(refusal('', { GOLIVE_SERVER_HOST: '0.0.0.0' })).toStartWith(
      'GOLIVE_SERVER_HOST (server.host): ',
    )
  })

  test('do not hide a broken section of the file', () => {
    expect(refusal('server: 5', { GOLIVE_SERVER_PORT: '9000' })).toBe(
      'FILE:1: server: expected object, received number',
    )
  })

  test.each(['GOLIVE_PORT', 'GOLIVE_SERVER', 'GOLIVE_SERVER_PROT', 'GOLIVE_'])(
    '%s is no key and refused: a typing error must not be ignored',
    (name) => {
      expect(refusal('', { [name]: '1' })).toBe(
        `${name}: no config key has this environment variable`,
      )
    },
  )

  test('variables of other programs, and the two that are no keys, are left alone', () => {
    expect(
      load('', { PORT: '1', golive_port: '1', GOLIVE_MASTER_KEY: 'x', GOLIVE_CONFIG: 'y' }).server
        .port,
    ).toBe(8080)
  })
})
