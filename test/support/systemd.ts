import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { executable } from './golive.ts'
import { Machine } from './lab-machine.ts'
import { until, within } from './wait.ts'

const COMMAND_MS = 120_000

/** Only root makes namespaces, and not in every container. */
export const canBootSystemd = (): boolean =>
  process.getuid?.() === 0 &&
  existsSync('/lib/systemd/systemd') &&
  Bun.spawnSync(['unshare', '--mount', '--pid', '--fork', '--net', 'true']).exitCode === 0

export interface Ran {
  code: number
  stdout: string
  stderr: string
}

/** A machine of its own under systemd, with this one's files, at 203.0.113.10, golive at /opt/golive. */
export class Systemd implements AsyncDisposable {
  readonly #guard: Bun.Subprocess<'pipe', 'pipe', 'ignore'>
  readonly #pid: number
  /** Its network, with this machine's files: for what is not to be a process of its systemd. */
  readonly network: Machine

  private constructor(guard: Bun.Subprocess<'pipe', 'pipe', 'ignore'>, pid: number, name: string) {
    this.#guard = guard
    this.#pid = pid
    this.network = new Machine(name, '203.0.113.10')
  }

  static async boot(): Promise<Systemd> {
    const name = `golive-systemd-${crypto.randomUUID().slice(0, 8)}`
    const script = join(import.meta.dir, 'systemd.sh')
    const guard = Bun.spawn(['bash', script, name, executable()], {
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    guard.unref()
    const reader = guard.stdout.getReader()
    const { value } = await within('a systemd to boot', 30_000, reader.read())
    const machine = new Systemd(guard, Number(new TextDecoder().decode(value)), name)
    await until('systemd is ready', async () =>
      ['running', 'degraded'].includes(
        (await machine.run('systemctl', 'is-system-running')).stdout.trim(),
      ),
    )
    return machine
  }

  async run(...command: string[]): Promise<Ran> {
    const child = Bun.spawn(['nsenter', '-t', `${this.#pid}`, '-a', '-r', '-w', '--', ...command], {
      env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: COMMAND_MS,
      killSignal: 'SIGKILL',
    })
    const [stdout, stderr, code] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
      child.exited,
    ])
    return { code, stdout, stderr }
  }

  /** A line of shell. */
  async shell(line: string): Promise<string> {
    const { code, stdout, stderr } = await this.run('bash', '-c', line)
    if (code !== 0) throw new Error(`${line}: exit code ${code}: ${stdout}${stderr}`)
    return stdout
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.network.stop()
    await this.#guard.stdin.end()
    await within('the systemd to end', 20_000, this.#guard.exited)
  }
}

/** What a machine's unit file says, for the checks that read it. */
export const unitText = (): string =>
  readFileSync(join(import.meta.dir, '../../config/golive.service'), 'utf8')
