import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { stringify } from 'yaml'
import embedded from '../../dist/embed/livekit-server.json'
import manifest from '../../package.json' with { type: 'json' }
import { freePorts } from '../support/ports.ts'
import { until, within } from '../support/wait.ts'

setDefaultTimeout(60_000)

/** On a machine that never built for the other architecture, Go compiles for minutes. */
const BUILD_MS = 900_000
const ROOT = join(import.meta.dir, '../..')
/** Debian's C library for the other architecture, where its package puts it. */
const ARM_LIBRARIES = '/usr/aarch64-linux-gnu'
const UNPACKED = /^livekit-server-[0-9a-f]{16}$/
/** e_machine of elf(5) */
const MACHINES = { x64: 62, arm64: 183 } as const
type Arch = keyof typeof MACHINES

const nameOf = (arch: Arch): string => `golive-${manifest.version}-linux-${arch}`
const CONFIG = 'golive.config.yaml'
const BOM = `golive-${manifest.version}.cdx.json`

interface Bom {
  metadata: { component: { name: string; version: string } }
  components: { 'bom-ref': string; licenses?: { expression: string }[] }[]
  dependencies: { ref: string; dependsOn: string[] }[]
}

let scratch: string
/** The release built in this work tree. */
let folder: string
/** The same sources' release, built in a deeper folder elsewhere. */
let again: string

const run = (cmd: string[], cwd: string, env: Record<string, string> = {}): string => {
  const { success, stdout, stderr } = Bun.spawnSync(cmd, {
    cwd,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
  })
  if (!success) throw new Error(`${cmd.join(' ')}: ${stderr.toString().slice(-2000)}`)
  return stdout.toString()
}

const sha256 = (path: string): string =>
  new Bun.CryptoHasher('sha256').update(readFileSync(path)).digest('hex')

const machineOf = (elf: Buffer): number => elf.readUInt16LE(18)

/** The sources as a clone would have them, and what is not committed yet. */
const copySources = (to: string): void => {
  const listed = run(['git', 'ls-files', '-z', '-co', '--exclude-standard'], ROOT).split('\0')
  for (const file of listed.filter((name) => name !== '' && existsSync(join(ROOT, name)))) {
    mkdirSync(dirname(join(to, file)), { recursive: true })
    cpSync(join(ROOT, file), join(to, file))
  }
}

const buildIn = (tree: string): string => {
  const cache = process.env.TEST_CACHE ?? join(ROOT, '.cache')
  run(['scripts/build', '--release'], tree, { GOLIVE_CACHE: cache })
  return join(tree, 'dist/release')
}

/** How to run what is for that architecture. */
const on: Record<Arch, string[]> = { x64: [], arm64: ['qemu-aarch64', '-L', ARM_LIBRARIES] }

const onArm = (path: string, ...args: string[]): string =>
  run([...on.arm64, path, ...args], scratch, { GOLIVE_CONFIG: join(scratch, CONFIG) })

/** The livekit-server that an executable carries, unpacked by a start of that executable. */
const livekitOf = async (arch: Arch): Promise<string> => {
  const place = join(scratch, 'data/livekit')
  rmSync(place, { recursive: true, force: true })
  const child = Bun.spawn([...on[arch], join(folder, nameOf(arch)), 'serve'], {
    cwd: scratch,
    env: { GOLIVE_CONFIG: join(scratch, CONFIG) },
    stdio: ['ignore', 'ignore', 'ignore'],
  })
  try {
    return await until(`livekit-server for ${arch} is unpacked`, () => {
      const name = readdirSync(place).find((one) => UNPACKED.test(one))
      return name && join(place, name)
    })
  } finally {
    child.kill('SIGTERM')
    await within('golive to end', 20_000, child.exited)
  }
}

const writeConfig = async (): Promise<void> => {
  const [port, signal, tcp, udp, stun, turn] = await freePorts(6)
  const livekit = {
    signal_port: signal,
    tcp_port: tcp,
    udp_port: udp,
    stun_port: stun,
    turn_port: turn,
  }
  const config = { data_dir: join(scratch, 'data'), server: { port }, livekit }
  writeFileSync(join(scratch, CONFIG), stringify(config))
}

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'golive-release-'))
  const guard = join(import.meta.dir, '../support/guard.sh')
  Bun.spawn(['bash', guard, scratch, join(scratch, 'data')], {
    stdio: ['pipe', 'ignore', 'ignore'],
  }).unref()
  await writeConfig()
  const elsewhere = join(scratch, 'of/another/depth')
  copySources(elsewhere)
  folder = buildIn(ROOT)
  again = buildIn(elsewhere)
}, BUILD_MS)

afterAll(() => rmSync(scratch, { recursive: true, force: true }))

test('a release holds an executable for each architecture, a list of parts, and their hashes', () => {
  const names = [nameOf('arm64'), nameOf('x64'), BOM]
  expect(readdirSync(folder).sort()).toEqual(['SHA256SUMS', ...names].sort())
  expect(
    run(['sha256sum', '--strict', '--check', 'SHA256SUMS'], folder).trim().split('\n'),
  ).toEqual(names.map((name) => `${name}: OK`))
})

test('the same sources give the same bytes in every folder', () => {
  for (const name of readdirSync(folder)) {
    expect(`${name} ${sha256(join(again, name))}`).toBe(`${name} ${sha256(join(folder, name))}`)
  }
})

test('no path of the machine that built it is in an executable', () => {
  for (const arch of ['x64', 'arm64'] as const) {
    const executable = readFileSync(join(folder, nameOf(arch)))
    expect(executable.includes(`${ROOT}/`)).toBe(false)
  }
})

test('each executable and the livekit-server inside are for its own architecture', async () => {
  for (const arch of ['x64', 'arm64'] as const) {
    const path = join(folder, nameOf(arch))
    expect(machineOf(readFileSync(path))).toBe(MACHINES[arch])
    expect(machineOf(readFileSync(await livekitOf(arch)))).toBe(MACHINES[arch])
  }
})

test('the executable for ARM tells its version, keeps a database and signs', () => {
  const path = join(folder, nameOf('arm64'))
  expect(onArm(path, 'version')).toBe(
    `golive ${manifest.version}\nlivekit-server ${embedded.version}\n`,
  )
  const tenant = JSON.parse(onArm(path, 'tenant', 'create', 'acme', '--json'))
  expect(tenant).toMatchObject({ slug: 'acme', api_key: expect.stringMatching(/^lkv_/) })
  const tenants = JSON.parse(onArm(path, 'tenant', 'list', '--json'))
  expect(JSON.stringify(tenants)).toContain('acme')
})

test('the livekit-server for ARM runs', async () => {
  expect(onArm(await livekitOf('arm64'), '--version')).toContain(embedded.version)
})

test('the list of parts names npm packages, Bun and Go modules, each with version and licence', () => {
  const bom = JSON.parse(readFileSync(join(folder, BOM), 'utf8')) as Bom
  const refs = bom.components.map((part) => part['bom-ref'])
  expect(bom.metadata.component).toMatchObject({ name: 'golive', version: manifest.version })
  expect(refs).toContain(`pkg:npm/elysia@${manifest.dependencies.elysia}`)
  expect(refs).toContain(`pkg:npm/bun@${manifest.devDependencies.bun}`)
  expect(refs).toContain('bun/boringssl')
  expect(refs).toContain(`pkg:golang/github.com/livekit/livekit-server@v${embedded.version}`)
  expect(refs.some((ref) => ref.startsWith('pkg:golang/github.com/pion/webrtc/v4@v'))).toBe(true)
  expect(refs.some((ref) => ref.startsWith('pkg:npm/playwright-core'))).toBe(false)
  expect(bom.components.filter((part) => !part.licenses?.[0]?.expression)).toEqual([])
  expect(new Set(refs).size).toBe(refs.length)
  expect(bom.dependencies.flatMap((one) => one.dependsOn).toSorted()).toEqual(
    expect.arrayContaining(refs.filter((ref) => ref.startsWith('bun/'))),
  )
})
