import { chmodSync, closeSync, mkdirSync, openSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort, freePorts } from '../support/ports.ts'

/** A server that the bench started and that answers. */
export interface Running {
  port: number
  pid: number
  /** from exec to its first 200, in milliseconds */
  readyAfter: number
  stop(): Promise<void>
}

export interface RunningGolive extends Running {
  dataDir: string
}

export const LIVEKIT_KEY = 'bench'
export const LIVEKIT_SECRET = 'a-secret-only-for-this-bench-run-on-loopback'

const READY_TIMEOUT_MS = 20_000
const STOP_TIMEOUT_MS = 10_000

interface Command {
  argv: string[]
  cwd: string
  env: Record<string, string>
  /** answers 200 when the server is ready */
  url: string
  /** SIGKILL leaves nothing behind: it neither has children nor state that matters */
  disposable: boolean
}

/** Starts a server, its output in `<cwd>/output.log`, and waits for its first 200. */
const start = async ({
  argv,
  cwd,
  env,
  url,
  disposable,
}: Command): Promise<Omit<Running, 'port'>> => {
  const output = openSync(join(cwd, 'output.log'), 'a')
  const started = performance.now()
  const child = Bun.spawn(argv, {
    cwd,
    env: { PATH: process.env.PATH ?? '', HOME: cwd, ...env },
    stdin: 'ignore',
    stdout: output,
    stderr: output,
  })
  closeSync(output)
  const stop = async (): Promise<void> => {
    if (!disposable) {
      child.kill('SIGTERM')
      await Promise.race([child.exited, Bun.sleep(STOP_TIMEOUT_MS)])
    }
    child.kill('SIGKILL')
    await child.exited
  }
  try {
    await firstSuccess(url, () => child.exitCode !== null || child.signalCode !== null)
  } catch (error) {
    await stop()
    throw new Error(`${argv[0]}: ${(error as Error).message}; see ${join(cwd, 'output.log')}`)
  }
  return { pid: child.pid, readyAfter: performance.now() - started, stop }
}

const firstSuccess = async (url: string, ended: () => boolean): Promise<void> => {
  const deadline = performance.now() + READY_TIMEOUT_MS
  while (performance.now() < deadline) {
    if (ended()) throw new Error('ended before it was ready')
    const answer = await fetch(url).catch(() => null)
    await answer?.arrayBuffer()
    if (answer?.status === 200) return
    await Bun.sleep(2)
  }
  throw new Error('was not ready in time')
}

/** `golive serve` on free ports, its data in `<dir>/data`; more of its configuration as variables. */
export const startGolive = async (
  binary: string,
  dir: string,
  more: Record<string, string> = {},
): Promise<RunningGolive> => {
  mkdirSync(dir, { recursive: true })
  const [port = 0, signal, tcp, udp, stun] = await freePorts(5)
  const dataDir = join(dir, 'data')
  const env = {
    GOLIVE_DATA_DIR: dataDir,
    GOLIVE_SERVER_PORT: String(port),
    GOLIVE_LIVEKIT_SIGNAL_PORT: String(signal),
    GOLIVE_LIVEKIT_TCP_PORT: String(tcp),
    GOLIVE_LIVEKIT_UDP_PORT: String(udp),
    GOLIVE_LIVEKIT_STUN_PORT: String(stun),
    GOLIVE_LIVEKIT_MAX_PARTICIPANTS: '5000',
    ...more,
  }
  const url = `http://127.0.0.1:${port}/readyz`
  const process = await start({ argv: [binary, 'serve'], cwd: dir, env, url, disposable: false })
  return { ...process, port, dataDir }
}

/** The livekit-server that a GoLive unpacked into its data folder. */
export const unpackedLivekit = (dataDir: string): string => {
  const folder = join(dataDir, 'livekit')
  const name = readdirSync(folder).find((file) => /^livekit-server-[0-9a-f]+$/.test(file))
  if (!name) throw new Error(`${folder} holds no livekit-server`)
  return join(folder, name)
}

/** livekit-server alone, as somebody runs it without GoLive: a first join creates its room. */
export const startLivekit = async (binary: string, dir: string): Promise<Running> => {
  mkdirSync(dir, { recursive: true })
  const [port, tcp, udp] = (await freePorts(3)) as [number, number, number]
  const keys = join(dir, 'keys.yaml')
  writeFileSync(keys, `${LIVEKIT_KEY}: ${LIVEKIT_SECRET}\n`, { mode: 0o600 })
  chmodSync(keys, 0o600)
  const config = join(dir, 'livekit.yaml')
  writeFileSync(config, livekitConfig(port, tcp, udp, keys))
  const url = `http://127.0.0.1:${port}/`
  const process = await start({
    argv: [binary, '--config', config],
    cwd: dir,
    env: {},
    url,
    disposable: true,
  })
  return { ...process, port }
}

/** Caddy with `<dir>/Caddyfile`, which answers on `readyPort` in plain HTTP. */
export const startCaddy = async (
  binary: string,
  dir: string,
  port: number,
  readyPort: number,
): Promise<Running> => {
  const argv = [binary, 'run', '--config', join(dir, 'Caddyfile'), '--adapter', 'caddyfile']
  const url = `http://127.0.0.1:${readyPort}/`
  return { ...(await start({ argv, cwd: dir, env: {}, url, disposable: true })), port }
}

const livekitConfig = (port: number, tcpPort: number, udpPort: number, keys: string): string => `
port: ${port}
bind_addresses: ["127.0.0.1"]
key_file: ${keys}
logging: { json: true, level: info, pion_level: error }
rtc:
  node_ip: 127.0.0.1
  use_external_ip: false
  enable_loopback_candidate: true
  tcp_port: ${tcpPort}
  udp_port: ${udpPort}
  interfaces: { includes: [lo] }
  ips: { includes: ["127.0.0.1/32"] }
`

const BUILD_FLAGS = [
  '--compile',
  '--minify-syntax',
  '--minify-whitespace',
  '--bytecode',
  '--format=esm',
  '--sourcemap',
  '--define',
  'process.env.NODE_ENV="production"',
  '--no-compile-autoload-dotenv',
  '--no-compile-autoload-bunfig',
]

/** The bare Bun.serve, compiled as the product is, answering `body` to everything. */
export const startBare = async (dir: string, body: string): Promise<Running> => {
  mkdirSync(dir, { recursive: true })
  const source = join(import.meta.dir, 'bare-server.ts')
  const binary = join(dir, 'bare-server')
  const build = Bun.spawn(
    [process.execPath, 'build', ...BUILD_FLAGS, source, '--outfile', binary],
    {
      stdout: 'ignore',
      stderr: 'pipe',
    },
  )
  if ((await build.exited) !== 0)
    throw new Error(`bun build: ${await new Response(build.stderr).text()}`)
  const port = await freePort()
  const env = { BENCH_PORT: String(port), BENCH_BODY: body }
  const url = `http://127.0.0.1:${port}/ready`
  return { ...(await start({ argv: [binary], cwd: dir, env, url, disposable: true })), port }
}

/** Express with livekit-server-sdk on Node: what a backend without GoLive does. */
export const startExpress = async (dir: string, env: Record<string, string>): Promise<Running> => {
  mkdirSync(dir, { recursive: true })
  const port = await freePort()
  const argv = ['node', join(import.meta.dir, 'express-server.mjs')]
  const url = `http://127.0.0.1:${port}/ready`
  const all = { ...env, NODE_ENV: 'production', BENCH_PORT: String(port) }
  return { ...(await start({ argv, cwd: dir, env: all, url, disposable: true })), port }
}
