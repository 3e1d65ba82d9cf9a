import type { Command } from 'commander'
import { loadConfig } from '../config/load.ts'
import type { Config } from '../config/schema.ts'
import { StartError } from '../domain/errors.ts'
import { AdminClient, type Transport } from './client.ts'
import { CliError, EXIT, explain, problemText } from './exit.ts'
import { inProcess, serverOnly } from './fallback.ts'
import { LocalTransport } from './local.ts'
import { Output } from './output.ts'
import type { Terminal } from './terminal.ts'

/** What one command works with. */
export interface Session {
  api: AdminClient
  out: Output
  now: number
}

interface GlobalOptions {
  config?: string
  url?: string
  json?: boolean
}

/** `running`: the command needs a server; `anytime`: it also works in process. */
export type Needs = 'running' | 'anytime'

/** Runs the actions of the command tree in this process's world. */
export class Cli {
  readonly terminal: Terminal
  /** who runs the command, as they say; asked before root becomes somebody else */
  readonly user: string
  exitCode: number = EXIT.done
  #json = false
  #debug = false

  constructor(terminal: Terminal) {
    this.terminal = terminal
    this.user = userName(terminal.env)
  }

  /** Loads the configuration; run as root, the process becomes the data dir's owner first. */
  async configure(command: Command): Promise<Config> {
    const { config: file } = command.optsWithGlobals<GlobalOptions>()
    this.refuseUrl(command)
    const config = loadConfig(file, this.terminal.env)
    this.#debug = config.log.level === 'debug'
    if (process.getuid?.() === 0) await becomeOwner(config)
    // Whatever a command writes is the operator's alone.
    process.umask(0o077)
    return config
  }

  /** @throws CliError for a command that works on the machine of the server only */
  refuseUrl(command: Command): void {
    if (command.optsWithGlobals<GlobalOptions>().url === undefined) return
    throw new CliError(EXIT.usage, {
      code: 'usage',
      detail: 'this command works on the machine of the server only, without --url',
    })
  }

  output(command: Command): Output {
    this.#json = command.optsWithGlobals<GlobalOptions>().json === true
    return new Output(this.terminal, this.#json)
  }

  async run(
    command: Command,
    needs: Needs,
    work: (session: Session) => Promise<void>,
  ): Promise<void> {
    const out = this.output(command)
    const api = new AdminClient(await this.#transport(command, needs))
    try {
      await work({ api, out, now: Date.now() })
    } finally {
      await api.close()
    }
  }

  /** Asks the server of this data dir; `work` sees the CliError when none answers. */
  async withServer<T>(config: Config, work: (api: AdminClient) => Promise<T>): Promise<T> {
    const fallback = serverOnly(config)
    const api = new AdminClient(new LocalTransport({ config, fallback, user: this.user }))
    try {
      return await work(api)
    } finally {
      await api.close()
    }
  }

  async #transport(command: Command, needs: Needs): Promise<Transport> {
    const { url, config: file } = command.optsWithGlobals<GlobalOptions>()
    if (url === undefined) {
      const config = await this.configure(command)
      const fallback = needs === 'anytime' ? inProcess(config) : serverOnly(config)
      return new LocalTransport({ config, fallback, user: this.user })
    }
    if (file !== undefined) {
      const detail = '--config and --url name different servers: give one of them'
      throw new CliError(EXIT.usage, { code: 'usage', detail })
    }
    const { RemoteTransport } = await import('./remote.ts')
    return new RemoteTransport(url, this.terminal.env)
  }

  /**
   * Asks before something is lost. @param loss what will happen, as sentences
   * @param look a harmless call that fails when there is nothing to lose
   * @throws CliError when the answer is no, or nobody can answer and `--yes` is missing
   */
  async confirm(loss: string, yes: true | undefined, look: () => Promise<unknown>): Promise<void> {
    if (yes) return
    const ask = this.#asker(loss)
    await look()
    const answer = await ask(`${loss}\nGo on? [y/N] `)
    if (/^y(es)?$/i.test(answer?.trim() ?? '')) return
    throw new CliError(EXIT.failed, { code: 'not_confirmed', detail: 'nothing was changed' })
  }

  #asker(loss: string): (question: string) => Promise<string | null> {
    if (this.terminal.ask) return this.terminal.ask
    throw new CliError(EXIT.usage, {
      code: 'confirmation_required',
      detail: `this needs --yes, because nobody is here to be asked. ${loss}`,
    })
  }

  /** Says what went wrong; answers the exit code. */
  async fail(error: unknown): Promise<number> {
    const { exit, problem } = explain(error)
    const text = this.#json ? `${JSON.stringify(problem)}\n` : problemText(problem)
    const stack = this.#debug && error instanceof Error ? `${error.stack}\n` : ''
    await this.terminal.warn(text + stack)
    return exit
  }
}

const userName = ({ SUDO_USER, LOGNAME, USER }: Terminal['env']): string => {
  const uid = process.getuid?.()
  return SUDO_USER ?? LOGNAME ?? USER ?? (uid === 0 ? 'root' : `uid-${uid}`)
}

/** Only root needs the system calls behind it, which take a moment to load. */
const becomeOwner = async ({ data_dir }: Config): Promise<void> => {
  const { becomeOwnerOf } = await import('../lib/posix.ts')
  try {
    becomeOwnerOf(data_dir)
  } catch (cause) {
    throw new StartError((cause as Error).message, { cause })
  }
}
